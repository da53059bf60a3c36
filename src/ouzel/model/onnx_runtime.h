/// OnnxSession: a model loaded into ONNX Runtime. The runtime itself stays behind onnx_runtime.cc;
/// its library is opened at run time: OUZEL_ONNXRUNTIME, then beside the program, then
/// ../lib/ouzel from there, then wherever the system keeps libraries.
///
/// `run` is const and may be called from many threads at a time. One thread inside a call: no pool,
/// no spinning. Errors: config (no runtime, a model that it refuses), internal (a call that fails).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/model/onnx_file.h"

namespace ouzel {

/// Whether this build can open a runtime at all.
bool onnx_built_in();
/// The runtime's version and file, for those who ask what would run: "1.32.0, /opt/…/lib….so.1".
Result<std::string> onnx_runtime_found();

/// An input or output of a call: its name, its type, and its shape but for the rows, which come
/// first.
struct OnnxPort {
  std::string name;
  OnnxElement element = OnnxElement::float32;
  std::vector<std::int64_t> row_shape;

  /// Numbers of one row.
  std::size_t width() const;
};

class OnnxSession {
 public:
  virtual ~OnnxSession() = default;
  /// Runs `rows` rows. `inputs[i]` are bytes_of(element)·width·rows bytes of the i-th input, to be
  /// aligned to 64 bytes; `output` likewise.
  virtual Result<void> run(std::size_t rows, std::span<const OnnxPort> inputs,
                           std::span<const void* const> data, const OnnxPort& output,
                           void* out) const = 0;
  /// What the named output of a run turns out to be. Its first dimension must be the rows.
  virtual Result<OnnxPort> shape_of(std::size_t rows, std::span<const OnnxPort> inputs,
                                    std::span<const void* const> data,
                                    const std::string& output) const = 0;
};

/// `model`: the bytes of an ONNX file that read_onnx_file has found good; not kept.
Result<std::unique_ptr<OnnxSession>> open_onnx(std::string_view model);

}  // namespace ouzel
