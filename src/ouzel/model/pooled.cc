#include "ouzel/model/pooled.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace ouzel::detector {
namespace {

constexpr float kMemory = 1.0F / 8192;
constexpr float kRowsMax = 1 << 23;  ///< Floats count exactly to 2^24.
constexpr double kShrink = 0.1;
constexpr double kVarianceMin = 0.05;
constexpr float kKnown = 64;  ///< Rows from which a channel's own variance counts.
constexpr int kSweeps = 3;
constexpr double kLeftMin = 0.05;  ///< Of a channel's variance, what those before it leave.

/// Four floats at a time, in an order that the source fixes: the same bits on every CPU.
using Lanes = float __attribute__((vector_size(16)));
Lanes load_lanes(const float* from) {
  Lanes out;
  std::memcpy(&out, from, sizeof out);
  return out;
}
void store_lanes(float* to, Lanes value) { std::memcpy(to, &value, sizeof value); }
Lanes larger(Lanes a, Lanes b) { return a > b ? a : b; }
Lanes lesser(Lanes a, Lanes b) { return a < b ? a : b; }

/// In place: the lower Cholesky factor of the symmetric `a` (n × n). False: too near singular.
bool factor(double* a, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    double pivot = a[j * n + j];
    for (std::size_t k = 0; k < j; ++k) pivot -= a[j * n + k] * a[j * n + k];
    if (pivot < kLeftMin * a[j * n + j]) return false;
    pivot = std::sqrt(pivot);
    a[j * n + j] = pivot;
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = sum / pivot;
    }
  }
  return true;
}

/// In place: the inverse of the lower triangular `a`.
void invert_lower(double* a, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    a[j * n + j] = 1 / a[j * n + j];
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = 0;
      for (std::size_t k = j; k < i; ++k) sum -= a[i * n + k] * a[k * n + j];
      a[i * n + j] = sum / a[i * n + i];
    }
  }
}

}  // namespace

float Pooled::distance(const Standards& row, float* conditional) const {
  std::fill(conditional, conditional + channels_, 0.0F);
  if (!ready()) return 0;
  float values[kChannelsMax];
  std::copy(row.of, row.of + stride_, values);
  Lanes product[kChannelsMax / 4] = {};
  const auto add = [&](std::size_t channel, float z) {
    const float* column = precision() + channel * stride_;
    for (std::size_t i = 0; i < stride_ / 4; ++i) product[i] += load_lanes(column + 4 * i) * z;
  };
  for (std::size_t i = 0; i < channels_; ++i) {
    if (values[i] != 0) add(i, values[i]);
  }
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (std::size_t i = 0; i < channels_; ++i) {
      if (row.known[i] > 0) continue;
      const float better = -product[i / 4][i % 4] / precision()[i * stride_ + i];
      values[i] += better;
      add(i, better);
    }
  }
  float out[kChannelsMax];
  std::memcpy(out, product, stride_ * sizeof(float));
  float sum = 0;
  for (std::size_t i = 0; i < channels_; ++i) {
    sum += out[i] * values[i];
    conditional[i] = row.known[i] * out[i] * out[i] / precision()[i * stride_ + i];
  }
  return std::max(sum, 0.0F);
}

void Pooled::learn(const Standards& row, float rate) {
  float step[kChannelsMax];  // 0: the row lacks it. A pair takes the lesser one.
  for (std::size_t i = 0; i < stride_; i += 4) {
    const Lanes rows = load_lanes(seen() + i) + 1.0F;
    const Lanes known = load_lanes(row.known + i);
    store_lanes(step + i, known * rate * larger(1.0F / rows, Lanes{} + kMemory));
    store_lanes(seen() + i, rows - 1.0F + known);
  }
  for (std::size_t j = 0; j < channels_; ++j) {
    if (step[j] == 0) continue;
    for (std::size_t i = 0; i < stride_; i += 4) {
      float* pair = covariance() + j * stride_ + i;
      const Lanes both = lesser(load_lanes(step + i), Lanes{} + step[j]);
      const Lanes product = load_lanes(row.of + i) * (both * row.of[j]);
      store_lanes(pair, load_lanes(pair) * (1.0F - both) + product);
    }
  }
  rows() = rows() < kRowsMax ? rows() + 1 : kRowsMax - 1023;
  const auto count = static_cast<std::uint32_t>(rows());
  const bool due = count >= 1024 ? count % 1024 == 0 : (count & (count - 1)) == 0;
  if (due && count >= 64 && count >= 2 * channels_) refresh();
}

double Pooled::shrunk(std::size_t i, std::size_t j) const {
  const auto value = static_cast<double>(covariance()[i * stride_ + j]);
  const auto rows = static_cast<double>(std::min(seen()[i], seen()[j]));
  if (i == j) return rows < kKnown ? 1 : std::max(value, kVarianceMin);
  return rows < kKnown ? 0 : value * (1 - std::max(kShrink, static_cast<double>(channels_) / rows));
}

/// Shrinking is enough to make the covariance of whole rows regular. Pairs that were seen in
/// different rows may not fit together: then the pairs count less, until they do.
void Pooled::refresh() {
  const std::size_t n = channels_;
  double a[kChannelsMax * kChannelsMax];
  double share = 1;
  do {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) a[i * n + j] = shrunk(i, j) * (i == j ? 1 : share);
    }
    share /= 2;
  } while (!factor(a, n));
  invert_lower(a, n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (std::size_t k = i; k < n; ++k) sum += a[k * n + i] * a[k * n + j];
      precision()[i * stride_ + j] = precision()[j * stride_ + i] = static_cast<float>(sum);
    }
  }
  state_[1] = 1;
}

}  // namespace ouzel::detector
