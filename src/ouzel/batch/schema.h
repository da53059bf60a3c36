/// Schema: what an event's payload must look like. A value; made from the pipeline file's
/// `schema` section (spec/), used by decode, printed by lint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace ouzel {

struct JsonSchema;  // decode/json_schema.h

enum class FieldType : std::uint8_t { number, integer, boolean, string };

/// One field of the payload. Bounds are inclusive.
struct Field {
  std::string name;
  FieldType type = FieldType::number;
  std::string unit;
  bool required = true;
  bool nullable = true;  ///< null counts as missing; otherwise it is of the wrong type.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::size_t length_min = 0;                                        ///< In code points.
  std::size_t length_max = std::numeric_limits<std::size_t>::max();  ///< In code points.
  std::string pattern;               ///< RE2, unanchored; empty: none.
  std::vector<std::string> allowed;  ///< `enum`; empty: any.
};

/// Where a key or a time comes from.
struct FieldSource {
  enum class Kind : std::uint8_t {
    none,       ///< Not configured.
    payload,    ///< A top-level field of the payload: `name`.
    attribute,  ///< A CloudEvents attribute (`ce.subject`): `name` is "subject".
  };
  Kind kind = Kind::none;
  std::string name;
};

/// Numbers (number, integer, boolean as 0/1) become columns of Batch::values in the order in which
/// they stand here; strings become Batch::strings, likewise.
struct Schema {
  FieldSource key;
  /// none: the CloudEvents `time`, and where that is absent the time of acceptance.
  FieldSource time;
  std::vector<Field> fields;
  std::string json_schema_file;  ///< As the pipeline names it; empty: none.
  /// What that file asks beyond `fields`; null: nothing.
  std::shared_ptr<const JsonSchema> json_schema;
  std::size_t event_bytes_max = 1 << 20;
  std::size_t depth_max = 64;
  std::size_t key_bytes_max = 1024;

  std::size_t number_columns() const;
  std::size_t string_columns() const;
};

inline std::size_t Schema::string_columns() const {
  std::size_t count = 0;
  for (const Field& field : fields) count += field.type == FieldType::string ? 1 : 0;
  return count;
}
inline std::size_t Schema::number_columns() const { return fields.size() - string_columns(); }

}  // namespace ouzel
