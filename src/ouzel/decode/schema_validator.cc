#include "ouzel/decode/schema_validator.h"

#include <algorithm>

#include "ouzel/decode/decimal.h"
#include "ouzel/decode/detail.h"

namespace ouzel {
namespace {

using Kind = JsonValue::Kind;

std::uint8_t bit_of(Kind kind) {
  switch (kind) {
    case Kind::null: return kNullBit;
    case Kind::boolean: return kBooleanBit;
    case Kind::number: return kNumberBit;
    case Kind::string: return kStringBit;
    case Kind::array: return kArrayBit;
    case Kind::object: return kObjectBit;
  }
  return 0;
}

std::string type_names(std::uint8_t types) {
  constexpr std::pair<std::uint8_t, std::string_view> kNames[] = {
      {kNullBit, "null"},       {kBooleanBit, "true or false"}, {kIntegerBit, "an integer"},
      {kNumberBit, "a number"}, {kStringBit, "a string"},       {kArrayBit, "an array"},
      {kObjectBit, "an object"}};
  std::string out;
  for (const auto& [bit, name] : kNames) {
    if ((types & bit) != 0) out.append(out.empty() ? "" : " or ").append(name);
  }
  return out;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string counted(std::string_view which, std::uint64_t count, std::string_view noun) {
  std::string out(which);
  out.append(" ").append(std::to_string(count)).append(" ").append(noun);
  return out.append(count == 1 ? "" : "s");
}

}  // namespace

SchemaValidator::SchemaValidator(const SchemaProgram& program, NameTable& names)
    : program_(program), seen_in_(program.names.size()) {
  for (NameId id = 0; id < program.names.size(); ++id) {
    const std::uint32_t slot = names.add(program.names[id]);
    if (slot >= id_of_slot_.size()) id_of_slot_.resize(slot + 1, kNoId);
    id_of_slot_[slot] = id;
  }
}

bool SchemaValidator::valid(const JsonNode& root, std::string& detail) {
  root_ = &root;
  detail_ = &detail;
  detail.clear();
  quiet_ = 0;
  steps_left_ = kSchemaStepsMax;
  nesting_ = 0;
  exhausted_ = {};
  marks_.clear();
  scope_.clear();
  for (const JsonNode* at = &root; at != root.next(); ++at) {
    if (!at->is(Kind::object)) continue;
    if (const JsonNode* const again = repeated_member(*at)) return twice(*again);
  }
  const bool good = check(program_.entry, root, {});
  if (exhausted_.empty()) return good;
  detail.assign("payload: too much work for the JSON Schema: ").append(exhausted_);
  return false;
}

bool SchemaValidator::spend(std::size_t steps) {
  if (steps > steps_left_) {
    exhausted_ = "more than 1048576 steps";
    steps_left_ = 0;
    return false;
  }
  steps_left_ -= steps;
  return true;
}

bool SchemaValidator::check(SubschemaId id, const JsonNode& at, Marks marks) {
  const Subschema& schema = program_.subschemas[id];
  if (schema.always) return true;
  if (!exhausted_.empty() || !spend(1)) return false;
  if (nesting_ == kSchemaNestingMax) {
    exhausted_ = "more than 1500 schemas within each other";
    return false;
  }
  ++nesting_;
  const bool enters = scope_.empty() || scope_.back() != schema.resource;
  if (enters) scope_.push_back(schema.resource);
  const bool good = check_entered(schema, at, marks);
  if (enters) scope_.pop_back();
  --nesting_;
  return good;
}

bool SchemaValidator::check_entered(const Subschema& schema, const JsonNode& at, Marks marks) {
  if (schema.never) return wrong(schema, at, "", "no value");
  if (schema.types != kAnyType && (schema.types & bit_of(at.value.kind)) == 0) {
    const bool integer = at.is(Kind::number) && (schema.types & kIntegerBit) != 0;
    if (!integer || !is_integer(at.value)) {
      return wrong(schema, at, "type", type_names(schema.types));
    }
  }
  if (!check_values(schema, at)) return false;
  const bool asks_unevaluated = (schema.unevaluated_items != kNoId && at.is(Kind::array)) ||
                                (schema.unevaluated_properties != kNoId && at.is(Kind::object));
  if (!asks_unevaluated) {
    return check_by_kind(schema, at, marks) &&
           (!schema.in_place || check_in_place(schema, at, marks));
  }
  const Marks own = new_marks(at);
  const bool good = check_by_kind(schema, at, own) &&
                    (!schema.in_place || check_in_place(schema, at, own)) &&
                    check_unevaluated(schema, at, own);
  marks_.resize(own.begin);
  // What is left unevaluated was just evaluated: so all of it was.
  for (std::size_t i = 0; good && marks.asked && i < marks.count; ++i) mark(marks, i);
  return good;
}

SchemaValidator::Marks SchemaValidator::new_marks(const JsonNode& at) {
  const Marks out{marks_.size(), at.count, true};
  if (!spend(at.count / 8 + 1)) return {};
  marks_.resize(marks_.size() + at.count);
  std::fill(marks_.begin() + static_cast<std::ptrdiff_t>(out.begin), marks_.end(), 0);
  return out;
}

bool SchemaValidator::try_out(SubschemaId id, const JsonNode& at, Marks marks) {
  ++quiet_;
  bool good = false;
  if (!marks.asked) {
    good = check(id, at, {});
  } else {
    const std::size_t end = marks_.size();
    const Marks trial = new_marks(at);
    good = check(id, at, trial);
    for (std::size_t i = 0; good && trial.asked && i < trial.count; ++i) {
      if (marks_[trial.begin + i] != 0) mark(marks, i);
    }
    marks_.resize(end);
  }
  --quiet_;
  return good;
}

bool SchemaValidator::check_by_kind(const Subschema& schema, const JsonNode& at, Marks marks) {
  switch (at.value.kind) {
    case Kind::null:
    case Kind::boolean: return true;
    case Kind::number: return !schema.number || check_number(schema, at);
    case Kind::string: return !schema.string || check_string(schema, at);
    case Kind::array: return !schema.array || check_array(schema, at, marks);
    case Kind::object: return !schema.object || check_object(schema, at, marks);
  }
  return true;
}

bool SchemaValidator::check_values(const Subschema& schema, const JsonNode& at) {
  if (schema.constant != nullptr && !(spend(at.size) && equal(at, *schema.constant))) {
    std::string expected = "just ";
    append_got(expected, schema.constant->value);
    return wrong(schema, at, "const", expected);
  }
  if (!schema.has_enum) return true;
  if (!spend(schema.allowed.size() / 8 + 1)) return false;
  for (const JsonNode* const value : schema.allowed) {
    if (value->value.kind == at.value.kind && equal(at, *value)) return true;
  }
  std::string expected = "one of";
  for (std::size_t i = 0; i < schema.allowed.size() && expected.size() < kDetailPartMax; ++i) {
    expected.append(i == 0 ? " " : ", ");
    append_got(expected, schema.allowed[i]->value);
  }
  return wrong(schema, at, "enum", expected);
}

bool SchemaValidator::check_number(const Subschema& schema, const JsonNode& at) {
  const NumberRules& rules = *schema.number;
  const auto token = [](std::string_view words, const JsonValue* number) {
    return std::string(words).append(" ").append(number->token);
  };
  const JsonValue& value = at.value;
  if (!spend(value.token.size() / 16)) return false;
  if (rules.minimum != nullptr && compare_numbers(value, *rules.minimum) < 0) {
    return wrong(schema, at, "minimum", token("at least", rules.minimum));
  }
  if (rules.maximum != nullptr && compare_numbers(value, *rules.maximum) > 0) {
    return wrong(schema, at, "maximum", token("at most", rules.maximum));
  }
  if (rules.exclusive_minimum != nullptr && compare_numbers(value, *rules.exclusive_minimum) <= 0) {
    return wrong(schema, at, "exclusiveMinimum", token("more than", rules.exclusive_minimum));
  }
  if (rules.exclusive_maximum != nullptr && compare_numbers(value, *rules.exclusive_maximum) >= 0) {
    return wrong(schema, at, "exclusiveMaximum", token("less than", rules.exclusive_maximum));
  }
  if (rules.multiple_of != nullptr &&
      !Decimal(value.token).multiple_of(Decimal(rules.multiple_of->token))) {
    return wrong(schema, at, "multipleOf", token("a multiple of", rules.multiple_of));
  }
  return true;
}

bool SchemaValidator::check_string(const Subschema& schema, const JsonNode& at) {
  const StringRules& rules = *schema.string;
  const std::string_view text = at.value.text;
  if (!spend(text.size() / 16)) return false;
  if (rules.length_min > 0 || rules.length_max != kNoBound) {
    const std::size_t length = code_points(text);
    if (length < rules.length_min) {
      return wrong(schema, at, "minLength", counted("at least", rules.length_min, "character"));
    }
    if (length > rules.length_max) {
      return wrong(schema, at, "maxLength", counted("at most", rules.length_max, "character"));
    }
  }
  if (rules.pattern != nullptr && !rules.pattern->found_in(text)) {
    return wrong(schema, at, "pattern", std::string("a match of ").append(rules.pattern_text));
  }
  return true;
}

bool SchemaValidator::check_array(const Subschema& schema, const JsonNode& at, Marks marks) {
  const ArrayRules& rules = *schema.array;
  if (at.count < rules.items_min) {
    return wrong(schema, at, "minItems", counted("at least", rules.items_min, "element"));
  }
  if (at.count > rules.items_max) {
    return wrong(schema, at, "maxItems", counted("at most", rules.items_max, "element"));
  }
  if (rules.unique && !check_unique(schema, at)) return false;
  const JsonNode* element = at.first();
  for (std::size_t i = 0; i < at.count; ++i, element = element->next()) {
    const SubschemaId id = i < rules.prefix.size() ? rules.prefix[i] : rules.items;
    if (id == kNoId) break;
    if (!check(id, *element, {})) return false;
    mark(marks, i);
  }
  return rules.contains == kNoId || check_contains(schema, at, marks);
}

bool SchemaValidator::check_contains(const Subschema& schema, const JsonNode& at, Marks marks) {
  const ArrayRules& rules = *schema.array;
  std::uint64_t found = 0;
  const JsonNode* element = at.first();
  for (std::size_t i = 0; i < at.count; ++i, element = element->next()) {
    if (!try_out(rules.contains, *element, {})) continue;
    ++found;
    mark(marks, i);
  }
  if (found < rules.contains_min) {
    const std::string_view keyword = rules.contains_min == 1 ? "contains" : "minContains";
    return wrong(schema, at, keyword,
                 counted("at least", rules.contains_min, "element") + " as contains says");
  }
  if (found > rules.contains_max) {
    return wrong(schema, at, "maxContains",
                 counted("at most", rules.contains_max, "element") + " as contains says");
  }
  return true;
}

/// By their hashes: a collision that somebody has made only gets his own event rejected.
bool SchemaValidator::check_unique(const Subschema& schema, const JsonNode& at) {
  if (!spend(at.size)) return false;
  hashes_.clear();
  const JsonNode* element = at.first();
  for (std::size_t i = 0; i < at.count; ++i, element = element->next()) {
    hashes_.push_back(hash_of(*element));
  }
  std::sort(hashes_.begin(), hashes_.end());
  if (std::adjacent_find(hashes_.begin(), hashes_.end()) == hashes_.end()) return true;
  return wrong(schema, at, "uniqueItems", "no two equal elements");
}

bool SchemaValidator::check_object(const Subschema& schema, const JsonNode& at, Marks marks) {
  const ObjectRules& rules = *schema.object;
  if (!spend(at.count)) return false;
  if (at.count < rules.members_min) {
    return wrong(schema, at, "minProperties", counted("at least", rules.members_min, "member"));
  }
  if (at.count > rules.members_max) {
    return wrong(schema, at, "maxProperties", counted("at most", rules.members_max, "member"));
  }
  return check_presence(schema, at, marks) && check_members(schema, at, marks);
}

bool SchemaValidator::check_presence(const Subschema& schema, const JsonNode& at, Marks marks) {
  const ObjectRules& rules = *schema.object;
  if (rules.required.empty() && rules.dependent_required.empty() &&
      rules.dependent_schemas.empty()) {
    return true;
  }
  ++object_;
  const JsonNode* member = at.first();
  for (std::uint32_t i = 0; i < at.count; ++i, member = member->next()) {
    if (const NameId id = name_id(*member); id != kNoId) seen_in_[id] = object_;
  }
  if (!spend(rules.required.size() / 8)) return false;
  const auto seen = [&, object = object_](NameId id) { return seen_in_[id] == object; };
  for (const NameId id : rules.required) {
    if (!seen(id)) return missing(schema, at, "required", id);
  }
  for (const auto& [trigger, wanted] : rules.dependent_required) {
    if (!seen(trigger)) continue;
    for (const NameId id : wanted) {
      if (!seen(id)) return missing(schema, at, "dependentRequired", id);
    }
  }
  // What is applied here overwrites what was seen.
  std::vector<SubschemaId> applied;
  for (const auto& [trigger, id] : rules.dependent_schemas) {
    if (seen(trigger)) applied.push_back(id);
  }
  return std::all_of(applied.begin(), applied.end(),
                     [&](SubschemaId id) { return check(id, at, marks); });
}

bool SchemaValidator::check_members(const Subschema& schema, const JsonNode& at, Marks marks) {
  const ObjectRules& rules = *schema.object;
  if (rules.properties.empty() && rules.pattern_properties.empty() && rules.additional == kNoId &&
      rules.property_names == kNoId) {
    return true;
  }
  const JsonNode* member = at.first();
  std::size_t expected = 0;  // Members mostly come in the schema's order.
  for (std::size_t i = 0; i < at.count; ++i, member = member->next()) {
    SubschemaId property = kNoId;
    if (const NameId id = name_id(*member); id != kNoId) {
      if (expected >= rules.properties.size() || rules.properties[expected].first != id) {
        const auto found = std::lower_bound(rules.properties.begin(), rules.properties.end(),
                                            std::pair<NameId, SubschemaId>(id, 0));
        expected = static_cast<std::size_t>(found - rules.properties.begin());
      }
      if (expected < rules.properties.size() && rules.properties[expected].first == id) {
        property = rules.properties[expected++].second;
      }
    }
    bool evaluated = false;
    if (!check_member(rules, property, *member, evaluated)) return false;
    if (evaluated) mark(marks, i);
    if (rules.property_names != kNoId && !check_name(schema, *member)) return false;
  }
  return true;
}

bool SchemaValidator::check_member(const ObjectRules& rules, SubschemaId property,
                                   const JsonNode& member, bool& evaluated) {
  if (property != kNoId) {
    evaluated = true;
    if (!check(property, member, {})) return false;
  }
  for (const auto& [pattern, id] : rules.pattern_properties) {
    if (!spend(1 + member.name.size() / 16)) return false;
    if (!pattern->found_in(member.name)) continue;
    evaluated = true;
    if (!check(id, member, {})) return false;
  }
  if (evaluated || rules.additional == kNoId) return true;
  evaluated = true;
  return check(rules.additional, member, {});
}

bool SchemaValidator::check_name(const Subschema& schema, const JsonNode& member) {
  JsonNode name;
  name.value = {.kind = Kind::string, .token = member.name, .text = member.name};
  if (try_out(schema.object->property_names, name, {})) return true;
  return wrong(schema, member, "propertyNames", "a name as propertyNames says");
}

bool SchemaValidator::check_in_place(const Subschema& schema, const JsonNode& at, Marks marks) {
  const InPlaceRules& rules = *schema.in_place;
  if (rules.ref != kNoId && !check(rules.ref, at, marks)) return false;
  if (rules.dynamic_ref != kNoId && !check(dynamic_target(rules), at, marks)) return false;
  for (const SubschemaId id : rules.all_of) {
    if (!check(id, at, marks)) return false;
  }
  if (!rules.any_of.empty() && !check_any_of(schema, at, marks)) return false;
  if (!rules.one_of.empty() && !check_one_of(schema, at, marks)) return false;
  if (rules.negated != kNoId && try_out(rules.negated, at, {})) {
    return wrong(schema, at, "not", "anything but what this schema describes");
  }
  return rules.condition == kNoId || check_condition(rules, at, marks);
}

bool SchemaValidator::check_any_of(const Subschema& schema, const JsonNode& at, Marks marks) {
  bool any = false;
  for (const SubschemaId id : schema.in_place->any_of) {
    any = try_out(id, at, marks) || any;
    if (any && !marks.asked) return true;
  }
  return any || wrong(schema, at, "anyOf", "what one of these schemas describes");
}

bool SchemaValidator::check_one_of(const Subschema& schema, const JsonNode& at, Marks marks) {
  std::size_t count = 0;
  for (const SubschemaId id : schema.in_place->one_of) {
    count += try_out(id, at, marks) ? 1 : 0;
    if (count > 1) return wrong(schema, at, "oneOf", "what just one of these schemas describes");
  }
  return count == 1 || wrong(schema, at, "oneOf", "what one of these schemas describes");
}

bool SchemaValidator::check_condition(const InPlaceRules& rules, const JsonNode& at, Marks marks) {
  const SubschemaId next =
      try_out(rules.condition, at, marks) ? rules.consequent : rules.alternative;
  return next == kNoId || check(next, at, marks);
}

SubschemaId SchemaValidator::dynamic_target(const InPlaceRules& rules) const {
  if (rules.dynamic_anchor == kNoId) return rules.dynamic_ref;
  const auto& holders = program_.dynamic_anchors[rules.dynamic_anchor];
  for (const std::uint32_t resource : scope_) {
    for (const auto& [holder, id] : holders) {
      if (holder == resource) return id;
    }
  }
  return rules.dynamic_ref;
}

bool SchemaValidator::check_unevaluated(const Subschema& schema, const JsonNode& at, Marks marks) {
  if (!marks.asked) return false;
  const SubschemaId id =
      at.is(Kind::array) ? schema.unevaluated_items : schema.unevaluated_properties;
  const JsonNode* child = at.first();
  for (std::size_t i = 0; i < at.count; ++i, child = child->next()) {
    if (marks_[marks.begin + i] == 0 && !check(id, *child, {})) return false;
  }
  return true;
}

bool SchemaValidator::wrong(const Subschema& schema, const JsonNode& at, std::string_view keyword,
                            std::string_view expected) {
  if (quiet_ > 0 || !detail_->empty()) return false;
  const std::string pointer = pointer_to(*root_, at);
  describe(*detail_, pointer.empty() ? "payload" : pointer, expected, at.value);
  end_with(schema, keyword);
  return false;
}

bool SchemaValidator::missing(const Subschema& schema, const JsonNode& at, std::string_view keyword,
                              NameId name) {
  if (quiet_ > 0 || !detail_->empty()) return false;
  std::string pointer = pointer_to(*root_, at);
  append_pointer(pointer, program_.names[name]);
  describe(*detail_, pointer, "missing");
  end_with(schema, keyword);
  return false;
}

bool SchemaValidator::twice(const JsonNode& member) {
  describe(*detail_, pointer_to(*root_, member), "duplicate field");
  return false;
}

void SchemaValidator::end_with(const Subschema& schema, std::string_view keyword) {
  std::string place = "#" + schema.at;
  if (!keyword.empty()) append_pointer(place, keyword);
  detail_->append(" (");
  append_cut(*detail_, place);
  detail_->append(")");
}

}  // namespace ouzel
