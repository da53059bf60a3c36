#include "ouzel/gateway/intake.h"

#include <algorithm>
#include <utility>

#include "ouzel/base/hash.h"

namespace ouzel {
namespace {

constexpr std::size_t kRowsReservedMax = 4096;
constexpr std::size_t kRecordBytesReserved = 256;  // Of one event.

void reserve(DoorRequest& request, std::size_t rows) {
  Batch& batch = request.batch;
  request.records.reserve(rows * kRecordBytesReserved);
  request.record_end.reserve(rows);
  batch.fate.reserve(rows);
  batch.identity.reserve(rows);
  batch.key_hash.reserve(rows);
  batch.time.reserve(rows);
  batch.flags.reserve(rows);
}

void sort_by_index(std::vector<Refusal>& refusals) {
  std::sort(refusals.begin(), refusals.end(),
            [](const Refusal& a, const Refusal& b) { return a.index < b.index; });
}

}  // namespace

void IntakeAnswer::refuse(std::uint32_t index, Fate fate, std::string_view detail) {
  if (refusals.size() >= kRefusalsDetailedMax) detail = {};
  refusals.push_back({index, fate, std::string(detail)});
}

void IntakeAnswer::withdraw(const std::string& why) {
  accepted = duplicates = 0;
  retry = true;
  for (const std::uint32_t index : placed) refuse(index, Fate::live, why);
  placed.clear();
  sort_by_index(refusals);
}

Intake::Intake(const Schema& schema, std::uint16_t partitions)
    : schema_(schema), decoder_(schema), parts_(partitions) {}

void Intake::begin() {
  answer_ = {};
  refused_ = {};
  for (const PartitionId partition : used_) {
    Part& part = parts_[partition.value()];
    part.request = {};
    part.indexes.clear();
  }
  used_.clear();
}

Intake::Part& Intake::part_of(PartitionId partition) {
  Part& part = parts_[partition.value()];
  if (part.indexes.empty()) {
    used_.push_back(partition);
    reset(part.request.batch, schema_);
    reserve(part.request, std::min(part.rows_before, kRowsReservedMax));
  }
  return part;
}

void Intake::add(std::uint32_t index, const Envelope& envelope, std::string_view bytes) {
  place_or_refuse(index, decoder_.decode(envelope, bytes), envelope, bytes);
}

void Intake::add_unanswered(std::uint32_t index, Envelope envelope, const Envelope& given,
                            std::string_view bytes) {
  const DecodedRow& row = decoder_.decode_unanswered(envelope, given, bytes);
  place(index, row, envelope, bytes);
}

void Intake::add_around(std::uint32_t index, const Envelope& envelope, std::string_view bytes,
                        std::string_view data) {
  const DecodedRow& row = decoder_.decode(envelope, bytes);
  if (row.fate == Fate::malformed) return refuse_malformed(index, data);
  place_or_refuse(index, row, envelope, bytes);
}

void Intake::refuse_malformed(std::uint32_t index, std::string_view data) {
  const DecodedRow& row = decoder_.decode({.form = EventForm::payload}, data);
  // What is nested too deep only as an event's data is told no better.
  refuse(index, Fate::malformed,
         row.fate == Fate::malformed ? row.detail : "the data is not one JSON value");
}

void Intake::place_or_refuse(std::uint32_t index, const DecodedRow& row, const Envelope& envelope,
                             std::string_view bytes) {
  if (refused(row.fate)) return refuse(index, row.fate, row.detail);
  place(index, row, envelope, bytes);
}

void Intake::place(std::uint32_t index, const DecodedRow& row, const Envelope& envelope,
                   std::string_view bytes) {
  ++answer_.sent;
  const std::string_view routed = row.key.empty() ? row.id : row.key;
  Part& part = part_of(partition_of(routed, static_cast<std::uint16_t>(parts_.size())));
  ouzel::add(part.request, row, envelope, bytes);
  part.indexes.push_back(index);
}

void Intake::refuse(std::uint32_t index, Fate fate, std::string_view detail) {
  ++answer_.sent;
  ++refused_[static_cast<std::size_t>(fate)];
  answer_.refuse(index, fate, detail);
}

void Intake::admit(PartitionId partition, Door& door) {
  Part& part = parts_[partition.value()];
  const std::size_t rows = part.indexes.size();
  const DoorAnswer got = door.admit(partition, std::exchange(part.request, DoorRequest{}));
  if (got.unavailable.empty()) {
    OUZEL_CHECK(got.accepted + got.duplicates == rows);
    answer_.accepted += got.accepted;
    answer_.duplicates += got.duplicates;
    answer_.wait_for = std::max(answer_.wait_for, got.wait_for);
    if (answer_.sent == 1 && got.first) answer_.place = {partition, *got.first};
    answer_.placed.insert(answer_.placed.end(), part.indexes.begin(), part.indexes.end());
  } else {
    answer_.retry = true;
    answer_.overloaded = answer_.overloaded || got.overloaded;
    refused_[static_cast<std::size_t>(Fate::live)] += rows;
    for (const std::uint32_t index : part.indexes) {
      answer_.refuse(index, Fate::live, got.unavailable);
    }
  }
  part.rows_before = rows;
  part.indexes.clear();
}

IntakeAnswer Intake::finish(Door& door, IntakeCounters& counters) {
  for (const PartitionId partition : used_) admit(partition, door);
  used_.clear();
  sort_by_index(answer_.refusals);
  OUZEL_CHECK(answer_.accepted + answer_.duplicates + answer_.refusals.size() == answer_.sent);
  counters.received.fetch_add(answer_.sent, std::memory_order_relaxed);
  for (std::size_t i = 0; i < kFates; ++i) {
    if (refused_[i] > 0) counters.refused[i].fetch_add(refused_[i], std::memory_order_relaxed);
  }
  return std::move(answer_);
}

}  // namespace ouzel
