#include "ouzel/gateway/file_cursor.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <charconv>

#include "ouzel/base/bytes.h"
#include "ouzel/base/hash.h"

namespace ouzel {
namespace {

constexpr const char* kName = "file.cursor";
constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kVersionWithoutBefore = 1;
constexpr std::uint64_t kColumnsMax = 100'000;

}  // namespace

void FileCursor::set_before(std::string_view text) {
  before_bytes = static_cast<std::uint32_t>(text.size());
  before_crc = crc32c(text);
}

bool FileCursor::fits(std::string_view text) const {
  return text.size() >= before_bytes &&
         crc32c(text.substr(text.size() - before_bytes)) == before_crc;
}

std::string file_identity(const std::string& path) {
  struct statx found = {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &found) != 0) return {};
  std::string out = std::to_string(found.stx_dev_major) + ":" +
                    std::to_string(found.stx_dev_minor) + ":" + std::to_string(found.stx_ino);
  // A number is soon given to another file; its time of birth is not.
  if ((found.stx_mask & STATX_BTIME) == 0) return out;
  return out + ":" + std::to_string(found.stx_btime.tv_sec) + "." +
         std::to_string(found.stx_btime.tv_nsec);
}

Result<FileCursor> read_cursor(FileSystem& fs, const std::string& directory) {
  FileCursor out;
  const std::string path = directory + "/" + kName;
  if (!fs.exists(path)) return out;
  OUZEL_TRY(const std::string bytes, read_file(fs, path));
  const auto damaged = [&path](const char* what) {
    return fail(ErrorCode::corrupt, path + ": " + what + "; without it the files are read again");
  };
  if (bytes.size() < sizeof(std::uint32_t)) return damaged("too short");
  const std::string_view body = std::string_view(bytes).substr(0, bytes.size() - 4);
  if (load<std::uint32_t>(bytes.data() + body.size()) != crc32c(body)) {
    return damaged("its checksum is wrong");
  }
  ByteReader reader(body);
  const auto version = reader.get<std::uint8_t>();
  if (version != kVersion && version != kVersionWithoutBefore) {
    return damaged("of another version");
  }
  out.number = reader.get_varint();
  out.identity = reader.get_string();
  out.name = reader.get_string();
  out.finished = reader.get<std::uint8_t>() != 0;
  out.place.position = reader.get_varint();
  out.place.line = reader.get_varint();
  EventTextSpec& spec = out.place.spec;
  const auto format = reader.get<std::uint8_t>();
  spec.delimiter = static_cast<char>(reader.get<std::uint8_t>());
  const std::uint64_t columns = reader.get_varint();
  if (format > static_cast<std::uint8_t>(TextFormat::csv) || columns > kColumnsMax) {
    return damaged("not such a file");
  }
  spec.format = static_cast<TextFormat>(format);
  for (std::uint64_t i = 0; i < columns && reader.ok(); ++i) {
    spec.columns.emplace_back(reader.get_string());
  }
  if (version != kVersionWithoutBefore) {
    out.before_bytes = reader.get<std::uint32_t>();
    out.before_crc = reader.get<std::uint32_t>();
  }
  if (!reader.ok() || reader.left() > 0) return damaged("not such a file");
  return out;
}

Result<void> write_cursor(FileSystem& fs, const std::string& directory, const FileCursor& cursor) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.put(kVersion);
  writer.put_varint(cursor.number);
  writer.put_string(cursor.identity);
  writer.put_string(cursor.name);
  writer.put(static_cast<std::uint8_t>(cursor.finished ? 1 : 0));
  writer.put_varint(cursor.place.position);
  writer.put_varint(cursor.place.line);
  const EventTextSpec& spec = cursor.place.spec;
  writer.put(static_cast<std::uint8_t>(spec.format));
  writer.put(static_cast<std::uint8_t>(spec.delimiter));
  writer.put_varint(spec.columns.size());
  for (const std::string& column : spec.columns) writer.put_string(column);
  writer.put(cursor.before_bytes);
  writer.put(cursor.before_crc);
  writer.put(crc32c(bytes));
  return replace_file(fs, directory, kName, bytes);
}

}  // namespace ouzel
