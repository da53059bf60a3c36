#include "ouzel/base/hash.h"

#define XXH_INLINE_ALL
#include <nmmintrin.h>
#include <xxhash.h>

#include <array>
#include <charconv>
#include <cstdio>

#include "ouzel/base/bytes.h"

namespace ouzel {

std::string to_string(const Hash128& hash) {
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx",
                static_cast<unsigned long long>(hash.high),
                static_cast<unsigned long long>(hash.low));
  return text.data();
}

std::optional<Hash128> parse_hash(std::string_view text) {
  constexpr std::size_t kDigits = 16;
  if (text.size() != 2 * kDigits) return std::nullopt;
  if (text.find_first_not_of("0123456789abcdef") != text.npos) return std::nullopt;
  Hash128 out;
  std::from_chars(text.data(), text.data() + kDigits, out.high, 16);
  std::from_chars(text.data() + kDigits, text.data() + text.size(), out.low, 16);
  return out;
}

Hash128 hash128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

Hash128 event_identity(std::string_view source, std::string_view id) {
  // The first hash seeds the second, so that ("a","bc") and ("ab","c") differ.
  const std::uint64_t seed = XXH3_64bits(source.data(), source.size());
  const XXH128_hash_t hash = XXH3_128bits_withSeed(id.data(), id.size(), seed);
  return {hash.low64, hash.high64 ^ seed};
}

std::uint32_t murmur2(std::string_view bytes) {
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  std::uint32_t hash = 0x9747b28cU ^ static_cast<std::uint32_t>(bytes.size());
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t word = load<std::uint32_t>(bytes.data() + at);
    word *= kMultiplier;
    word ^= word >> 24;
    word *= kMultiplier;
    hash *= kMultiplier;
    hash ^= word;
  }
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[at + i]));
  };
  const std::size_t rest = bytes.size() - at;
  if (rest == 3) hash ^= byte(2) << 16;
  if (rest >= 2) hash ^= byte(1) << 8;
  if (rest >= 1) {
    hash ^= byte(0);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

PartitionId partition_of(std::string_view key, std::uint16_t partitions) {
  return PartitionId(static_cast<std::uint16_t>((murmur2(key) & 0x7fffffffU) % partitions));
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) {
  std::uint64_t state = ~crc;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) state = _mm_crc32_u64(state, load<std::uint64_t>(at));
  auto small = static_cast<std::uint32_t>(state);
  for (; left > 0; --left, ++at) small = _mm_crc32_u8(small, static_cast<std::uint8_t>(*at));
  return ~small;
}

}  // namespace ouzel
