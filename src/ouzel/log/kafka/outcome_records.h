/// OutcomeRecords: an outcome frame's body becomes the records of topics `<name>-outcomes` and
/// `<name>-rejects`.
///
/// An outcome is a CloudEvent in binary mode: `ce_…` headers, `content-type: application/json`, the
/// object `data` of CONTRACT.md as its value, byte for byte as everywhere, and the event's key (no
/// key: null). If the event has a trace, `traceparent` (and `tracestate`) are those of its record;
/// where that has none of this trace, the event's trace goes on in a span id made of the position.
///
/// A rejected row has a second record behind it: the original with its key, value and headers, and
/// these added (one that came from a rejects topic loses what stood there before):
///
/// | `__ouzel.errors.` | |
/// |---|---|
/// | topic, partition, offset, timestamp | of the original; timestamp in ms since 1970 |
/// | pipeline, reason, detail | who rejected it, with which word of the outcome, and why |
/// | attempts | 1, and one more each time it is rejected again |
/// | left_out | bytes of what the topic would not take: the value, or key and headers too |
///
/// With `connect_headers` also Kafka Connect's names, `__connect.errors.…`: topic, partition,
/// offset, connector.name, task.id (the partition), stage, class.name, exception.class.name,
/// exception.message.
///
/// Reuses its buffers: a row allocates nothing once they have grown. One thread. Sources:
/// CloudEvents 1.0.2, Kafka protocol binding; W3C Trace Context; Kafka Connect,
/// DeadLetterQueueReporter.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/types.h"
#include "ouzel/log/record.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

/// One record to write. Views live until the next call.
struct OutcomeRecord {
  enum class Kind : std::uint8_t { outcome, reject };
  Kind kind = Kind::outcome;
  Offset offset{};  ///< Of the event, in its partition.
  std::optional<std::string_view> key, value;
  std::span<const RecordHeader> headers;
};

class OutcomeRecords {
 public:
  struct Options {
    std::string topic;  ///< Where the events came from.
    bool connect_headers = false;
  };
  /// The record that an event came in; null: it is not at hand. Asked for rows that are rejected or
  /// have a trace. Its views must live until the next call.
  using Original = std::function<const Record*(Offset)>;

  explicit OutcomeRecords(Options options);

  /// `body` must live while its records are taken. Error corrupt: it is no outcome frame's.
  Result<void> open(PartitionId partition, std::string_view body, Original original);
  /// From now on: a reject of more bytes (key, value and headers) leaves the original's value out,
  /// and where that is not enough its key and headers too.
  void set_reject_bytes_max(std::uint64_t bytes) { reject_bytes_max_ = bytes; }
  std::uint64_t reject_bytes_max() const { return reject_bytes_max_; }
  /// The records in the order of their rows; null after the last. Error corrupt: the body is
  /// damaged; unavailable: the original of a rejected row is not at hand.
  Result<const OutcomeRecord*> next();

 private:
  void write_outcome(const OutcomeRow& row, const Record* original);
  Result<void> write_reject(const OutcomeRow& row, const Record* original);
  void leave_out(std::uint64_t whole, std::ptrdiff_t theirs);
  void add_trace(const OutcomeRow& row, const Record* original);
  void add_errors(const OutcomeRow& row, const Record& original);
  void add_connect_errors(const OutcomeRow& row);
  bool ours(std::string_view header_name) const;
  void add(std::string_view name, std::string_view value) { headers_.push_back({name, value}); }

  const Options options_;
  PartitionId partition_{};
  Original original_;
  std::uint64_t reject_bytes_max_ = ~std::uint64_t{0};
  std::optional<CommitReader> reader_;
  std::optional<OutcomeRow> rejected_;  ///< Its outcome was taken; the reject comes next.

  OutcomeRecord record_;
  std::vector<RecordHeader> headers_;
  std::string value_;
  // Texts that headers show.
  std::string source_, id_, time_, traceparent_;
  std::string partition_text_, offset_text_, timestamp_, attempts_, left_out_, exception_;
};

}  // namespace ouzel
