/// ValueWord: 32 bits that stand for a value where parts only compare values.
///
/// Of a number: the nearest float's bits, turned so that words are ordered as the numbers are (the
/// two zeros are one). Of a text: 32 bits of its hash (base/hash.h), so two texts count as one with
/// a probability of 2^-32.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "ouzel/feature/feature_part.h"

namespace ouzel {

using ValueWord = std::uint32_t;

inline constexpr std::uint32_t kSignBit = 0x80000000U;

inline ValueWord word_of(double number) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(number) + 0.0F);  // -0 is 0.
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}

inline double number_of(ValueWord word) {
  return std::bit_cast<float>((word & kSignBit) != 0 ? word ^ kSignBit : ~word);
}

/// Of the rows of a block; `known` is 0 where the value is missing.
struct BlockWords {
  std::array<ValueWord, kFeatureBlockRows> word;
  std::array<std::uint8_t, kFeatureBlockRows> known;
};

void read_words(const FeatureBlock& block, FeatureInput input, std::size_t field, BlockWords& out);

}  // namespace ouzel
