#include "ouzel/engine/journal.h"

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

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(FileSystem& fs, const Clock& clock,
                                               const std::string& directory, std::uint64_t log_id) {
  auto journal = std::make_unique<Journal>();
  SegmentLogOptions options{.directory = directory, .log_id = log_id};
  options.segment_bytes_min = 64 << 10;
  options.segment_bytes_max = 4 << 20;
  OUZEL_TRY(journal->log_, SegmentLog::open(fs, clock, options, LogPosition{}));
  journal->clock_ = &clock;
  const auto reader = journal->log_->read_from(journal->log_->oldest());
  for (;;) {
    const auto frame = reader->next();
    // A damaged record is only a copy that is lost; the log's report tells of it.
    if (!frame && frame.error().code == ErrorCode::corrupt) continue;
    if (!frame) return tl::unexpected(frame.error());
    if (!*frame) break;
    const FrameHeader& header = (*frame)->header;
    journal->next_[header.partition] = header.base + header.rows;
    if (header.topic != Topic::journal) continue;
    if (auto entry = decode(**frame)) journal->newest_[entry->partition] = *entry;
  }
  return journal;
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
