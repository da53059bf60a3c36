/// What `model: {onnx: {…}}` says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ouzel {

enum class OnnxKind : std::uint8_t {
  any,          ///< To be told from the outputs.
  classifier,   ///< Probabilities of classes: the score is that of the positive one.
  score,        ///< One number a row: the score as it is.
  autoencoder,  ///< The input again: the score grows with the error.
};
/// Which end of a `score` model's numbers is odd.
enum class OnnxAnomaly : std::uint8_t { high, low };
enum class OnnxMissing : std::uint8_t { nan, reject, mean };

struct OnnxSpec {
  std::string file;  ///< As the pipeline names it; empty: no such model.
  std::vector<std::string> inputs;
  std::string output;
  OnnxKind kind = OnnxKind::any;
  std::string positive;
  OnnxAnomaly anomaly = OnnxAnomaly::high;
  OnnxMissing missing = OnnxMissing::nan;
  std::uint32_t sequence = 0;  ///< Vectors; 0: as the model says.
  double error_threshold = 0;  ///< Of an autoencoder; 0: as the card says.
  double reasons_from = 0.6;
};

}  // namespace ouzel
