#include "ouzel/decode/text_check.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ouzel {
namespace {

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string characters(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " character" : " characters");
}

constexpr std::size_t kAnyLength = std::numeric_limits<std::size_t>::max();

}  // namespace

TextCheck::TextCheck(const Field& field)
    : field_(&field),
      any_(field.length_min == 0 && field.length_max == kAnyLength && field.allowed.empty() &&
           field.pattern.empty()),
      asks_pattern_(!field.pattern.empty()) {
  if (!asks_pattern_) return;
  if (auto compiled = Pattern::compile(field.pattern)) pattern_ = std::move(*compiled);
}

bool TextCheck::passes(std::string_view text) const {
  return any_ || (length_passes(text) && enum_passes(text) && pattern_passes(text));
}

bool TextCheck::length_passes(std::string_view text) const {
  if (field_->length_min == 0 && text.size() <= field_->length_max) return true;
  const std::size_t length = code_points(text);
  return length >= field_->length_min && length <= field_->length_max;
}

bool TextCheck::enum_passes(std::string_view text) const {
  return field_->allowed.empty() ||
         std::find(field_->allowed.begin(), field_->allowed.end(), text) != field_->allowed.end();
}

bool TextCheck::pattern_passes(std::string_view text) const {
  return !asks_pattern_ || (pattern_ && pattern_->found_in(text));
}

std::string TextCheck::expected(std::string_view text) const {
  const std::size_t length = code_points(text);
  if (length < field_->length_min) return "at least " + characters(field_->length_min);
  if (length > field_->length_max) return "at most " + characters(field_->length_max);
  if (!enum_passes(text)) {
    std::string out = "one of";
    for (std::size_t i = 0; i < field_->allowed.size(); ++i) {
      out += (i == 0 ? " " : ", ") + field_->allowed[i];
    }
    return out;
  }
  return "a match of " + field_->pattern;
}

}  // namespace ouzel
