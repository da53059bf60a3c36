#include "ouzel/feature/feature_part.h"

namespace ouzel {

void write_stats(const FeatureBlock& block, const BlockStats& stats,
                 const FeatureColumns& columns) {
  const auto given = [&](double WindowStats::*member) {
    return [&stats, member](std::size_t i) {
      return stats[i].count > 0 ? stats[i].*member : kMissing;
    };
  };
  block.write(columns.of(FeatureFunction::count), [&](std::size_t i) { return stats[i].count; });
  block.write(columns.of(FeatureFunction::sum), given(&WindowStats::sum));
  block.write(columns.of(FeatureFunction::mean), given(&WindowStats::mean));
  block.write(columns.of(FeatureFunction::std),
              [&](std::size_t i) { return sample_std(stats[i].count, stats[i].m2); });
  block.write(columns.of(FeatureFunction::min), given(&WindowStats::min));
  block.write(columns.of(FeatureFunction::max), given(&WindowStats::max));
  block.write(columns.of(FeatureFunction::range), [&](std::size_t i) {
    return stats[i].count > 0 ? stats[i].max - stats[i].min : kMissing;
  });
  block.write(columns.of(FeatureFunction::zscore), [&](std::size_t i) { return stats[i].zscore; });
}

}  // namespace ouzel
