/// The model card: what a model's author says about it in the file's own metadata, so that a model
/// cannot be fed the wrong columns (docs/format/model-card.md).
///
/// A value; no thread rules. Errors: config, naming the key.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/model/onnx_file.h"

namespace ouzel {

/// How a feature was distributed in the training data.
struct CardReference {
  std::string feature;
  double mean = 0;
  // What a model is run with is the mean alone; the rest is for drift and for people.
  double std = 0;
  double min = 0;
  double max = 0;
  double missing = 0;             ///< Share of rows without it.
  std::vector<double> quantiles;  ///< At kCardQuantiles; empty: not there.
};
inline constexpr std::array<double, 7> kCardQuantiles = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};

struct ModelCard {
  std::string name;                      ///< `ouzel.name`; empty: none.
  std::vector<std::string> features;     ///< `ouzel.features`, in the model's order; empty: none.
  double threshold = 0;                  ///< `ouzel.threshold`; 0: none.
  std::vector<CardReference> reference;  ///< `ouzel.reference`; empty: none.

  /// Of the reference; nullptr if it lacks the feature.
  const CardReference* find(std::string_view feature) const;
};

/// Of a file without a card: an empty one. `ouzel.feature_hash` must be that of `ouzel.features`.
Result<ModelCard> read_card(const OnnxFile& file);

/// What read_card reads, for with_metadata; only what is set.
std::vector<std::pair<std::string, std::string>> card_entries(const ModelCard& card);

/// XXH3-128 of the names, each with a line end: it notices a list that was edited by itself.
std::string feature_hash(const std::vector<std::string>& features);

}  // namespace ouzel
