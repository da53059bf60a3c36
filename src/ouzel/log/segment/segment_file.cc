#include "ouzel/log/segment/segment_file.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "ouzel/base/bytes.h"
#include "ouzel/base/hash.h"

namespace ouzel {
namespace {

constexpr std::string_view kMagic = "OUZELSEG";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kTableAt = 64;
constexpr std::size_t kCrcAt = kPageBytes - 4;
constexpr std::size_t kEntriesMax = (kCrcAt - kTableAt) / 16;

}  // namespace

std::string segment_name(std::uint64_t generation) {
  std::array<char, 24> name{};
  std::snprintf(name.data(), name.size(), "%016llx.seg",
                static_cast<unsigned long long>(generation));
  return name.data();
}

std::optional<std::uint64_t> generation_of(std::string_view name) {
  if (name.size() != 20 || name.substr(16) != ".seg") return std::nullopt;
  std::uint64_t generation = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + 16, generation, 16);
  if (error != std::errc() || end != name.data() + 16) return std::nullopt;
  return generation;
}

std::string encode(const SegmentHeader& header) {
  OUZEL_CHECK(header.next.size() <= kEntriesMax);
  std::string page;
  page.reserve(kPageBytes);
  ByteWriter writer(page);
  writer.put_bytes(kMagic);
  writer.put(kVersion);
  writer.put(static_cast<std::uint32_t>(header.next.size()));
  writer.put(header.log_id);
  writer.put(header.generation);
  writer.put(header.base.value());
  writer.put(static_cast<std::int64_t>(header.created.time_since_epoch().count()));
  page.resize(kTableAt, '\0');
  for (const auto& [view, next] : header.next) {
    writer.put(static_cast<std::uint8_t>(view.first));
    writer.put(std::uint8_t{0});
    writer.put(view.second.value());
    writer.put(std::uint32_t{0});
    writer.put(next.value());
  }
  page.resize(kCrcAt, '\0');
  writer.put(crc32c(page));
  return page;
}

Result<SegmentHeader> decode_segment_header(std::string_view page) {
  if (page.size() < kPageBytes || !page.starts_with(kMagic)) {
    return fail(ErrorCode::corrupt, "no segment header");
  }
  if (load<std::uint32_t>(page.data() + kCrcAt) != crc32c(page.substr(0, kCrcAt))) {
    return fail(ErrorCode::corrupt, "segment header checksum differs");
  }
  ByteReader reader(page.substr(kMagic.size()));
  const auto version = reader.get<std::uint32_t>();
  if (version != kVersion) {
    return fail(ErrorCode::config,
                "segment of version " + std::to_string(version) + ", this program reads version 1");
  }
  const auto entries = reader.get<std::uint32_t>();
  SegmentHeader header;
  header.log_id = reader.get<std::uint64_t>();
  header.generation = reader.get<std::uint64_t>();
  header.base = LogPosition(reader.get<std::uint64_t>());
  header.created = WallTime(std::chrono::nanoseconds(reader.get<std::int64_t>()));
  if (entries > kEntriesMax) return fail(ErrorCode::corrupt, "segment header table too long");
  ByteReader table(page.substr(kTableAt));
  for (std::uint32_t i = 0; i < entries; ++i) {
    const auto topic = static_cast<Topic>(table.get<std::uint8_t>());
    table.get<std::uint8_t>();
    const PartitionId partition(table.get<std::uint16_t>());
    table.get<std::uint32_t>();
    header.next[{topic, partition}] = Offset(table.get<std::uint64_t>());
  }
  return header;
}

}  // namespace ouzel
