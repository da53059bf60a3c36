#include "ouzel/lane/lane_state.h"

#include <cstring>

namespace ouzel {

std::size_t LaneState::key_bytes(std::span<const std::unique_ptr<Stage>> stages) {
  std::size_t bytes = 0;
  for (const auto& stage : stages) bytes += stage->state_need().key_bytes;
  return bytes;
}

LaneState::LaneState(std::span<const std::unique_ptr<Stage>> stages, std::size_t keys_max)
    : keys_({.state_bytes = key_bytes(stages), .keys_max = keys_max}) {
  Part at;
  for (const auto& stage : stages) {
    const StateNeed need = stage->state_need();
    OUZEL_CHECK(need.key_bytes % 8 == 0 && need.lane_bytes % 8 == 0);
    parts_.push_back(at);
    at.key_offset += need.key_bytes;
    at.lane_offset += need.lane_bytes;
  }
  lane_.resize(at.lane_offset / sizeof(std::uint64_t));
}

Result<void> LaneState::restore_shared(std::string_view bytes) {
  if (bytes.size() != shared().size()) {
    return fail(ErrorCode::corrupt, "snapshot of another size: " + std::to_string(shared().size()) +
                                        " bytes needed, got " + std::to_string(bytes.size()));
  }
  std::memcpy(lane_.data(), bytes.data(), bytes.size());
  return {};
}

}  // namespace ouzel
