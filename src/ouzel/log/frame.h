/// The frame: what stands on disk (docs/format/log.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ouzel/base/error.h"
#include "ouzel/base/types.h"

namespace ouzel {

enum class Topic : std::uint8_t {
  events = 1,
  outcomes = 2,
  journal = 3,
  labels = 4,
  models = 5,
  alarms = 6,
  mark = 254,
  seal = 255,
};
std::string_view to_string(Topic topic);

inline constexpr std::size_t kFrameHeaderBytes = 64;
inline constexpr std::size_t kPageBytes = 4096;

struct FrameHeader {
  Topic topic = Topic::events;
  PartitionId partition{};
  Offset base{};
  std::uint32_t rows = 0;
  std::uint32_t body_bytes = 0;
  WallTime accepted{};
  LogPosition synced_to{};
  std::uint64_t generation = 0;
  LogPosition position{};
  std::uint32_t body_crc = 0;

  /// Header, body and padding.
  std::uint64_t bytes_on_disk() const {
    return (kFrameHeaderBytes + body_bytes + 7) & ~std::uint64_t{7};
  }
  LogPosition end() const { return position + bytes_on_disk(); }
};

/// Appends the 64 header bytes.
void write_header(std::string& out, const FrameHeader& header, std::uint64_t log_id);
/// Reads 64 bytes. Errors: corrupt (no frame of this log here).
Result<FrameHeader> read_header(std::string_view bytes, std::uint64_t log_id);

}  // namespace ouzel
