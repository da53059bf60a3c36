#include "ouzel/feature/value_word.h"

#include "ouzel/base/hash.h"

namespace ouzel {

void read_words(const FeatureBlock& block, FeatureInput input, std::size_t field, BlockWords& out) {
  if (input == FeatureInput::text) {
    for (std::size_t i = 0; i < block.rows.size(); ++i) {
      const std::string_view text = block.text(i, field);
      out.word[i] = static_cast<ValueWord>(hash128(text).low);
      out.known[i] = text.empty() ? 0 : 1;
    }
    return;
  }
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    const double number = block.value(i, field);
    out.word[i] = word_of(number);
    out.known[i] = std::isnan(number) ? 0 : 1;
  }
}

}  // namespace ouzel
