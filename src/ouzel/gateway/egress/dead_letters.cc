#include "ouzel/gateway/egress/dead_letters.h"

#include <algorithm>
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

}  // namespace

Result<std::unique_ptr<DeadLetters>> DeadLetters::open(FileSystem& fs, DeadLetterPlace place) {
  std::unique_ptr<DeadLetters> out(new DeadLetters(fs, std::move(place)));
  if (fs.exists(out->path(kNewer))) OUZEL_TRY_VOID(out->open_file());
  return out;
}

Result<void> DeadLetters::open_file() {
  OUZEL_TRY(file_, fs_.open(path(kNewer), OpenMode::create));
  OUZEL_TRY_VOID(fs_.sync_directory(place_.directory));
  OUZEL_TRY(size_, file_->size());
  while (size_ > 0) {
    std::string tail(std::min<std::uint64_t>(size_, 64 << 10), '\0');
    OUZEL_TRY(const std::size_t got, file_->read(size_ - tail.size(), tail.data(), tail.size()));
    tail.resize(got);
    const std::size_t end = tail.rfind('\n');
    if (end + 1 == tail.size()) break;
    size_ -= tail.size() - (end == std::string::npos ? 0 : end + 1);
    OUZEL_TRY_VOID(file_->truncate(size_));
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
