#include "ouzel/gateway/file_source_fields.h"

#include <utility>

namespace ouzel {
namespace {

std::string check_path(std::string_view path) {
  return path.empty() ? "is not the path of a file or a directory" : "";
}

std::string check_delimiter(std::string_view text) {
  return text == "auto" || text == "tab" || is_csv_delimiter(text)
             ? ""
             : "is not auto, tab, or one of , ; and |";
}

std::string check_utc_offset(std::string_view text) {
  return is_utc_offset(text) ? "" : "is not Z or an offset such as +01:00";
}

void add_text_fields(TableOf<EventTextSpec>& table) {
  table
      .word("format", &EventTextSpec::format,
            {{TextFormat::automatic, {"auto", "what does not begin with { is CSV"}},
             {TextFormat::ndjson, {"ndjson", "a payload or a CloudEvent a line"}},
             {TextFormat::csv, {"csv", "a payload a record, names in the first line"}}},
            {.help = "How events are written; gzip is seen by itself", .initial = "auto"})
      .text("delimiter",
            [](EventTextSpec& spec, const std::string& text) {
              spec.delimiter = text == "auto" ? '\0' : text == "tab" ? '\t' : text.front();
            },
            {.help = "Of CSV: what stands between cells; auto: by the first line",
             .initial = "auto",
             .check = check_delimiter})
      .text("decimal",
            [](EventTextSpec& spec, const std::string& text) { spec.decimal = text.front(); },
            {.help = "Of CSV: the decimal point",
             .initial = ".",
             .check =
                 [](std::string_view text) {
                   return text == "." || text == "," ? "" : "is not . or ,";
                 }})
      .texts("columns", &EventTextSpec::columns,
             {.help = "Of CSV without a first line of names: the names",
              .example = "[ts, device_id, temperature]"})
      .text("utc_offset", &EventTextSpec::utc_offset,
            {.help = "Of CSV: what a time without an offset is meant in",
             .example = "\"+01:00\"",
             .check = check_utc_offset});
}

}  // namespace

TableOf<FileSourceSpec> file_source_fields() {
  TableOf<EventTextSpec> text("file", "");
  add_text_fields(text);
  TableOf<FileSourceSpec> table("file", "Events come from a file, or the files of a directory.");
  table
      .text("path", &FileSourceSpec::path,
            {.help = "A file or a directory; relative to the pipeline file",
             .required = true,
             .example = "day.csv",
             .check = check_path})
      .include(&FileSourceSpec::text, text)
      .boolean("follow", &FileSourceSpec::follow,
               {.help = "Goes on with what comes; otherwise the program ends with the file",
                .initial = "false"})
      .text("pattern", &FileSourceSpec::pattern,
            {.help = "Of a directory: names that are read; * and ? stand for any", .initial = "*"})
      .word("finished", &FileSourceSpec::finished,
            {{FinishedFile::marker, {"marker", "an empty file <name>.done beside it"}},
             {FinishedFile::rename, {"rename", "it gets the name <name>.done"}}},
            {.help = "Of a directory: how a file is marked once its events are on disk",
             .initial = "marker"})
      .example("{path: day.csv}")
      .example("{path: inbox, pattern: \"*.csv\", follow: true, finished: rename}");
  return table;
}

}  // namespace ouzel
