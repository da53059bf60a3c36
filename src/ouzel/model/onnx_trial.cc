#include "ouzel/model/onnx_trial.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "ouzel/base/bytes.h"
#include "ouzel/base/random.h"
#include "ouzel/model/fenced_call.h"

namespace ouzel {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kTrialRows = 24;
/// Timed are other rows each time: those that come again, the processor's branch predictor learns
/// by heart, and trees look half as dear as they are.
constexpr std::size_t kTimedRows = 1024;
constexpr std::size_t kTimesMin = 5;
constexpr std::array<std::size_t, 6> kCompanies = {2, 3, 8, 17, 24, 64};
constexpr std::array<std::size_t, 5> kSizes = {8, 32, 128, 512, 1024};
constexpr std::size_t kStagingBytesMax = 64U << 20;
/// A batch beyond this is not worth its latency.
constexpr std::chrono::nanoseconds kBatchMax = 20ms;
constexpr std::chrono::nanoseconds kMeasureMin = 2ms;

class Trial {
 public:
  Trial(std::shared_ptr<const OnnxModel> model, const Clock& clock)
      : model_(std::move(model)),
        clock_(clock),
        runner_(model_, rows_of(model_->plan())),
        numbers_(model_->plan().numbers()) {
    for (std::size_t i = 0; i < kTimedRows; ++i) rows_.push_back(random_row(i));
  }

  Result<OnnxVerdict> verdict() {
    OnnxVerdict out;
    const bool ran = run_alone();
    out.equal = ran && same_in_company();
    if (ran && !out.equal && !same_again()) {
      return fail(ErrorCode::config,
                  "the model answers the same row otherwise each time, as one with a random "
                  "operator (RandomNormal, Bernoulli, …) does: its outcomes could not be repeated");
    }
    if (!out.equal) return out;
    OUZEL_TRY_VOID(measure(out));
    return out;
  }

 private:
  static std::size_t rows_of(const OnnxPlan& plan) {
    const std::size_t bytes = plan.numbers() * 8 + plan.output.width() * 8;
    return std::clamp<std::size_t>(kStagingBytesMax / bytes, 8, kSizes.back());
  }

  /// Around the means that the card gives, now and then far from them or missing.
  std::vector<double> random_row(std::size_t index) {
    const OnnxPlan& plan = model_->plan();
    std::vector<double> out(numbers_);
    const double scale = index % 4 == 3 ? 10 : 1;
    for (std::size_t i = 0; i < numbers_; ++i) {
      const double mean = plan.columns[i % plan.columns.size()].mean;
      const double centre = std::isnan(mean) ? 0 : mean;
      out[i] = centre + scale * (1 + 0.2 * std::abs(centre)) * random_.normal();
    }
    if (index % 8 == 7 && plan.missing == OnnxMissing::nan) {
      out[random_.below(numbers_)] = std::numeric_limits<double>::quiet_NaN();
    }
    std::size_t first = 0;
    for (const OnnxPort& port : plan.inputs) {
      for (std::size_t i = first; port.element == OnnxElement::int64 && i < first + port.width();
           ++i) {
        out[i] = std::isnan(out[i]) ? 0 : std::floor(std::abs(out[i]));
      }
      first += port.width();
    }
    return out;
  }

  bool run_alone() {
    for (const auto& row : rows_) {
      if (!runner_.run_alone(row.data())) return false;
      const auto bytes = runner_.output_bytes(0);
      alone_.emplace_back(bytes.begin(), bytes.end());
    }
    return true;
  }

  bool same_again() {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (runner_.run_alone(rows_[i].data()) && !is_alone(i, runner_.output_bytes(0))) return false;
    }
    return true;
  }

  bool is_alone(std::size_t row, std::span<const std::byte> bytes) const {
    return std::memcmp(bytes.data(), alone_[row].data(), bytes.size()) == 0;
  }

  bool same_in_company() {
    for (const std::size_t company : kCompanies) {
      if (company > runner_.rows_max()) break;
      for (int turn = 0; turn < 3; ++turn) {
        if (!same(company)) return false;
      }
    }
    return true;
  }

  bool same(std::size_t company) {
    std::vector<std::size_t> chosen(company);
    for (std::size_t at = 0; at < company; ++at) {
      chosen[at] = random_.below(kTrialRows);
      runner_.put(at, rows_[chosen[at]].data());
    }
    if (!runner_.run(company)) return false;
    for (std::size_t at = 0; at < company; ++at) {
      if (!is_alone(chosen[at], runner_.output_bytes(at))) return false;
    }
    return true;
  }

  /// The smallest batch within a tenth of the cheapest row.
  Result<void> measure(OnnxVerdict& out) {
    std::vector<std::pair<std::size_t, double>> costs;
    double best = 0;
    for (const std::size_t size : kSizes) {
      if (size > runner_.rows_max()) break;
      OUZEL_TRY(const std::chrono::nanoseconds took, time_of(size));
      const double row = static_cast<double>(took.count()) / static_cast<double>(size);
      costs.emplace_back(size, row);
      if (costs.size() == 1 || row < best) best = row;
      if (took > kBatchMax / 4) break;
    }
    if (costs.empty()) costs.emplace_back(runner_.rows_max(), 0);
    const auto chosen = std::find_if(costs.begin(), costs.end(),
                                     [&](const auto& cost) { return cost.second <= 1.1 * best; });
    out.rows_max = static_cast<std::uint32_t>(chosen->first);
    out.row_ns = chosen->second;
    return {};
  }

  /// The median of some runs.
  Result<std::chrono::nanoseconds> time_of(std::size_t size) {
    std::vector<std::chrono::nanoseconds> times;
    const SteadyTime begin = clock_.steady();
    do {
      for (std::size_t at = 0; at < size; ++at) {
        runner_.put(at, rows_[next_row_++ % kTimedRows].data());
      }
      const SteadyTime before = clock_.steady();
      OUZEL_TRY_VOID(runner_.run(size));
      times.emplace_back(clock_.steady() - before);
    } while (times.size() < kTimesMin || clock_.steady() - begin < kMeasureMin);
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
  }

  std::shared_ptr<const OnnxModel> model_;
  const Clock& clock_;
  OnnxRunner runner_;
  std::size_t numbers_;
  Random random_{20261};
  std::vector<std::vector<double>> rows_;
  std::vector<std::vector<std::byte>> alone_;  ///< What each row gave when it was run alone.
  std::size_t next_row_ = 0;                   ///< To be timed.
};

/// As the child sends it.
std::string packed(const OnnxVerdict& verdict) {
  std::string out;
  ByteWriter writer(out);
  writer.put(static_cast<std::uint8_t>(verdict.equal));
  writer.put(verdict.rows_max);
  writer.put(verdict.row_ns);
  return out;
}

}  // namespace

Result<OnnxVerdict> try_model(const OnnxSource& source, const Clock& clock) {
  OUZEL_TRY(auto model, OnnxModel::open(source, {.equal = true, .rows_max = 8}));
  return Trial(std::move(model), clock).verdict();
}

Result<OnnxVerdict> try_in_child(const OnnxSource& source, const Clock& clock) {
  const auto tried = fenced_call(
      [&]() -> Result<std::string> {
        OUZEL_TRY(const OnnxVerdict verdict, try_model(source, clock));
        return packed(verdict);
      },
      {.stop_fd = source.stop_fd}, clock);
  if (!tried) {
    if (tried.error().code == ErrorCode::config) return tl::unexpected(tried.error());
    return fail(ErrorCode::config, "loading and trying the model: " + tried.error().message);
  }
  ByteReader reader(*tried);
  OnnxVerdict out;
  out.equal = reader.get<std::uint8_t>() != 0;
  out.rows_max = reader.get<std::uint32_t>();
  out.row_ns = reader.get<double>();
  if (!reader.ok()) return fail(ErrorCode::internal, "the trial's answer is cut off");
  return out;
}

}  // namespace ouzel
