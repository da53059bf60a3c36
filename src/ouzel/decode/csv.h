/// Csv: cuts CSV text into records and cells (RFC 4180), with the delimiter that the text has.
///
/// Laxer than the RFC: any of LF and CRLF ends a record, a quote inside an unquoted cell is a
/// character like others, blank lines are no records. A record may hold line ends inside quotes.
///
/// Nothing is guessed about damage: a record that cannot be read (a quote that is never closed,
/// text behind a closing quote, more than `record_bytes_max`) is `bad`, and reading goes on with
/// the next line. One thread. Cost: one memchr a line and one a cell without quotes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ouzel {

struct CsvOptions {
  char delimiter = ',';
  std::size_t record_bytes_max = 1 << 20;
};

class CsvReader {
 public:
  /// What `next` found at the front of the text.
  enum class Found : std::uint8_t {
    record,  ///< Cells stand in `cells`.
    bad,     ///< One line that is no record: `wrong` says why.
    more,    ///< Nothing whole; if the text is at its end: nothing at all.
  };

  explicit CsvReader(CsvOptions options) : options_(options) {}

  /// Cuts the next record, or the blank lines before it, off the front of `text`. `last`: no text
  /// follows. A line of more than `record_bytes_max` without its end is `more`.
  Found next(std::string_view& text, bool last);
  /// Of the last record. Views into its text or into this, until the next `next`.
  std::span<const std::string_view> cells() const { return cells_; }
  /// The record, or the bad line, as it stands in the text, without its line end.
  std::string_view raw() const { return raw_; }
  std::string_view wrong() const { return wrong_; }
  /// Line ends in what the last `next` cut off before the record, and in all of it.
  std::uint64_t blank_lines() const { return blank_lines_; }
  std::uint64_t lines() const { return lines_; }

 private:
  Found plain(std::string_view& text, std::size_t line_end);
  Found quoted(std::string_view& text, bool last);
  bool quoted_cell(std::string_view text, std::size_t& at);
  Found bad_line(std::string_view& text, std::string_view why);

  CsvOptions options_;
  std::vector<std::string_view> cells_;
  std::string unquoted_;  ///< Cells with doubled quotes, undone.
  std::string_view raw_, wrong_;
  std::uint64_t blank_lines_ = 0;
  std::uint64_t lines_ = 0;
};

/// The delimiter of CSV text by its first line: comma, semicolon, tab or bar, whichever stands
/// there most often outside quotes; the comma if none does.
char sniff_delimiter(std::string_view first_line);

}  // namespace ouzel
