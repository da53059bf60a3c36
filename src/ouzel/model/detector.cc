#include "ouzel/model/detector.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "ouzel/model/calibration.h"
#include "ouzel/model/channel.h"
#include "ouzel/model/pooled.h"

namespace ouzel {
namespace {

using namespace detector;

constexpr std::array<const char*, kKinds> kKindNames = {
    "_level", "_change", "_forecast", "_rarity", "_stuck", "_drift", "_noise", "_correlation"};
constexpr float kSuspicious = 0.85F;        ///< Score from which learning slows: p = 5e-4.
constexpr float kSlowRate = 0.1F;
constexpr float kCalm = 4.0F;               ///< Evidence that is no evidence: two sigma.
constexpr float kSmoothMemory = 1.0F / 8;

/// Fixed part of a key's state; `channels` Channel follow.
struct KeyHead {
  std::uint32_t seen;
  std::uint32_t suspicious;   ///< Suspicious events, less calm ones.
  float smooth;               ///< Raw score with a short memory.
  float reserved[5];
};
static_assert(sizeof(KeyHead) == 32 && sizeof(Channel) % 8 == 0 && sizeof(Fleet) % 8 == 0);

/// The state of a lane: Calibration, then `channels` Fleet, then Pooled's floats.
constexpr std::size_t whole_words(std::size_t bytes) { return (bytes + 7) / 8 * 8; }

struct LaneLayout {
  explicit LaneLayout(std::size_t channels)
      : fleet(sizeof(Calibration)),
        pooled(fleet + channels * sizeof(Fleet)),
        bytes(whole_words(pooled + Pooled::floats(channels) * sizeof(float))) {}
  std::size_t fleet, pooled, bytes;
};

/// Indices of the watched fields among the numeric ones.
Result<std::vector<std::uint32_t>> watched(const Schema& schema, const DetectorSpec& spec) {
  std::vector<std::string> numeric;
  for (const Field& field : schema.fields) {
    if (field.type != FieldType::string) numeric.push_back(field.name);
  }
  std::vector<std::uint32_t> out;
  for (const std::string& name : spec.of.empty() ? numeric : spec.of) {
    const auto at = std::find(numeric.begin(), numeric.end(), name);
    if (at == numeric.end()) {
      return fail(ErrorCode::config, "detector: a numeric field of the schema needed, got " + name);
    }
    const auto index = static_cast<std::uint32_t>(at - numeric.begin());
    if (std::find(out.begin(), out.end(), index) != out.end()) {
      return fail(ErrorCode::config, "detector: each field once, got " + name + " twice");
    }
    out.push_back(index);
  }
  if (out.empty() || out.size() > kChannelsMax) {
    return fail(ErrorCode::config, "detector: 1 to " + std::to_string(kChannelsMax) +
                                       " numeric fields needed (choose with `of`), got " +
                                       std::to_string(out.size()));
  }
  return out;
}

StateNeed need_of(std::size_t channels) {
  return {.key_bytes = whole_words(sizeof(KeyHead) + channels * sizeof(Channel)),
          .lane_bytes = LaneLayout(channels).bytes};
}

/// All that judging one row needs, on the stack; made once a batch.
struct Judge {
  std::size_t channels;
  std::uint32_t warm_up;
  Calibration* calibration;
  Fleet* fleet;
  Pooled pooled;
  float typical;             ///< Raw score of a calm row, before there is a past.

  KeyHead* head = nullptr;
  Channel* channel = nullptr;
  Reading reading[kChannelsMax];
  Evidence evidence[kChannelsMax];
  float standard[kChannelsMax] = {};
  float joint = 0;           ///< Evidence of the combination of channels.
  float raw = 0;
  bool warm = false;

  void take(std::byte* key) {
    head = reinterpret_cast<KeyHead*>(key);
    channel = reinterpret_cast<Channel*>(key + sizeof(KeyHead));
    warm = head->seen >= warm_up;
  }
  bool read(const double* values, const std::vector<std::uint32_t>& columns);
  void weigh();
  void combine();
  void learn_row(float score);
  Reasons explain() const;
};

/// False if no channel has a value.
bool Judge::read(const double* values, const std::vector<std::uint32_t>& columns) {
  bool any = false;
  for (std::size_t i = 0; i < channels; ++i) {
    const double value = values[columns[i]];
    reading[i].present = false;
    standard[i] = 0;
    if (!std::isfinite(value)) {
      std::fill(std::begin(evidence[i]), std::end(evidence[i]), 0.0F);
      continue;
    }
    any = true;
    judge(channel[i], fleet[i], value, warm, reading[i], evidence[i]);
    if (channel[i].seen >= 8) standard[i] = reading[i].standard;
  }
  return any;
}

/// The combination of channels: Fisher's approximation turns the squared distance into a standard
/// score. A channel that is odd mostly given the others carries it as correlation.
void Judge::combine() {
  joint = 0;
  if (channels < 2 || !warm) return;
  float conditional[kChannelsMax];
  const float distance = pooled.distance(standard, conditional);
  const auto n = static_cast<float>(channels);
  const float z = std::sqrt(2.0F * distance) - std::sqrt(2.0F * n - 1.0F);
  joint = z > 0 ? z * z : 0;
  for (std::size_t i = 0; i < channels; ++i) {
    const float own = evidence[i][kLevel];
    evidence[i][kCorrelation] = std::min(std::max(conditional[i] - own, 0.0F), kCap * kCap);
  }
}

void Judge::weigh() {
  float sum = joint;
  for (std::size_t i = 0; i < channels; ++i) {
    for (const float each : evidence[i]) sum += std::max(each - kCalm, 0.0F);
  }
  raw = sum + head->smooth;
}

void Judge::learn_row(float score) {
  const bool suspicious = warm && score >= kSuspicious;
  const float rate = suspicious ? kSlowRate : 1.0F;
  if (warm) {
    learn(*calibration, place_of(raw), score, typical);
    if (channels > 1) pooled.learn(standard, rate);
    const float own = raw - head->smooth;
    head->smooth += kSmoothMemory * (own - head->smooth);
  }
  for (std::size_t i = 0; i < channels; ++i) {
    if (reading[i].present) learn(channel[i], fleet[i], reading[i], rate);
  }
  head->seen = std::min(head->seen + 1, 1U << 30);
  head->suspicious = suspicious ? head->suspicious + 1 : std::max(head->suspicious, 1U) - 1;
  if (head->suspicious < kRegimeRows) return;
  head->suspicious = 0;
  for (std::size_t i = 0; i < channels; ++i) accept_regime(channel[i]);
}

Reasons Judge::explain() const {
  Reasons reasons;
  float total = 0;
  std::array<float, kReasonsMax> best{};
  const auto offer = [&](std::size_t column, float strength) {
    if (strength <= 0) return;
    total += strength;
    std::size_t at = kReasonsMax;
    while (at > 0 && strength > best[at - 1]) --at;
    if (at == kReasonsMax) return;
    for (std::size_t i = kReasonsMax - 1; i > at; --i) {
      best[i] = best[i - 1];
      reasons.column[i] = reasons.column[i - 1];
    }
    best[at] = strength;
    reasons.column[at] = static_cast<std::uint16_t>(column);
  };
  for (std::size_t i = 0; i < channels; ++i) {
    for (std::size_t k = 0; k < kKinds; ++k) {
      offer(i * kKinds + k, std::max(evidence[i][k] - kCalm, 0.0F));
    }
  }
  if (channels > 1) offer(channels * kKinds, joint);
  for (std::size_t i = 0; i < kReasonsMax && best[i] > 0; ++i) {
    reasons.weight[i] = best[i] / total;
    ++reasons.count;
  }
  for (std::size_t i = reasons.count; i < kReasonsMax; ++i) reasons.column[i] = 0;
  return reasons;
}

}  // namespace

std::vector<std::string> detector_reason_names(const Schema& schema, const DetectorSpec& spec) {
  std::vector<std::string> out;
  const auto columns = watched(schema, spec);
  if (!columns) return out;
  std::vector<std::string> numeric;
  for (const Field& field : schema.fields) {
    if (field.type != FieldType::string) numeric.push_back(field.name);
  }
  for (const std::uint32_t column : *columns) {
    for (const char* kind : kKindNames) out.push_back(numeric[column] + kind);
  }
  if (columns->size() > 1) out.emplace_back("channels_mahalanobis");
  return out;
}

StateNeed detector_state_bytes(const Schema& schema, const DetectorSpec& spec) {
  const auto columns = watched(schema, spec);
  return columns ? need_of(columns->size()) : StateNeed{};
}

Result<std::unique_ptr<DetectorStage>> DetectorStage::make(const Schema& schema,
                                                           const DetectorSpec& spec) {
  OUZEL_TRY(auto columns, watched(schema, spec));
  return std::unique_ptr<DetectorStage>(new DetectorStage(schema, spec, std::move(columns)));
}

DetectorStage::DetectorStage(const Schema& schema, const DetectorSpec& spec,
                             std::vector<std::uint32_t> columns)
    : columns_(std::move(columns)), warm_up_(spec.warm_up) {
  std::vector<std::string> numeric;
  for (const Field& field : schema.fields) {
    if (field.type != FieldType::string) numeric.push_back(field.name);
  }
  for (const std::uint32_t column : columns_) fields_.push_back(numeric[column]);
}

Wiring DetectorStage::wiring() const {
  return {.reads = fields_, .adds = {"score", "reasons"}};
}

StateNeed DetectorStage::state_need() const { return need_of(columns_.size()); }

void DetectorStage::run(Batch& batch, const StateView& state) {
  const std::size_t channels = columns_.size();
  const LaneLayout layout(channels);
  auto* lane = state.lane<std::byte>();
  Judge judge{.channels = channels,
              .warm_up = warm_up_,
              .calibration = reinterpret_cast<Calibration*>(lane),
              .fleet = reinterpret_cast<Fleet*>(lane + layout.fleet),
              .pooled = Pooled(reinterpret_cast<float*>(lane + layout.pooled), channels),
              .typical = 4.0F + 2.0F * static_cast<float>(channels)};
  batch.score.assign(batch.rows(), 0.0F);
  batch.reasons.assign(batch.rows(), Reasons{});
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (!batch.live(row)) continue;
    judge.take(state.key<std::byte>(row));
    if (!judge.warm) batch.flags[row] |= kFlagWarming;
    if (!judge.read(batch.values.row(row), columns_)) continue;
    judge.combine();
    judge.weigh();
    float score = score_of(*judge.calibration, place_of(judge.raw));
    if (!judge.warm) score = std::min(score, kWarmingScoreMax);
    judge.learn_row(score);
    batch.score[row] = score;
    if (score >= kReasonsFrom) batch.reasons[row] = judge.explain();
  }
}

}  // namespace ouzel
