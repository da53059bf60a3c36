/// AvroSchema: an Avro schema (1.12) as a program that a reader of values walks. A value: parsed
/// once, then shared by all threads.
///
/// Names and namespaces are resolved here; a type may hold itself. Aliases, defaults and `doc` say
/// nothing to one who reads with the writer's schema. A logical type that is unknown or does not
/// fit its type is passed over, as the specification asks.
/// Source: Apache Avro specification 1.12, "Schema Declaration", "Names", "Logical Types".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"

namespace ouzel {

class AvroSchema {
 public:
  enum class Kind : std::uint8_t {
    null,
    boolean,
    int32,
    int64,
    float32,
    float64,
    bytes,
    string,
    fixed,
    enumeration,
    array,
    map,
    record,
    variants,  ///< A union.
  };
  enum class Logical : std::uint8_t {
    none,
    decimal,
    uuid,
    date,
    time_millis,
    time_micros,
    timestamp_millis,
    timestamp_micros,
    timestamp_nanos,
    local_timestamp_millis,
    local_timestamp_micros,
    local_timestamp_nanos,
    duration,
  };
  struct Node {
    Kind kind = Kind::null;
    Logical logical = Logical::none;
    std::uint32_t size = 0;   ///< Of fixed: its bytes.
    std::uint32_t scale = 0;  ///< Of decimal.
    /// In `parts()`: a record's fields, an enumeration's symbols, a union's branches, the one item
    /// of an array or map.
    std::uint32_t first = 0, count = 0;
  };
  struct Part {
    std::string json;        ///< Of a field: its name, quoted, and a colon; of a symbol: quoted.
    std::uint32_t node = 0;  ///< Of all but a symbol.
  };
  static constexpr std::size_t kNodesMax = 10'000;

  /// The last text is the schema; those before it define types that it names. Error config: where
  /// it is no Avro schema, and why.
  static Result<std::shared_ptr<const AvroSchema>> parse(std::span<const std::string> texts);

  const Node& root() const { return nodes_[root_]; }
  const Node& node(std::uint32_t index) const { return nodes_[index]; }
  std::span<const Part> parts(const Node& node) const {
    return std::span(parts_).subspan(node.first, node.count);
  }

 private:
  friend class AvroSchemaParser;
  std::vector<Node> nodes_;
  std::vector<Part> parts_;
  std::uint32_t root_ = 0;
};

}  // namespace ouzel
