/// All state of one lane: the rows of its keys and the stages' bytes that belong to no key. Plain
/// bytes, so that a snapshot is a copy. One thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/lane/key_table.h"
#include "ouzel/stage/stage.h"

namespace ouzel {

class LaneState {
 public:
  LaneState(std::span<const std::unique_ptr<Stage>> stages, std::size_t keys_max);

  KeyTable& keys() { return keys_; }
  const KeyTable& keys() const { return keys_; }
  /// The view of stage number `stage` for a batch whose row states are `rows`.
  StateView view(std::size_t stage, std::byte* const* rows) {
    return {rows, parts_[stage].key_offset, lane_bytes() + parts_[stage].lane_offset};
  }
  /// The bytes that belong to no key.
  std::string_view shared() const {
    return {reinterpret_cast<const char*>(lane_.data()), lane_.size() * sizeof(std::uint64_t)};
  }
  Result<void> restore_shared(std::string_view bytes);

 private:
  struct Part {
    std::size_t key_offset = 0;
    std::size_t lane_offset = 0;
  };
  std::byte* lane_bytes() { return reinterpret_cast<std::byte*>(lane_.data()); }
  static std::size_t key_bytes(std::span<const std::unique_ptr<Stage>> stages);

  std::vector<Part> parts_;
  std::vector<std::uint64_t> lane_;
  KeyTable keys_;
};

}  // namespace ouzel
