/// Strong types for positions and times. A position is not a count: position - position = count,
/// position + count = position, position + position does not compile (types_test.cc proves it).
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>

namespace ouzel {

/// A point on a line of 64-bit positions. `Tag` keeps lines apart; nothing converts by itself.
template <class Tag>
class Position {
 public:
  constexpr Position() = default;
  constexpr explicit Position(std::uint64_t value) : value_(value) {}
  constexpr std::uint64_t value() const { return value_; }
  constexpr auto operator<=>(const Position&) const = default;
  constexpr Position& operator+=(std::uint64_t count) {
    value_ += count;
    return *this;
  }
  constexpr Position& operator++() {
    ++value_;
    return *this;
  }
  friend constexpr Position operator+(Position at, std::uint64_t count) {
    return Position(at.value_ + count);
  }
  /// How far `a` is ahead of `b`; `a` must not be behind.
  friend constexpr std::uint64_t operator-(Position a, Position b) { return a.value_ - b.value_; }

 private:
  std::uint64_t value_ = 0;
};

/// Number of an event within its partition: 0, 1, 2, … without holes.
using Offset = Position<struct OffsetTag>;
/// Byte address in the one physical log, counted over all its segments.
using LogPosition = Position<struct LogPositionTag>;
/// Number of an append to the log in this process; durable in this order.
using AppendNumber = Position<struct AppendNumberTag>;

/// Number of a partition; also the number of its lane.
class PartitionId {
 public:
  constexpr PartitionId() = default;
  constexpr explicit PartitionId(std::uint16_t value) : value_(value) {}
  constexpr std::uint16_t value() const { return value_; }
  constexpr auto operator<=>(const PartitionId&) const = default;

 private:
  std::uint16_t value_ = 0;
};

inline constexpr std::uint16_t kPartitionsMax = 128;

/// Time as an event states it, UTC. Its own clock, so that it never mixes with ours by accident.
struct EventClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<EventClock>;
  static constexpr bool is_steady = false;
};
using EventTime = EventClock::time_point;

/// Wall time of this machine, UTC, as base/clock.h gives it (acceptance times).
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;
/// Monotonic time of this process (durations, deadlines).
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

}  // namespace ouzel

template <>
struct std::hash<ouzel::PartitionId> {
  std::size_t operator()(ouzel::PartitionId id) const noexcept { return id.value(); }
};
