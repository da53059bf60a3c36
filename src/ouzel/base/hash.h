/// Hashes: where a key goes (Kafka's murmur2), and who an event or a content is (XXH3, 128 bits).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ouzel/base/types.h"

namespace ouzel {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  auto operator<=>(const Hash128&) const = default;
};

/// 32 lower-case hexadecimal digits.
std::string to_string(const Hash128& hash);

/// The hash of such a text; nullopt: it is not one.
std::optional<Hash128> parse_hash(std::string_view text);

/// Not for secrets: an attacker can find collisions.
Hash128 hash128(std::string_view bytes);
/// Identity of an event for duplicates: of source and id, unambiguous about where one ends.
Hash128 event_identity(std::string_view source, std::string_view id);

/// Kafka's default partitioner: murmur2 with Kafka's seed, as a non-negative number modulo
/// `partitions` (org.apache.kafka.common.utils.Utils.murmur2 and toPositive).
std::uint32_t murmur2(std::string_view bytes);
PartitionId partition_of(std::string_view key, std::uint16_t partitions);

/// CRC-32C (Castagnoli, reflected, as in RFC 3720); hardware where the CPU has it.
/// `crc` continues an earlier call, so crc32c(b, crc32c(a)) == crc32c(ab).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace ouzel
