#include "ouzel/gateway/event_text.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ouzel/decode/split.h"

namespace ouzel {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

std::string at_line(std::uint64_t line, std::string_view what) {
  return "line " + std::to_string(line) + ": " + std::string(what);
}

}  // namespace

bool is_csv_delimiter(std::string_view text) {
  return text.size() == 1 && std::string_view(",;\t|").find(text[0]) != std::string_view::npos;
}

bool is_utc_offset(std::string_view text) {
  if (text == "Z" || text == "z") return true;
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  return text.size() == 6 && (text[0] == '+' || text[0] == '-') && digit(1) && digit(2) &&
         text[3] == ':' && digit(4) && digit(5);
}

EventTextNames names_of_file(std::string_view pipeline, std::uint64_t number,
                             std::string_view file) {
  return {.source = "/ouzel/" + std::string(pipeline) + "/file/" + std::to_string(number),
          .file = std::string(file)};
}

EventText::EventText(const Schema* schema, EventTextNames names, EventTextPlace place)
    : schema_(schema),
      names_(std::move(names)),
      event_bytes_max_(schema == nullptr ? Schema().event_bytes_max : schema->event_bytes_max),
      place_(std::move(place)) {}

Result<bool> EventText::fill(ByteSource& source) {
  if (begin_ > kBeforeBytesMax) {
    const std::size_t gone = begin_ - kBeforeBytesMax;
    std::memmove(buffer_.data(), buffer_.data() + gone, end_ - gone);
    begin_ -= gone;
    end_ -= gone;
  }
  if (buffer_.size() < end_ + kReadBytes + kDecodePadding) {
    buffer_.resize(end_ + kReadBytes + kDecodePadding);
  }
  OUZEL_TRY(const std::size_t count, source.read(buffer_.data() + end_, kReadBytes));
  end_ += count;
  return count > 0;
}

std::string_view EventText::before() const {
  if (dropped_ > 0) return {};
  const std::size_t bytes = std::min(begin_, kBeforeBytesMax);
  return std::string_view(buffer_).substr(begin_ - bytes, bytes);
}

void EventText::set_before(std::string_view text) {
  buffer_.assign(text);
  begin_ = end_ = buffer_.size();
}

void EventText::taken(std::size_t bytes, std::uint64_t lines) {
  begin_ += bytes;
  place_.position += bytes;
  place_.line += lines;
  searched_ = 0;
}

Result<const TextEvent*> EventText::next() {
  if (!known_) {
    OUZEL_TRY(const bool found, find_out());
    if (!found) return nullptr;
  }
  if (place_.spec.format == TextFormat::ndjson) return next_line() ? &event_ : nullptr;
  OUZEL_TRY(const bool got, next_record());
  return got ? &event_ : nullptr;
}

/// Format, delimiter and columns, where they are not stated. False: more text is needed.
Result<bool> EventText::find_out() {
  EventTextSpec& spec = place_.spec;
  if (place_.position == 0) {
    if (end_ - begin_ < kByteOrderMark.size() && !ended_) return false;
    if (left().starts_with("\xff\xfe") || left().starts_with("\xfe\xff")) {
      return fail(ErrorCode::config, "UTF-16; UTF-8 is needed: iconv -f UTF-16 -t UTF-8");
    }
    if (left().starts_with(kByteOrderMark)) taken(kByteOrderMark.size(), 0);
  }
  if (spec.format == TextFormat::automatic) {
    const std::size_t first = left().find_first_not_of(" \t\r\n");
    if (first == left().npos) {
      const std::string_view text = left();
      taken(text.size(), static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')));
      return false;
    }
    spec.format = left()[first] == '{' ? TextFormat::ndjson : TextFormat::csv;
  }
  if (spec.format == TextFormat::csv) {
    OUZEL_TRY(const bool found, read_header());
    if (!found) return false;
  }
  known_ = true;
  return true;
}

Result<bool> EventText::read_header() {
  EventTextSpec& spec = place_.spec;
  if (spec.delimiter == 0) {
    const std::size_t first = left().find_first_not_of(" \r\n");
    const std::size_t end = first == left().npos ? first : left().find('\n', first);
    if (first == left().npos || (end == left().npos && !ended_)) {
      if (left().size() <= event_bytes_max_) return false;
      return fail(ErrorCode::config,
                  "the first line has no end in " + std::to_string(event_bytes_max_) + " bytes");
    }
    spec.delimiter = sniff_delimiter(left().substr(first, end - first));
  }
  reader_.emplace(CsvOptions{.delimiter = spec.delimiter, .record_bytes_max = event_bytes_max_});
  if (spec.columns.empty()) {
    std::string_view text = left();
    const CsvReader::Found found = reader_->next(text, ended_);
    if (found == CsvReader::Found::bad) {
      return fail(ErrorCode::config, at_line(place_.line + reader_->blank_lines(),
                                             "no header: " + std::string(reader_->wrong())));
    }
    if (found == CsvReader::Found::more) {
      if (left().size() <= event_bytes_max_) return false;
      return fail(ErrorCode::config,
                  "the header has no end in " + std::to_string(event_bytes_max_) + " bytes");
    }
    for (const std::string_view cell : reader_->cells()) {
      const std::size_t from = std::min(cell.find_first_not_of(" \t"), cell.size());
      const std::size_t to = cell.find_last_not_of(" \t") + 1;
      spec.columns.emplace_back(cell.substr(from, to < from ? 0 : to - from));
    }
    taken(left().size() - text.size(), reader_->lines());
  }
  OUZEL_TRY_VOID(set_columns());
  return true;
}

Result<void> EventText::set_columns() {
  const EventTextSpec& spec = place_.spec;
  auto made = CsvEvent::make(spec.columns, schema_,
                             {.decimal = spec.decimal, .utc_offset = spec.utc_offset});
  if (!made) return fail(ErrorCode::config, "the header: " + made.error().message);
  csv_ = std::move(*made);
  return {};
}

bool EventText::next_line() {
  for (;;) {
    const std::string_view text = left();
    const std::size_t end = text.find('\n', searched_);
    if (end == text.npos && (!ended_ || text.empty())) {
      searched_ = text.size();
      const bool over = ended_ ? dropped_ > 0 : text.size() > event_bytes_max_;
      return over && long_line();
    }
    if (dropped_ > 0 || std::min(end, text.size()) > event_bytes_max_) return long_line();
    std::string_view line = text.substr(0, end);
    const std::uint64_t number = place_.line;
    taken(end == text.npos ? text.size() : end + 1, 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (blank(line)) continue;
    payload(number, line);
    return true;
  }
}

/// Passes over a line of more than an event may have. True: its end was seen, and it is the event.
bool EventText::long_line() {
  const std::string_view text = left();
  const std::size_t end = text.find('\n', searched_);
  const std::size_t bytes = std::min(end, text.size());
  if (dropped_ == 0) kept_.clear();
  if (kept_.size() < kKeptBytesMax) {
    kept_.append(text.substr(0, std::min(bytes, kKeptBytesMax - kept_.size())));
  }
  const std::uint64_t number = place_.line;
  dropped_ += bytes;
  if (end == text.npos && !ended_) {
    // The place stays in front of the line: who goes on from it begins with the line again.
    begin_ += bytes;
    searched_ = 0;
    return false;
  }
  const std::uint64_t all = std::exchange(dropped_, 0);
  begin_ += bytes + (end == text.npos ? 0 : 1);
  searched_ = 0;
  place_.position += all + (end == text.npos ? 0 : 1);
  ++place_.line;
  kept_.append(kDecodePadding, '\0');
  const std::string_view kept = std::string_view(kept_).substr(0, kept_.size() - kDecodePadding);
  std::string why =
      "expected at most " + std::to_string(event_bytes_max_) + " bytes, got " + std::to_string(all);
  if (kept.size() < all) why += ", of which the first " + std::to_string(kept.size()) + " are kept";
  refuse(number, Fate::too_large, why, kept);
  return true;
}

Result<bool> EventText::next_record() {
  std::string_view text = left();
  if (dropped_ > 0) return long_line();
  const CsvReader::Found found = reader_->next(text, ended_);
  if (found == CsvReader::Found::more) {
    taken(left().size() - text.size(), reader_->blank_lines());
    return text.size() > event_bytes_max_ && text.find('\n') == text.npos && long_line();
  }
  const std::uint64_t number = place_.line + reader_->blank_lines();
  const auto begin = static_cast<std::size_t>(reader_->raw().data() - left().data());
  const std::size_t line_end = std::min(left().find('\n', begin), left().size());
  if (found == CsvReader::Found::bad && line_end - begin > event_bytes_max_) {
    taken(begin, reader_->blank_lines());
    return long_line();
  }
  const std::size_t bytes = left().size() - text.size();
  const std::size_t cells = reader_->cells().size();
  if (found == CsvReader::Found::bad) {
    refuse(number, Fate::malformed, reader_->wrong(), reader_->raw());
  } else if (cells != csv_->columns()) {
    refuse(number, Fate::malformed,
           "expected " + std::to_string(csv_->columns()) + " cells, got " + std::to_string(cells),
           reader_->raw());
  } else {
    json_.clear();
    csv_->write(json_, reader_->cells());
    json_.append(kDecodePadding, '\0');
    name(number);
    event_ = {.line = number,
              .envelope = event_.given,
              .given = event_.given,
              .bytes = std::string_view(json_).substr(0, json_.size() - kDecodePadding)};
  }
  taken(bytes, reader_->lines());
  return true;
}

void EventText::name(std::uint64_t line) {
  id_.assign(names_.file).append(":").append(std::to_string(line));
  event_.line = line;
  event_.given = {.form = EventForm::payload, .source = names_.source, .id = id_};
}

void EventText::payload(std::uint64_t line, std::string_view bytes) {
  name(line);
  event_.bytes = bytes;
  event_.envelope = event_.given;
  if (looks_like_cloudevent(bytes)) event_.envelope = {.form = EventForm::structured};
}

void EventText::refuse(std::uint64_t line, Fate fate, std::string_view why,
                       std::string_view bytes) {
  name(line);
  detail_ = at_line(line, why);
  event_.envelope = event_.given;
  event_.envelope.form = EventForm::refused;
  event_.envelope.fate = fate;
  event_.envelope.detail = detail_;
  event_.bytes = bytes;
}

}  // namespace ouzel
