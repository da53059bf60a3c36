/// The functions of the row alone: CalendarPart (hour, weekday), WordPart (one_hot, ordinal) and
/// PairPart (ratio, difference). They keep nothing.
#pragma once

#include <utility>

#include "ouzel/feature/feature_part.h"

namespace ouzel {

/// A few ns for UTC; a binary search among the zone's changes otherwise.
class CalendarPart final : public FeaturePart {
 public:
  explicit CalendarPart(CalendarColumns row) : row_(std::move(row)) {}
  std::size_t key_bytes() const override { return 0; }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  /// Seconds of the zone's wall clock since 1970.
  std::int64_t wall_seconds(std::int64_t time_ns) const;
  const CalendarColumns row_;
};

/// A binary search among the words.
class WordPart final : public FeaturePart {
 public:
  explicit WordPart(const WordColumns& row);
  std::size_t key_bytes() const override { return 0; }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  struct Word {
    std::string text;
    std::uint32_t place = 0;
  };
  const Word* find(std::string_view text) const;

  const std::size_t field_;
  const FeatureColumns columns_;
  std::vector<Word> words_;  ///< By text.
};

/// A quotient or difference beyond the range of a float counts as the nearest float.
class PairPart final : public FeaturePart {
 public:
  explicit PairPart(PairColumn row) : row_(row) {}
  std::size_t key_bytes() const override { return 0; }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  const PairColumn row_;
};

}  // namespace ouzel
