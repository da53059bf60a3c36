#include "ouzel/decode/schema_keywords.h"

#include <vector>

#include "ouzel/spec/nearest.h"

namespace ouzel {
namespace {

constexpr KeywordInfo kKeywords[] = {
    {"$schema", Keyword::schema},
    {"$id", Keyword::id},
    {"$anchor", Keyword::anchor},
    {"$dynamicAnchor", Keyword::dynamic_anchor},
    {"$ref", Keyword::ref},
    {"$dynamicRef", Keyword::dynamic_ref},
    {"$defs", Keyword::annotation, Holds::map},
    {"definitions", Keyword::annotation, Holds::map},
    {"$comment", Keyword::annotation},
    {"title", Keyword::annotation},
    {"description", Keyword::annotation},
    {"default", Keyword::annotation},
    {"deprecated", Keyword::annotation},
    {"readOnly", Keyword::annotation},
    {"writeOnly", Keyword::annotation},
    {"examples", Keyword::annotation},
    {"format", Keyword::annotation},
    {"contentEncoding", Keyword::annotation},
    {"contentMediaType", Keyword::annotation},
    {"contentSchema", Keyword::annotation, Holds::schema},
    {"$vocabulary", Keyword::refused},
    {"$recursiveRef", Keyword::refused},
    {"$recursiveAnchor", Keyword::refused},
    {"dependencies", Keyword::refused},
    {"additionalItems", Keyword::refused},
    {"type", Keyword::type},
    {"enum", Keyword::enumeration},
    {"const", Keyword::constant},
    {"multipleOf", Keyword::multiple_of},
    {"maximum", Keyword::maximum},
    {"exclusiveMaximum", Keyword::exclusive_maximum},
    {"minimum", Keyword::minimum},
    {"exclusiveMinimum", Keyword::exclusive_minimum},
    {"maxLength", Keyword::max_length},
    {"minLength", Keyword::min_length},
    {"pattern", Keyword::pattern},
    {"maxItems", Keyword::max_items},
    {"minItems", Keyword::min_items},
    {"uniqueItems", Keyword::unique_items},
    {"maxContains", Keyword::max_contains},
    {"minContains", Keyword::min_contains},
    {"maxProperties", Keyword::max_properties},
    {"minProperties", Keyword::min_properties},
    {"required", Keyword::required},
    {"dependentRequired", Keyword::dependent_required},
    {"prefixItems", Keyword::prefix_items, Holds::list},
    {"items", Keyword::items, Holds::schema},
    {"contains", Keyword::contains, Holds::schema},
    {"properties", Keyword::properties, Holds::map},
    {"patternProperties", Keyword::pattern_properties, Holds::map},
    {"additionalProperties", Keyword::additional_properties, Holds::schema},
    {"propertyNames", Keyword::property_names, Holds::schema},
    {"dependentSchemas", Keyword::dependent_schemas, Holds::map},
    {"allOf", Keyword::all_of, Holds::list},
    {"anyOf", Keyword::any_of, Holds::list},
    {"oneOf", Keyword::one_of, Holds::list},
    {"not", Keyword::negation, Holds::schema},
    {"if", Keyword::condition, Holds::schema},
    {"then", Keyword::consequent, Holds::schema},
    {"else", Keyword::alternative, Holds::schema},
    {"unevaluatedItems", Keyword::unevaluated_items, Holds::schema},
    {"unevaluatedProperties", Keyword::unevaluated_properties, Holds::schema},
};

}  // namespace

KeywordInfo find_keyword(std::string_view name) {
  for (const KeywordInfo& known : kKeywords) {
    if (known.name == name) return known;
  }
  return {name, name.starts_with("x-") ? Keyword::annotation : Keyword::unknown};
}

std::string suggest_keyword(std::string_view name) {
  std::vector<std::string> names;
  for (const KeywordInfo& known : kKeywords) {
    if (known.keyword != Keyword::refused) names.emplace_back(known.name);
  }
  const std::string_view near = nearest(name, names);
  return near.empty() ? "" : ", did you mean " + std::string(near) + "?";
}

}  // namespace ouzel
