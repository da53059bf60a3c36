/// TextCheck: what the schema asks of a string: length, enum, pattern. Made once for a field, then
/// asked for every event; asking allocates nothing unless it fails.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ouzel/batch/schema.h"
#include "ouzel/decode/pattern.h"

namespace ouzel {

class TextCheck {
 public:
  /// A pattern that does not compile (lint refuses it) matches nothing.
  explicit TextCheck(const Field& field);

  bool passes(std::string_view text) const;
  /// What was expected of a text that did not pass.
  std::string expected(std::string_view text) const;

 private:
  bool length_passes(std::string_view text) const;
  bool enum_passes(std::string_view text) const;
  bool pattern_passes(std::string_view text) const;

  const Field* field_;  ///< The schema's, which outlives this.
  bool any_;            ///< Nothing is asked.
  bool asks_pattern_;
  std::optional<Pattern> pattern_;
};

}  // namespace ouzel
