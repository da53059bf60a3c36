#include "ouzel/decode/schema_locations.h"

#include <charconv>
#include <optional>

#include "ouzel/decode/detail.h"
#include "ouzel/decode/schema_keywords.h"
#include "ouzel/decode/schema_program.h"
#include "ouzel/decode/uri.h"

namespace ouzel {
namespace {

using Kind = JsonValue::Kind;

constexpr std::string_view kTwice = "stands twice";

bool is_schema(const JsonNode& node) { return node.is(Kind::object) || node.is(Kind::boolean); }

/// Core, section 8.2.2.
bool is_anchor_name(std::string_view text) {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool later = (c >= '0' && c <= '9') || c == '-' || c == '.';
    if (!letter && (i == 0 || !later)) return false;
  }
  return true;
}

/// The next part of a JSON Pointer, `~1` and `~0` resolved; takes it off.
std::string next_part(std::string_view& pointer) {
  pointer.remove_prefix(1);
  const std::string_view raw = pointer.substr(0, pointer.find('/'));
  pointer.remove_prefix(raw.size());
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const bool escaped = raw[i] == '~' && i + 1 < raw.size();
    out.push_back(!escaped ? raw[i] : raw[++i] == '1' ? '/' : '~');
  }
  return out;
}

const JsonNode* element(const JsonNode& array, std::string_view index) {
  std::size_t number = 0;
  const char* const end = index.data() + index.size();
  const auto read = std::from_chars(index.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number >= array.count) return nullptr;
  const JsonNode* at = array.first();
  while (number-- > 0) at = at->next();
  return at;
}

const JsonNode* follow(const JsonNode* at, std::string_view pointer) {
  while (at != nullptr && !pointer.empty()) {
    const std::string part = next_part(pointer);
    at = at->is(Kind::object) ? at->find(part) : at->is(Kind::array) ? element(*at, part) : nullptr;
  }
  return at;
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  append_cut(out, text);
  return out.append("'");
}

}  // namespace

void SchemaLocations::find(const JsonNode& root, SchemaFaults& faults) {
  root_ = &root;
  faults_ = &faults;
  resources_.push_back({"", &root});
  by_uri_[""] = 0;
  visit(root, 0);
}

void SchemaLocations::visit(const JsonNode& schema, std::uint32_t resource) {
  if (faults_->full()) return;
  if (!is_schema(schema)) {
    return faults_->add(schema, "expected a schema: an object, true or false");
  }
  if (resource_of_.size() == kSubschemasMax) {
    return faults_->add_last(schema, "more than " + std::to_string(kSubschemasMax) + " schemas");
  }
  if (schema.is(Kind::object)) {
    if (const JsonNode* const again = repeated_member(schema)) faults_->add(*again, kTwice);
    if (const JsonNode* const id = schema.find("$id")) resource = enter(*id, schema, resource);
  }
  resource_of_[&schema] = resource;
  const JsonNode* keyword = schema.first();
  for (std::uint32_t i = 0; i < schema.count; ++i, keyword = keyword->next()) {
    name(*keyword, schema, resource);
    visit_held(*keyword, resource);
  }
}

void SchemaLocations::visit_held(const JsonNode& keyword, std::uint32_t resource) {
  const Holds holds = find_keyword(keyword.name).holds;
  if (holds == Holds::nothing) return;
  if (holds == Holds::schema) return visit(keyword, resource);
  if (!keyword.is(holds == Holds::map ? Kind::object : Kind::array)) {
    return faults_->add(keyword, holds == Holds::map ? "expected an object of schemas"
                                                     : "expected an array of schemas");
  }
  if (keyword.is(Kind::object)) {
    if (const JsonNode* const again = repeated_member(keyword)) faults_->add(*again, kTwice);
  }
  const JsonNode* schema = keyword.first();
  for (std::uint32_t i = 0; i < keyword.count; ++i, schema = schema->next()) {
    visit(*schema, resource);
  }
}

/// The resource that begins with this $id; where that is wrong, the one around it.
std::uint32_t SchemaLocations::enter(const JsonNode& id, const JsonNode& schema,
                                     std::uint32_t outer) {
  const auto refuse = [&](std::string_view what) {
    faults_->add(id, what);
    return outer;
  };
  if (!id.is(Kind::string)) return refuse("expected a URI reference");
  if (!fragment_of(id.value.text).empty()) return refuse("must not have a fragment");
  std::string uri = resolve_uri(resources_[outer].uri, id.value.text);
  if (&schema == root_) {
    by_uri_[uri] = 0;
    resources_[0].uri = std::move(uri);
    return 0;
  }
  if (resource_named(uri) != kNoId) return refuse("names a schema that is there already");
  const auto number = static_cast<std::uint32_t>(resources_.size());
  by_uri_[uri] = number;
  resources_.push_back({std::move(uri), &schema});
  return number;
}

void SchemaLocations::name(const JsonNode& keyword, const JsonNode& schema,
                           std::uint32_t resource) {
  const bool dynamic = keyword.name == "$dynamicAnchor";
  if (!dynamic && keyword.name != "$anchor") return;
  if (!keyword.is(Kind::string) || !is_anchor_name(keyword.value.text)) {
    return faults_->add(keyword, "expected a name of letters, digits, '-', '_' and '.'");
  }
  const Anchor anchor(resource, keyword.value.text);
  const auto [at, added] = anchors_.emplace(anchor, &schema);
  if (!added && at->second != &schema) faults_->add(keyword, "names another schema already");
  if (dynamic) dynamic_anchors_[anchor] = &schema;
}

std::uint32_t SchemaLocations::resource_named(std::string_view uri) const {
  const auto found = by_uri_.find(uri);
  return found == by_uri_.end() ? kNoId : found->second;
}

Result<const JsonNode*> SchemaLocations::resolve(std::uint32_t resource,
                                                 std::string_view reference) const {
  const std::string uri = resolve_uri(resources_[resource].uri, reference);
  const std::uint32_t target = resource_named(uri);
  if (target == kNoId) {
    return fail(ErrorCode::config, quoted(uri) +
                                       " is not in this document, and schemas are never fetched: "
                                       "put it below $defs, with its $id");
  }
  const auto fragment = percent_decoded(fragment_of(reference));
  const JsonNode* found = nullptr;
  if (fragment && (fragment->empty() || fragment->starts_with('/'))) {
    found = follow(resources_[target].root, *fragment);
  } else if (fragment) {
    const auto anchor = anchors_.find({target, *fragment});
    if (anchor != anchors_.end()) found = anchor->second;
  }
  if (found == nullptr || !resource_of_.contains(found)) {
    return fail(ErrorCode::config, quoted(reference) + " leads to no schema");
  }
  return found;
}

std::string SchemaLocations::dynamic_anchor(std::uint32_t resource,
                                            std::string_view reference) const {
  const std::uint32_t target = resource_named(resolve_uri(resources_[resource].uri, reference));
  const auto fragment = percent_decoded(fragment_of(reference));
  if (target == kNoId || !fragment) return "";
  return dynamic_anchors_.contains({target, *fragment}) ? *fragment : "";
}

std::vector<std::pair<std::uint32_t, const JsonNode*>> SchemaLocations::holders(
    const std::string& anchor) const {
  std::vector<std::pair<std::uint32_t, const JsonNode*>> out;
  for (const auto& [name, schema] : dynamic_anchors_) {
    if (name.second == anchor) out.emplace_back(name.first, schema);
  }
  return out;
}

}  // namespace ouzel
