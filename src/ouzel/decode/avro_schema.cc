#include "ouzel/decode/avro_schema.h"

#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "ouzel/decode/detail.h"
#include "ouzel/decode/json_document.h"
#include "ouzel/decode/json_text.h"
#include "ouzel/decode/json_tree.h"

namespace ouzel {
namespace {

using Kind = AvroSchema::Kind;
using Logical = AvroSchema::Logical;

/// Schemas nest no deeper than this, written out.
constexpr std::size_t kDepthMax = 128;

constexpr std::array<std::pair<std::string_view, Kind>, 8> kPrimitives{{
    {"null", Kind::null},
    {"boolean", Kind::boolean},
    {"int", Kind::int32},
    {"long", Kind::int64},
    {"float", Kind::float32},
    {"double", Kind::float64},
    {"bytes", Kind::bytes},
    {"string", Kind::string},
}};

std::optional<Kind> primitive(std::string_view name) {
  for (const auto& [word, kind] : kPrimitives) {
    if (word == name) return kind;
  }
  return std::nullopt;
}

struct LogicalType {
  std::string_view name;
  Kind kind;
  Logical logical;
};
constexpr std::array<LogicalType, 13> kLogicals{{
    {"decimal", Kind::bytes, Logical::decimal},
    {"decimal", Kind::fixed, Logical::decimal},
    {"uuid", Kind::fixed, Logical::uuid},
    {"date", Kind::int32, Logical::date},
    {"time-millis", Kind::int32, Logical::time_millis},
    {"time-micros", Kind::int64, Logical::time_micros},
    {"timestamp-millis", Kind::int64, Logical::timestamp_millis},
    {"timestamp-micros", Kind::int64, Logical::timestamp_micros},
    {"timestamp-nanos", Kind::int64, Logical::timestamp_nanos},
    {"local-timestamp-millis", Kind::int64, Logical::local_timestamp_millis},
    {"local-timestamp-micros", Kind::int64, Logical::local_timestamp_micros},
    {"local-timestamp-nanos", Kind::int64, Logical::local_timestamp_nanos},
    {"duration", Kind::fixed, Logical::duration},
}};

/// The string member of this name; nullopt if there is none of that type.
std::optional<std::string_view> text_of(const JsonNode& object, std::string_view member) {
  const JsonNode* node = object.find(member);
  if (node == nullptr || !node->is(JsonValue::Kind::string)) return std::nullopt;
  return node->value.text;
}

std::optional<std::uint32_t> count_of(const JsonNode& object, std::string_view member) {
  const JsonNode* node = object.find(member);
  if (node == nullptr || !node->is(JsonValue::Kind::number)) return std::nullopt;
  std::uint32_t out = 0;
  const std::string_view token = node->value.token;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), out);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return out;
}

tl::unexpected<Error> wrong(std::string_view where, std::string_view what) {
  std::string message = "Avro schema: ";
  if (!where.empty()) {
    append_cut(message, where);
    message += ": ";
  }
  message += what;
  return fail(ErrorCode::config, std::move(message));
}

std::string json_text(std::string_view text) {
  std::string out;
  append_json_text(out, text);
  return out;
}

/// For a message.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  append_cut(out, text);
  return out + '"';
}

}  // namespace

class AvroSchemaParser {
 public:
  Result<std::uint32_t> text(std::string_view text) {
    NameTable names;
    JsonDocument document;
    if (auto parsed = document.parse(text, kDepthMax * 2, names); !parsed) {
      return wrong("", parsed.error().message);
    }
    return type(document.root(), "", 0);
  }
  std::shared_ptr<const AvroSchema> finish(std::uint32_t root) {
    schema_.root_ = root;
    return std::make_shared<const AvroSchema>(std::move(schema_));
  }

 private:
  Result<std::uint32_t> type(const JsonNode& json, std::string_view space, std::size_t depth);
  Result<std::uint32_t> named_type(std::string_view name, std::string_view space);
  Result<std::uint32_t> object_type(const JsonNode& json, std::string_view space,
                                    std::size_t depth);
  Result<std::uint32_t> union_type(const JsonNode& json, std::string_view space, std::size_t depth);
  Result<std::uint32_t> record_type(const JsonNode& json, std::string_view space,
                                    std::size_t depth);
  Result<std::uint32_t> enum_type(const JsonNode& json, std::string_view space);
  Result<std::uint32_t> fixed_type(const JsonNode& json, std::string_view space);
  Result<std::uint32_t> items_type(Kind kind, const JsonNode& json, std::string_view space,
                                   std::size_t depth);

  Result<std::uint32_t> add(AvroSchema::Node node) {
    if (schema_.nodes_.size() >= AvroSchema::kNodesMax) {
      return wrong("", "more than " + std::to_string(AvroSchema::kNodesMax) + " types");
    }
    schema_.nodes_.push_back(node);
    return static_cast<std::uint32_t>(schema_.nodes_.size() - 1);
  }
  /// Adds a named type; its full name becomes known.
  Result<std::uint32_t> add_named(AvroSchema::Node node, const JsonNode& json,
                                  std::string_view space, std::string& full_name);
  void set_parts(std::uint32_t node, std::vector<AvroSchema::Part> parts) {
    schema_.nodes_[node].first = static_cast<std::uint32_t>(schema_.parts_.size());
    schema_.nodes_[node].count = static_cast<std::uint32_t>(parts.size());
    for (AvroSchema::Part& part : parts) schema_.parts_.push_back(std::move(part));
  }

  AvroSchema schema_;
  std::map<std::string, std::uint32_t, std::less<>> names_;  ///< Full names.
};

Result<std::uint32_t> AvroSchemaParser::type(const JsonNode& json, std::string_view space,
                                             std::size_t depth) {
  if (depth > kDepthMax) return wrong("", "nested too deep");
  switch (json.value.kind) {
    case JsonValue::Kind::string: return named_type(json.value.text, space);
    case JsonValue::Kind::object: return object_type(json, space, depth);
    case JsonValue::Kind::array: return union_type(json, space, depth);
    default: return wrong("", "a type is a string, an object or an array");
  }
}

Result<std::uint32_t> AvroSchemaParser::named_type(std::string_view name, std::string_view space) {
  if (const auto kind = primitive(name)) return add({.kind = *kind});
  if (name.find('.') == name.npos && !space.empty()) {
    const std::string full = std::string(space).append(1, '.').append(name);
    if (const auto at = names_.find(full); at != names_.end()) return at->second;
  }
  const auto at = names_.find(name);
  if (at == names_.end()) return wrong("", "unknown type " + quoted(name));
  return at->second;
}

Result<std::uint32_t> AvroSchemaParser::object_type(const JsonNode& json, std::string_view space,
                                                    std::size_t depth) {
  const JsonNode* of = json.find("type");
  if (of == nullptr) return wrong("", "an object without \"type\"");
  const std::string_view word = of->is(JsonValue::Kind::string) ? of->value.text : "";
  Result<std::uint32_t> made = 0;
  if (word == "record" || word == "error") {
    made = record_type(json, space, depth);
  } else if (word == "enum") {
    made = enum_type(json, space);
  } else if (word == "fixed") {
    made = fixed_type(json, space);
  } else if (word == "array" || word == "map") {
    made = items_type(word == "array" ? Kind::array : Kind::map, json, space, depth);
  } else {
    made = type(*of, space, depth + 1);
    // A name's node is another's too: what is said here is not said of it.
    if (!made || !primitive(word)) return made;
  }
  const auto logical = text_of(json, "logicalType");
  if (!made || !logical) return made;
  AvroSchema::Node& node = schema_.nodes_[*made];
  for (const LogicalType& known : kLogicals) {
    if (known.name != *logical || known.kind != node.kind) continue;
    constexpr std::uint32_t kUuidBytes = 16, kDurationBytes = 12, kScaleMax = 300;
    if (known.logical == Logical::uuid && node.size != kUuidBytes) return made;
    if (known.logical == Logical::duration && node.size != kDurationBytes) return made;
    const std::uint32_t scale = count_of(json, "scale").value_or(0);
    if (known.logical == Logical::decimal && scale > kScaleMax) {
      return wrong("", "decimal: a scale of at most " + std::to_string(kScaleMax));
    }
    node.logical = known.logical;
    node.scale = scale;
  }
  return made;
}

Result<std::uint32_t> AvroSchemaParser::union_type(const JsonNode& json, std::string_view space,
                                                   std::size_t depth) {
  std::vector<AvroSchema::Part> branches;
  const JsonNode* branch = json.first();
  for (std::uint32_t i = 0; i < json.count; ++i, branch = branch->next()) {
    OUZEL_TRY(const std::uint32_t node, type(*branch, space, depth + 1));
    branches.push_back({.json = {}, .node = node});
  }
  OUZEL_TRY(const std::uint32_t made, add({.kind = Kind::variants}));
  set_parts(made, std::move(branches));
  return made;
}

Result<std::uint32_t> AvroSchemaParser::add_named(AvroSchema::Node node, const JsonNode& json,
                                                  std::string_view space, std::string& full_name) {
  const auto name = text_of(json, "name");
  if (!name || name->empty()) return wrong("", "a record, enum or fixed without \"name\"");
  const auto own = text_of(json, "namespace");
  if (name->find('.') != name->npos) {
    full_name.assign(*name);
  } else {
    full_name.assign(own.value_or(space));
    if (!full_name.empty()) full_name += '.';
    full_name.append(*name);
  }
  OUZEL_TRY(const std::uint32_t made, add(node));
  if (!names_.emplace(full_name, made).second) return wrong(full_name, "defined twice");
  return made;
}

Result<std::uint32_t> AvroSchemaParser::record_type(const JsonNode& json, std::string_view space,
                                                    std::size_t depth) {
  std::string full_name;
  OUZEL_TRY(const std::uint32_t made, add_named({.kind = Kind::record}, json, space, full_name));
  const std::string inner = full_name.substr(0, full_name.rfind('.') + 1);
  const std::string_view inner_space =
      inner.empty() ? std::string_view() : std::string_view(inner).substr(0, inner.size() - 1);
  const JsonNode* fields = json.find("fields");
  if (fields == nullptr || !fields->is(JsonValue::Kind::array)) {
    return wrong(full_name, "a record without an array \"fields\"");
  }
  std::vector<AvroSchema::Part> parts;
  const JsonNode* field = fields->first();
  for (std::uint32_t i = 0; i < fields->count; ++i, field = field->next()) {
    const bool object = field->is(JsonValue::Kind::object);
    const auto name = object ? text_of(*field, "name") : std::nullopt;
    const JsonNode* of = object ? field->find("type") : nullptr;
    if (!name || of == nullptr) return wrong(full_name, "a field without \"name\" and \"type\"");
    auto node = type(*of, inner_space, depth + 1);
    if (!node) return node;
    parts.push_back({.json = json_text(*name) + ':', .node = *node});
  }
  set_parts(made, std::move(parts));
  return made;
}

Result<std::uint32_t> AvroSchemaParser::enum_type(const JsonNode& json, std::string_view space) {
  std::string full_name;
  OUZEL_TRY(const std::uint32_t made,
            add_named({.kind = Kind::enumeration}, json, space, full_name));
  const JsonNode* symbols = json.find("symbols");
  if (symbols == nullptr || !symbols->is(JsonValue::Kind::array)) {
    return wrong(full_name, "an enum without an array \"symbols\"");
  }
  std::vector<AvroSchema::Part> parts;
  const JsonNode* symbol = symbols->first();
  for (std::uint32_t i = 0; i < symbols->count; ++i, symbol = symbol->next()) {
    if (!symbol->is(JsonValue::Kind::string)) {
      return wrong(full_name, "a symbol that is not a string");
    }
    parts.push_back({.json = json_text(symbol->value.text), .node = 0});
  }
  set_parts(made, std::move(parts));
  return made;
}

Result<std::uint32_t> AvroSchemaParser::fixed_type(const JsonNode& json, std::string_view space) {
  std::string full_name;
  const auto size = count_of(json, "size");
  OUZEL_TRY(const std::uint32_t made,
            add_named({.kind = Kind::fixed, .size = size.value_or(0)}, json, space, full_name));
  if (!size) return wrong(full_name, "a fixed without an integer \"size\"");
  return made;
}

Result<std::uint32_t> AvroSchemaParser::items_type(Kind kind, const JsonNode& json,
                                                   std::string_view space, std::size_t depth) {
  const std::string_view member = kind == Kind::array ? "items" : "values";
  const JsonNode* items = json.find(member);
  if (items == nullptr) return wrong("", "without " + quoted(member));
  OUZEL_TRY(const std::uint32_t node, type(*items, space, depth + 1));
  OUZEL_TRY(const std::uint32_t made, add({.kind = kind}));
  set_parts(made, {{.json = {}, .node = node}});
  return made;
}

Result<std::shared_ptr<const AvroSchema>> AvroSchema::parse(std::span<const std::string> texts) {
  AvroSchemaParser parser;
  std::uint32_t root = 0;
  for (const std::string& text : texts) {
    OUZEL_TRY(root, parser.text(text));
  }
  if (texts.empty()) return wrong("", "empty");
  return parser.finish(root);
}

}  // namespace ouzel
