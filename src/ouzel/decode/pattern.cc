#include "ouzel/decode/pattern.h"

#include <re2/re2.h>

namespace ouzel {

struct Pattern::Compiled {
  Compiled(std::string_view text, const RE2::Options& options)
      : expression({text.data(), text.size()}, options) {}
  RE2 expression;
};

Pattern::Pattern(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

Result<Pattern> Pattern::compile(std::string_view text, std::size_t bytes_max) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(static_cast<std::int64_t>(bytes_max));
  auto compiled = std::make_unique<Compiled>(text, options);
  if (!compiled->expression.ok()) return fail(ErrorCode::config, compiled->expression.error());
  return Pattern(std::move(compiled));
}

bool Pattern::found_in(std::string_view text) const {
  return RE2::PartialMatch({text.data(), text.size()}, compiled_->expression);
}

std::string pattern_error(std::string_view pattern) {
  const auto compiled = Pattern::compile(pattern);
  return compiled ? std::string() : compiled.error().message;
}

}  // namespace ouzel
