#include "ouzel/decode/schema_compiler.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>

#include "ouzel/decode/decimal.h"
#include "ouzel/decode/detail.h"
#include "ouzel/decode/schema_keywords.h"
#include "ouzel/decode/schema_locations.h"

namespace ouzel {
namespace {

using Kind = JsonValue::Kind;

constexpr std::string_view kDialect = "https://json-schema.org/draft/2020-12/schema";

constexpr std::pair<std::string_view, std::uint8_t> kTypes[] = {
    {"null", kNullBit},       {"boolean", kBooleanBit}, {"number", kNumberBit},
    {"string", kStringBit},   {"array", kArrayBit},     {"object", kObjectBit},
    {"integer", kIntegerBit},
};

/// The rules of a kind, made when they are first needed.
template <class Rules>
Rules& in(std::optional<Rules>& rules) {
  if (!rules) rules.emplace();
  return *rules;
}

class SchemaCompiler {
 public:
  SchemaCompiler() : program_(std::make_unique<SchemaProgram>()) {}
  Result<std::unique_ptr<SchemaProgram>> compile(std::string_view text);

 private:
  // Each of these notes a fault, and goes on with something harmless.
  void expected(const JsonNode& at, std::string_view what);
  bool is(const JsonNode& at, Kind kind, std::string_view what);

  void compile_subschema(const JsonNode& node, Subschema& out);
  bool core_keyword(Keyword keyword, const JsonNode& value, Subschema& out);
  bool number_keyword(Keyword keyword, const JsonNode& value, Subschema& out);
  bool string_keyword(Keyword keyword, const JsonNode& value, Subschema& out);
  bool array_keyword(Keyword keyword, const JsonNode& value, Subschema& out);
  bool object_keyword(Keyword keyword, const JsonNode& value, Subschema& out);
  bool in_place_keyword(Keyword keyword, const JsonNode& value, Subschema& out);
  void reference(const JsonNode& value, Subschema& out, bool dynamic);
  void types(const JsonNode& value, Subschema& out);
  void allowed_values(const JsonNode& value, Subschema& out);
  void check_value(const JsonNode& value);
  const JsonValue* number(const JsonNode& value);
  const JsonValue* factor(const JsonNode& value);
  std::uint64_t count(const JsonNode& value);
  const Pattern* pattern(const JsonNode& at, std::string_view text, std::string* re2);
  std::vector<NameId> names(const JsonNode& value);
  NameId name(const JsonNode& at, std::string_view text);
  std::vector<SubschemaId> list(const JsonNode& value);
  SubschemaId subschema(const JsonNode& node);
  std::uint32_t dynamic_anchor(const std::string& name);

  std::unique_ptr<SchemaProgram> program_;
  SchemaFaults faults_;
  SchemaLocations locations_;
  std::unordered_map<const JsonNode*, SubschemaId> ids_;
  std::vector<const JsonNode*> nodes_;  ///< By SubschemaId.
  std::unordered_map<std::string, NameId> name_ids_;
  std::map<std::string, std::uint32_t> dynamic_ids_;
};

Result<std::unique_ptr<SchemaProgram>> SchemaCompiler::compile(std::string_view text) {
  if (text.size() > kSchemaBytesMax) {
    return fail(ErrorCode::config, "#: larger than " + std::to_string(kSchemaBytesMax) + " bytes");
  }
  NameTable no_names;
  OUZEL_TRY_VOID(program_->document.parse(text, kSchemaDepthMax, no_names));
  const JsonNode& root = program_->document.root();
  locations_.find(root, faults_);
  subschema(root);
  for (SubschemaId id = 0; id < nodes_.size() && !faults_.full(); ++id) {
    Subschema compiled;
    compile_subschema(*nodes_[id], compiled);
    program_->subschemas[id] = std::move(compiled);
  }
  if (!faults_.empty()) return fail(ErrorCode::config, faults_.text(root));
  return std::move(program_);
}

void SchemaCompiler::expected(const JsonNode& at, std::string_view what) {
  std::string text = "expected ";
  text.append(what).append(", got ");
  append_got(text, at.value);
  faults_.add(at, text);
}

bool SchemaCompiler::is(const JsonNode& at, Kind kind, std::string_view what) {
  if (!at.is(kind)) expected(at, what);
  return at.is(kind);
}

SubschemaId SchemaCompiler::subschema(const JsonNode& node) {
  const auto [at, added] = ids_.emplace(&node, static_cast<SubschemaId>(nodes_.size()));
  if (added) {
    nodes_.push_back(&node);
    program_->subschemas.emplace_back();
  }
  return at->second;
}

std::vector<SubschemaId> SchemaCompiler::list(const JsonNode& value) {
  std::vector<SubschemaId> out;
  if (value.count == 0) expected(value, "at least one schema");
  const JsonNode* at = value.first();
  for (std::uint32_t i = 0; i < value.count; ++i, at = at->next()) out.push_back(subschema(*at));
  return out;
}

void SchemaCompiler::compile_subschema(const JsonNode& node, Subschema& out) {
  if (!locations_.has(node)) return;  // No schema, which was said.
  out.at = pointer_to(program_->document.root(), node);
  out.resource = locations_.resource_of(node);
  if (node.is(Kind::boolean)) {
    out.never = node.value.number == 0;
    out.always = !out.never;
    return;
  }
  const JsonNode* at = node.first();
  for (std::uint32_t i = 0; i < node.count && !faults_.full(); ++i, at = at->next()) {
    const Keyword keyword = find_keyword(at->name).keyword;
    if (core_keyword(keyword, *at, out)) continue;
    out.always = false;
    const bool known = number_keyword(keyword, *at, out) || string_keyword(keyword, *at, out) ||
                       array_keyword(keyword, *at, out) || object_keyword(keyword, *at, out) ||
                       in_place_keyword(keyword, *at, out);
    if (!known) {
      faults_.add(*at, "is no keyword of JSON Schema 2020-12" + suggest_keyword(at->name) +
                           " (notes of your own start with x-)");
    }
  }
  if (out.object) std::sort(out.object->properties.begin(), out.object->properties.end());
}

/// Those that are about the schema itself. True: nothing more is to be done.
bool SchemaCompiler::core_keyword(Keyword keyword, const JsonNode& value, Subschema& out) {
  switch (keyword) {
    case Keyword::id:
    case Keyword::anchor:
    case Keyword::dynamic_anchor:
    case Keyword::annotation: return true;
    case Keyword::schema:
      if (value.value.text != kDialect && value.value.text != std::string(kDialect) + "#") {
        expected(value, "the dialect " + std::string(kDialect));
      }
      return true;
    case Keyword::refused: faults_.add(value, "is not supported"); return true;
    case Keyword::type: types(value, out); break;
    case Keyword::enumeration: allowed_values(value, out); break;
    case Keyword::constant:
      check_value(value);
      out.constant = &value;
      break;
    default: return false;
  }
  out.always = false;
  return true;
}

bool SchemaCompiler::number_keyword(Keyword keyword, const JsonNode& value, Subschema& out) {
  switch (keyword) {
    case Keyword::minimum: in(out.number).minimum = number(value); return true;
    case Keyword::maximum: in(out.number).maximum = number(value); return true;
    case Keyword::exclusive_minimum: in(out.number).exclusive_minimum = number(value); return true;
    case Keyword::exclusive_maximum: in(out.number).exclusive_maximum = number(value); return true;
    case Keyword::multiple_of: in(out.number).multiple_of = factor(value); return true;
    default: return false;
  }
}

bool SchemaCompiler::string_keyword(Keyword keyword, const JsonNode& value, Subschema& out) {
  switch (keyword) {
    case Keyword::min_length: in(out.string).length_min = count(value); return true;
    case Keyword::max_length: in(out.string).length_max = count(value); return true;
    case Keyword::pattern: {
      if (!is(value, Kind::string, "a regular expression")) return true;
      StringRules& rules = in(out.string);
      rules.pattern_text = value.value.text;
      rules.pattern = pattern(value, value.value.text, &rules.pattern_re2);
      return true;
    }
    default: return false;
  }
}

bool SchemaCompiler::array_keyword(Keyword keyword, const JsonNode& value, Subschema& out) {
  switch (keyword) {
    case Keyword::min_items: in(out.array).items_min = count(value); return true;
    case Keyword::max_items: in(out.array).items_max = count(value); return true;
    case Keyword::unique_items:
      if (is(value, Kind::boolean, "true or false")) {
        in(out.array).unique = value.value.number != 0;
      }
      return true;
    case Keyword::prefix_items: in(out.array).prefix = list(value); return true;
    case Keyword::items: in(out.array).items = subschema(value); return true;
    case Keyword::contains: in(out.array).contains = subschema(value); return true;
    case Keyword::min_contains: in(out.array).contains_min = count(value); return true;
    case Keyword::max_contains: in(out.array).contains_max = count(value); return true;
    case Keyword::unevaluated_items: out.unevaluated_items = subschema(value); return true;
    default: return false;
  }
}

bool SchemaCompiler::object_keyword(Keyword keyword, const JsonNode& value, Subschema& out) {
  const auto each = [&](const auto& take) {
    const JsonNode* at = value.first();
    for (std::uint32_t i = 0; i < value.count && !faults_.full(); ++i, at = at->next()) take(*at);
  };
  switch (keyword) {
    case Keyword::min_properties: in(out.object).members_min = count(value); return true;
    case Keyword::max_properties: in(out.object).members_max = count(value); return true;
    case Keyword::required: in(out.object).required = names(value); return true;
    case Keyword::additional_properties: in(out.object).additional = subschema(value); return true;
    case Keyword::property_names: in(out.object).property_names = subschema(value); return true;
    case Keyword::unevaluated_properties:
      out.unevaluated_properties = subschema(value);
      return true;
    case Keyword::properties:
      each([&](const JsonNode& at) {
        in(out.object).properties.emplace_back(name(at, at.name), subschema(at));
      });
      return true;
    case Keyword::pattern_properties:
      each([&](const JsonNode& at) {
        in(out.object)
            .pattern_properties.emplace_back(pattern(at, at.name, nullptr), subschema(at));
      });
      return true;
    case Keyword::dependent_schemas:
      each([&](const JsonNode& at) {
        in(out.object).dependent_schemas.emplace_back(name(at, at.name), subschema(at));
      });
      return true;
    case Keyword::dependent_required:
      if (!is(value, Kind::object, "an object of lists of names")) return true;
      each([&](const JsonNode& at) {
        in(out.object).dependent_required.emplace_back(name(at, at.name), names(at));
      });
      return true;
    default: return false;
  }
}

bool SchemaCompiler::in_place_keyword(Keyword keyword, const JsonNode& value, Subschema& out) {
  switch (keyword) {
    case Keyword::ref: reference(value, out, false); return true;
    case Keyword::dynamic_ref: reference(value, out, true); return true;
    case Keyword::all_of: in(out.in_place).all_of = list(value); return true;
    case Keyword::any_of: in(out.in_place).any_of = list(value); return true;
    case Keyword::one_of: in(out.in_place).one_of = list(value); return true;
    case Keyword::negation: in(out.in_place).negated = subschema(value); return true;
    case Keyword::condition: in(out.in_place).condition = subschema(value); return true;
    case Keyword::consequent: in(out.in_place).consequent = subschema(value); return true;
    case Keyword::alternative: in(out.in_place).alternative = subschema(value); return true;
    default: return false;
  }
}

void SchemaCompiler::reference(const JsonNode& value, Subschema& out, bool dynamic) {
  if (!is(value, Kind::string, "a URI reference")) return;
  const auto target = locations_.resolve(out.resource, value.value.text);
  if (!target) return faults_.add(value, target.error().message);
  InPlaceRules& rules = in(out.in_place);
  (dynamic ? rules.dynamic_ref : rules.ref) = subschema(**target);
  if (!dynamic) return;
  const std::string anchor = locations_.dynamic_anchor(out.resource, value.value.text);
  if (!anchor.empty()) rules.dynamic_anchor = dynamic_anchor(anchor);
}

std::uint32_t SchemaCompiler::dynamic_anchor(const std::string& anchor) {
  auto& anchors = program_->dynamic_anchors;
  const auto [at, added] = dynamic_ids_.emplace(anchor, static_cast<std::uint32_t>(anchors.size()));
  if (added) {
    std::vector<std::pair<std::uint32_t, SubschemaId>> holders;
    for (const auto& [resource, schema] : locations_.holders(anchor)) {
      holders.emplace_back(resource, subschema(*schema));
    }
    anchors.push_back(std::move(holders));
  }
  return at->second;
}

void SchemaCompiler::types(const JsonNode& value, Subschema& out) {
  out.types = 0;
  const auto add = [&](const JsonNode& at) {
    const auto known = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& type) {
      return at.is(Kind::string) && type.first == at.value.text;
    });
    if (known == std::end(kTypes)) {
      return expected(at, "one of null, boolean, integer, number, string, array, object");
    }
    out.types |= known->second;
  };
  if (!value.is(Kind::array)) return add(value);
  if (value.count == 0) expected(value, "at least one type");
  const JsonNode* at = value.first();
  for (std::uint32_t i = 0; i < value.count; ++i, at = at->next()) add(*at);
}

/// What is compared member by member must be small, and clear.
void SchemaCompiler::check_value(const JsonNode& value) {
  for (const JsonNode* at = &value; at != value.next(); ++at) {
    if (!at->is(Kind::object)) continue;
    if (at->count > kSchemaValueMembersMax) {
      faults_.add(*at, "more than " + std::to_string(kSchemaValueMembersMax) + " members");
    }
    if (const JsonNode* const again = repeated_member(*at)) faults_.add(*again, "stands twice");
  }
}

void SchemaCompiler::allowed_values(const JsonNode& value, Subschema& out) {
  if (!is(value, Kind::array, "an array of values")) return;
  check_value(value);
  out.has_enum = true;
  const JsonNode* at = value.first();
  for (std::uint32_t i = 0; i < value.count; ++i, at = at->next()) out.allowed.push_back(at);
}

const JsonValue* SchemaCompiler::number(const JsonNode& value) {
  return is(value, Kind::number, "a number") ? &value.value : nullptr;
}

const JsonValue* SchemaCompiler::factor(const JsonNode& value) {
  if (!is(value, Kind::number, "a number above 0")) return nullptr;
  const Decimal decimal(value.value.token);
  if (decimal.zero() || value.value.token.starts_with('-')) expected(value, "a number above 0");
  if (decimal.digits() > Decimal::kFactorDigitsMax) {
    faults_.add(value, "more than " + std::to_string(Decimal::kFactorDigitsMax) + " digits");
  }
  return &value.value;
}

std::uint64_t SchemaCompiler::count(const JsonNode& value) {
  const bool good = value.is(Kind::number) && is_integer(value.value) && value.value.number >= 0;
  if (!good) {
    expected(value, "an integer of 0 or more");
    return 0;
  }
  return value.value.number < 0x1p63 ? static_cast<std::uint64_t>(value.value.number) : kNoBound;
}

const Pattern* SchemaCompiler::pattern(const JsonNode& at, std::string_view text,
                                       std::string* re2) {
  const auto refuse = [&](const std::string& what) {
    faults_.add(at, "this regular expression cannot be used: " + what);
    return nullptr;
  };
  if (text.size() > kSchemaPatternMax) {
    return refuse("longer than " + std::to_string(kSchemaPatternMax) + " bytes");
  }
  if (program_->patterns.size() == kSchemaPatternsMax) {
    return refuse("there are more than " + std::to_string(kSchemaPatternsMax));
  }
  auto rewritten = re2_from_ecma(text);
  if (!rewritten) return refuse(rewritten.error().message);
  auto compiled = Pattern::compile(*rewritten, kSchemaPatternMemoryMax);
  if (!compiled) return refuse(compiled.error().message);
  if (re2 != nullptr) *re2 = std::move(*rewritten);
  program_->patterns.push_back(std::make_unique<const Pattern>(std::move(*compiled)));
  return program_->patterns.back().get();
}

std::vector<NameId> SchemaCompiler::names(const JsonNode& value) {
  std::vector<NameId> out;
  if (!is(value, Kind::array, "an array of names")) return out;
  const JsonNode* at = value.first();
  for (std::uint32_t i = 0; i < value.count; ++i, at = at->next()) {
    if (is(*at, Kind::string, "a name")) out.push_back(name(*at, at->value.text));
  }
  return out;
}

NameId SchemaCompiler::name(const JsonNode& at, std::string_view text) {
  const auto [found, added] = name_ids_.emplace(text, static_cast<NameId>(program_->names.size()));
  if (added) program_->names.emplace_back(text);
  if (program_->names.size() > kSchemaNamesMax) {
    faults_.add_last(at, "more than " + std::to_string(kSchemaNamesMax) + " names of members");
  }
  return found->second;
}

/// Whether schemas lead back to themselves without going deeper into the value: that would never
/// end. (Where a $dynamicRef leads is known only later: the bounds of an event's check hold it.)
class LoopSearch {
 public:
  explicit LoopSearch(const SchemaProgram& program) : program_(program) {
    state_.resize(program.subschemas.size());
  }

  /// A schema on such a way; nullptr: there is none.
  const Subschema* find() {
    for (SubschemaId id = 0; id < state_.size(); ++id) {
      if (visit(id)) return &program_.subschemas[id];
    }
    return nullptr;
  }

 private:
  enum class State : std::uint8_t { fresh, open, done };

  bool visit(SubschemaId id) {
    if (id == kNoId || state_[id] == State::done) return false;
    if (state_[id] == State::open) return true;
    state_[id] = State::open;
    const Subschema& schema = program_.subschemas[id];
    if (schema.in_place) {
      const InPlaceRules& rules = *schema.in_place;
      for (const SubschemaId next :
           {rules.ref, rules.negated, rules.condition, rules.consequent, rules.alternative}) {
        if (visit(next)) return true;
      }
      for (const auto* const several : {&rules.all_of, &rules.any_of, &rules.one_of}) {
        for (const SubschemaId next : *several) {
          if (visit(next)) return true;
        }
      }
    }
    if (schema.object) {
      for (const auto& [name, next] : schema.object->dependent_schemas) {
        if (visit(next)) return true;
      }
    }
    state_[id] = State::done;
    return false;
  }

  const SchemaProgram& program_;
  std::vector<State> state_;
};

}  // namespace

Result<std::unique_ptr<SchemaProgram>> compile_schema(std::string_view text) {
  OUZEL_TRY(auto program, SchemaCompiler().compile(text));
  if (const Subschema* const loop = LoopSearch(*program).find()) {
    return fail(ErrorCode::config,
                "#" + loop->at + ": leads back to itself without going deeper into the event");
  }
  return program;
}

}  // namespace ouzel
