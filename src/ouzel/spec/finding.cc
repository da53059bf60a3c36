#include "ouzel/spec/finding.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "ouzel/base/check.h"
#include "ouzel/base/json_text.h"

namespace ouzel {

std::string to_string(const Finding& finding) {
  std::string out = finding.source;
  if (finding.line != 0) {
    out += ':' + std::to_string(finding.line) + ':' + std::to_string(finding.column);
  }
  out += ": " + finding.rule + ": " + finding.message;
  if (!finding.hint.empty()) out += " (" + finding.hint + ")";
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  append_json_text(out, text, JsonLetters::newline);
}

std::string to_json(const Finding& finding) {
  std::string out = "{\"file\":";
  append_json_string(out, finding.source);
  out += ",\"line\":" + std::to_string(finding.line);
  out += ",\"column\":" + std::to_string(finding.column);
  out += ",\"rule\":";
  append_json_string(out, finding.rule);
  out += ",\"message\":";
  append_json_string(out, finding.message);
  out += ",\"hint\":";
  append_json_string(out, finding.hint);
  return out + "}";
}

std::uint16_t Findings::add_source(std::string name) {
  OUZEL_CHECK(sources_.size() < 0xffff);
  sources_.push_back(std::move(name));
  return static_cast<std::uint16_t>(sources_.size() - 1);
}

void Findings::add(Mark at, std::string rule, std::string message, std::string hint) {
  if (found_.size() >= kFindingsMax) return;
  OUZEL_CHECK(at.source < sources_.size());
  found_.push_back({sources_[at.source], at.line, at.column, std::move(rule), std::move(message),
                    std::move(hint)});
}

void Findings::sort() {
  std::stable_sort(found_.begin(), found_.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.source, a.line, a.column) < std::tie(b.source, b.line, b.column);
  });
}

}  // namespace ouzel
