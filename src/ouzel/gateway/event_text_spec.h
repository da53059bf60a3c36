/// How the events of a file are written. A value; made from the pipeline file's `source.file` or
/// from flags.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ouzel {

enum class TextFormat : std::uint8_t {
  automatic,  ///< By the first character: `{` is NDJSON, all else CSV.
  ndjson,
  csv,
};

struct EventTextSpec {
  TextFormat format = TextFormat::automatic;
  // Of CSV only.
  char delimiter = 0;  ///< 0: by the first line.
  char decimal = '.';
  std::vector<std::string> columns;  ///< Names of the columns; empty: the first line has them.
  std::string utc_offset;            ///< Of times that have none: `Z`, `+01:00`; empty: unknown.
};

/// One of comma, semicolon, tab and bar.
bool is_csv_delimiter(std::string_view text);
/// `Z`, or hours and minutes with a sign: `+01:00`.
bool is_utc_offset(std::string_view text);

}  // namespace ouzel
