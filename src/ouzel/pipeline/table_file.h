/// Reads a lookup table's file: CSV (with a header) or JSON (an array of objects, or an object of
/// objects by key), told by its first character.
///
/// A pure function of bytes. Errors config: what, and in which line, or object; hostile bytes (NUL,
/// invalid UTF-8, huge cells, too many rows) are refused, never cut.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/enrich/enrich_spec.h"
#include "ouzel/enrich/lookup_table.h"

namespace ouzel {

inline constexpr std::size_t kTableCellBytesMax = 64 << 10;

/// The rows with what `spec` names of each; at most `rows_max`.
Result<std::vector<TableRow>> read_table_rows(std::string_view bytes, const EnrichSpec& spec,
                                              std::uint64_t rows_max);

}  // namespace ouzel
