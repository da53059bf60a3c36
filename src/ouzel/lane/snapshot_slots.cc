#include "ouzel/lane/snapshot_slots.h"

#include <algorithm>

#include "ouzel/log/frame.h"

namespace ouzel {
namespace {

constexpr std::string_view kMagic = "OUZELSNP";
constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kCrcAt = kPageBytes - 4;
constexpr std::size_t kTrailerBytes = 16;

std::uint64_t stride_of(std::uint64_t chunk_bytes) {
  return (chunk_bytes + kTrailerBytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

std::uint64_t behind_chunks(const SnapshotHeader& header) {
  return kPageBytes + header.chunks * stride_of(header.chunk_bytes);
}

std::uint32_t crc_of(const std::vector<std::uint32_t>& crcs) {
  return crc32c({reinterpret_cast<const char*>(crcs.data()), crcs.size() * sizeof(std::uint32_t)});
}

std::uint32_t chunk_crc(Bytes bytes, std::uint64_t index) {
  return crc32c({reinterpret_cast<const char*>(&index), sizeof(index)}, crc32c(as_text(bytes)));
}

std::string encode(const SnapshotHeader& header) {
  std::string page;
  page.reserve(kPageBytes);
  ByteWriter writer(page);
  writer.put_bytes(kMagic);
  writer.put(kVersion);
  writer.put(static_cast<std::uint32_t>(header.partition.value()));
  writer.put(header.log_id);
  writer.put(header.number);
  writer.put(header.plan.low);
  writer.put(header.plan.high);
  writer.put(header.next.value());
  writer.put(header.resume.value());
  writer.put(header.durable.value());
  writer.put(static_cast<std::int64_t>(header.newest_event.time_since_epoch().count()));
  writer.put(header.keys.seen);
  writer.put(header.keys.size);
  writer.put(header.keys.row_bytes);
  writer.put(header.chunks);
  writer.put(header.chunk_bytes);
  writer.put(header.shared_bytes);
  writer.put(header.duplicates_bytes);
  writer.put(header.shared_crc);
  writer.put(header.duplicates_crc);
  writer.put(header.chunks_crc);
  writer.put(std::uint32_t{0});
  const Totals& totals = header.totals;
  for (const std::uint64_t total : {totals.scored, totals.late, totals.alerts, totals.reviews}) {
    writer.put(total);
  }
  for (const std::uint64_t total : totals.rejected) writer.put(total);
  writer.put(totals.review_overflow);
  writer.put(header.state.low);
  writer.put(header.state.high);
  page.resize(kCrcAt, '\0');
  writer.put(crc32c(page));
  return page;
}

Result<SnapshotHeader> decode(std::string_view page) {
  if (page.size() < kPageBytes || !page.starts_with(kMagic)) {
    return fail(ErrorCode::corrupt, "no snapshot header");
  }
  if (load<std::uint32_t>(page.data() + kCrcAt) != crc32c(page.substr(0, kCrcAt))) {
    return fail(ErrorCode::corrupt, "snapshot header checksum differs");
  }
  ByteReader reader(page.substr(kMagic.size()));
  const auto version = reader.get<std::uint32_t>();
  if (version == 0 || version > kVersion) {
    return fail(ErrorCode::config,
                "snapshot of version " + std::to_string(version) + ", this program reads 1 and 2");
  }
  SnapshotHeader header;
  header.partition = PartitionId(static_cast<std::uint16_t>(reader.get<std::uint32_t>()));
  header.log_id = reader.get<std::uint64_t>();
  header.number = reader.get<std::uint64_t>();
  header.plan.low = reader.get<std::uint64_t>();
  header.plan.high = reader.get<std::uint64_t>();
  header.next = Offset(reader.get<std::uint64_t>());
  header.resume = LogPosition(reader.get<std::uint64_t>());
  header.durable = LogPosition(reader.get<std::uint64_t>());
  header.newest_event = EventTime(std::chrono::nanoseconds(reader.get<std::int64_t>()));
  header.keys.seen = reader.get<std::uint64_t>();
  header.keys.size = reader.get<std::uint32_t>();
  header.keys.row_bytes = reader.get<std::uint32_t>();
  header.chunks = reader.get<std::uint64_t>();
  header.chunk_bytes = reader.get<std::uint64_t>();
  header.shared_bytes = reader.get<std::uint64_t>();
  header.duplicates_bytes = reader.get<std::uint64_t>();
  header.shared_crc = reader.get<std::uint32_t>();
  header.duplicates_crc = reader.get<std::uint32_t>();
  header.chunks_crc = reader.get<std::uint32_t>();
  reader.get<std::uint32_t>();
  Totals& totals = header.totals;
  for (std::uint64_t* total : {&totals.scored, &totals.late, &totals.alerts, &totals.reviews}) {
    *total = reader.get<std::uint64_t>();
  }
  for (std::uint64_t& total : totals.rejected) total = reader.get<std::uint64_t>();
  totals.review_overflow = reader.get<std::uint64_t>();  // Zeros in a file that lacks it.
  if (version == 1) return header;
  header.state.low = reader.get<std::uint64_t>();
  header.state.high = reader.get<std::uint64_t>();
  return header;
}

Result<std::string> read_part(File& file, std::uint64_t at, std::uint64_t size, std::uint32_t crc,
                              std::string_view what) {
  OUZEL_TRY(const std::uint64_t file_size, file.size());
  if (at > file_size || size > file_size - at) {
    return fail(ErrorCode::corrupt, "snapshot too short for its " + std::string(what));
  }
  std::string bytes(size, '\0');
  OUZEL_TRY(const std::size_t got, file.read(at, bytes.data(), size));
  if (got != size || crc32c(bytes) != crc) {
    return fail(ErrorCode::corrupt, "snapshot damaged: its " + std::string(what));
  }
  return bytes;
}

}  // namespace

SnapshotSlots::SnapshotSlots(FileSystem& fs, SnapshotPlace place)
    : fs_(fs), place_(std::move(place)) {}

std::string SnapshotSlots::path(std::size_t slot) const {
  return place_.directory + "/lane-" + std::to_string(place_.partition.value()) + "-" +
         std::to_string(slot) + ".snap";
}

std::vector<SnapshotHeader> SnapshotSlots::find(std::vector<std::string>* notes) {
  std::vector<SnapshotHeader> found;
  for (std::size_t i = 0; i < kSnapshotSlots; ++i) {
    if (!fs_.exists(path(i))) continue;
    auto file = fs_.open(path(i), OpenMode::write);
    if (!file) file = fs_.open(path(i), OpenMode::read);  // `tap` may belong to another user.
    if (!file) continue;
    std::string page(kPageBytes, '\0');
    const auto got = (*file)->read(0, page.data(), page.size());
    page.resize(got ? *got : 0);
    Slot& slot = slots_[i];
    slot.file = std::move(*file);
    slot.bytes = slot.file->size().value_or(0);
    auto header = decode(page);
    if (!header) {
      if (page.find_first_not_of('\0') != page.npos) {
        notes->push_back(path(i) + ": " + header.error().message);
      }
      continue;
    }
    if (header->log_id != place_.log_id || header->partition != place_.partition) {
      notes->push_back(path(i) + ": belongs to another log or partition");
      continue;
    }
    slot.number = header->number;
    found.push_back(*header);
  }
  std::sort(found.begin(), found.end(),
            [](const SnapshotHeader& a, const SnapshotHeader& b) { return a.number > b.number; });
  return found;
}

Result<void> SnapshotSlots::read(const SnapshotHeader& header, KeyTable& keys, std::string& shared,
                                 std::string& duplicates) {
  const auto slot = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& candidate) {
    return candidate.file && candidate.number == header.number;
  });
  OUZEL_CHECK(slot != slots_.end());
  if (header.chunk_bytes != keys.chunk_bytes()) {
    return fail(ErrorCode::corrupt, "snapshot of another layout");
  }
  const std::uint64_t stride = stride_of(header.chunk_bytes);
  std::string bytes(header.chunk_bytes + kTrailerBytes, '\0');
  slot->crcs.clear();
  for (std::uint64_t i = 0; i < header.chunks; ++i) {
    OUZEL_TRY(const std::size_t got,
              slot->file->read(kPageBytes + i * stride, bytes.data(), bytes.size()));
    const Bytes chunk = as_bytes(std::string_view(bytes).substr(0, header.chunk_bytes));
    const std::uint32_t crc = load<std::uint32_t>(bytes.data() + bytes.size() - 4);
    if (got != bytes.size() || crc != chunk_crc(chunk, i)) {
      return fail(ErrorCode::corrupt, "snapshot damaged: chunk " + std::to_string(i));
    }
    slot->crcs.push_back(crc);
    OUZEL_TRY_VOID(keys.restore_chunk(i, chunk));
  }
  if (crc_of(slot->crcs) != header.chunks_crc) {
    return fail(ErrorCode::corrupt, "snapshot damaged: its chunks are not of one snapshot");
  }
  OUZEL_TRY_VOID(keys.finish_restore(header.keys));
  slot->epoch = 0;
  const std::uint64_t behind = behind_chunks(header);
  OUZEL_TRY(shared,
            read_part(*slot->file, behind, header.shared_bytes, header.shared_crc, "shared state"));
  OUZEL_TRY(duplicates, read_part(*slot->file, behind + header.shared_bytes,
                                  header.duplicates_bytes, header.duplicates_crc, "identities"));
  return {};
}

Result<void> SnapshotSlots::remove(const std::function<bool(const SnapshotHeader&)>& useless) {
  for (std::size_t i = 0; i < kSnapshotSlots; ++i) {
    const auto file = fs_.open(path(i), OpenMode::read);
    if (!file) continue;  // Absent, or gone meanwhile.
    std::string page(kPageBytes, '\0');
    OUZEL_TRY(const std::size_t got, (*file)->read(0, page.data(), page.size()));
    page.resize(got);
    bool remove = page.find_first_not_of('\0') == page.npos;
    if (const auto header = decode(page);
        header && header->log_id == place_.log_id && header->partition == place_.partition) {
      remove = useless(*header);
    }
    if (remove) OUZEL_TRY_VOID(fs_.remove(path(i)));
  }
  return {};
}

/// What is written to a file without a name is lost.
void SnapshotSlots::forget_removed() {
  for (std::size_t i = 0; i < kSnapshotSlots; ++i) {
    Slot& slot = slots_[i];
    if (!slot.file || fs_.exists(path(i))) continue;
    slot.file.reset();
    slot.number = 0;
    slot.epoch.reset();
    slot.crcs.clear();
    slot.bytes = 0;
  }
}

Result<std::optional<std::uint64_t>> SnapshotSlots::begin(std::uint64_t number, std::uint64_t epoch,
                                                          std::size_t chunk_bytes) {
  forget_removed();
  // The slot with the oldest content; the other two stay whole.
  writing_ = 0;
  for (std::size_t i = 1; i < kSnapshotSlots; ++i) {
    if (slots_[i].number < slots_[writing_].number) writing_ = i;
  }
  OUZEL_CHECK(slots_[writing_].number < number);
  Slot& slot = slots_[writing_];
  if (!slot.file) {
    OUZEL_TRY_VOID(fs_.make_directory(place_.directory));  // It may have been removed when empty.
    OUZEL_TRY(slot.file, fs_.open(path(writing_), OpenMode::create));
    OUZEL_TRY_VOID(fs_.sync_directory(place_.directory));
  }
  const std::optional<std::uint64_t> since = slot.epoch;
  slot.number = 0;
  slot.epoch.reset();  // Until it is published its content is unknown.
  if (!since) slot.crcs.clear();
  writing_epoch_ = epoch;
  chunk_bytes_ = chunk_bytes;
  OUZEL_TRY_VOID(slot.file->write(0, std::string(kPageBytes, '\0')));
  OUZEL_TRY_VOID(slot.file->sync());
  return since;
}

Result<void> SnapshotSlots::write_chunk(std::size_t index, Bytes bytes) {
  Slot& slot = slots_[writing_];
  const std::uint64_t stride = stride_of(chunk_bytes_);
  const std::uint32_t crc = chunk_crc(bytes, index);
  std::string record;
  record.reserve(stride);
  record.append(as_text(bytes));
  ByteWriter writer(record);
  writer.put(static_cast<std::uint64_t>(index));
  writer.put(std::uint32_t{0});
  writer.put(crc);
  record.resize(stride, '\0');
  if (slot.crcs.size() <= index) slot.crcs.resize(index + 1);
  slot.crcs[index] = crc;
  return slot.file->write(kPageBytes + index * stride, record);
}

Result<void> SnapshotSlots::finish(SnapshotHeader& header, std::string_view shared,
                                   std::string_view duplicates) {
  Slot& slot = slots_[writing_];
  OUZEL_CHECK(slot.crcs.size() == header.chunks);
  header.log_id = place_.log_id;
  header.partition = place_.partition;
  header.chunk_bytes = chunk_bytes_;
  header.shared_bytes = shared.size();
  header.duplicates_bytes = duplicates.size();
  header.shared_crc = crc32c(shared);
  header.duplicates_crc = crc32c(duplicates);
  header.chunks_crc = crc_of(slot.crcs);
  const std::uint64_t behind = behind_chunks(header);
  OUZEL_TRY_VOID(slot.file->write(behind, shared));
  return slot.file->write(behind + shared.size(), duplicates);
}

Result<void> SnapshotSlots::publish(const SnapshotHeader& header) {
  Slot& slot = slots_[writing_];
  OUZEL_TRY_VOID(slot.file->sync());
  OUZEL_TRY_VOID(slot.file->write(0, encode(header)));
  OUZEL_TRY_VOID(slot.file->sync());
  slot.number = header.number;
  slot.epoch = writing_epoch_;
  slot.bytes = behind_chunks(header) + header.shared_bytes + header.duplicates_bytes;
  return {};
}

std::uint64_t SnapshotSlots::bytes_on_disk() const {
  std::uint64_t bytes = 0;
  for (const Slot& slot : slots_) bytes += slot.bytes;
  return bytes;
}

}  // namespace ouzel
