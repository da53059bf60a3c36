#include "ouzel/model/onnx_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "ouzel/base/bytes.h"
#include "ouzel/base/check.h"
#include "ouzel/base/logging.h"
#include "ouzel/model/onnx_trial.h"

namespace ouzel {
namespace {

constexpr std::size_t kRowsUnit = 8;
constexpr std::size_t kAlignment = 64;

std::size_t round_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}

double number_at(const std::byte* bytes, OnnxElement element, std::size_t index) {
  if (element == OnnxElement::float32) return load<float>(bytes + index * 4);
  if (element == OnnxElement::float64) return load<double>(bytes + index * 8);
  return static_cast<double>(load<std::int64_t>(bytes + index * 8));
}

}  // namespace

float to_float(double value) {
  constexpr double kMax = std::numeric_limits<float>::max();
  if (value > kMax) return std::numeric_limits<float>::infinity();
  if (value < -kMax) return -std::numeric_limits<float>::infinity();
  return static_cast<float>(value);
}

AlignedBytes::AlignedBytes(std::size_t size)
    : bytes_(static_cast<std::byte*>(
          std::aligned_alloc(kAlignment, std::max(kAlignment, round_up(size, kAlignment))))) {
  OUZEL_CHECK(bytes_ != nullptr);
  std::memset(bytes_.get(), 0, size);
}

Result<std::shared_ptr<const OnnxModel>> OnnxModel::load(const OnnxSource& source,
                                                         const Clock& clock) {
  OUZEL_TRY(const OnnxVerdict verdict, try_in_child(source, clock));
  OUZEL_TRY(auto model, open(source, verdict));
  if (!verdict.equal) {
    logging::warn("the model's answers depend on the company of a row: it is run a row at a time",
                  {{"model", model->name()}});
  }
  return model;
}

Result<std::shared_ptr<const OnnxModel>> OnnxModel::open(const OnnxSource& source,
                                                         const OnnxVerdict& verdict) {
  OUZEL_TRY(const OnnxFile file, read_onnx_file(source.bytes));
  auto model = std::shared_ptr<OnnxModel>(new OnnxModel());
  OUZEL_TRY(model->card_, read_card(file));
  model->name_ = model->card_.name.empty() ? source.name : model->card_.name;
  if (file.model_version > 0 && file.model_version <= std::numeric_limits<std::uint32_t>::max()) {
    model->version_ = static_cast<std::uint32_t>(file.model_version);
  }
  OUZEL_TRY(model->plan_,
            plan_inputs(file, model->card_, source.spec, source.schema, source.features));
  model->verdict_ = verdict;
  OUZEL_TRY(model->session_, open_onnx(without_zip_map(source.bytes)));
  OUZEL_TRY_VOID(model->find_output(file, source.spec));
  return model;
}

/// What the outputs are is seen in a run of zeros: files often leave their shapes open.
Result<void> OnnxModel::find_output(const OnnxFile& file, const OnnxSpec& spec) {
  const std::size_t rows = plan_.batch > 0 ? plan_.batch : kRowsUnit;
  std::vector<AlignedBytes> zeros;
  std::vector<const void*> data;
  for (const OnnxPort& port : plan_.inputs) {
    zeros.emplace_back(rows * port.width() * bytes_of(port.element));
    data.push_back(zeros.back().data());
  }
  std::vector<OnnxPort> outputs;
  for (const OnnxValue& value : file.outputs) {
    auto port = session_->shape_of(rows, plan_.inputs, data, value.name);
    if (!port) return fail(ErrorCode::config, "a first run of the model: " + port.error().message);
    outputs.push_back(std::move(*port));
  }
  return plan_output(file, card_, spec, outputs, plan_);
}

std::vector<std::string> OnnxModel::column_names() const {
  std::vector<std::string> out;
  for (const OnnxColumn& column : plan_.columns) out.push_back(column.name);
  return out;
}

OnnxRunner::OnnxRunner(std::shared_ptr<const OnnxModel> model, std::size_t rows_max)
    : model_(std::move(model)) {
  const OnnxPlan& plan = model_->plan();
  unit_ = plan.batch > 0 ? plan.batch : model_->verdict().equal ? kRowsUnit : 1;
  rows_max_ = plan.batch > 0 ? plan.batch : round_up(std::max<std::size_t>(rows_max, 1), unit_);
  for (const OnnxPort& port : plan.inputs) {
    const std::size_t row_bytes = port.width() * bytes_of(port.element);
    inputs_.push_back({.bytes = AlignedBytes(row_bytes * rows_max_),
                       .element = port.element,
                       .width = port.width(),
                       .row_bytes = row_bytes});
    data_.push_back(inputs_.back().bytes.data());
  }
  output_width_ = plan.output.width();
  output_row_bytes_ = output_width_ * bytes_of(plan.output.element);
  output_ = AlignedBytes(output_row_bytes_ * rows_max_);
}

void OnnxRunner::put(std::size_t at, const double* numbers) {
  for (const Staged& staged : inputs_) {
    std::byte* to = staged.bytes.data() + at * staged.row_bytes;
    switch (staged.element) {
      case OnnxElement::float32:
        for (std::size_t i = 0; i < staged.width; ++i) store(to + i * 4, to_float(numbers[i]));
        break;
      case OnnxElement::float64: std::memcpy(to, numbers, staged.row_bytes); break;
      default:
        for (std::size_t i = 0; i < staged.width; ++i) {
          store(to + i * 8, static_cast<std::int64_t>(numbers[i]));
        }
    }
    numbers += staged.width;
  }
}

void OnnxRunner::repeat_last(std::size_t rows, std::size_t filled) {
  for (const Staged& staged : inputs_) {
    std::byte* last = staged.bytes.data() + (rows - 1) * staged.row_bytes;
    for (std::size_t row = rows; row < filled; ++row) {
      std::memcpy(staged.bytes.data() + row * staged.row_bytes, last, staged.row_bytes);
    }
  }
}

Result<void> OnnxRunner::run(std::size_t rows) {
  OUZEL_CHECK(rows > 0 && rows <= rows_max_);
  const std::size_t filled = round_up(rows, unit_);
  repeat_last(rows, filled);
  return model_->session().run(filled, model_->plan().inputs, data_, model_->plan().output,
                               output_.data());
}

Result<void> OnnxRunner::run_alone(const double* numbers) {
  put(0, numbers);
  return run(1);
}

double OnnxRunner::output(std::size_t at, std::size_t index) const {
  return number_at(output_.data() + at * output_row_bytes_, model_->plan().output.element, index);
}

double OnnxRunner::input(std::size_t at, std::size_t index) const {
  for (const Staged& staged : inputs_) {
    if (index < staged.width) {
      return number_at(staged.bytes.data() + at * staged.row_bytes, staged.element, index);
    }
    index -= staged.width;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::span<const std::byte> OnnxRunner::output_bytes(std::size_t at) const {
  return {output_.data() + at * output_row_bytes_, output_row_bytes_};
}

float OnnxRunner::score(std::size_t at) const {
  const OnnxPlan& plan = model_->plan();
  if (plan.kind != OnnxKind::autoencoder) return to_float(plan.sign * output(at, plan.positive));
  double sum = 0;
  for (std::size_t i = 0; i < output_width_; ++i) {
    const double difference = input(at, i) - output(at, i);
    sum += difference * difference;
  }
  const double error = sum / static_cast<double>(output_width_);
  if (std::isinf(error)) return std::numeric_limits<float>::infinity();
  return static_cast<float>(error / (error + plan.error_threshold / 9));
}

}  // namespace ouzel
