/// The model card: what a model's author says about it in the file's own metadata, so that a model
/// cannot be fed the wrong columns (docs/format/model-card.md).
///
/// A value; no thread rules. Errors: config, naming the key.
#pragma once

#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/model/onnx_file.h"

namespace ouzel {

/// How a feature was distributed in the training data.
struct CardReference {
  std::string feature;
  double mean = 0;
};

struct ModelCard {
  std::string name;                      ///< `ouzel.name`; empty: none.
  std::vector<std::string> features;     ///< `ouzel.features`, in the model's order; empty: none.
  double threshold = 0;                  ///< `ouzel.threshold`; 0: none.
  std::vector<CardReference> reference;  ///< `ouzel.reference`; empty: none.

  /// Of the reference; nullptr if it lacks the feature.
  const CardReference* find(std::string_view feature) const;
};

/// Of a file without a card: an empty one.
Result<ModelCard> read_card(const OnnxFile& file);

}  // namespace ouzel
