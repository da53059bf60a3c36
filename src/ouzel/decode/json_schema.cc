#include "ouzel/decode/json_schema.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/decode/schema_compiler.h"

namespace ouzel {
namespace {

using Kind = JsonValue::Kind;

constexpr std::size_t kFieldsMax = 256;
constexpr std::size_t kFieldNameMax = 256;

/// Takes the root's scalar properties out of a program, as fields.
class FieldsOf {
 public:
  FieldsOf(SchemaProgram& program, std::vector<Field>& fields)
      : program_(program), fields_(fields) {}

  void take() {
    nothing_ = static_cast<SubschemaId>(program_.subschemas.size());
    program_.subschemas.emplace_back();
    if (!program_.subschemas[0].object) return;
    // Only the payload as a whole is judged by fields too: a reference to the root asks it all.
    program_.entry = static_cast<SubschemaId>(program_.subschemas.size());
    program_.subschemas.push_back(Subschema(program_.subschemas[0]));
    const std::size_t count = entry().object->properties.size();
    for (std::size_t i = 0; i < count; ++i) take(i);
    simplify();
  }

 private:
  Subschema& entry() { return program_.subschemas[program_.entry]; }
  void take(std::size_t property) {
    ObjectRules& rules = *entry().object;
    auto& [name, id] = rules.properties[property];
    const std::string& text = program_.names[name];
    const Subschema& schema = behind_references(id);
    const auto type = scalar_type(schema);
    if (!type || text.empty() || text.size() > kFieldNameMax) return;
    Field field{.name = text, .type = *type};
    field.nullable = (schema.types & kNullBit) != 0;
    const auto required = std::find(rules.required.begin(), rules.required.end(), name);
    // A required null is there, for JSON Schema, and missing for a field.
    field.required = required != rules.required.end() && !field.nullable;
    if (field.required) rules.required.erase(required);
    if (express(schema, field)) id = nothing_;
    fields_.push_back(std::move(field));
  }

  /// Where a property's schema is a reference and nothing else, what it leads to.
  const Subschema& behind_references(SubschemaId id) const {
    const Subschema* at = &program_.subschemas[id];
    while (at->in_place && at->in_place->ref != kNoId && only_reference(*at)) {
      at = &program_.subschemas[at->in_place->ref];
    }
    return *at;
  }
  static bool only_reference(const Subschema& schema) {
    const InPlaceRules& rules = *schema.in_place;
    return no_applicator_but_reference(rules) && schema.types == kAnyType && !schema.has_enum &&
           schema.constant == nullptr && !schema.number && !schema.string && !schema.array &&
           !schema.object && schema.unevaluated_items == kNoId &&
           schema.unevaluated_properties == kNoId;
  }
  static bool no_applicator_but_reference(const InPlaceRules& rules) {
    return rules.dynamic_ref == kNoId && rules.all_of.empty() && rules.any_of.empty() &&
           rules.one_of.empty() && rules.negated == kNoId && rules.condition == kNoId;
  }

  static bool is_text(const JsonNode* value) { return value->is(Kind::string); }

  static std::optional<FieldType> scalar_type(const Subschema& schema) {
    if (schema.never) return std::nullopt;
    switch (schema.types & ~kNullBit) {
      case kNumberBit:
      case kNumberBit | kIntegerBit: return FieldType::number;
      case kIntegerBit: return FieldType::integer;
      case kBooleanBit: return FieldType::boolean;
      case kStringBit: return FieldType::string;
      default: return std::nullopt;
    }
  }

  /// Whether the field can check all that the schema asks; then it does.
  static bool express(const Subschema& schema, Field& field) {
    if (schema.in_place || schema.constant != nullptr) return false;
    if (field.type == FieldType::string) return express_text(schema, field);
    if (schema.has_enum) return false;
    if (field.type == FieldType::boolean || !schema.number) return true;
    const NumberRules& rules = *schema.number;
    if (rules.exclusive_minimum != nullptr || rules.exclusive_maximum != nullptr ||
        rules.multiple_of != nullptr) {
      return false;
    }
    if (rules.minimum != nullptr) field.min = rules.minimum->number;
    if (rules.maximum != nullptr) field.max = rules.maximum->number;
    return true;
  }

  static bool express_text(const Subschema& schema, Field& field) {
    const bool null_allowed = std::any_of(schema.allowed.begin(), schema.allowed.end(),
                                          [](const JsonNode* at) { return at->is(Kind::null); });
    if (schema.has_enum && (field.nullable || null_allowed)) return false;
    if (!std::all_of(schema.allowed.begin(), schema.allowed.end(), is_text)) return false;
    if (schema.has_enum && schema.allowed.empty()) return false;
    for (const JsonNode* const value : schema.allowed) {
      field.allowed.emplace_back(value->value.text);
    }
    if (!schema.string) return true;
    const StringRules& rules = *schema.string;
    field.length_min = rules.length_min;
    field.length_max = rules.length_max;
    field.pattern = rules.pattern_re2;
    return true;
  }

  /// Forgets what the root no longer asks of an object, which a payload always is.
  void simplify() {
    const auto asks = [&](SubschemaId id) {
      return id != kNoId && !program_.subschemas[id].always;
    };
    Subschema& root = entry();
    ObjectRules& rules = *root.object;
    const bool properties =
        std::any_of(rules.properties.begin(), rules.properties.end(),
                    [&](const auto& property) { return asks(property.second); });
    const bool object = properties || rules.members_min > 0 || rules.members_max != kNoBound ||
                        !rules.required.empty() || !rules.pattern_properties.empty() ||
                        asks(rules.additional) || rules.property_names != kNoId ||
                        !rules.dependent_required.empty() || !rules.dependent_schemas.empty();
    root.always = !object && (root.types & kObjectBit) != 0 && !root.has_enum &&
                  root.constant == nullptr && !root.in_place && !asks(root.unevaluated_properties);
  }

  SchemaProgram& program_;
  std::vector<Field>& fields_;
  SubschemaId nothing_ = 0;  ///< A subschema that asks nothing.
};

}  // namespace

Result<void> use_json_schema(std::string_view text, Schema& schema) {
  OUZEL_TRY(auto program, compile_schema(text));
  if (schema.fields.empty()) {
    FieldsOf(*program, schema.fields).take();
    if (schema.fields.empty()) {
      return fail(ErrorCode::config,
                  "#: no property of the root is a number, an integer, a boolean or a string: "
                  "name the fields wanted in schema.fields");
    }
    if (schema.fields.size() > kFieldsMax) {
      return fail(ErrorCode::config, "#/properties: more than " + std::to_string(kFieldsMax) +
                                         " scalars: name the fields wanted in schema.fields");
    }
  }
  if (program->subschemas[program->entry].always) return {};
  schema.json_schema = std::make_shared<const JsonSchema>(JsonSchema{std::move(program)});
  return {};
}

}  // namespace ouzel
