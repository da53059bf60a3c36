/// OnnxStage: gives each row the score of an ONNX model.
///
/// Reads the columns that the model takes, adds score and reasons. A row that the model cannot take
/// (a number missing where that is refused, no whole number for a model of integers) or gives no
/// finite answer for becomes model_failed, with a detail that says why. A run that fails as a whole
/// is repeated row by row, so that one row's fault is its own.
///
/// A model of sequences gets the last `steps` vectors of the key, this one last; until there are as
/// many the first one stands for those before it, and the row is flagged warming. They are kept as
/// floats.
///
/// Reasons, of rows that score at least `reasons_from`: for an autoencoder each column's share of
/// the squared error; otherwise, if the card has means, how much of the score goes when a column is
/// set to its mean, one at a time (occlusion; M. Zeiler, R. Fergus 2014). A function of the row
/// alone.
///
/// State: 0 bytes a key; with sequences 8 + 4·steps·columns. Threads and ownership: as
/// stage/stage.h says; the model is shared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ouzel/model/onnx_model.h"
#include "ouzel/stage/stage.h"

namespace ouzel {

class OnnxStage final : public Stage {
 public:
  explicit OnnxStage(std::shared_ptr<const OnnxModel> model);
  std::string_view name() const override { return "onnx"; }
  Wiring wiring() const override;
  StateNeed state_need() const override;
  void run(Batch& batch, const StateView& state) override;

 private:
  struct Series;
  bool gather(Batch& batch, std::size_t row, const StateView& state);
  bool acceptable(std::size_t row, const double* numbers);
  void push(Series& series, const double* vector, double* numbers) const;
  void flush(Batch& batch);
  void take_answer(Batch& batch, std::size_t row, std::size_t at, const double* numbers);
  void flush_one_by_one(Batch& batch);
  void explain(Batch& batch);
  Reasons occlude(const double* numbers, float score);
  Reasons error_shares(std::size_t at) const;
  void fail_row(std::size_t row, std::string why);

  std::shared_ptr<const OnnxModel> model_;
  const OnnxPlan& plan_;
  OnnxRunner runner_;
  std::vector<bool> whole_;             ///< Columns that an int64 input takes.
  std::vector<double> vector_;          ///< Of the row being gathered.
  std::vector<double> numbers_;         ///< Of the rows waiting: what runner_ was given.
  std::vector<double> changed_;         ///< One row's, while it is explained.
  std::vector<std::uint32_t> waiting_;  ///< Their rows of the batch.
  std::vector<Batch::Explained> failed_;
};

}  // namespace ouzel
