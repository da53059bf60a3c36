/// Intake: the events of one request on their way to the doors. Decodes each, sorts them by
/// partition, hands every partition's part to its door and gathers what the sender is told.
///
/// One pass; no allocation an event beyond the growing columns. Reusable: `begin` again after
/// `finish`. One thread each.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/types.h"
#include "ouzel/batch/schema.h"
#include "ouzel/decode/decoder.h"
#include "ouzel/gateway/door.h"

namespace ouzel {

/// Of a request's refused events so many have a detail; the others say their reason only.
inline constexpr std::size_t kRefusalsDetailedMax = 1000;

/// One event that got no position.
struct Refusal {
  std::uint32_t index = 0;  ///< Of the event in its request.
  Fate fate = Fate::live;   ///< live stands for `unavailable`: the same may be tried again.
  std::string detail;
  bool retry() const { return fate == Fate::live; }
  std::string_view reason() const { return retry() ? "unavailable" : to_string(fate); }
};

/// Where an accepted event stands.
struct EventPlace {
  PartitionId partition{};
  Offset offset{};
};

/// What became of a request's events: accepted + duplicates + refusals = sent.
struct IntakeAnswer {
  std::uint64_t sent = 0;
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  std::vector<Refusal> refusals;      ///< By index.
  std::vector<std::uint32_t> placed;  ///< Indexes of those accepted, and of duplicates.
  std::optional<EventPlace> place;    ///< Of the event, if the request had just one.
  bool retry = false;                 ///< Some refusal may pass later.
  bool overloaded = false;            ///< … because too much is in flight.
  AppendNumber wait_for{};            ///< Answer when the log is durable up to here.

  void refuse(std::uint32_t index, Fate fate, std::string_view detail);
  /// The log has failed before it was durable: everything placed becomes refused, unavailable.
  void withdraw(const std::string& why);
};

/// Refused events by their reason, since the start. Thread-safe.
struct IntakeCounters {
  std::atomic<std::uint64_t> received{0};
  std::array<std::atomic<std::uint64_t>, kFates> refused{};  ///< [live]: unavailable.
};

class Intake {
 public:
  /// `schema` must outlive it.
  Intake(const Schema& schema, std::uint16_t partitions);

  /// For another request; what was added to one that was not finished is forgotten.
  void begin();
  /// Events added so far.
  std::uint64_t sent() const { return answer_.sent; }
  /// `bytes` is followed by kDecodePadding readable bytes.
  void add(std::uint32_t index, const Envelope& envelope, std::string_view bytes);
  /// The same for a structured event that was put together here around `data`, so that the sender
  /// is told what is wrong with what it sent.
  void add_around(std::uint32_t index, const Envelope& envelope, std::string_view bytes,
                  std::string_view data);
  /// The same for a source that cannot be told: what `add` refuses gets a place as a rejection.
  void add_unanswered(std::uint32_t index, Envelope envelope, const Envelope& given,
                      std::string_view bytes);
  /// Refuses data that is not one JSON value; padded like an event.
  void refuse_malformed(std::uint32_t index, std::string_view data);
  /// Refuses an event that could not even be cut out of its request.
  void refuse(std::uint32_t index, Fate fate, std::string_view detail);
  /// Hands all to the doors and counts.
  IntakeAnswer finish(Door& door, IntakeCounters& counters);

 private:
  /// One partition's part of the request.
  struct Part {
    DoorRequest request;
    std::vector<std::uint32_t> indexes;
    std::size_t rows_before = 0;  ///< Of the last request: how much to make room for.
  };
  Part& part_of(PartitionId partition);
  void place_or_refuse(std::uint32_t index, const DecodedRow& row, const Envelope& envelope,
                       std::string_view bytes);
  void place(std::uint32_t index, const DecodedRow& row, const Envelope& envelope,
             std::string_view bytes);
  void admit(PartitionId partition, Door& door);

  const Schema& schema_;
  Decoder decoder_;
  std::vector<Part> parts_;        ///< By partition.
  std::vector<PartitionId> used_;  ///< In the order of first use.
  IntakeAnswer answer_;
  std::array<std::uint64_t, kFates> refused_{};
};

}  // namespace ouzel
