#include "ouzel/tool/scorer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "ouzel/base/check.h"
#include "ouzel/base/hash.h"

namespace ouzel {
namespace {

constexpr std::size_t kRowsMax = 4096;
/// Accepted after everything: no event's own time is ahead of it.
constexpr WallTime kEnd{WallTime::duration::max()};

}  // namespace

/// One partition.
struct Scorer::Part {
  Part(const Plan& plan, const Clock& clock)
      : runner(plan, clock), duplicates(plan.duplicates_max) {
    reset(batch, plan.schema);
  }
  RowRunner runner;
  Duplicates duplicates;
  Offset next{};  ///< Of the next event accepted.
  Batch batch;    ///< Those that wait.
  Totals totals;
  CommitWriter writer;
};

Scorer::Scorer(const Plan& plan, const Clock& clock)
    : plan_(plan),
      clock_(clock),
      rows_max_(std::min(kRowsMax, plan.keys_max)),
      in_force_(in_force_of(plan)),
      decoder_(plan.schema),
      parts_(plan.partitions) {}

Scorer::~Scorer() = default;

Scorer::Part& Scorer::part_of(PartitionId partition) {
  std::unique_ptr<Part>& part = parts_[partition.value()];
  if (part == nullptr) part = std::make_unique<Part>(plan_, clock_);
  return *part;
}

void Scorer::add(Envelope envelope, const Envelope& given, std::string_view bytes) {
  OUZEL_CHECK(!full());
  const DecodedRow& row = decoder_.decode_unanswered(envelope, given, bytes);
  const PartitionId partition = partition_of(row.key.empty() ? row.id : row.key, plan_.partitions);
  Part& part = part_of(partition);
  const Hash128 identity = event_identity(row.source, row.id);
  if (part.duplicates.contains(identity)) {
    ++duplicates_;
    return;
  }
  part.duplicates.insert(part.next, identity);
  ++part.next;
  append(part.batch, row);
  if (row.fate == Fate::live) {
    if (row.time == kNoTime) part.batch.time.back() = last_time_;
    last_time_ = part.batch.time.back();
  }
  order_.push_back(partition);
}

void Scorer::flush(std::string& out) {
  std::vector<std::string> bodies(parts_.size());
  std::vector<std::unique_ptr<CommitReader>> readers(parts_.size());
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i] == nullptr || parts_[i]->batch.rows() == 0) continue;
    Part& part = *parts_[i];
    const std::size_t rows = part.batch.rows();
    part.runner.run(part.batch, kEnd);
    count(part.totals, part.batch);
    part.writer.begin(Offset(part.next.value() - rows));
    part.writer.add(part.batch, plan_.include_features, plan_.reason_names);
    bodies[i] = part.writer.finish(in_force_, part.totals);
    reset(part.batch, plan_.schema);
    auto reader = CommitReader::open(bodies[i]);
    OUZEL_CHECK(reader.has_value());
    readers[i] = std::make_unique<CommitReader>(std::move(*reader));
  }
  for (const PartitionId partition : order_) {
    CommitReader& reader = *readers[partition.value()];
    const auto row = reader.next();
    OUZEL_CHECK(row.has_value());
    if (row->fate != Fate::live && first_rejection_.empty()) {
      first_rejection_ = std::string(row->id) + ": " + std::string(to_string(row->fate)) + ": " +
                         std::string(row->detail);
    }
    render(out, partition, reader.in_force(), *row);
    out += '\n';
  }
  order_.clear();
}

Totals Scorer::totals() const {
  Totals out;
  for (const auto& part : parts_) {
    if (part == nullptr) continue;
    out.scored += part->totals.scored;
    out.late += part->totals.late;
    out.alerts += part->totals.alerts;
    out.reviews += part->totals.reviews;
    out.review_overflow += part->totals.review_overflow;
    for (std::size_t i = 0; i < kFates; ++i) out.rejected[i] += part->totals.rejected[i];
  }
  return out;
}

}  // namespace ouzel
