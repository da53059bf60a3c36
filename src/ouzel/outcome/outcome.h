/// The outcome frame's body: one commit of one lane. docs/format/outcome.md has the bytes.
///
/// CommitWriter turns batches into bytes (on the lane's thread), CommitReader turns bytes into rows
/// (anywhere), render() turns a row into the JSON of CONTRACT.md, whose key order is fixed, so that
/// equal outcomes are equal bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/bytes.h"
#include "ouzel/base/error.h"
#include "ouzel/base/hash.h"
#include "ouzel/base/types.h"
#include "ouzel/batch/batch.h"

namespace ouzel {

/// Running totals of a partition since its first event. scored + Σ rejected = rows committed.
struct Totals {
  std::uint64_t scored = 0;
  std::uint64_t late = 0;
  std::uint64_t alerts = 0;
  std::uint64_t reviews = 0;
  std::uint64_t review_overflow = 0;             ///< Flagged review_full.
  std::array<std::uint64_t, kFates> rejected{};  ///< By Fate; [live] stays 0.
  std::uint64_t rejected_total() const;
  Totals& operator+=(const Totals& other);
  Totals& operator-=(const Totals& other);  ///< What was counted before these.
  bool operator==(const Totals&) const = default;
};

/// What was in force for all rows of a commit; it alone is the truth about that.
struct InForce {
  std::string pipeline;
  std::string model_name;
  std::uint32_t model_version = 0;
  double threshold = 0;
  Hash128 plan;
  std::uint64_t control = 0;               ///< Highest control record applied.
  std::vector<std::string> feature_names;  ///< Only if the features are kept in the outcome.
};

/// One commit being written. Reusable: `begin` again after `finish`.
class CommitWriter {
 public:
  void begin(Offset first);
  /// Adds all rows of a batch that went through the lane. `reason_names` as in the plan.
  void add(const Batch& batch, bool include_features, std::span<const std::string> reason_names);
  std::uint32_t rows() const { return rows_; }
  /// The body. `totals` are those after the last row.
  std::string finish(const InForce& in_force, const Totals& totals);

 private:
  Offset first_{};
  std::uint32_t rows_ = 0;
  std::uint16_t features_ = 0;
  std::string fixed_;                         ///< One fixed-width record a row.
  std::string text_;                          ///< Strings, reasons, features of each row.
  std::vector<std::string> dictionary_;       ///< Reason names used.
  std::vector<std::uint16_t> dictionary_of_;  ///< Plan column -> dictionary index + 1.
};

/// One row of a commit. Views live as long as the body that was read.
struct OutcomeRow {
  Offset offset{};
  Fate fate = Fate::live;
  Label label = Label::normal;
  Route route = Route::pass;
  std::uint8_t flags = 0;
  EventTime time{};
  float score = 0;
  float confidence = 0;
  std::string_view source, id, key, trace, detail;
  std::uint8_t reasons = 0;
  std::array<std::string_view, kReasonsMax> reason_name{};
  std::array<float, kReasonsMax> reason_weight{};
  std::string_view features;  ///< f64 little-endian each, or empty.
};

/// Reads a body. Errors: corrupt (never undefined behaviour, whatever the bytes).
class CommitReader {
 public:
  static Result<CommitReader> open(std::string_view body);
  Offset first() const { return first_; }
  std::uint32_t rows() const { return rows_; }
  const InForce& in_force() const { return in_force_; }
  const Totals& totals() const { return totals_; }
  /// The next row in order; nullopt after the last or on damage (`damaged()` tells).
  std::optional<OutcomeRow> next();
  bool damaged() const { return damaged_; }

 private:
  Offset first_{};
  std::uint32_t rows_ = 0;
  std::uint32_t at_ = 0;
  bool damaged_ = false;
  InForce in_force_;
  Totals totals_;
  std::vector<std::string_view> dictionary_;
  std::string_view fixed_;
  ByteReader text_{std::string_view()};
};

inline constexpr std::string_view kOutcomeType = "dev.ouzel.outcome.v1";

/// Appends one outcome as one line of JSON without the line's end.
void render(std::string& out, PartitionId partition, const InForce& in_force,
            const OutcomeRow& row);
/// Its `data` alone, the same bytes: what the event in binary mode has as its value.
void render_data(std::string& out, PartitionId partition, const InForce& in_force,
                 const OutcomeRow& row);
/// RFC 3339 in UTC, with as many digits of the second as there are: none, 3, 6 or 9.
void render_time(std::string& out, EventTime time);
/// As `render`, for topic `rejects`: `data.event.bytes`, the event as it came, stands beside.
void render_reject(std::string& out, PartitionId partition, const InForce& in_force,
                   const OutcomeRow& row, std::string_view event_bytes);

}  // namespace ouzel
