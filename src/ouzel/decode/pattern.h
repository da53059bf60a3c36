/// Pattern: a compiled RE2 expression; the library stays behind it (pattern.cc). Any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "ouzel/base/error.h"

namespace ouzel {

/// What one expression and the automata made from it may take.
inline constexpr std::size_t kPatternBytesMax = 8 << 20;

class Pattern {
 public:
  /// Error config: in RE2's words.
  static Result<Pattern> compile(std::string_view text, std::size_t bytes_max = kPatternBytesMax);
  ~Pattern();
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;

  /// Anywhere in the text, which is UTF-8.
  bool found_in(std::string_view text) const;

 private:
  struct Compiled;
  explicit Pattern(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

/// Why an RE2 pattern does not compile; empty if it does.
std::string pattern_error(std::string_view pattern);

/// An expression as JSON Schema has it (ECMA-262, its Unicode mode) as one that RE2 takes for the
/// same. Error config: which construct RE2 does not have.
Result<std::string> re2_from_ecma(std::string_view pattern);

}  // namespace ouzel
