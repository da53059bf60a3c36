/// The keywords of JSON Schema 2020-12 (Core, sections 8, 10, 11; Validation, sections 6 to 9).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ouzel {

enum class Keyword : std::uint8_t {
  schema,
  id,
  anchor,
  dynamic_anchor,
  ref,
  dynamic_ref,
  annotation,  ///< Says nothing that is checked: title, format, $defs, x-…
  refused,     ///< Of another draft, or not supported.
  unknown,
  type,
  enumeration,
  constant,
  multiple_of,
  maximum,
  exclusive_maximum,
  minimum,
  exclusive_minimum,
  max_length,
  min_length,
  pattern,
  max_items,
  min_items,
  unique_items,
  max_contains,
  min_contains,
  max_properties,
  min_properties,
  required,
  dependent_required,
  prefix_items,
  items,
  contains,
  properties,
  pattern_properties,
  additional_properties,
  property_names,
  dependent_schemas,
  all_of,
  any_of,
  one_of,
  negation,
  condition,
  consequent,
  alternative,
  unevaluated_items,
  unevaluated_properties,
};

/// Where subschemas are in a keyword's value.
enum class Holds : std::uint8_t { nothing, schema, list, map };

struct KeywordInfo {
  std::string_view name;
  Keyword keyword = Keyword::unknown;
  Holds holds = Holds::nothing;
};

KeywordInfo find_keyword(std::string_view name);
/// ", did you mean …?", or nothing if no keyword is near.
std::string suggest_keyword(std::string_view name);

}  // namespace ouzel
