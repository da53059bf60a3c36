/// OnnxFile: what an ONNX model's bytes say about it, read before the runtime sees them.
///
/// Values; no thread rules. `read_onnx_file` trusts nothing: it goes through the whole file once,
/// with bounds on sizes, counts and nesting, and follows no path that the file names. Errors:
/// config, with what is wrong: not an ONNX model, damaged, too large, or with weights in other
/// files (which would let a model name files of this machine).
///
/// Source: onnx.proto of ONNX 1.17 (field numbers), docs/IR.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/base/error.h"

namespace ouzel {

inline constexpr std::size_t kOnnxBytesMax = 512ULL << 20;
inline constexpr std::size_t kOnnxNodesMax = 200'000;
inline constexpr std::size_t kOnnxDepthMax = 16;           ///< Of graphs in graphs.
inline constexpr std::size_t kOnnxValuesMax = 4096;        ///< Inputs, or outputs.
inline constexpr std::size_t kOnnxNameMax = 1024;          ///< Bytes.
inline constexpr std::size_t kOnnxMetadataMax = 4U << 20;  ///< Bytes of all of it.

/// TensorProto.DataType, those with a use here; another number is a type without one.
enum class OnnxElement : std::uint8_t {
  none = 0,  ///< Not a tensor.
  float32 = 1,
  int64 = 7,
  text = 8,
  float64 = 11,
};
/// "float", "int64", "string", "double"; for others "type 16".
std::string to_string(OnnxElement element);
/// Of float32, float64 and int64; else 0.
std::size_t bytes_of(OnnxElement element);

/// An input or output of the graph.
struct OnnxValue {
  std::string name;
  OnnxElement element = OnnxElement::none;
  bool shaped = false;             ///< Its rank is known.
  std::vector<std::int64_t> dims;  ///< -1: any.
};
/// `x: float[?,16]`
std::string describe(const OnnxValue& value);
/// Of several: separated by commas.
std::string describe(const std::vector<OnnxValue>& values);

struct OnnxFile {
  std::int64_t ir_version = 0;
  std::int64_t model_version = 0;
  std::string producer;                                      ///< "skl2onnx 1.20"
  std::vector<std::pair<std::string, std::int64_t>> opsets;  ///< Domain ("" is ONNX's own).
  std::vector<OnnxValue> inputs;                             ///< Without initialised ones.
  std::vector<OnnxValue> outputs;
  std::vector<std::pair<std::string, std::string>> metadata;  ///< metadata_props, each key once.
  std::vector<std::string> classes;  ///< Class labels that a classifier names; empty: none.
  std::size_t nodes = 0;             ///< Of all graphs.
};

Result<OnnxFile> read_onnx_file(std::string_view bytes);

/// A classifier's ZipMap turns a matrix of probabilities into a list of dictionaries, which cost
/// more to read than the model to run. Gives the model without it: the matrix itself is the output
/// then, by the same name as before. `bytes` as read_onnx_file has found them good; a model without
/// ZipMap comes back as it is.
std::string without_zip_map(std::string_view bytes);

/// Appends entries to a model's metadata_props in place of those of the same key.
std::string with_metadata(std::string_view bytes,
                          const std::vector<std::pair<std::string, std::string>>& entries);
/// Sets a model's model_version.
std::string with_version(std::string_view bytes, std::uint32_t version);

}  // namespace ouzel
