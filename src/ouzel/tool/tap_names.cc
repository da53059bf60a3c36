#include "ouzel/tool/tap_names.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "ouzel/spec/nearest.h"

namespace ouzel {
namespace {

using Names = std::vector<std::string>;

Names operator+(Names left, const Names& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// Of a topic's lines; an array's place is always 0. Empty: any.
Names names_of(const std::string& topic) {
  const Names line = {"id", "time", "source", "type", "data", "specversion", "datacontenttype"};
  const Names common = {"event",
                        "event.source",
                        "event.id",
                        "event.key",
                        "event.time",
                        "position",
                        "position.partition",
                        "position.offset",
                        "status",
                        "reason",
                        "detail",
                        "flags",
                        "flags.0",
                        "trace"};
  if (topic == "outcomes") {
    return line + common +
           Names{
               "score",         "confidence", "label",     "threshold",         "route",
               "model",         "model.name", "reasons",   "reasons.0.feature", "reasons.0.weight",
               "model.version", "model.role", "reasons.0", "features"};
  }
  if (topic == "rejects") {
    return line + common + Names{"event.bytes", "event.bytes_base64", "attempts"};
  }
  if (topic == "models") {
    return line + Names{"plan", "group", "worker", "replaced", "replaced.0", "text"};
  }
  return {};
}

/// As it would stand in `names_of`.
std::string plain(std::string_view path) {
  if (path.starts_with("data.")) path.remove_prefix(5);
  std::string out;
  while (true) {
    const std::string_view part = path.substr(0, path.find('.'));
    const bool place =
        !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    out += place ? "0" : part;
    if (part.size() == path.size()) return out;
    out += '.';
    path.remove_prefix(part.size() + 1);
  }
}

std::string hint(const std::string& name, const Names& known) {
  std::string_view near = nearest(name, known);
  // `key` for `event.key`.
  for (const std::string& one : known) {
    if (near.empty() && one.ends_with("." + name)) near = one;
  }
  if (!near.empty()) return "did you mean '" + std::string(near) + "'?";
  std::string out = "known: ";
  for (const std::string& one : known) out.append(out.size() > 7 ? ", " : "").append(one);
  return out;
}

}  // namespace

std::optional<std::string> unknown_name(const TapOptions& options) {
  const Names known = names_of(options.topic);
  if (known.empty()) return std::nullopt;
  const auto wrong = [&](const char* flag, const std::string& path) -> std::optional<std::string> {
    const std::string name = plain(path);
    if (options.topic == "outcomes" && name.starts_with("features.")) return std::nullopt;
    if (std::find(known.begin(), known.end(), name) != known.end()) return std::nullopt;
    return std::string(flag) + ": " + options.topic + " have no '" + path + "'; " +
           hint(name, known);
  };
  for (const TapTerm& term : options.where) {
    if (auto what = wrong("--where", term.path)) return what;
  }
  for (const std::string& path : options.columns) {
    if (auto what = wrong("--columns", path)) return what;
  }
  return std::nullopt;
}

}  // namespace ouzel
