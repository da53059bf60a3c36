#include "ouzel/gateway/file_source.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "ouzel/base/logging.h"
#include "ouzel/http/message.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t kCursorRowsMax = 16384;
constexpr std::size_t kBatchRowsMax = 4096;
constexpr nanoseconds kLook = milliseconds(100);  ///< Between two looks at a file for more.
constexpr nanoseconds kBackoffMin = milliseconds(5);
constexpr nanoseconds kBackoffMax = milliseconds(500);
constexpr std::string_view kDone = ".done";
constexpr std::string_view kFailed = ".failed";
constexpr std::string_view kGzipName = ".gz";

/// With its last slash; empty: the current one.
std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

std::string name_in(const std::string& path) { return path.substr(directory_of(path).size()); }

std::string listable(const std::string& directory) { return directory.empty() ? "." : directory; }

}  // namespace

bool fits_pattern(std::string_view name, std::string_view pattern) {
  // The last star takes as little as possible, then more: no recursion, time |name| * |pattern|.
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t from = 0;
  while (at < name.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      from = at;
    } else if (in < pattern.size() && (pattern[in] == '?' || pattern[in] == name[at])) {
      ++in;
      ++at;
    } else if (star != std::string_view::npos) {
      in = star + 1;
      at = ++from;
    } else {
      return false;
    }
  }
  while (in < pattern.size() && pattern[in] == '*') ++in;
  return in == pattern.size();
}

/// One file being read.
struct FileSource::Reading {
  std::unique_ptr<ByteSource> bytes;
  const FollowedBytes* followed = nullptr;  ///< That they are; null in gzip.
  std::unique_ptr<EventText> text;
  std::string identity;
  bool at_end = false;  ///< Nothing more came.
  bool ended = false;   ///< Nothing more will.
};

FileSource::FileSource(FileSystem& files, const Schema& schema, Door& door, Log& log,
                       FileSourceOptions options)
    : files_(files),
      schema_(schema),
      door_(door),
      log_(log),
      options_(std::move(options)),
      cursor_rows_(std::clamp<std::size_t>(options_.duplicates_max / 2, 1, kCursorRowsMax)),
      intake_(schema, options_.partitions) {}

FileSource::~FileSource() { stop(); }

void FileSource::start() {
  thread_ = std::thread([this] { run(); });
}

void FileSource::stop() {
  stopping_.store(true, std::memory_order_release);
  wake_.signal();
  if (thread_.joinable()) thread_.join();
}

void FileSource::run() {
  while (!stopping() && !options_.ready()) pause(milliseconds(20));
  Result<void> done = {};
  if (auto cursor = read_cursor(files_, options_.data_dir)) {
    cursor_ = std::move(*cursor);
    const bool directory = files_.list(options_.spec.path).has_value();
    done = directory ? read_directory() : read_single();
  } else {
    done = tl::unexpected(cursor.error());
  }
  if (auto saved = save(); done && !saved) done = saved;
  if (!done) {
    logging::error("file source gives up", {{"why", done.error().message}});
    state_.store(State::failed, std::memory_order_release);
  } else if (!stopping()) {
    state_.store(State::finished, std::memory_order_release);
  }
}

Result<void> FileSource::save() {
  if (cursor_.number == 0) return {};
  unsaved_rows_ = 0;
  return write_cursor(files_, options_.data_dir, cursor_);
}

/// Another file is read from its beginning on. Its number is durable before its first event is.
Result<void> FileSource::begin_file(const std::string& path) {
  cursor_ = {.number = cursor_.number + 1,
             .identity = file_identity(path),
             .name = http::valid_utf8(name_in(path)),
             .place = {.spec = options_.spec.text}};
  return save();
}

Result<void> FileSource::read_single() {
  const std::string& path = options_.spec.path;
  while (!stopping()) {
    const std::string identity = file_identity(path);
    const bool known = cursor_.number > 0 && !cursor_.identity.empty();
    if (known && identity != cursor_.identity && !cursor_.finished) {
      // It was renamed while nobody looked: what is left of it comes first.
      const std::string folder = directory_of(path);
      OUZEL_TRY(const auto names, files_.list(listable(folder)));
      for (const std::string& name : names) {
        if (file_identity(folder + name) != cursor_.identity) continue;
        OUZEL_TRY_VOID(read_file_at(folder + name, false));
        break;
      }
      if (stopping()) return {};
      cursor_.finished = true;
    }
    if (identity.empty()) {
      if (!options_.spec.follow) return fail(ErrorCode::config, path + ": no such file");
      pause(kLook);
      continue;
    }
    if (!known || identity != cursor_.identity) OUZEL_TRY_VOID(begin_file(path));
    cursor_.finished = false;
    OUZEL_TRY_VOID(read_file_at(path, options_.spec.follow));
    if (stopping()) return {};
    if (!options_.spec.follow) return {};
    pause(kLook);
  }
  return {};
}

Result<std::string> FileSource::next_in_directory() {
  const std::string folder = options_.spec.path + "/";
  OUZEL_TRY(const auto names, files_.list(folder));
  for (const std::string& name : names) {
    if (name.starts_with('.') || name.ends_with(kDone) || name.ends_with(kFailed)) continue;
    if (!fits_pattern(name, options_.spec.pattern)) continue;
    if (files_.exists(folder + name + std::string(kDone)) ||
        files_.exists(folder + name + std::string(kFailed)) || files_.list(folder + name)) {
      continue;
    }
    return name;
  }
  return std::string();
}

Result<void> FileSource::finish_in_directory(const std::string& name, const char* suffix) {
  const std::string folder = options_.spec.path + "/";
  const std::string marked = folder + name + suffix;
  if (options_.spec.finished == FinishedFile::rename) {
    OUZEL_TRY_VOID(files_.rename(folder + name, marked));
  } else {
    OUZEL_TRY([[maybe_unused]] const auto file, files_.open(marked, OpenMode::create));
  }
  OUZEL_TRY_VOID(files_.sync_directory(folder));
  cursor_.finished = true;
  return save();
}

Result<void> FileSource::read_directory() {
  while (!stopping()) {
    OUZEL_TRY(const std::string name, next_in_directory());
    if (name.empty()) {
      if (!options_.spec.follow) return {};
      pause(kLook);
      continue;
    }
    const std::string path = options_.spec.path + "/" + name;
    const bool same =
        cursor_.number > 0 && !cursor_.finished && cursor_.identity == file_identity(path);
    if (!same) OUZEL_TRY_VOID(begin_file(path));
    const auto read = read_file_at(path, false);
    if (stopping()) return {};
    const bool unreadable = !read && read.error().code != ErrorCode::unavailable;
    if (!read && !unreadable) return read;
    if (unreadable) logging::error("file left", {{"why", read.error().message}});
    OUZEL_TRY_VOID(finish_in_directory(name, (unreadable ? kFailed : kDone).data()));
  }
  return {};
}

/// The text that lies before the cursor's place now; the bytes stand at that place then.
Result<std::string> FileSource::open_file(const std::string& path, Reading& reading) {
  const std::uint64_t place = cursor_.place.position;
  const auto known = std::min<std::uint64_t>(place, EventText::kBeforeBytesMax);
  bool gzip = false;
  OUZEL_TRY(auto file, files_.open(path, OpenMode::read));
  std::error_code none;
  if (!std::filesystem::is_regular_file(path, none)) {  // But a pipe, a socket or a device.
    return fail(ErrorCode::config, "is no regular file, such as can be read again from a place");
  }
  OUZEL_TRY(reading.bytes, plain_bytes(file_bytes(std::move(file), 0), gzip));
  if (gzip) {
    OUZEL_TRY_VOID(skip(*reading.bytes, place - known));
    return take(*reading.bytes, known);
  }
  if (path.ends_with(kGzipName)) {
    return fail(ErrorCode::config, "is no gzip file; one of plain text needs another name");
  }
  OUZEL_TRY(file, files_.open(path, OpenMode::read));
  auto followed = std::make_unique<FollowedBytes>(std::move(file), place - known);
  reading.followed = followed.get();
  reading.bytes = std::move(followed);
  return take(*reading.bytes, known);
}

Result<void> FileSource::read_file_at(const std::string& path, bool grows) {
  const auto named = [&path](const Error& error) {
    return fail(error.code, path + ": " + error.message);
  };
  while (!stopping()) {
    Reading reading{.identity = cursor_.identity};
    auto before = open_file(path, reading);
    if (!before) return named(before.error());
    if (grows && file_identity(path) != cursor_.identity) return {};
    if (!cursor_.fits(*before)) {
      say_written_anew(path);
      OUZEL_TRY_VOID(begin_file(path));
      continue;
    }
    // What does not lie in the text is the pipeline's, also after an edit.
    cursor_.place.spec.decimal = options_.spec.text.decimal;
    cursor_.place.spec.utc_offset = options_.spec.text.utc_offset;
    reading.text = std::make_unique<EventText>(
        &schema_, names_of_file(options_.pipeline, cursor_.number, cursor_.name), cursor_.place);
    reading.text->set_before(*before);
    for (;;) {
      const auto taken = read_batch(reading);
      if (!taken) return named(taken.error());
      if (stopping()) return {};
      if (!*taken) break;  // From the cursor on again.
      if (!reading.at_end) continue;
      if (reading.ended && !grows && reading.followed != nullptr &&
          reading.followed->written_anew()) {
        say_written_anew(path);
        OUZEL_TRY_VOID(begin_file(path));
        break;
      }
      if (reading.ended) return save();
      if (unsaved_rows_ > 0) OUZEL_TRY_VOID(save());
      if (grows && still_grows(path, reading)) {
        pause(kLook);
        continue;
      }
      // Once more to its end: it may have grown before it was given up.
      reading.ended = true;
    }
  }
  return {};
}

/// False: it is no longer the file of that name, or begins anew.
bool FileSource::still_grows(const std::string& path, const Reading& reading) {
  if (reading.followed == nullptr) return false;
  if (reading.followed->written_anew()) {
    say_written_anew(path);
    cursor_.identity.clear();
    return false;
  }
  const std::string now = file_identity(path);
  // None: renamed a moment ago; the new one will come.
  return now.empty() || now == reading.identity;
}

void FileSource::say_written_anew(const std::string& path) const {
  logging::warn("file got shorter or was written anew; it is read from its beginning, as another",
                {{"file", path}, {"read", std::to_string(cursor_.place.position)}});
}

/// Takes what there is, as much as one batch may have, and waits until it is on disk. False: a door
/// has no room; what it took of the batch will be found as duplicates.
Result<bool> FileSource::read_batch(Reading& reading) {
  const std::size_t rows_max = std::min(kBatchRowsMax, cursor_rows_);
  std::uint32_t rows = 0;
  intake_.begin();
  reading.at_end = false;
  while (rows < rows_max) {
    OUZEL_TRY(const TextEvent* event, reading.text->next());
    if (event != nullptr) {
      intake_.add_unanswered(rows++, event->envelope, event->given, event->bytes);
      continue;
    }
    OUZEL_TRY(const bool more, reading.text->fill(*reading.bytes));
    if (more) continue;
    reading.at_end = true;
    if (!reading.ended) break;
    reading.text->end();
    OUZEL_TRY(event, reading.text->next());
    if (event == nullptr) break;
    intake_.add_unanswered(rows++, event->envelope, event->given, event->bytes);
  }
  if (rows == 0) return true;
  const IntakeAnswer answer = intake_.finish(door_, counters_);
  if (answer.retry || !wait_durable(answer.wait_for)) {
    backoff_ = std::clamp(backoff_ * 2, kBackoffMin, kBackoffMax);
    pause(backoff_);
    return false;
  }
  backoff_ = {};
  cursor_.place = reading.text->place();
  cursor_.set_before(reading.text->before());
  unsaved_rows_ += rows;
  if (unsaved_rows_ + rows_max > cursor_rows_) OUZEL_TRY_VOID(save());
  return true;
}

/// False: the log failed, or will not say in time.
bool FileSource::wait_durable(AppendNumber number) {
  struct Waiting {
    Wake wake;
    std::atomic<bool> durable{false};
  };
  const auto waiting = std::make_shared<Waiting>();
  log_.when_durable(number, [waiting](const std::optional<Error>& failure) {
    waiting->durable.store(!failure.has_value(), std::memory_order_release);
    waiting->wake.signal();
  });
  log_.flush();
  waiting->wake.wait();
  return waiting->durable.load(std::memory_order_acquire);
}

}  // namespace ouzel
