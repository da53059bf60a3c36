/// "Did you mean …": the known word that is nearest to a misspelt one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ouzel {

/// Number of insertions, deletions, changes and swaps of neighbours between two words, without
/// regard to case (optimal string alignment, after Damerau 1964). Only the first 64 bytes count.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of `known` if it is near enough to be meant, else empty. A view into `known`.
std::string_view nearest(std::string_view word, std::span<const std::string> known);

/// "did you mean 'threshold'?", or, if nothing is near, "known: a, b, c", or empty.
std::string suggest(std::string_view word, std::span<const std::string> known);

}  // namespace ouzel
