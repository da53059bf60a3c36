#include "ouzel/engine/journal.h"

#include <functional>

#include "ouzel/base/bytes.h"

namespace ouzel {
namespace {

constexpr std::uint8_t kVersion = 2;

std::string encode(const JournalEntry& entry) {
  std::string body;
  ByteWriter writer(body);
  writer.put(kVersion);
  writer.put(entry.from.value());
  writer.put(entry.plan.low);
  writer.put(entry.plan.high);
  writer.put(entry.rebuilt_from.value());
  writer.put(static_cast<std::uint8_t>(entry.continued ? 1 : 0));
  return body;
}

Result<JournalEntry> decode(const FrameView& frame) {
  ByteReader reader(frame.body);
  const auto version = reader.get<std::uint8_t>();
  JournalEntry entry{.partition = frame.header.partition};
  entry.from = Offset(reader.get<std::uint64_t>());
  entry.plan.low = reader.get<std::uint64_t>();
  entry.plan.high = reader.get<std::uint64_t>();
  entry.rebuilt_from = Offset(reader.get<std::uint64_t>());
  if (version == kVersion) entry.continued = reader.get<std::uint8_t>() != 0;
  if (version == 0 || version > kVersion || !reader.ok()) {
    return fail(ErrorCode::corrupt, "a journal record cannot be read");
  }
  return entry;
}

/// A damaged record is only a copy that is lost; the log's report tells of it.
Result<void> read_frames(SegmentLog& log, const std::function<void(const FrameView&)>& take) {
  const auto reader = log.read_from(log.oldest());
  for (;;) {
    const auto frame = reader->next();
    if (!frame && frame.error().code == ErrorCode::corrupt) continue;
    if (!frame) return tl::unexpected(frame.error());
    if (!*frame) return {};
    take(**frame);
  }
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(FileSystem& fs, const Clock& clock,
                                               const std::string& directory, std::uint64_t log_id) {
  auto journal = std::make_unique<Journal>();
  SegmentLogOptions options{.directory = directory, .log_id = log_id};
  options.segment_bytes_min = 64 << 10;
  options.segment_bytes_max = 4 << 20;
  OUZEL_TRY(journal->log_, SegmentLog::open(fs, clock, options, LogPosition{}));
  journal->clock_ = &clock;
  OUZEL_TRY_VOID(read_frames(*journal->log_, [&](const FrameView& frame) {
    const FrameHeader& header = frame.header;
    journal->next_[header.partition] = header.base + header.rows;
    if (header.topic != Topic::journal) return;
    if (auto entry = decode(frame)) journal->newest_[entry->partition] = *entry;
  }));
  return journal;
}

Result<std::set<Hash128>> Journal::plans_since(std::span<const Offset> oldest) const {
  std::set<Hash128> out;
  std::map<PartitionId, Hash128> before;  // In force at `oldest`, as far as it was read.
  OUZEL_TRY_VOID(read_frames(*log_, [&](const FrameView& frame) {
    if (frame.header.topic != Topic::journal) return;
    const auto entry = decode(frame);
    if (!entry || entry->partition.value() >= oldest.size()) return;
    if (entry->from > oldest[entry->partition.value()]) {
      out.insert(entry->plan);
    } else {
      before[entry->partition] = entry->plan;
    }
  }));
  for (const auto& [partition, plan] : before) out.insert(plan);
  return out;
}

const JournalEntry* Journal::newest(PartitionId partition) const {
  const auto at = newest_.find(partition);
  return at == newest_.end() ? nullptr : &at->second;
}

Result<void> Journal::add(const JournalEntry& entry) {
  const JournalEntry* last = newest(entry.partition);
  if (last != nullptr && last->plan == entry.plan) return {};
  Offset& next = next_[entry.partition];
  std::optional<Error> failure;
  const AppendNumber number = log_->append({.topic = Topic::journal,
                                            .partition = entry.partition,
                                            .base = next,
                                            .rows = 1,
                                            .accepted = clock_->wall(),
                                            .body = encode(entry)});
  log_->when_durable(number, [&](const std::optional<Error>& error) { failure = error; });
  log_->step();
  log_->mark();
  if (failure) return tl::unexpected(*failure);
  ++next;
  newest_[entry.partition] = entry;
  return {};
}

void Journal::close() { log_->seal(); }

}  // namespace ouzel
