#include "ouzel/decode/csv.h"

#include <algorithm>
#include <array>

namespace ouzel {
namespace {

constexpr char kQuote = '"';

bool blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

std::string_view without_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

CsvReader::Found CsvReader::next(std::string_view& text, bool last) {
  cells_.clear();
  raw_ = wrong_ = {};
  blank_lines_ = lines_ = 0;
  for (;;) {
    const std::size_t end = text.find('\n');
    if (end == text.npos && (!last || text.empty())) return Found::more;
    const std::string_view line = text.substr(0, end);
    if (!blank(line)) {
      if (line.find(kQuote) == line.npos) return plain(text, line.size());
      return quoted(text, last);
    }
    ++blank_lines_;
    ++lines_;
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
}

/// A line without quotes is a record.
CsvReader::Found CsvReader::plain(std::string_view& text, std::size_t line_end) {
  if (line_end > options_.record_bytes_max) return bad_line(text, "too long");
  raw_ = without_return(text.substr(0, line_end));
  std::string_view left = raw_;
  for (;;) {
    const std::size_t at = left.find(options_.delimiter);
    cells_.push_back(left.substr(0, at));
    if (at == left.npos) break;
    left.remove_prefix(at + 1);
  }
  ++lines_;
  text.remove_prefix(std::min(text.size(), line_end + 1));
  return Found::record;
}

/// Takes the cell whose opening quote stands at `at`, and leaves `at` behind the closing one.
bool CsvReader::quoted_cell(std::string_view text, std::size_t& at) {
  const std::size_t begin = ++at;
  const std::size_t undone = unquoted_.size();
  bool doubled = false;
  for (;;) {
    const std::size_t quote = text.find(kQuote, at);
    if (quote == text.npos) return false;
    const bool again = text.substr(quote + 1).starts_with(kQuote);
    doubled = doubled || again;
    if (doubled) unquoted_.append(text.substr(at, quote - at + (again ? 1 : 0)));
    at = quote + (again ? 2 : 1);
    if (again) continue;
    const std::string_view cell = text.substr(begin, quote - begin);
    lines_ += static_cast<std::uint64_t>(std::count(cell.begin(), cell.end(), '\n'));
    cells_.push_back(doubled ? std::string_view(unquoted_).substr(undone) : cell);
    return true;
  }
}

CsvReader::Found CsvReader::quoted(std::string_view& text, bool last) {
  // Views into unquoted_ must stay: it never grows beyond what one record may have.
  unquoted_.clear();
  unquoted_.reserve(std::min(text.size(), options_.record_bytes_max + 2));
  const std::string_view from = text.substr(0, options_.record_bytes_max + 2);
  const bool cut = from.size() < text.size();
  const std::array<char, 2> ends = {options_.delimiter, '\n'};
  for (std::size_t at = 0;; ++at) {
    if (from.substr(at).starts_with(kQuote)) {
      if (!quoted_cell(from, at)) {
        return last || cut ? bad_line(text, "a quote is opened and not closed") : Found::more;
      }
    } else {
      const std::size_t end = std::min(from.find_first_of({ends.data(), 2}, at), from.size());
      std::string_view cell = from.substr(at, end - at);
      at = end;
      if (from.substr(at).starts_with('\n')) cell = without_return(cell);
      cells_.push_back(cell);
    }
    std::string_view behind = from.substr(at);
    if (behind.starts_with(options_.delimiter)) continue;
    if (behind.starts_with('\r')) behind.remove_prefix(1);
    if (behind.empty() && !last && !cut) return Found::more;
    if (!behind.empty() && behind.front() != '\n') {
      return bad_line(text, "text stands behind a closing quote");
    }
    if (from.size() - behind.size() > options_.record_bytes_max) return bad_line(text, "too long");
    raw_ = without_return(from.substr(0, at));
    ++lines_;
    text.remove_prefix(std::min(text.size(), from.size() - behind.size() + 1));
    return Found::record;
  }
}

/// Gives up the first line only, so that one stray quote costs no more than that.
CsvReader::Found CsvReader::bad_line(std::string_view& text, std::string_view why) {
  cells_.clear();
  wrong_ = why;
  lines_ = blank_lines_;
  const std::size_t end = text.find('\n');
  raw_ = without_return(text.substr(0, end));
  ++lines_;
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return Found::bad;
}

char sniff_delimiter(std::string_view first_line) {
  char best = ',';
  std::ptrdiff_t most = 0;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    bool quoted = false;
    std::ptrdiff_t count = 0;
    for (const char c : first_line) {
      if (c == kQuote) quoted = !quoted;
      count += c == delimiter && !quoted ? 1 : 0;
    }
    if (count > most) {
      most = count;
      best = delimiter;
    }
  }
  return best;
}

}  // namespace ouzel
