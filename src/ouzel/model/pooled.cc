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

/// Four floats at a time, in an order that the source fixes: the same bits on every CPU.
using Lanes = float __attribute__((vector_size(16)));
Lanes load_lanes(const float* from) {
  Lanes out;
  std::memcpy(&out, from, sizeof out);
  return out;
}
void store_lanes(float* to, Lanes value) { std::memcpy(to, &value, sizeof value); }

/// In place: the lower Cholesky factor of the symmetric positive definite `a` (n × n).
void factor(double* a, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    double pivot = a[j * n + j];
    for (std::size_t k = 0; k < j; ++k) pivot -= a[j * n + k] * a[j * n + k];
    pivot = std::sqrt(std::max(pivot, 1e-6));
    a[j * n + j] = pivot;
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = sum / pivot;
    }
  }
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

float Pooled::distance(const float* standard, float* conditional) const {
  std::fill(conditional, conditional + channels_, 0.0F);
  if (!ready()) return 0;
  Lanes product[kChannelsMax / 4] = {};
  for (std::size_t j = 0; j < channels_; ++j) {
    const float z = standard[j];
    if (z == 0) continue;
    const float* row = precision() + j * stride_;
    for (std::size_t i = 0; i < stride_ / 4; ++i) product[i] += load_lanes(row + 4 * i) * z;
  }
  float out[kChannelsMax];
  std::memcpy(out, product, stride_ * sizeof(float));
  float sum = 0;
  for (std::size_t i = 0; i < channels_; ++i) {
    sum += out[i] * standard[i];
    conditional[i] = out[i] * out[i] / precision()[i * stride_ + i];
  }
  return std::max(sum, 0.0F);
}

void Pooled::learn(const float* standard, float rate) {
  const float step = rate * std::max(1.0F / (rows() + 1), kMemory);
  const float keep = 1.0F - step;
  for (std::size_t j = 0; j < channels_; ++j) {
    const float z = step * standard[j];
    float* row = covariance() + j * stride_;
    for (std::size_t i = 0; i < stride_; i += 4) {
      store_lanes(row + i, load_lanes(row + i) * keep + load_lanes(standard + i) * z);
    }
  }
  rows() = rows() < kRowsMax ? rows() + 1 : kRowsMax - 1023;
  const auto count = static_cast<std::uint32_t>(rows());
  const bool due = count >= 1024 ? count % 1024 == 0 : (count & (count - 1)) == 0;
  if (due && count >= 64 && count >= 2 * channels_) refresh();
}

void Pooled::refresh() {
  const std::size_t n = channels_;
  double a[kChannelsMax * kChannelsMax];
  const double shrink = std::max(kShrink, static_cast<double>(n) / static_cast<double>(rows()));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const auto value = static_cast<double>(covariance()[i * stride_ + j]);
      a[i * n + j] = i == j ? std::max(value, kVarianceMin) : value * (1 - shrink);
    }
  }
  factor(a, n);
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
