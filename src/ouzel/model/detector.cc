#include "ouzel/model/detector.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ouzel/model/row_judge.h"

namespace ouzel {
namespace {

using namespace detector;

constexpr std::array<const char*, kKinds> kKindNames = {
    "_level", "_change", "_forecast", "_rarity", "_stuck", "_drift", "_noise", "_correlation"};

std::vector<std::string> numeric_fields(const Schema& schema) {
  std::vector<std::string> out;
  for (const Field& field : schema.fields) {
    if (field.type != FieldType::string) out.push_back(field.name);
  }
  return out;
}

/// Indices of the watched fields among the numeric ones.
Result<std::vector<std::uint32_t>> watched(const Schema& schema, const DetectorSpec& spec) {
  const std::vector<std::string> numeric = numeric_fields(schema);
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
  return {.key_bytes = key_bytes(channels), .lane_bytes = LaneLayout(channels).bytes};
}

static_assert(kWarmingScoreMax == kScoreMaxWarming);
constexpr std::size_t kAhead = 3;  ///< Rows.

void prefetch(const std::byte* from, std::size_t bytes) {
  for (std::size_t at = 0; at < std::min<std::size_t>(bytes, 1024); at += 64) {
    __builtin_prefetch(from + at, 1);
  }
}

}  // namespace

std::vector<std::string> detector_reason_names(const Schema& schema, const DetectorSpec& spec) {
  std::vector<std::string> out;
  const auto columns = watched(schema, spec);
  if (!columns) return out;
  const std::vector<std::string> numeric = numeric_fields(schema);
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
  const std::vector<std::string> numeric = numeric_fields(schema);
  for (const std::uint32_t column : columns_) fields_.push_back(numeric[column]);
}

Wiring DetectorStage::wiring() const { return {.reads = fields_, .adds = {"score", "reasons"}}; }

StateNeed DetectorStage::state_need() const { return need_of(columns_.size()); }

void DetectorStage::run(Batch& batch, const StateView& state) {
  RowJudge judge(columns_.size(), warm_up_, state.lane<std::byte>());
  batch.score.assign(batch.rows(), 0.0F);
  batch.reasons.assign(batch.rows(), Reasons{});
  const std::size_t bytes = key_bytes(columns_.size());
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (row + kAhead < batch.rows() && batch.live(row + kAhead)) {
      prefetch(state.key<std::byte>(row + kAhead), bytes);
    }
    if (!batch.live(row)) continue;
    judge.take(state.key<std::byte>(row));
    if (!judge.warm()) batch.flags[row] |= kFlagWarming;
    if (!judge.read(batch.values.row(row), columns_)) continue;
    const float score = judge.score();
    batch.score[row] = score;
    if (score >= kReasonsFrom) batch.reasons[row] = judge.reasons();
    judge.learn_row(score);
  }
}

}  // namespace ouzel
