#include "ouzel/egress/dead_letters.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "ouzel/base/logging.h"
#include "ouzel/http/message.h"

namespace ouzel {
namespace {

constexpr const char* kNewer = ".ndjson";
constexpr const char* kOlder = ".older.ndjson";

std::string to_line(const DeadLetter& letter, std::string_view sink) {
  std::string out = "{\"key\":";
  http::append_json(out, letter.key);
  out += ",\"sink\":";
  http::append_json(out, sink);
  out += ",\"target\":";
  http::append_json(out, letter.target);
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(letter.given_up.time_since_epoch());
  out += ",\"given_up_ms\":" + std::to_string(ms.count());
  out += ",\"tries\":" + std::to_string(letter.tries);
  out += ",\"status\":" + std::to_string(letter.status) + ",\"error\":";
  http::append_json(out, letter.error);
  out += ",\"answer\":";
  http::append_json(out, letter.answer);
  out += ",\"events\":[";
  std::string events = letter.lines;
  if (events.ends_with('\n')) events.pop_back();
  std::replace(events.begin(), events.end(), '\n', ',');
  return out + events + "]}\n";
}

/// The text behind `mark` up to the next quote; keys and names hold no quotes.
std::string behind(std::string_view line, std::string_view mark) {
  const std::size_t at = line.find(mark);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + mark.size());
  return std::string(line.substr(0, line.find('"')));
}

template <class N>
bool take_number(std::string_view& text, N& out) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return read.ec == std::errc();
}

/// `…/partition/first[-last]/sink`, from behind: a pipeline's name comes first.
bool read_key(std::string_view key, Message& message) {
  std::size_t at = key.size();
  for (int slashes = 0; slashes < 3; ++slashes) {
    at = at == 0 ? std::string_view::npos : key.rfind('/', at - 1);
    if (at == std::string_view::npos) return false;
  }
  std::string_view left = key.substr(at + 1);
  std::uint16_t partition = 0;
  std::uint64_t first = 0;
  if (!take_number(left, partition) || !left.starts_with('/')) return false;
  left.remove_prefix(1);
  if (!take_number(left, first)) return false;
  std::uint64_t last = first;
  if (left.starts_with('-')) {
    left.remove_prefix(1);
    if (!take_number(left, last)) return false;
  }
  message.partition = PartitionId(partition);
  message.first = Offset(first);
  message.last = Offset(last);
  return left.starts_with('/');
}

/// The elements of an array of objects without white space between them, each as a line.
void split_events(std::string_view array, Message& message) {
  std::size_t depth = 0;
  bool text = false;
  for (std::size_t i = 0; i < array.size(); ++i) {
    const char c = array[i];
    if (text && c == '\\') {
      message.lines += c;
      if (++i < array.size()) message.lines += array[i];
      continue;
    }
    if (c == '"') text = !text;
    if (!text && c == ',' && depth == 0) continue;
    message.lines += c;
    if (text) continue;
    if (c == '{') ++depth;
    if (c == '}' && depth > 0 && --depth == 0) {
      message.lines += '\n';
      ++message.events;
    }
  }
}

std::string replayed_path(const std::string& data_dir, const std::string& sink) {
  return data_dir + "/dlq/" + sink + ".replayed";
}

}  // namespace

std::string letter_key(std::string_view line) { return behind(line, "{\"key\":\""); }

std::optional<KeptLetter> read_letter(std::string_view line) {
  constexpr std::string_view kEvents = ",\"events\":[";
  const std::size_t at = line.find(kEvents);
  if (at == std::string_view::npos || !line.ends_with("]}")) return std::nullopt;
  KeptLetter out{.key = letter_key(line),
                 .sink = behind(line, ",\"sink\":\""),
                 .line = std::string(line),
                 .summary = std::string(line.substr(0, at)) + "}"};
  std::string_view events = line.substr(at + kEvents.size());
  events.remove_suffix(2);
  split_events(events, out.message);
  const bool good = read_key(out.key, out.message) && out.message.events > 0;
  return good ? std::optional(std::move(out)) : std::nullopt;
}

std::set<std::string> replayed_keys(FileSystem& fs, const std::string& data_dir,
                                    const std::string& sink) {
  std::set<std::string> out;
  const auto text = read_file(fs, replayed_path(data_dir, sink));
  if (!text) return out;
  std::string_view left = *text;
  for (std::size_t end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
    out.emplace(left.substr(0, end));
    left.remove_prefix(end + 1);
  }
  return out;
}

Result<void> note_replayed(FileSystem& fs, const std::string& data_dir, const std::string& sink,
                           const std::string& key) {
  OUZEL_TRY(const auto file, fs.open(replayed_path(data_dir, sink), OpenMode::create));
  OUZEL_TRY(const std::uint64_t size, file->size());
  OUZEL_TRY_VOID(file->write(size, key + "\n"));
  OUZEL_TRY_VOID(file->sync());
  return fs.sync_directory(data_dir + "/dlq");
}

Result<std::unique_ptr<DeadLetters>> DeadLetters::open(FileSystem& fs, DeadLetterPlace place) {
  std::unique_ptr<DeadLetters> out(new DeadLetters(fs, std::move(place)));
  if (fs.exists(out->path(kNewer))) OUZEL_TRY_VOID(out->open_file());
  return out;
}

Result<void> DeadLetters::open_file() {
  const bool was_there = fs_.exists(path(kNewer));
  OUZEL_TRY(file_, fs_.open(path(kNewer), OpenMode::create));
  OUZEL_TRY_VOID(fs_.sync_directory(place_.directory));
  OUZEL_TRY(size_, file_->size());
  const std::uint64_t found = size_;
  while (size_ > 0) {
    std::string tail(std::min<std::uint64_t>(size_, 64 << 10), '\0');
    OUZEL_TRY(const std::size_t got, file_->read(size_ - tail.size(), tail.data(), tail.size()));
    tail.resize(got);
    const std::size_t end = tail.rfind('\n');
    if (end + 1 == tail.size()) break;
    size_ -= tail.size() - (end == std::string::npos ? 0 : end + 1);
    OUZEL_TRY_VOID(file_->truncate(size_));
  }
  // A crash, as a rule; but so a file looks that was cut, too.
  if (was_there && (found == 0 || size_ < found)) {
    logging::warn(found == 0 ? "the file of dead letters holds nothing"
                             : "the file of dead letters ends within a line, which is cut",
                  {{"file", path(kNewer)}, {"cut_bytes", std::to_string(found - size_)}});
  }
  return {};
}

Result<void> DeadLetters::rotate() {
  logging::warn("the older dead letters go", {{"sink", place_.sink}, {"file", path(kOlder)}});
  OUZEL_TRY_VOID(sync());
  file_.reset();
  OUZEL_TRY_VOID(fs_.rename(path(kNewer), path(kOlder)));
  return fs_.sync_directory(place_.directory);
}

Result<void> DeadLetters::add(const DeadLetter& letter) {
  const std::string line = to_line(letter, place_.sink);
  if (file_ && size_ > 0 && size_ + line.size() > place_.bytes_max / 2) OUZEL_TRY_VOID(rotate());
  if (!file_) OUZEL_TRY_VOID(open_file());
  OUZEL_TRY_VOID(file_->write(size_, line));
  size_ += line.size();
  synced_ = false;
  return {};
}

Result<void> DeadLetters::sync() {
  if (synced_) return {};
  OUZEL_TRY_VOID(file_->sync());
  synced_ = true;
  return {};
}

std::vector<std::string> dead_letter_files(FileSystem& fs, const std::string& data_dir) {
  std::vector<std::string> older, newer;
  const auto names = fs.list(data_dir + "/dlq");
  if (!names) return {};
  for (const std::string& name : *names) {
    if (!name.ends_with(kNewer)) continue;
    (name.ends_with(kOlder) ? older : newer).push_back(data_dir + "/dlq/" + name);
  }
  older.insert(older.end(), newer.begin(), newer.end());
  return older;
}

}  // namespace ouzel
