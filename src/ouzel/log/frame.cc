#include "ouzel/log/frame.h"

#include "ouzel/base/bytes.h"
#include "ouzel/base/hash.h"

namespace ouzel {
namespace {

constexpr std::uint32_t kMagic = 0x31465a4f;  // "OZF1"
constexpr std::uint8_t kVersion = 1;

std::uint32_t header_crc(std::string_view first_60, std::uint64_t log_id) {
  const std::string_view id(reinterpret_cast<const char*>(&log_id), sizeof(log_id));
  return crc32c(first_60, crc32c(id));
}

bool known(std::uint8_t topic) { return (topic >= 1 && topic <= 6) || topic >= 254; }

}  // namespace

std::string_view to_string(Topic topic) {
  switch (topic) {
    case Topic::events: return "events";
    case Topic::outcomes: return "outcomes";
    case Topic::journal: return "journal";
    case Topic::labels: return "labels";
    case Topic::models: return "models";
    case Topic::alarms: return "alarms";
    case Topic::mark: return "mark";
    case Topic::seal: return "seal";
  }
  return "unknown";
}

void write_header(std::string& out, const FrameHeader& header, std::uint64_t log_id) {
  const std::size_t begin = out.size();
  ByteWriter writer(out);
  writer.put(kMagic);
  writer.put(kVersion);
  writer.put(static_cast<std::uint8_t>(header.topic));
  writer.put(header.partition.value());
  writer.put(header.base.value());
  writer.put(header.rows);
  writer.put(header.body_bytes);
  writer.put(static_cast<std::int64_t>(header.accepted.time_since_epoch().count()));
  writer.put(header.synced_to.value());
  writer.put(header.generation);
  writer.put(header.position.value());
  writer.put(header.body_crc);
  writer.put(header_crc(std::string_view(out).substr(begin), log_id));
}

Result<FrameHeader> read_header(std::string_view bytes, std::uint64_t log_id) {
  if (bytes.size() < kFrameHeaderBytes) {
    return fail(ErrorCode::corrupt,
                "frame header too short: 64 bytes needed, got " + std::to_string(bytes.size()));
  }
  ByteReader reader(bytes.substr(0, kFrameHeaderBytes));
  if (reader.get<std::uint32_t>() != kMagic) return fail(ErrorCode::corrupt, "no frame here");
  const auto version = reader.get<std::uint8_t>();
  const auto topic = reader.get<std::uint8_t>();
  FrameHeader header;
  header.topic = static_cast<Topic>(topic);
  header.partition = PartitionId(reader.get<std::uint16_t>());
  header.base = Offset(reader.get<std::uint64_t>());
  header.rows = reader.get<std::uint32_t>();
  header.body_bytes = reader.get<std::uint32_t>();
  header.accepted = WallTime(std::chrono::nanoseconds(reader.get<std::int64_t>()));
  header.synced_to = LogPosition(reader.get<std::uint64_t>());
  header.generation = reader.get<std::uint64_t>();
  header.position = LogPosition(reader.get<std::uint64_t>());
  header.body_crc = reader.get<std::uint32_t>();
  if (reader.get<std::uint32_t>() != header_crc(bytes.substr(0, 60), log_id)) {
    return fail(ErrorCode::corrupt, "frame header checksum differs");
  }
  if (version != kVersion || !known(topic)) {
    return fail(ErrorCode::corrupt, "frame of an unknown version or topic: version " +
                                        std::to_string(version) + ", topic " +
                                        std::to_string(topic));
  }
  return header;
}

}  // namespace ouzel
