#include "ouzel/app/text_flags.h"

#include <algorithm>
#include <utility>

namespace ouzel {
namespace {

TakeValue into_delimiter(std::string& out) {
  return [&out](const std::string& text) {
    out = text == "tab" || text == "\\t" ? "\t" : text;
    return is_csv_delimiter(out) ? "" : "is not one of , ; | and tab";
  };
}

TakeValue into_utc_offset(std::string& out) {
  return [&out](const std::string& text) {
    out = text;
    return is_utc_offset(text) ? "" : "is not Z or an offset such as +01:00";
  };
}

}  // namespace

void TextFlags::describe(Options& flags) {
  flags
      .option("--format", into_word(format_, {"auto", "ndjson", "csv"}),
              {.value = "FORMAT",
               .help = "auto, ndjson or csv; auto: what does not begin with { is CSV",
               .initial = "auto"})
      .option("--delimiter", into_delimiter(delimiter_),
              {.value = "CHAR", .help = "Of CSV: , ; | or tab; else by the first line"})
      .option("--decimal", into_word(decimal_, {".", ","}),
              {.value = "CHAR", .help = "Of CSV: the decimal point", .initial = "."})
      .option("--columns", into(columns_),
              {.value = "A,B,…", .help = "Of CSV without a first line of names: the names"})
      .option("--utc-offset", into_utc_offset(utc_offset_),
              {.value = "OFFSET", .help = "Of CSV: of times without one, such as Z or +01:00"});
}

EventTextSpec TextFlags::over(EventTextSpec spec) const {
  if (format_ == "ndjson") spec.format = TextFormat::ndjson;
  if (format_ == "csv") spec.format = TextFormat::csv;
  if (!delimiter_.empty()) spec.delimiter = delimiter_.front();
  if (!decimal_.empty()) spec.decimal = decimal_.front();
  if (!utc_offset_.empty()) spec.utc_offset = utc_offset_;
  for (std::size_t begin = 0; !columns_.empty() && begin <= columns_.size();) {
    if (begin == 0) spec.columns.clear();
    const std::size_t end = std::min(columns_.find(',', begin), columns_.size());
    spec.columns.push_back(columns_.substr(begin, end - begin));
    begin = end + 1;
  }
  return spec;
}

}  // namespace ouzel
