/// SchemaProgram: what a JSON Schema asks, resolved: no name, reference or pattern is left to be
/// looked up. An immutable value behind JsonSchema; made by SchemaCompiler, run by SchemaValidator.
///
/// Terms as in JSON Schema 2020-12 (Core and Validation). A subschema is named by its number in
/// `subschemas`; 0 is the document's root.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/decode/json_document.h"
#include "ouzel/decode/pattern.h"

namespace ouzel {

using SubschemaId = std::uint32_t;
using NameId = std::uint32_t;  ///< Place of a member's name in SchemaProgram::names.
inline constexpr std::uint32_t kNoId = 0xffffffffU;
inline constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();

/// Bits of Subschema::types.
enum TypeBit : std::uint8_t {
  kNullBit = 1,
  kBooleanBit = 2,
  kNumberBit = 4,
  kIntegerBit = 8,
  kStringBit = 16,
  kArrayBit = 32,
  kObjectBit = 64,
};
inline constexpr std::uint8_t kAnyType = 0x7f;

/// Numbers are the schema's own tokens. Null: not asked.
struct NumberRules {
  const JsonValue* minimum = nullptr;
  const JsonValue* maximum = nullptr;
  const JsonValue* exclusive_minimum = nullptr;
  const JsonValue* exclusive_maximum = nullptr;
  const JsonValue* multiple_of = nullptr;
};

struct StringRules {
  std::uint64_t length_min = 0;         ///< In code points.
  std::uint64_t length_max = kNoBound;  ///< In code points.
  const Pattern* pattern = nullptr;
  std::string_view pattern_text;  ///< As the schema has it.
  std::string pattern_re2;
};

struct ArrayRules {
  std::uint64_t items_min = 0;
  std::uint64_t items_max = kNoBound;
  bool unique = false;
  std::vector<SubschemaId> prefix;
  SubschemaId items = kNoId;  ///< Of the elements behind the prefix.
  SubschemaId contains = kNoId;
  std::uint64_t contains_min = 1;
  std::uint64_t contains_max = kNoBound;
};

struct ObjectRules {
  std::uint64_t members_min = 0;
  std::uint64_t members_max = kNoBound;
  std::vector<NameId> required;
  std::vector<std::pair<NameId, SubschemaId>> properties;  ///< Sorted.
  std::vector<std::pair<const Pattern*, SubschemaId>> pattern_properties;
  SubschemaId additional = kNoId;
  SubschemaId property_names = kNoId;
  std::vector<std::pair<NameId, std::vector<NameId>>> dependent_required;
  std::vector<std::pair<NameId, SubschemaId>> dependent_schemas;
};

/// Subschemas that apply to the same value.
struct InPlaceRules {
  SubschemaId ref = kNoId;
  /// Of $dynamicRef: where it leads unless the dynamic scope says otherwise, and the dynamic
  /// anchor to look for there (a place in SchemaProgram::dynamic_anchors; kNoId: none).
  SubschemaId dynamic_ref = kNoId;
  std::uint32_t dynamic_anchor = kNoId;
  std::vector<SubschemaId> all_of, any_of, one_of;
  SubschemaId negated = kNoId;
  SubschemaId condition = kNoId;
  SubschemaId consequent = kNoId;
  SubschemaId alternative = kNoId;
};

struct Subschema {
  std::string at;              ///< JSON Pointer within the document.
  std::uint32_t resource = 0;  ///< The schema resource that it stands in ($id).
  bool never = false;          ///< The schema `false`.
  bool always = true;          ///< Nothing is asked.
  std::uint8_t types = kAnyType;
  bool has_enum = false;
  std::vector<const JsonNode*> allowed;  ///< `enum`, or the one value of `const`, if asked.
  const JsonNode* constant = nullptr;
  std::optional<NumberRules> number;
  std::optional<StringRules> string;
  std::optional<ArrayRules> array;
  std::optional<ObjectRules> object;
  std::optional<InPlaceRules> in_place;
  SubschemaId unevaluated_items = kNoId;
  SubschemaId unevaluated_properties = kNoId;
};

struct SchemaProgram {
  JsonDocument document;  ///< Views and pointers lead into it.
  std::vector<std::string> names;
  std::vector<Subschema> subschemas;
  SubschemaId entry = 0;  ///< Where an event's check begins.
  std::vector<std::unique_ptr<const Pattern>> patterns;
  /// By dynamic anchor's name: the resources that have it, with the subschema it names there.
  std::vector<std::vector<std::pair<std::uint32_t, SubschemaId>>> dynamic_anchors;
};

/// Bounds of a schema; more is refused when it is compiled.
inline constexpr std::size_t kSchemaBytesMax = 1 << 20;
inline constexpr std::size_t kSchemaDepthMax = 128;
inline constexpr std::size_t kSubschemasMax = 10'000;
inline constexpr std::size_t kSchemaNamesMax = 2048;
inline constexpr std::size_t kSchemaPatternsMax = 256;
inline constexpr std::size_t kSchemaPatternMax = 4096;           ///< Bytes of one.
inline constexpr std::size_t kSchemaPatternMemoryMax = 1 << 20;  ///< Of one, compiled.
inline constexpr std::size_t kSchemaValueMembersMax = 1000;      ///< Within const and enum.

/// Bounds of one event's check; beyond, the event is rejected as `schema`.
inline constexpr std::size_t kSchemaStepsMax =
    1 << 20;  ///< Subschema applied, or 16 bytes looked at.
inline constexpr std::size_t kSchemaNestingMax = 1500;  ///< Subschemas applied within each other.

}  // namespace ouzel
