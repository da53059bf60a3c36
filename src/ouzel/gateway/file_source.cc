#include "ouzel/gateway/file_source.h"

#include <algorithm>
#include <chrono>
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
  std::unique_ptr<EventText> text;
  std::string identity;
  bool gzip = false;
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

Result<void> FileSource::read_file_at(const std::string& path, bool grows) {
  const auto named = [&path](const Error& error) {
    return fail(error.code, path + ": " + error.message);
  };
  while (!stopping()) {
    Reading reading{.identity = cursor_.identity};
    OUZEL_TRY(auto file, files_.open(path, OpenMode::read));
    if (grows && file_identity(path) != cursor_.identity) return {};
    auto plain = plain_bytes(file_bytes(std::move(file), 0), reading.gzip);
    if (!plain) return named(plain.error());
    reading.bytes = std::move(*plain);
    if (reading.gzip) {
      if (auto past = skip(*reading.bytes, cursor_.place.position); !past) {
        return named(past.error());
      }
    } else {
      OUZEL_TRY(file, files_.open(path, OpenMode::read));
      reading.bytes = file_bytes(std::move(file), cursor_.place.position);
    }
    // What does not lie in the text is the pipeline's, also after an edit.
    cursor_.place.spec.decimal = options_.spec.text.decimal;
    cursor_.place.spec.utc_offset = options_.spec.text.utc_offset;
    reading.text = std::make_unique<EventText>(
        &schema_, names_of_file(options_.pipeline, cursor_.number, cursor_.name), cursor_.place);
    for (;;) {
      const auto taken = read_batch(reading);
      if (!taken) return named(taken.error());
      if (stopping()) return {};
      if (!*taken) break;  // From the cursor on again.
      if (!reading.at_end) continue;
      if (reading.ended) return save();
      if (unsaved_rows_ > 0) OUZEL_TRY_VOID(save());
      if (grows && !reading.gzip) {
        OUZEL_TRY(const bool more, still_grows(path, reading));
        if (more) {
          pause(kLook);
          continue;
        }
      }
      // Once more to its end: it may have grown before it was given up.
      reading.ended = true;
    }
  }
  return {};
}

/// False: it is no longer the file of that name, or begins anew.
Result<bool> FileSource::still_grows(const std::string& path, const Reading& reading) {
  const std::string now = file_identity(path);
  if (now.empty()) return true;  // Renamed a moment ago; the new one will come.
  if (now != reading.identity) return false;
  OUZEL_TRY(const auto file, files_.open(path, OpenMode::read));
  OUZEL_TRY(const std::uint64_t size, file->size());
  if (size >= reading.bytes->bytes_read()) return true;
  logging::warn("file got shorter; it is read from its beginning, as another file",
                {{"file", path},
                 {"bytes", std::to_string(size)},
                 {"read", std::to_string(reading.bytes->bytes_read())}});
  cursor_.identity.clear();
  return false;
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
