#include "ouzel/egress/cursor_file.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "ouzel/base/bytes.h"
#include "ouzel/base/check.h"
#include "ouzel/base/hash.h"
#include "ouzel/base/logging.h"

namespace ouzel {
namespace {

constexpr std::string_view kMagic = "OUZELCUR";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kSlotBytes = 4096;
constexpr std::size_t kSlots = 2;
constexpr std::size_t kCrcAt = kSlotBytes - 4;
constexpr std::string_view kSuffix = ".cursor";

std::string path_of(const std::string& directory, const std::string& name) {
  return directory + "/" + name + std::string(kSuffix);
}

struct Slot {
  std::uint64_t log_id = 0;
  std::uint64_t number = 0;
  std::uint32_t version = 0;
  SinkCursor cursor;
};

std::string encode(const Slot& slot) {
  std::string page;
  page.reserve(kSlotBytes);
  ByteWriter writer(page);
  writer.put_bytes(kMagic);
  writer.put(kVersion);
  writer.put(static_cast<std::uint32_t>(slot.cursor.next.size()));
  writer.put(slot.log_id);
  writer.put(slot.number);
  writer.put(slot.cursor.position.value());
  for (const Offset next : slot.cursor.next) writer.put(next.value());
  writer.put_string(slot.cursor.place);
  OUZEL_CHECK(page.size() <= kCrcAt);
  page.resize(kCrcAt, '\0');
  writer.put(crc32c(page));
  return page;
}

std::optional<Slot> decode(std::string_view page) {
  if (page.size() < kSlotBytes || !page.starts_with(kMagic)) return std::nullopt;
  if (load<std::uint32_t>(page.data() + kCrcAt) != crc32c(page.substr(0, kCrcAt))) {
    return std::nullopt;
  }
  ByteReader reader(page.substr(kMagic.size()));
  Slot slot{.version = reader.get<std::uint32_t>()};
  const auto partitions = reader.get<std::uint32_t>();
  slot.log_id = reader.get<std::uint64_t>();
  slot.number = reader.get<std::uint64_t>();
  slot.cursor.position = LogPosition(reader.get<std::uint64_t>());
  if (slot.version != kVersion) return slot;
  if (partitions > kPartitionsMax) return std::nullopt;
  for (std::uint32_t i = 0; i < partitions; ++i) {
    slot.cursor.next.emplace_back(reader.get<std::uint64_t>());
  }
  slot.cursor.place = std::string(reader.get_string());
  return reader.ok() ? std::optional(slot) : std::nullopt;
}

/// The newest whole slot.
Result<std::optional<Slot>> newest_slot(const File& file) {
  std::optional<Slot> newest;
  for (std::size_t i = 0; i < kSlots; ++i) {
    std::string page(kSlotBytes, '\0');
    OUZEL_TRY(const std::size_t got, file.read(i * kSlotBytes, page.data(), page.size()));
    page.resize(got);
    std::optional<Slot> slot = decode(page);
    if (slot && (!newest || slot->number > newest->number)) newest = std::move(slot);
  }
  return newest;
}

}  // namespace

std::vector<std::string> sinks_with_cursors(FileSystem& fs, const std::string& directory) {
  std::vector<std::string> out;
  const auto names = fs.list(directory);
  if (!names) return out;
  for (const std::string& name : *names) {
    if (name.ends_with(kSuffix)) out.push_back(name.substr(0, name.size() - kSuffix.size()));
  }
  return out;
}

Result<std::unique_ptr<CursorFile>> CursorFile::open(FileSystem& fs, const std::string& directory,
                                                     const std::string& name,
                                                     std::uint64_t log_id) {
  const std::string path = path_of(directory, name);
  OUZEL_TRY(auto file, fs.open(path, OpenMode::create));
  std::unique_ptr<CursorFile> out(new CursorFile(std::move(file), log_id));
  OUZEL_TRY_VOID(out->read(path));
  OUZEL_TRY_VOID(fs.sync_directory(directory));
  return out;
}

Result<void> CursorFile::read(const std::string& path) {
  OUZEL_TRY(const std::uint64_t size, file_->size());
  OUZEL_TRY(std::optional<Slot> slot, newest_slot(*file_));
  if (!slot) {
    // The first slot may be torn by a crash before anything was delivered; a full file may not.
    if (size <= kSlotBytes) {
      if (size > 0) {
        logging::warn(
            "a sink's cursor is not whole: torn by a crash before its first delivery, or "
            "damaged: it begins anew",
            {{"file", path}});
      }
      return {};
    }
    return fail(ErrorCode::corrupt, path + ": damaged: neither cursor in it is whole; remove the " +
                                        "file to begin anew at the sink's from");
  }
  if (slot->version != kVersion) {
    return fail(ErrorCode::config, path + ": a cursor of version " + std::to_string(slot->version) +
                                       ", this program reads 1");
  }
  if (slot->log_id != log_id_) {
    return fail(ErrorCode::config, path +
                                       ": belongs to another log; remove the file to begin "
                                       "anew at the sink's from");
  }
  number_ = slot->number;
  cursor_ = std::move(slot->cursor);
  return {};
}

Result<void> CursorFile::write(SinkCursor cursor) {
  OUZEL_CHECK(cursor.place.size() <= kPlaceBytesMax);
  const std::uint64_t number = number_ + 1;
  const std::string page = encode({.log_id = log_id_, .number = number, .cursor = cursor});
  OUZEL_TRY_VOID(file_->write((number - 1) % kSlots * kSlotBytes, page));
  OUZEL_TRY_VOID(file_->sync());
  number_ = number;
  cursor_ = std::move(cursor);
  return {};
}

LogPosition witnessed_by_cursors(FileSystem& fs, const std::string& directory,
                                 std::uint64_t log_id) {
  LogPosition out{};
  for (const std::string& name : sinks_with_cursors(fs, directory)) {
    const auto file = fs.open(path_of(directory, name), OpenMode::read);
    if (!file) continue;
    const auto slot = newest_slot(**file);
    if (slot && *slot && (*slot)->log_id == log_id) {
      out = std::max(out, (*slot)->cursor.position);
    }
  }
  return out;
}

}  // namespace ouzel
