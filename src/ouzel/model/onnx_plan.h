/// OnnxPlan: which column goes to which place of a model's inputs, and what its output means. Made
/// from the file, its card, the pipeline's `model.onnx` and the columns that there are; runs
/// nothing.
///
/// Values; no thread rules. Errors: config; what does not fit is named with both lists.
///
/// Score: a classifier's is the probability of the positive class and a `score` model's its number
/// (its negative with `anomaly: low`), both as the model gives them. An autoencoder's is e / (e +
/// t/9) of the mean squared error e between input and output, in double precision, with the
/// threshold t of the card or the pipeline: 0.9 (the default of decide.threshold) where e is t.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/batch/schema.h"
#include "ouzel/model/onnx_card.h"
#include "ouzel/model/onnx_file.h"
#include "ouzel/model/onnx_runtime.h"
#include "ouzel/model/onnx_spec.h"

namespace ouzel {

inline constexpr std::size_t kOnnxColumnsMax = 4096;
/// Numbers that one row gives to a model, or takes from it.
inline constexpr std::size_t kOnnxRowNumbersMax = 1 << 16;

/// Where a number of a row comes from.
struct OnnxColumn {
  std::string name;
  bool feature = false;  ///< Of Batch::features; else of Batch::values.
  std::uint32_t index = 0;
  double mean = 0;  ///< Of the card's reference; NaN: not known.
};

struct OnnxPlan {
  std::vector<OnnxPort> inputs;     ///< Together they take `columns`, one after the other.
  std::vector<OnnxColumn> columns;  ///< Of one vector.
  std::size_t steps = 1;            ///< Vectors of a key that a row gives; 1: only its own.
  bool sequence = false;
  std::size_t batch = 0;  ///< Rows that the model insists on; 0: any number.

  OnnxKind kind = OnnxKind::any;
  OnnxPort output;
  std::size_t positive = 0;  ///< Column of the output that is the score.
  double sign = 1;           ///< -1: of a `score` model whose low numbers are odd.
  OnnxMissing missing = OnnxMissing::nan;
  double error_threshold = 0;
  double reasons_from = 0;
  bool explains = false;  ///< Reasons can be worked out.

  std::size_t numbers() const { return columns.size() * steps; }
};

/// How many columns the file says that it takes; 0: it leaves that open.
std::size_t columns_of(const OnnxFile& file);

/// The inputs' part.
Result<OnnxPlan> plan_inputs(const OnnxFile& file, const ModelCard& card, const OnnxSpec& spec,
                             const Schema& schema, const std::vector<std::string>& features);

/// The output's part, once the outputs' true shapes are known (a file need not say them).
Result<void> plan_output(const OnnxFile& file, const ModelCard& card, const OnnxSpec& spec,
                         const std::vector<OnnxPort>& outputs, OnnxPlan& plan);

}  // namespace ouzel
