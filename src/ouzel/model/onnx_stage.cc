#include "ouzel/model/onnx_stage.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "ouzel/base/check.h"

namespace ouzel {

/// The last vectors of a key: a ring, and how many there ever were.
struct OnnxStage::Series {
  std::uint64_t seen;
  float vectors[1];
};

namespace {

constexpr double kWholeMax = 9007199254740992.0;  // 2^53: beyond, doubles skip integers.

/// The strongest of `shares`, as shares of what is above 0.
Reasons strongest(const std::vector<double>& shares) {
  Reasons out;
  double total = 0;
  for (const double share : shares) total += share > 0 && std::isfinite(share) ? share : 0;
  if (!(total > 0) || !std::isfinite(total)) return out;
  std::vector<bool> taken(shares.size());
  while (out.count < kReasonsMax) {
    std::size_t best = shares.size();
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (taken[i] || !(shares[i] > 0) || !std::isfinite(shares[i])) continue;
      if (best == shares.size() || shares[i] > shares[best]) best = i;
    }
    if (best == shares.size()) break;
    taken[best] = true;
    out.column[out.count] = static_cast<std::uint16_t>(best);
    out.weight[out.count++] = static_cast<float>(shares[best] / total);
  }
  return out;
}

}  // namespace

OnnxStage::OnnxStage(std::shared_ptr<const OnnxModel> model)
    : model_(std::move(model)),
      plan_(model_->plan()),
      runner_(model_, model_->verdict().rows_max),
      vector_(plan_.columns.size()),
      numbers_(runner_.rows_max() * plan_.numbers()) {
  for (const OnnxPort& port : plan_.inputs) {
    whole_.insert(whole_.end(), port.width() / plan_.steps, port.element == OnnxElement::int64);
  }
}

Wiring OnnxStage::wiring() const {
  return {.reads = model_->column_names(), .adds = {"score", "reasons"}};
}

StateNeed OnnxStage::state_need() const {
  if (!plan_.sequence) return {};
  return {.key_bytes = 8 + (plan_.numbers() * 4 + 7) / 8 * 8, .lane_bytes = 0};
}

void OnnxStage::run(Batch& batch, const StateView& state) {
  batch.score.assign(batch.rows(), 0.0F);
  batch.reasons.assign(batch.rows(), Reasons{});
  waiting_.clear();
  failed_.clear();
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (!batch.live(row) || !gather(batch, row, state)) continue;
    runner_.put(waiting_.size(), numbers_.data() + waiting_.size() * plan_.numbers());
    waiting_.push_back(static_cast<std::uint32_t>(row));
    if (waiting_.size() == runner_.rows_max()) flush(batch);
  }
  if (!waiting_.empty()) flush(batch);
  if (failed_.empty()) return;
  std::sort(failed_.begin(), failed_.end(),
            [](const auto& a, const auto& b) { return a.row < b.row; });
  for (const Batch::Explained& one : failed_) {
    batch.fate[one.row] = Fate::model_failed;
    batch.score[one.row] = 0;
    batch.reasons[one.row] = {};
  }
  batch.explain(failed_);
}

/// The row's numbers to where the next waiting row has them. False: it failed.
bool OnnxStage::gather(Batch& batch, std::size_t row, const StateView& state) {
  const double* values = batch.values.row(row);
  const double* features = batch.features.width() > 0 ? batch.features.row(row) : nullptr;
  double* numbers = numbers_.data() + waiting_.size() * plan_.numbers();
  double* vector = plan_.sequence ? vector_.data() : numbers;
  for (std::size_t i = 0; i < plan_.columns.size(); ++i) {
    const OnnxColumn& column = plan_.columns[i];
    vector[i] = (column.feature ? features : values)[column.index];
  }
  if (plan_.missing == OnnxMissing::mean) {
    for (std::size_t i = 0; i < plan_.columns.size(); ++i) {
      if (std::isnan(vector[i])) vector[i] = plan_.columns[i].mean;
    }
  }
  if (!acceptable(row, vector)) return false;
  if (!plan_.sequence) return true;
  Series& series = *state.key<Series>(row);
  push(series, vector, numbers);
  if (series.seen < plan_.steps) batch.flags[row] |= kFlagWarming;
  return true;
}

bool OnnxStage::acceptable(std::size_t row, const double* numbers) {
  for (std::size_t i = 0; i < plan_.columns.size(); ++i) {
    if (std::isnan(numbers[i]) && (plan_.missing == OnnxMissing::reject || whole_[i])) {
      fail_row(row, plan_.columns[i].name + ": missing, and the model needs it");
      return false;
    }
    if (whole_[i] && (std::trunc(numbers[i]) != numbers[i] || std::abs(numbers[i]) > kWholeMax)) {
      fail_row(row, plan_.columns[i].name + ": a whole number expected, got " +
                        std::to_string(numbers[i]));
      return false;
    }
  }
  return true;
}

/// `numbers`: the key's last vectors, oldest first.
void OnnxStage::push(Series& series, const double* vector, double* numbers) const {
  const std::size_t width = plan_.columns.size();
  float* ring = series.vectors;
  float* place = ring + series.seen % plan_.steps * width;
  for (std::size_t i = 0; i < width; ++i) place[i] = to_float(vector[i]);
  ++series.seen;
  const std::size_t there = std::min<std::uint64_t>(series.seen, plan_.steps);
  for (std::size_t step = 0; step < plan_.steps; ++step) {
    const std::size_t absent = plan_.steps - there;
    const std::uint64_t event = series.seen - there + (step < absent ? 0 : step - absent);
    const float* from = ring + event % plan_.steps * width;
    for (std::size_t i = 0; i < width; ++i) numbers[step * width + i] = from[i];
  }
}

void OnnxStage::flush(Batch& batch) {
  if (!runner_.run(waiting_.size())) {
    flush_one_by_one(batch);
  } else {
    for (std::size_t at = 0; at < waiting_.size(); ++at) {
      take_answer(batch, waiting_[at], at, numbers_.data() + at * plan_.numbers());
    }
  }
  if (plan_.explains && plan_.kind != OnnxKind::autoencoder) explain(batch);
  waiting_.clear();
}

void OnnxStage::flush_one_by_one(Batch& batch) {
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const double* numbers = numbers_.data() + i * plan_.numbers();
    const auto ran = runner_.run_alone(numbers);
    if (ran) {
      take_answer(batch, waiting_[i], 0, numbers);
    } else {
      fail_row(waiting_[i], "the model failed: " + ran.error().message.substr(0, 200));
    }
  }
}

void OnnxStage::take_answer(Batch& batch, std::size_t row, std::size_t at, const double* numbers) {
  const float score = runner_.score(at);
  batch.score[row] = score;
  if (std::isfinite(score)) {
    if (plan_.kind == OnnxKind::autoencoder && score >= plan_.reasons_from) {
      batch.reasons[row] = error_shares(at);
    }
    return;
  }
  std::string why = "score: a finite number expected, the model gave ";
  why += std::isnan(score) ? "NaN" : score > 0 ? "infinity" : "-infinity";
  for (std::size_t i = 0; i < plan_.columns.size(); ++i) {
    if (!std::isnan(numbers[plan_.numbers() - plan_.columns.size() + i])) continue;
    why += " (missing: " + plan_.columns[i].name + ")";
    break;
  }
  fail_row(row, std::move(why));
}

/// After their answers are taken: it uses the runner again.
void OnnxStage::explain(Batch& batch) {
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const float score = batch.score[waiting_[i]];
    if (!std::isfinite(score) || score < plan_.reasons_from) continue;
    batch.reasons[waiting_[i]] = occlude(numbers_.data() + i * plan_.numbers(), score);
  }
}

Reasons OnnxStage::occlude(const double* numbers, float score) {
  const std::size_t width = plan_.columns.size();
  std::vector<double> shares(width);
  for (std::size_t first = 0; first < width; first += runner_.rows_max()) {
    const std::size_t count = std::min(runner_.rows_max(), width - first);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t column = first + i;
      changed_.assign(numbers, numbers + plan_.numbers());
      for (std::size_t at = column; at < changed_.size(); at += width) {
        changed_[at] =
            whole_[column] ? std::round(plan_.columns[column].mean) : plan_.columns[column].mean;
      }
      runner_.put(i, changed_.data());
    }
    if (!runner_.run(count)) return {};
    for (std::size_t i = 0; i < count; ++i) {
      shares[first + i] = double{score} - double{runner_.score(i)};
    }
  }
  return strongest(shares);
}

Reasons OnnxStage::error_shares(std::size_t at) const {
  std::vector<double> shares(plan_.columns.size());
  for (std::size_t i = 0; i < plan_.numbers(); ++i) {
    const double difference = runner_.input(at, i) - runner_.output(at, i);
    shares[i % shares.size()] += difference * difference;
  }
  return strongest(shares);
}

void OnnxStage::fail_row(std::size_t row, std::string why) {
  failed_.push_back({.row = row, .detail = std::move(why)});
}

}  // namespace ouzel
