#include "ouzel/egress/files_outlet.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "ouzel/base/logging.h"
#include "ouzel/egress/gzip_member.h"

namespace ouzel {
namespace {

constexpr const char* kPlain = ".ndjson";
constexpr const char* kCompressed = ".ndjson.gz";

std::string day_of(WallTime time) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

/// Whether "-2026-03-01" stands in front.
bool starts_with_day(std::string_view text) {
  constexpr std::string_view kForm = "-dddd-dd-dd";
  if (text.size() < kForm.size()) return false;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == 'd' ? !digit : text[i] != '-') return false;
  }
  return true;
}

/// Of the name of a file, behind that of its sink; 0: it is none of its files.
std::uint64_t number_of(std::string_view name) {
  if (starts_with_day(name)) name.remove_prefix(std::string_view("-2026-03-01").size());
  if (!name.starts_with('-')) return 0;
  std::uint64_t out = 0;
  const char* end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + 1, end, out);
  const std::string_view form(read.ptr, end);
  return read.ec == std::errc() && (form == kPlain || form == kCompressed) ? out : 0;
}

/// Where the directory has its name.
std::string parent_of(const std::string& directory) {
  const std::filesystem::path bare = std::filesystem::path(directory + "/").parent_path();
  return bare.has_parent_path() ? bare.parent_path().string() : ".";
}

}  // namespace

/// "number size name"
std::string FilesOutlet::place() const {
  return std::to_string(place_.number) + " " + std::to_string(place_.size) + " " + place_.name;
}

Result<std::unique_ptr<FilesOutlet>> FilesOutlet::open(FileSystem& fs, SinkReport& report,
                                                       FilesPlan plan, const std::string& place) {
  OUZEL_TRY_VOID(fs.make_directory(plan.directory));
  // Each time: who made it may have been killed before this.
  OUZEL_TRY_VOID(fs.sync_directory(parent_of(plan.directory)));
  std::unique_ptr<FilesOutlet> out(new FilesOutlet(fs, report, std::move(plan)));
  Place& at = out->place_;
  if (place.empty()) {
    OUZEL_TRY(at.number, out->newest());
    return out;
  }
  const char* end = place.data() + place.size();
  const auto number = std::from_chars(place.data(), end, at.number);
  const auto size = std::from_chars(std::min(number.ptr + 1, end), end, at.size);
  if (number.ec != std::errc() || size.ec != std::errc() || size.ptr == end) {
    return fail(ErrorCode::corrupt, "a file sink's cursor holds no place: " + place);
  }
  at.name = std::string(size.ptr + 1, end);
  OUZEL_TRY_VOID(out->go_on());
  return out;
}

/// The highest number that a file of this sink has, whatever its day and form; 0: there is none.
Result<std::uint64_t> FilesOutlet::newest() const {
  OUZEL_TRY(const auto names, fs_.list(plan_.directory));
  std::uint64_t out = 0;
  for (const std::string& name : names) {
    if (name.starts_with(plan_.sink + "-")) {
      out = std::max(out, number_of(std::string_view(name).substr(plan_.sink.size())));
    }
  }
  return out;
}

/// Cuts what a crash left behind the place. A file that others have taken away is finished.
Result<void> FilesOutlet::go_on() {
  if (place_.name.empty()) return {};
  auto file = fs_.open(path(place_.name), OpenMode::write);
  std::uint64_t size = 0;
  if (file) {
    OUZEL_TRY(size, (*file)->size());
  }
  if (!file || size < place_.size) {
    logging::warn("a file sink's file was changed by others: the next one begins",
                  {{"file", path(place_.name)},
                   {"why", file ? "it is shorter than what was written" : file.error().message}});
    place_.name.clear();
    return {};
  }
  file_ = std::move(*file);
  open_name_ = place_.name;
  return file_->truncate(place_.size);
}

std::string FilesOutlet::name_of(std::uint64_t number, const Message& message) const {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "-%06llu", static_cast<unsigned long long>(number));
  const bool by_day = plan_.spec.split == FileSplit::day;
  return plan_.sink + (by_day ? "-" + day_of(message.accepted) : "") + text.data() +
         (plan_.spec.gzip ? kCompressed : kPlain);
}

/// Whether the message belongs to the file at hand. A name holds the day and the form, so that
/// another day, or a changed pipeline file, means another file.
bool FilesOutlet::fits(const Place& at, const Message& message) const {
  return at.number > 0 && at.size < plan_.spec.bytes_max && at.name == name_of(at.number, message);
}

Result<void> FilesOutlet::begin_file(Place& at, const Message& message) {
  if (file_) OUZEL_TRY_VOID(file_->sync());
  file_.reset();
  at = {.number = at.number + 1, .size = 0, .name = name_of(at.number + 1, message)};
  OUZEL_TRY(file_, fs_.open(path(at.name), OpenMode::create));
  open_name_ = at.name;
  OUZEL_TRY_VOID(file_->truncate(0));
  return fs_.sync_directory(plan_.directory);
}

Result<void> FilesOutlet::write_run(Place& at, std::string lines) {
  if (lines.empty()) return {};
  if (plan_.spec.gzip) lines = gzip_member(lines);
  OUZEL_TRY_VOID(file_->write(at.size, lines));
  at.size += lines.size();
  return {};
}

/// A window is delivered as a whole, so what is here is not.
std::optional<Offset> FilesOutlet::drop(PartitionId partition) {
  std::optional<Offset> first;
  for (const Message& message : window_) {
    if (message.source.partition == partition && !first) first = message.source.next;
  }
  std::erase_if(window_, [partition](const Message& message) {
    return message.source.partition == partition;
  });
  return first;
}

Result<bool> FilesOutlet::step(std::chrono::nanoseconds) {
  Place at = place_;
  if (file_ && open_name_ != at.name) {  // An earlier try came further.
    OUZEL_TRY(file_, fs_.open(path(at.name), OpenMode::write));
    open_name_ = at.name;
  }
  std::string run;
  std::uint64_t events = 0;
  for (const Message& message : window_) {
    if (!fits(at, message)) {
      OUZEL_TRY_VOID(write_run(at, std::exchange(run, {})));
      OUZEL_TRY_VOID(begin_file(at, message));
    }
    run += message.lines;
    events += message.events;
  }
  OUZEL_TRY_VOID(write_run(at, std::move(run)));
  if (file_) OUZEL_TRY_VOID(file_->sync());
  place_ = std::move(at);
  report_.delivered += events;
  report_.set_trouble("");
  window_.clear();
  return true;
}

}  // namespace ouzel
