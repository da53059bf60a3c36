/// OnnxModel: an ONNX model ready to score; OnnxRunner: one lane's way through it.
///
/// A model is immutable and shared by all lanes; a runner owns the buffers of one lane, is used by
/// one thread at a time and keeps its model alive. Cost: a call of the runtime is about 5 µs, then
/// 0.1 to 20 µs a row by the kind of model; nothing here allocates per row.
///
/// A score must not depend on who shares the batch. So: one thread in the runtime, buffers aligned
/// to 64 bytes, batches filled up to a multiple of 8 by repeating the last row, errors of
/// autoencoders summed here and not in the graph; and at load a trial (onnx_trial.h) that compares
/// random rows alone and in company, bit by bit. A model that fails it is run a row at a time.
///
/// Errors: config: the file, its card or its fit with the pipeline; or the trial ended badly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/model/onnx_plan.h"
#include "ouzel/model/onnx_runtime.h"

namespace ouzel {

/// What the trial found out.
struct OnnxVerdict {
  bool equal = false;          ///< Rows come out the same in any company.
  std::uint32_t rows_max = 1;  ///< Rows of a call beyond which it gets no cheaper.
  double row_ns = 0;           ///< At rows_max, while it was measured.
};

/// What a model is loaded from.
struct OnnxSource {
  std::string name;   ///< What to call it if its card does not say.
  std::string bytes;  ///< Of the file.
  OnnxSpec spec;
  Schema schema;
  std::vector<std::string> features;
  int stop_fd = -1;  ///< Once it can be read, the trial is given up; -1: there is none.
};

class OnnxModel {
 public:
  /// Reads, plans, tries it in a child process with limits, and opens it here.
  static Result<std::shared_ptr<const OnnxModel>> load(const OnnxSource& source,
                                                       const Clock& clock);
  /// The same without the trial: `verdict` is taken for granted.
  static Result<std::shared_ptr<const OnnxModel>> open(const OnnxSource& source,
                                                       const OnnxVerdict& verdict);

  const std::string& name() const { return name_; }
  std::uint32_t version() const { return version_; }
  const OnnxPlan& plan() const { return plan_; }
  const ModelCard& card() const { return card_; }
  /// The score from which a row is odd, as the card says; 0: it does not, or means an error.
  double decision_threshold() const {
    return plan_.kind == OnnxKind::autoencoder ? 0 : card_.threshold;
  }
  const OnnxVerdict& verdict() const { return verdict_; }
  const OnnxSession& session() const { return *session_; }
  /// Names of what Reasons::column indexes.
  std::vector<std::string> column_names() const;

 private:
  OnnxModel() = default;
  Result<void> find_output(const OnnxFile& file, const OnnxSpec& spec);

  std::string name_;
  std::uint32_t version_ = 1;
  ModelCard card_;
  OnnxPlan plan_;
  OnnxVerdict verdict_;
  std::unique_ptr<OnnxSession> session_;
};

/// Beyond a float's range: infinity.
float to_float(double value);

/// Bytes aligned to 64.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::size_t size);
  std::byte* data() const { return bytes_.get(); }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::byte, Free> bytes_;
};

class OnnxRunner {
 public:
  /// `rows_max` is rounded up to what the model takes.
  OnnxRunner(std::shared_ptr<const OnnxModel> model, std::size_t rows_max);

  std::size_t rows_max() const { return rows_max_; }
  /// Stages a row: plan().numbers() numbers, at < rows_max(). Numbers beyond the input's type
  /// become infinities; for int64 the caller has seen to it that they fit.
  void put(std::size_t at, const double* numbers);
  /// Runs the rows [0, rows) that were put, 0 < rows <= rows_max().
  Result<void> run(std::size_t rows);
  /// Runs this one alone: the result is what `run` gives for it in any company. Reads row 0.
  Result<void> run_alone(const double* numbers);

  /// Of a row that was run; NaN or infinite: the model gave no answer.
  float score(std::size_t at) const;
  /// What the model gave and took, as they came out and went in.
  double output(std::size_t at, std::size_t index) const;
  double input(std::size_t at, std::size_t index) const;
  /// The output's bytes, for comparison.
  std::span<const std::byte> output_bytes(std::size_t at) const;

 private:
  struct Staged {
    AlignedBytes bytes;
    OnnxElement element = OnnxElement::float32;
    std::size_t width = 0;
    std::size_t row_bytes = 0;
  };
  void repeat_last(std::size_t rows, std::size_t filled);

  std::shared_ptr<const OnnxModel> model_;
  std::size_t unit_;
  std::size_t rows_max_;
  std::vector<Staged> inputs_;
  std::vector<const void*> data_;
  AlignedBytes output_;
  std::size_t output_width_;
  std::size_t output_row_bytes_;
};

}  // namespace ouzel
