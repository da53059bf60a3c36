#include "ouzel/feature/rank_part.h"

#include <cstring>

namespace ouzel {

RankPart::RankPart(const FeatureWindow& window)
    : input_(window.input),
      field_(window.field),
      last_(window.last),
      distinct_column_(window.columns.of(FeatureFunction::distinct)),
      quantiles_(window.quantiles) {}

void RankPart::run(const FeatureBlock& block, std::size_t offset) {
  BlockWords words;
  read_words(block, input_, field_, words);
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    Head& head = *reinterpret_cast<Head*>(block.key(i, offset));
    if (words.known[i] != 0) push(head, words.word[i]);
    if (distinct_column_ != FeatureColumns::kNotAsked) {
      block.feature(i, distinct_column_) = head.distinct;
    }
    if (head.count == 0) continue;
    for (const QuantileColumn& quantile : quantiles_) {
      const std::uint64_t rank = rank_of(quantile.millionths, head.count);
      block.feature(i, quantile.column) = number_of(sorted(head)[rank - 1]);
    }
  }
}

void RankPart::push(Head& head, ValueWord word) const {
  if (head.count == last_) remove(head, ring(head)[head.next]);
  insert(head, word);
  ring(head)[head.next] = word;
  head.next = head.next + 1 == last_ ? 0 : head.next + 1;
}

void RankPart::remove(Head& head, ValueWord word) const {
  ValueWord* const begin = sorted(head);
  ValueWord* const end = begin + head.count;
  ValueWord* const at = std::lower_bound(begin, end, word);
  const bool again = at + 1 < end && at[1] == word;
  std::memmove(at, at + 1, static_cast<std::size_t>(end - at - 1) * sizeof(ValueWord));
  --head.count;
  head.distinct -= again ? 0 : 1;
}

void RankPart::insert(Head& head, ValueWord word) const {
  ValueWord* const begin = sorted(head);
  ValueWord* const end = begin + head.count;
  ValueWord* const at = std::lower_bound(begin, end, word);
  const bool again = at < end && *at == word;
  std::memmove(at + 1, at, static_cast<std::size_t>(end - at) * sizeof(ValueWord));
  *at = word;
  ++head.count;
  head.distinct += again ? 0 : 1;
}

}  // namespace ouzel
