/// What one entry of the `enrich` section of a pipeline file says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ouzel {

/// What becomes of a row whose key the table lacks.
enum class UnknownKey : std::uint8_t {
  fill,    ///< "default": the defaults stand in.
  flag,    ///< The same, and the outcome has the flag unknown_key.
  reject,  ///< The outcome is rejected: unknown_key.
};

struct EnrichDefault {
  std::string column;
  std::string value;
};

struct EnrichSpec {
  std::string table;              ///< Path of a CSV or JSON file.
  std::string key;                ///< A field of the payload, the event's key, ce.source or ce.id.
  std::string column;             ///< The table's key column; empty: named like `key`.
  std::vector<std::string> add;   ///< Columns of the table.
  std::vector<std::string> text;  ///< Those of `add` that are texts whatever stands in them.
  std::string valid_from;         ///< Column with the time from which a row holds; empty: always.
  UnknownKey unknown = UnknownKey::fill;
  std::vector<EnrichDefault> defaults;
  bool reload = true;  ///< A change of the file is taken over while the engine runs.

  std::string key_column() const {
    if (!column.empty()) return column;
    return key.starts_with("ce.") ? key.substr(3) : key;
  }
};

}  // namespace ouzel
