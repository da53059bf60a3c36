#include "ouzel/engine/data_directory.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "ouzel/base/hash.h"
#include "ouzel/base/wake.h"

namespace ouzel {
namespace {

constexpr std::string_view kTitle = "ouzel data directory";

/// The directory in which `path` has its name.
std::string parent_of(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A `tap` that looks whether an owner lives holds the lock for a moment: only who is still there
/// after several looks is an owner.
Result<std::unique_ptr<FileLock>> take_lock(FileSystem& fs, const std::string& path) {
  constexpr int kLooks = 5;
  Wake pause;
  for (int look = 1;; ++look) {
    auto lock = fs.lock(path);
    if (lock || lock.error().code != ErrorCode::config || look == kLooks) return lock;
    pause.wait_for(std::chrono::milliseconds(20));
  }
}

std::string hex(std::uint64_t value, int digits) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%0*llx", digits, static_cast<unsigned long long>(value));
  return text.data();
}

std::string key_text(const FieldSource& key) {
  return (key.kind == FieldSource::Kind::attribute ? "attribute " : "payload ") + key.name;
}

std::string encode(const DirectoryMeta& meta) {
  std::string text(kTitle);
  text += "\nformat 1\nlog_id " + hex(meta.log_id, 16);
  text += "\npartitions " + std::to_string(meta.partitions);
  text += "\nkey " + key_text(meta.key) + "\n";
  return text + "crc " + hex(crc32c(text), 8) + "\n";
}

/// The rest of the line that begins with `name`; empty if there is none.
std::string_view value_of(std::string_view text, std::string_view name) {
  const std::size_t at = text.find("\n" + std::string(name) + " ");
  if (at == text.npos) return {};
  const std::string_view rest = text.substr(at + name.size() + 2);
  return rest.substr(0, rest.find('\n'));
}

std::uint64_t number(std::string_view text, int base) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out, base);
  return out;
}

Result<void> make(FileSystem& fs, const std::string& path, DirectoryMeta meta, Random& random) {
  meta.log_id = random.bits();
  return replace_file(fs, path, "ouzel.meta", encode(meta));
}

}  // namespace

Result<DirectoryMeta> read_meta(FileSystem& fs, const std::string& directory) {
  const std::string path = directory + "/ouzel.meta";
  if (!fs.exists(path)) {
    return fail(ErrorCode::config, directory + " is not a data directory of ouzel: no ouzel.meta");
  }
  OUZEL_TRY(const std::string text, read_file(fs, path));
  if (!text.starts_with(kTitle)) {
    return fail(ErrorCode::corrupt,
                path + ": damaged: it must begin with \"" + std::string(kTitle) + "\"");
  }
  if (const std::string_view format = value_of(text, "format"); format != "1") {
    return fail(ErrorCode::config, path + ": data directory of format " + std::string(format) +
                                       ", this program reads format 1: use the version of ouzel "
                                       "that made it, or another --data-dir");
  }
  const std::size_t crc_at = text.rfind("crc ");
  if (crc_at == text.npos ||
      number(std::string_view(text).substr(crc_at + 4, 8), 16) != crc32c(text.substr(0, crc_at))) {
    return fail(ErrorCode::corrupt, path + ": damaged: its checksum differs");
  }
  DirectoryMeta meta;
  meta.log_id = number(value_of(text, "log_id"), 16);
  meta.partitions = static_cast<std::uint16_t>(number(value_of(text, "partitions"), 10));
  const std::string_view key = value_of(text, "key");
  const std::size_t space = key.find(' ');
  meta.key = {.kind = key.starts_with("attribute ") ? FieldSource::Kind::attribute
                                                    : FieldSource::Kind::payload,
              .name = std::string(key.substr(space + 1))};
  return meta;
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(FileSystem& fs, const std::string& path,
                                                           const DirectoryMeta& wanted,
                                                           Random& random) {
  auto out = std::make_unique<DataDirectory>();
  out->path_ = path;
  if (!fs.exists(path)) {
    OUZEL_TRY_VOID(fs.make_directory(path));
    OUZEL_TRY_VOID(fs.sync_directory(parent_of(path)));
  }
  OUZEL_TRY(out->lock_, take_lock(fs, path + "/LOCK"));
  if (!fs.exists(path + "/ouzel.meta")) {
    // A log without its meta file is damage, not a new directory.
    if (fs.exists(out->log_path())) {
      return fail(ErrorCode::corrupt, path + ": ouzel.meta is gone, but there is a log");
    }
    OUZEL_TRY_VOID(make(fs, path, wanted, random));
  }
  OUZEL_TRY(out->meta_, read_meta(fs, path));
  if (out->meta_.partitions != wanted.partitions) {
    return fail(ErrorCode::config, path + " was made with limits.partitions " +
                                       std::to_string(out->meta_.partitions) +
                                       ", the pipeline says " + std::to_string(wanted.partitions) +
                                       ": it cannot change; use another --data-dir");
  }
  if (key_text(out->meta_.key) != key_text(wanted.key)) {
    return fail(ErrorCode::config, path + " was made with schema.key " + key_text(out->meta_.key) +
                                       ", the pipeline says " + key_text(wanted.key) +
                                       ": it cannot change; use another --data-dir");
  }
  for (const std::string& part : {out->log_path(), out->keep_path(), out->snapshots_path()}) {
    OUZEL_TRY_VOID(fs.make_directory(part));
  }
  OUZEL_TRY_VOID(fs.sync_directory(path));
  return out;
}

}  // namespace ouzel
