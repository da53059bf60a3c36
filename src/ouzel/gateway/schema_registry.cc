#include "ouzel/gateway/schema_registry.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ouzel/base/check.h"
#include "ouzel/decode/detail.h"
#include "ouzel/decode/json_document.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kPauseMin{100}, kPauseMax{10'000};
constexpr seconds kUnknownFor{1};
constexpr std::size_t kAnswerDepthMax = 64;
constexpr std::string_view kHex = "0123456789abcdef", kUpperHex = "0123456789ABCDEF";

std::string path_of(std::string_view frame) {
  return (frame.size() == kIdFrameBytes ? "/schemas/ids/" : "/schemas/guids/") +
         name_of_frame(frame);
}

/// A segment of a path, percent-encoded.
std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kUpperHex[byte >> 4], kUpperHex[byte & 15]});
    }
  }
  return out;
}

const JsonNode* member(const JsonNode& object, std::string_view name, JsonValue::Kind kind) {
  const JsonNode* node = object.is(JsonValue::Kind::object) ? object.find(name) : nullptr;
  return node != nullptr && node->is(kind) ? node : nullptr;
}

/// A registry's own words for "no such schema, subject or version". Another server's 404 is none.
bool says_unknown(const RegistryAnswer& answer) {
  constexpr int kNotFound = 404;
  if (answer.status != kNotFound) return false;
  NameTable names;
  JsonDocument document;
  if (!document.parse(answer.body, kAnswerDepthMax, names)) return false;
  const JsonNode* code = member(document.root(), "error_code", JsonValue::Kind::number);
  return code != nullptr && code->value.token.size() == 5 && code->value.token.starts_with("404");
}

}  // namespace

std::string name_of_frame(std::string_view frame) {
  OUZEL_CHECK(frame.size() == kIdFrameBytes || frame.size() == kGuidFrameBytes);
  if (frame.size() == kIdFrameBytes) {
    std::uint32_t id = 0;
    for (const char c : frame.substr(1)) id = id << 8 | static_cast<unsigned char>(c);
    return std::to_string(id);
  }
  std::string out;
  for (std::size_t i = 1; i < frame.size(); ++i) {
    if (i == 5 || i == 7 || i == 9 || i == 11) out += '-';
    const auto byte = static_cast<unsigned char>(frame[i]);
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

SchemaRegistry::SchemaRegistry(std::unique_ptr<RegistryClient> client, std::string_view url,
                               const Clock& clock)
    : client_(std::move(client)), url_(without_slash(url)), clock_(clock) {}

Result<std::shared_ptr<const RecordSchema>> SchemaRegistry::find(std::string_view frame) {
  const std::lock_guard lock(mutex_);
  if (const auto at = known_.find(frame); at != known_.end()) return at->second;
  const SteadyTime now = clock_.steady();
  if (const auto at = unknown_.find(frame); at != unknown_.end()) {
    if (now < at->second.until) return at->second.schema;
    unknown_.erase(at);
  }
  if (now < ask_from_) return fail(ErrorCode::unavailable, trouble());
  return ask(frame);
}

Result<std::shared_ptr<const RecordSchema>> SchemaRegistry::ask(std::string_view frame) {
  const std::string path = path_of(frame);
  OUZEL_TRY(RecordSchema read_schema, read(name_of_frame(frame), client_->get(path), path));
  pause_ = {};
  set_trouble("");
  const auto schema = std::make_shared<const RecordSchema>(std::move(read_schema));
  if (known_.size() >= kSchemasMax) known_.clear();
  if (unknown_.size() >= kSchemasMax) unknown_.clear();
  if (schema->lasting) {
    known_.emplace(frame, schema);
  } else {
    unknown_.emplace(frame, Unknown{schema, clock_.steady() + kUnknownFor});
  }
  return schema;
}

Result<RecordSchema> SchemaRegistry::read(std::string_view name, const RegistryAnswer& answer,
                                          std::string_view path) {
  RecordSchema out{.why = "schema " + std::string(name)};
  if (says_unknown(answer)) {
    out.why += " is not in the schema registry";
    out.lasting = false;
    return out;
  }
  constexpr int kOk = 200;
  if (answer.status != kOk) return no_answer(path, answer);
  NameTable names;
  JsonDocument document;
  if (!document.parse(answer.body, kAnswerDepthMax, names)) {
    return away(path, "the answer is not JSON");
  }
  const JsonNode* text = member(document.root(), "schema", JsonValue::Kind::string);
  if (text == nullptr) return away(path, "the answer has no \"schema\"");
  const JsonNode* type = member(document.root(), "schemaType", JsonValue::Kind::string);
  const std::string_view kind = type == nullptr ? "AVRO" : type->value.text;
  if (kind == "JSON") {
    out.kind = RecordSchema::Kind::json;
  } else if (kind == "AVRO") {
    OUZEL_TRY(RecordSchema avro, read_avro(document.root(), text->value.text));
    avro.why = avro.why.empty() ? "" : out.why + ": " + avro.why;
    return avro;
  } else if (kind == "PROTOBUF") {
    out.why += " is a Protobuf schema, which is not supported: send Avro or JSON";
  } else {
    out.why += " is of type ";
    append_cut(out.why, kind);
    out.why += ", which is not supported: send Avro or JSON";
  }
  return out;
}

Result<RecordSchema> SchemaRegistry::read_avro(const JsonNode& body, std::string_view text) {
  std::vector<std::string> texts;
  std::set<std::string> seen;
  RecordSchema out;
  OUZEL_TRY(out.why, add_references(body, texts, seen));
  if (!out.why.empty()) {
    out.lasting = false;
    return out;
  }
  texts.emplace_back(text);
  auto parsed = AvroSchema::parse(texts);
  if (!parsed) {
    out.why = parsed.error().message;
    return out;
  }
  out.kind = RecordSchema::Kind::avro;
  out.avro = *std::move(parsed);
  return out;
}

/// Adds what the schema in `body` refers to, the deepest first. What is missing; empty: nothing.
Result<std::string> SchemaRegistry::add_references(const JsonNode& body,
                                                   std::vector<std::string>& texts,
                                                   std::set<std::string>& seen) {
  const JsonNode* list = member(body, "references", JsonValue::Kind::array);
  const JsonNode* reference = list == nullptr ? nullptr : list->first();
  for (std::uint32_t i = 0; list != nullptr && i < list->count;
       ++i, reference = reference->next()) {
    const JsonNode* subject = member(*reference, "subject", JsonValue::Kind::string);
    const JsonNode* version = member(*reference, "version", JsonValue::Kind::number);
    if (subject == nullptr || version == nullptr) return "a reference without subject and version";
    const std::string path =
        "/subjects/" + encoded(subject->value.text) + "/versions/" + encoded(version->value.token);
    if (!seen.insert(path).second) continue;
    if (seen.size() > kReferencesMax) {
      return "more than " + std::to_string(kReferencesMax) + " references";
    }
    const RegistryAnswer answer = client_->get(path);
    if (says_unknown(answer)) return "what it refers to is not in the schema registry: " + path;
    NameTable names;
    JsonDocument document;
    if (answer.status != 200) return no_answer(path, answer);
    if (!document.parse(answer.body, kAnswerDepthMax, names)) {
      return away(path, "the answer is not JSON");
    }
    const JsonNode* text = member(document.root(), "schema", JsonValue::Kind::string);
    if (text == nullptr) return away(path, "the answer has no \"schema\"");
    OUZEL_TRY(std::string missing, add_references(document.root(), texts, seen));
    if (!missing.empty()) return missing;
    texts.emplace_back(text->value.text);
  }
  return "";
}

/// There is none, or it is not that of a registry.
tl::unexpected<Error> SchemaRegistry::no_answer(std::string_view path,
                                                const RegistryAnswer& answer) {
  if (answer.untrusted) {
    return away(path, answer.error + " (source.kafka.registry_ca_file names who is trusted)",
                ErrorCode::config);
  }
  if (answer.status == 0) return away(path, answer.error);
  const std::string status = "HTTP " + std::to_string(answer.status);
  const bool login = answer.status == 401 || answer.status == 403;
  if (!login) return away(path, status);
  return away(path, status + " (see source.kafka.registry_login)", ErrorCode::config);
}

tl::unexpected<Error> SchemaRegistry::away(std::string_view path, std::string_view why,
                                           ErrorCode code) {
  pause_ = std::clamp<std::chrono::nanoseconds>(pause_ * 2, kPauseMin, kPauseMax);
  ask_from_ = clock_.steady() + pause_;
  std::string message = "schema registry " + url_;
  message.append(path).append(": ").append(why);
  set_trouble(message);
  return fail(code, std::move(message));
}

void SchemaRegistry::set_trouble(std::string why) {
  const std::lock_guard lock(trouble_mutex_);
  trouble_ = std::move(why);
}

std::string SchemaRegistry::trouble() const {
  const std::lock_guard lock(trouble_mutex_);
  return trouble_;
}

}  // namespace ouzel
