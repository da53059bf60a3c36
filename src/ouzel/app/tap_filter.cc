#include "ouzel/app/tap_filter.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace ouzel {
namespace {

using simdjson::dom::element;

std::optional<element> walk(element from, std::string_view path) {
  element at = from;
  while (true) {
    const std::size_t dot = path.find('.');
    element next;
    if (at[path.substr(0, dot)].get(next) != simdjson::SUCCESS) return std::nullopt;
    if (dot == path.npos) return next;
    at = next;
    path.remove_prefix(dot + 1);
  }
}

std::optional<double> number_in(std::string_view text) {
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

template <class T>
bool compare(TapTerm::Compare how, const T& left, const T& right) {
  switch (how) {
    case TapTerm::Compare::eq: return left == right;
    case TapTerm::Compare::ne: return left != right;
    case TapTerm::Compare::lt: return left < right;
    case TapTerm::Compare::le: return left <= right;
    case TapTerm::Compare::gt: return left > right;
    case TapTerm::Compare::ge: return left >= right;
  }
  return false;
}

bool holds(const TapTerm& term, element line) {
  std::optional<element> found;
  if (element data; line["data"].get(data) == simdjson::SUCCESS) found = walk(data, term.path);
  if (!found) found = walk(line, term.path);
  if (!found) return term.compare == TapTerm::Compare::ne;
  double number = 0;
  if (const auto wanted = number_in(term.value);
      wanted && found->get(number) == simdjson::SUCCESS) {
    return compare(term.compare, number, *wanted);
  }
  std::string_view text;
  if (found->get(text) == simdjson::SUCCESS) {
    return compare(term.compare, text, std::string_view(term.value));
  }
  return compare(term.compare, simdjson::minify(*found), term.value);
}

}  // namespace

struct TapFilter::Parser {
  simdjson::dom::parser json;
};

TapFilter::TapFilter(std::vector<TapTerm> terms)
    : terms_(std::move(terms)), parser_(std::make_unique<Parser>()) {}
TapFilter::~TapFilter() = default;

bool TapFilter::fits(const std::string& line) {
  if (terms_.empty()) return true;
  element root;
  if (parser_->json.parse(line).get(root) != simdjson::SUCCESS) return false;
  return std::all_of(terms_.begin(), terms_.end(),
                     [&](const TapTerm& term) { return holds(term, root); });
}

}  // namespace ouzel
