/// EventText: cuts the text of a file into events: NDJSON (a payload or a CloudEvent a line) or CSV
/// (a payload a record). The caller fills text in and takes events out.
///
/// What is no event (a record with a cell too many, a line too long) comes out as one of form
/// `refused`, so that it can become a rejection that says which line. A payload's id is
/// `<file>:<line>`, lines counted from 1, so that the same line of the same file is the same event.
///
/// Holds at most one event and a piece of text. One thread. Errors: config (a header that names a
/// column twice, UTF-16), from `next`, for good.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/batch/schema.h"
#include "ouzel/decode/csv.h"
#include "ouzel/decode/csv_event.h"
#include "ouzel/decode/decoder.h"
#include "ouzel/gateway/byte_source.h"
#include "ouzel/gateway/event_text_spec.h"

namespace ouzel {

/// What events of a file are called.
struct EventTextNames {
  std::string source;  ///< Of payloads.
  std::string file;    ///< What ids begin with.
};
/// Those of the file that is the `number`th one, from 1, which that source of the pipeline reads:
/// a file of the same name that comes later is another source.
EventTextNames names_of_file(std::string_view pipeline, std::uint64_t number,
                             std::string_view file);

/// Where in the text the next event begins, and what must be known to go on there.
struct EventTextPlace {
  std::uint64_t position = 0;  ///< Bytes of plain text before it.
  std::uint64_t line = 1;
  EventTextSpec spec;  ///< Nothing in it is left to be found out, once an event was seen.
};

/// One event; views live until the next call.
struct TextEvent {
  std::uint64_t line = 0;  ///< Its first.
  Envelope envelope;
  /// Source and id by the line, also where the event has its own (`decode_unanswered`).
  Envelope given;
  std::string_view bytes;  ///< Followed by kDecodePadding readable bytes.
};

class EventText {
 public:
  /// Of a line that is too long only so much is kept.
  static constexpr std::size_t kKeptBytesMax = 4096;
  /// Of the text before the place so much is still known.
  static constexpr std::size_t kBeforeBytesMax = 1024;

  /// `schema` types the cells of CSV and bounds an event; it must outlive this. Null: nothing is
  /// known of any column.
  EventText(const Schema* schema, EventTextNames names, EventTextPlace place);

  /// Reads once from the source. False: it gave nothing.
  Result<bool> fill(ByteSource& source);
  /// No more text will come: what is left is the last line.
  void end() { ended_ = true; }
  /// The next event; nullptr: more text is needed, or all is seen.
  Result<const TextEvent*> next();
  /// Behind the last event taken.
  const EventTextPlace& place() const { return place_; }
  /// The text that ends at the place, at most kBeforeBytesMax of it; lives until the next call.
  /// Empty also within a line that is too long.
  std::string_view before() const;
  /// Tells it the text before its place, before anything else is called.
  void set_before(std::string_view text);

 private:
  std::string_view left() const { return std::string_view(buffer_).substr(begin_, end_ - begin_); }
  void taken(std::size_t bytes, std::uint64_t lines);
  Result<bool> find_out();
  Result<bool> read_header();
  Result<void> set_columns();
  bool next_line();
  Result<bool> next_record();
  bool long_line();
  void payload(std::uint64_t line, std::string_view bytes);
  void refuse(std::uint64_t line, Fate fate, std::string_view why, std::string_view bytes);
  void name(std::uint64_t line);

  const Schema* schema_;
  const EventTextNames names_;
  const std::size_t event_bytes_max_;
  EventTextPlace place_;
  bool known_ = false;  ///< Format, delimiter and columns are.
  bool ended_ = false;
  std::string buffer_;  ///< What is before the place, text from begin_ to end_, and padding.
  std::size_t begin_ = 0, end_ = 0;
  std::size_t searched_ = 0;         ///< Of the text: no line end in so many bytes.
  std::uint64_t dropped_ = 0;        ///< Bytes of a line too long that are gone.
  std::string kept_;                 ///< Its beginning.
  std::optional<CsvReader> reader_;  ///< Of CSV.
  std::optional<CsvEvent> csv_;
  TextEvent event_;
  std::string id_, json_, detail_;
};

}  // namespace ouzel
