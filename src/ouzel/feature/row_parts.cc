#include "ouzel/feature/row_parts.h"

namespace ouzel {
namespace {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
std::int64_t floor_rest(std::int64_t a, std::int64_t b) { return a - floor_divide(a, b) * b; }

double operand(const FeatureBlock& block, std::size_t i, const PairColumn::Operand& of) {
  return of.in == PairColumn::Operand::In::values ? block.value(i, of.column)
                                                  : block.feature(i, of.column);
}

}  // namespace

void CalendarPart::run(const FeatureBlock& block, std::size_t) {
  block.write(row_.columns.of(FeatureFunction::hour), [&](std::size_t i) {
    return static_cast<double>(floor_rest(wall_seconds(block.time_ns(i)), 86'400) / 3600);
  });
  block.write(row_.columns.of(FeatureFunction::weekday), [&](std::size_t i) {
    const std::int64_t day = floor_divide(wall_seconds(block.time_ns(i)), 86'400);
    return static_cast<double>(floor_rest(day + 3, 7));  // 1 January 1970 was a Thursday.
  });
}

std::int64_t CalendarPart::wall_seconds(std::int64_t time_ns) const {
  const std::int64_t seconds = floor_divide(time_ns, 1'000'000'000);
  return seconds + (row_.rules ? row_.rules->offset_at(seconds) : 0);
}

WordPart::WordPart(const WordColumns& row) : field_(row.field), columns_(row.columns) {
  for (const std::string& text : row.words) {
    words_.push_back({.text = text, .place = static_cast<std::uint32_t>(words_.size())});
  }
  std::stable_sort(words_.begin(), words_.end(),
                   [](const Word& a, const Word& b) { return a.text < b.text; });
}

void WordPart::run(const FeatureBlock& block, std::size_t) {
  block.write(columns_.of(FeatureFunction::ordinal), [&](std::size_t i) {
    const Word* const word = find(block.text(i, field_));
    return word == nullptr ? kMissing : word->place;
  });
  if (!columns_.asked(FeatureFunction::one_hot)) return;
  const std::uint32_t first = columns_.of(FeatureFunction::one_hot);
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    std::fill_n(&block.feature(i, first), words_.size(), 0.0);
    const Word* const word = find(block.text(i, field_));
    if (word != nullptr) block.feature(i, first + word->place) = 1;
  }
}

const WordPart::Word* WordPart::find(std::string_view text) const {
  const auto at = std::lower_bound(
      words_.begin(), words_.end(), text,
      [](const Word& word, std::string_view wanted) { return word.text < wanted; });
  return at != words_.end() && at->text == text ? &*at : nullptr;
}

void PairPart::run(const FeatureBlock& block, std::size_t) {
  constexpr double kMost = FLT_MAX;
  const bool ratio = row_.function == PairColumn::Function::ratio;
  block.write(row_.column, [&](std::size_t i) {
    const double a = operand(block, i, row_.first);
    const double b = operand(block, i, row_.second);
    if (ratio && b == 0) return kMissing;
    return std::clamp(ratio ? a / b : a - b, -kMost, kMost);
  });
}

}  // namespace ouzel
