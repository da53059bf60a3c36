#include "ouzel/gateway/reply_event.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "ouzel/gateway/binary_event.h"

namespace ouzel {
namespace {

constexpr std::string_view kStructured = "application/cloudevents+json";

/// Whether a list like `respond-async, reply;x=1` has the token.
bool lists(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    if (http::iequals(http::trim(item.substr(0, item.find(';'))), token)) return true;
  }
  return false;
}

/// Moves the attributes of an outcome's JSON to header fields; returns its data. Attributes stand
/// first, all are strings, and none holds what JSON escapes (render.cc, check_pipeline_name).
std::string_view split_outcome(std::string_view json, http::Response& out) {
  constexpr std::string_view kData = "\"data\":";
  json.remove_prefix(1);
  while (!json.starts_with(kData)) {
    const std::size_t colon = json.find("\":\"");
    const std::size_t end = json.find("\",", colon + 3);
    if (colon == json.npos || end == json.npos) return {};
    const std::string_view name = json.substr(1, colon - 1);
    const std::string_view value = json.substr(colon + 3, end - colon - 3);
    if (name == "datacontenttype") {
      out.content_type = value;
    } else {
      out.headers.emplace_back("ce-" + std::string(name), encode_attribute(value));
    }
    json.remove_prefix(end + 2);
  }
  json.remove_prefix(kData.size());
  json.remove_suffix(1);
  return json;
}

}  // namespace

ReplyForm reply_form(const http::Request& request) {
  bool wanted = false, structured = false;
  for (std::size_t i = 0; i < request.headers->size(); ++i) {
    const auto [name, value] = (*request.headers)[i];
    wanted = wanted || (http::iequals(name, "Prefer") && lists(value, "reply"));
    structured = structured || (http::iequals(name, "Accept") && lists(value, kStructured));
  }
  if (!wanted) return ReplyForm::none;
  return structured ? ReplyForm::structured : ReplyForm::binary;
}

http::Response reply_event(std::string outcome, ReplyForm form) {
  http::Response out;
  out.headers.emplace_back("Preference-Applied", "reply");
  if (form == ReplyForm::structured) {
    out.content_type = std::string(kStructured) + "; charset=utf-8";
    out.body = std::move(outcome);
  } else {
    out.body = split_outcome(outcome, out);
  }
  return out;
}

}  // namespace ouzel
