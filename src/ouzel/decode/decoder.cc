#include "ouzel/decode/decoder.h"

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "ouzel/decode/cloud_event.h"
#include "ouzel/decode/detail.h"
#include "ouzel/decode/json_value.h"
#include "ouzel/decode/name_table.h"
#include "ouzel/decode/row_builder.h"

namespace ouzel {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;
using Kind = JsonValue::Kind;

/// Walking recurses once a level; beyond this no schema may go, so that any stack is enough.
constexpr std::size_t kDepthLimit = 512;
static_assert(kDecodePadding >= simdjson::SIMDJSON_PADDING);
static_assert(NameTable::kReadAhead <= kDecodePadding);

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

/// Whether `text` is a JSON number and nothing else (RFC 8259, section 6).
bool is_number(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto digits = [&] {
    const char* const begin = at;
    while (at < end && is_digit(*at)) ++at;
    return at - begin;
  };
  if (at < end && *at == '-') ++at;
  const bool zero = at < end && *at == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (at < end && *at == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end && (*at == '+' || *at == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == end;
}

/// In our words, not in the library's: they stand in outcomes.
std::string_view what_is_wrong(error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR: return "invalid UTF-8";
    case simdjson::EMPTY: return "nothing there";
    case simdjson::UNCLOSED_STRING: return "a string is not closed";
    case simdjson::UNESCAPED_CHARS: return "a control character stands in a string";
    case simdjson::STRING_ERROR: return "a bad escape in a string";
    case simdjson::NUMBER_ERROR: return "a bad number";
    case simdjson::T_ATOM_ERROR: return "expected a value";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT: return "a bracket is not closed";
    case simdjson::TRAILING_CONTENT: return "something behind the value";
    case simdjson::MEMALLOC: return "no memory to parse it";
    default: return "expected a comma, a colon, a name or a bracket";
  }
}

/// Walks one JSON text at a time, and lets no byte of it pass unchecked. On-demand parsing itself
/// checks only what is read, so values that nobody asked for are walked here.
class JsonWalker {
 public:
  explicit JsonWalker(std::size_t depth_max) : depth_max_(std::min(depth_max, kDepthLimit)) {}

  /// The text is copied, with blanks behind it, so that a verdict can depend on nothing else.
  error_code open(std::string_view bytes) {
    if (copy_.size() < bytes.size() + kDecodePadding) copy_.resize(bytes.size() + kDecodePadding);
    std::memcpy(copy_.data(), bytes.data(), bytes.size());
    std::memset(copy_.data() + bytes.size(), ' ', kDecodePadding);
    size_ = bytes.size();
    at_ = copy_.data();
    return parser_.iterate(copy_.data(), size_, size_ + kDecodePadding).get(document_);
  }
  std::string_view text() const { return {copy_.data(), size_}; }

  /// The document if it is an object. `on_member(slot, name, value)` is called for each member; it
  /// has to read or skip the value. `name` is set only where `names` has no slot for it.
  template <class OnMember>
  error_code root_members(NameTable& names, OnMember&& on_member) {
    ondemand::object object;
    if (const auto error = document_.get_object().get(object)) return error;
    if (const auto error = members(object, names, on_member)) return error;
    return at_end() ? SUCCESS : simdjson::TRAILING_CONTENT;
  }
  template <class OnMember>
  error_code members(ondemand::object& object, NameTable& names, OnMember&& on_member);
  /// The document, whatever it is but an object.
  error_code root_value(JsonValue& out);

  /// Reads a value that stands inside `depth` brackets; of an array or object only the kind.
  error_code read(ondemand::value& value, std::size_t depth, JsonValue& out);
  /// Walks a value that nobody reads.
  error_code skip(ondemand::value& value, std::size_t depth);
  bool too_deep(std::size_t depth) const { return depth >= depth_max_; }

  /// `not valid JSON: what, near byte N`.
  void explain(error_code error, std::string& out) const;

 private:
  /// After the root was walked: no token is left, and none beyond the end was taken.
  bool at_end() { return document_.current_location().error() == simdjson::OUT_OF_BOUNDS; }
  error_code read_number(ondemand::value& value, JsonValue& out);
  error_code read_atom(JsonValue& out);
  error_code skip_array(ondemand::array& array, std::size_t depth);
  error_code skip_object(ondemand::object& object, std::size_t depth);

  std::size_t depth_max_;
  std::vector<char> copy_;
  std::size_t size_ = 0;
  const char* at_ = nullptr;  ///< The name or value walked last.
  ondemand::parser parser_;
  ondemand::document document_;
};

template <class OnMember>
error_code JsonWalker::members(ondemand::object& object, NameTable& names, OnMember&& on_member) {
  for (auto item : object) {
    ondemand::field field;
    if (const auto error = std::move(item).get(field)) return error;
    at_ = field.key().raw();
    std::uint32_t slot = names.guess(at_);
    std::string_view name;
    if (slot == NameTable::kNone) {
      if (const auto error = field.unescaped_key().get(name)) return error;
      slot = names.find(name);
    }
    if (const auto error = on_member(slot, name, field.value())) return error;
  }
  return SUCCESS;
}

error_code JsonWalker::root_value(JsonValue& out) {
  out = {};
  out.token = trimmed(text());
  at_ = out.token.data();
  if (out.token.front() == '[') {
    out.kind = Kind::array;
    out.token = out.token.substr(0, 1);
    ondemand::array array;
    if (const auto error = document_.get_array().get(array)) return error;
    if (const auto error = skip_array(array, 1)) return error;
    return at_end() ? SUCCESS : simdjson::TRAILING_CONTENT;
  }
  if (out.token.front() == '"') {
    out.kind = Kind::string;
    if (const auto error = document_.get_string().get(out.text)) return error;
    return at_end() ? SUCCESS : simdjson::TRAILING_CONTENT;
  }
  if (out.token.front() != '-' && !is_digit(out.token.front())) return read_atom(out);
  out.kind = Kind::number;
  return is_number(out.token) ? SUCCESS : simdjson::NUMBER_ERROR;
}

error_code JsonWalker::read(ondemand::value& value, std::size_t depth, JsonValue& out) {
  out.token = value.raw_json_token();
  at_ = out.token.data();
  while (is_blank(out.token.back())) out.token.remove_suffix(1);
  switch (out.token.front()) {
    case '"': out.kind = Kind::string; return value.get_string().get(out.text);
    case '{':
    case '[':
      out.kind = out.token.front() == '{' ? Kind::object : Kind::array;
      out.token = out.token.substr(0, 1);
      return skip(value, depth);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return read_number(value, out);
    default: return read_atom(out);
  }
}

error_code JsonWalker::read_number(ondemand::value& value, JsonValue& out) {
  out.kind = Kind::number;
  const auto error = value.get_double().get(out.number);
  if (error == SUCCESS) return SUCCESS;
  // A number that is well formed but beyond a double is wrong for a field, not for the parser.
  if (!is_number(out.token)) return simdjson::NUMBER_ERROR;
  out.number = std::numeric_limits<double>::infinity();
  if (out.token.front() == '-') out.number = -out.number;
  return SUCCESS;
}

error_code JsonWalker::read_atom(JsonValue& out) {
  out.kind = out.token == "null" ? Kind::null : Kind::boolean;
  out.number = out.token == "true" ? 1 : 0;
  const bool known = out.token == "true" || out.token == "false" || out.token == "null";
  return known ? SUCCESS : simdjson::T_ATOM_ERROR;
}

error_code JsonWalker::skip(ondemand::value& value, std::size_t depth) {
  std::string_view token = value.raw_json_token();
  at_ = token.data();
  while (is_blank(token.back())) token.remove_suffix(1);
  switch (token.front()) {
    case '"': {
      // The parser has checked UTF-8, control characters and the end of every string already.
      if (token.find('\\') == token.npos) return SUCCESS;
      std::string_view text;
      return value.get_string().get(text);
    }
    case '{': {
      if (too_deep(depth)) return simdjson::DEPTH_ERROR;
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      return skip_object(object, depth + 1);
    }
    case '[': {
      if (too_deep(depth)) return simdjson::DEPTH_ERROR;
      ondemand::array array;
      if (const auto error = value.get_array().get(array)) return error;
      return skip_array(array, depth + 1);
    }
    case 't':
    case 'f':
    case 'n': {
      const bool known = token == "true" || token == "false" || token == "null";
      return known ? SUCCESS : simdjson::T_ATOM_ERROR;
    }
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return is_number(token) ? SUCCESS : simdjson::NUMBER_ERROR;
    default: return simdjson::T_ATOM_ERROR;
  }
}

error_code JsonWalker::skip_array(ondemand::array& array, std::size_t depth) {
  for (auto item : array) {
    ondemand::value value;
    if (const auto error = std::move(item).get(value)) return error;
    if (const auto error = skip(value, depth)) return error;
  }
  return SUCCESS;
}

error_code JsonWalker::skip_object(ondemand::object& object, std::size_t depth) {
  for (auto item : object) {
    ondemand::field field;
    if (const auto error = std::move(item).get(field)) return error;
    std::string_view name;
    if (const auto error = field.unescaped_key().get(name)) return error;
    if (const auto error = skip(field.value(), depth)) return error;
  }
  return SUCCESS;
}

void JsonWalker::explain(error_code error, std::string& out) const {
  out.assign("not valid JSON: ");
  if (text().starts_with("\xef\xbb\xbf")) {
    out.append("it starts with a byte order mark");
    return;
  }
  if (error == simdjson::DEPTH_ERROR) {
    out.append("nested deeper than ").append(std::to_string(depth_max_));
  } else {
    out.append(what_is_wrong(error));
  }
  if (at_ != copy_.data()) out.append(", near byte ").append(std::to_string(at_ - copy_.data()));
}

}  // namespace

struct Decoder::Impl {
  explicit Impl(const Schema& from)
      : schema(from),
        walker(from.depth_max),
        data_walker(from.depth_max),
        builder(from),
        cloud_event(from, builder) {}

  void decode(const Envelope& envelope, std::string_view bytes);
  void decode_payload(const Envelope& envelope);
  void decode_structured(const Envelope& envelope);
  void envelope_roles(const Envelope& envelope);
  error_code whole_payload(JsonWalker& from);
  error_code data_member(ondemand::value& value);
  error_code base64_member(ondemand::value& value);
  error_code base64_payload();
  void finish_structured(const Envelope& envelope);
  error_code payload_member(JsonWalker& from, std::uint32_t slot, ondemand::value& value,
                            std::size_t depth);
  void not_an_object(const JsonValue& got);
  void refuse(Fate fate, const Envelope& envelope, std::string_view why);
  void malformed(const Envelope& envelope, const JsonWalker& at, error_code error);

  const Schema& schema;
  JsonWalker walker;
  JsonWalker data_walker;  ///< For data_base64.
  RowBuilder builder;
  CloudEvent cloud_event;
  DecodedRow row;
  std::string detail;
  std::string data_bytes;
  std::string_view data_base64;
};

void Decoder::Impl::decode(const Envelope& envelope, std::string_view bytes) {
  builder.begin();
  if (bytes.size() > schema.event_bytes_max) {
    detail.assign("expected at most ").append(std::to_string(schema.event_bytes_max));
    detail.append(" bytes, got ").append(std::to_string(bytes.size()));
    return refuse(Fate::too_large, envelope, detail);
  }
  if (const auto error = walker.open(bytes)) return malformed(envelope, walker, error);
  if (envelope.form == EventForm::structured) return decode_structured(envelope);
  decode_payload(envelope);
}

void Decoder::Impl::refuse(Fate fate, const Envelope& envelope, std::string_view why) {
  builder.fill_refused(row, fate, why);
  row.source = envelope.source;
  row.id = envelope.id;
  row.trace = envelope.trace;
}

void Decoder::Impl::malformed(const Envelope& envelope, const JsonWalker& at, error_code error) {
  at.explain(error, detail);
  refuse(Fate::malformed, envelope, detail);
}

void Decoder::Impl::decode_payload(const Envelope& envelope) {
  if (const auto error = whole_payload(walker)) return malformed(envelope, walker, error);
  envelope_roles(envelope);
  builder.fill(row);
  row.source = envelope.source;
  row.id = envelope.id;
  row.trace = envelope.trace;
}

/// A payload's envelope knows two attributes that a key may come from.
void Decoder::Impl::envelope_roles(const Envelope& envelope) {
  if (schema.key.kind != FieldSource::Kind::attribute) return;
  JsonValue value{.kind = Kind::string};
  if (schema.key.name == "source") value.text = envelope.source;
  if (schema.key.name == "id") value.text = envelope.id;
  value.token = value.text;
  if (!value.text.empty()) builder.key(value);
}

error_code Decoder::Impl::whole_payload(JsonWalker& from) {
  const std::string_view text = trimmed(from.text());
  if (text.empty() || text.front() != '{') {
    JsonValue value;
    const auto error = text.empty() ? simdjson::EMPTY : from.root_value(value);
    if (error == SUCCESS) not_an_object(value);
    return error;
  }
  const auto error = from.root_members(
      builder.members(), [&](std::uint32_t slot, std::string_view, ondemand::value& value) {
        return payload_member(from, slot, value, 1);
      });
  if (error == SUCCESS) builder.end_payload();
  return error;
}

error_code Decoder::Impl::payload_member(JsonWalker& from, std::uint32_t slot,
                                         ondemand::value& value, std::size_t depth) {
  if (slot == NameTable::kNone) return from.skip(value, depth);
  JsonValue read;
  if (const auto error = from.read(value, depth, read)) return error;
  builder.member(slot, read);
  return SUCCESS;
}

void Decoder::Impl::not_an_object(const JsonValue& got) {
  std::string what;
  describe(what, "payload", "an object", got);
  builder.payload_fault(what);
}

void Decoder::Impl::decode_structured(const Envelope& envelope) {
  cloud_event.begin();
  data_base64 = {};
  const std::string_view text = trimmed(walker.text());
  if (text.empty() || text.front() != '{') {
    JsonValue value;
    const auto error = text.empty() ? simdjson::EMPTY : walker.root_value(value);
    if (error) return malformed(envelope, walker, error);
    describe(detail, "event", "an object", value);
    return refuse(Fate::envelope, envelope, detail);
  }
  const auto error = walker.root_members(
      cloud_event.names(), [&](std::uint32_t slot, std::string_view name, ondemand::value& value) {
        if (slot == CloudEvent::data) return data_member(value);
        if (slot == CloudEvent::data_base64) return base64_member(value);
        JsonValue read;
        const auto wrong = walker.read(value, 1, read);
        if (wrong == SUCCESS) cloud_event.attribute(slot, name, read);
        return wrong;
      });
  if (error) return malformed(envelope, walker, error);
  cloud_event.end();
  if (cloud_event.fault().empty() && !data_base64.empty() && cloud_event.data_is_json()) {
    if (!decode_base64(data_base64, data_bytes)) {
      cloud_event.broken("data_base64", "expected base64 with padding (RFC 4648)");
    } else if (const auto wrong = base64_payload()) {
      return malformed(envelope, data_walker, wrong);
    }
  }
  finish_structured(envelope);
}

error_code Decoder::Impl::base64_payload() {
  if (const auto error = data_walker.open(data_bytes)) return error;
  return whole_payload(data_walker);
}

void Decoder::Impl::finish_structured(const Envelope& envelope) {
  if (!cloud_event.fault().empty()) {
    refuse(Fate::envelope, envelope, cloud_event.fault());
    if (!envelope.source.empty() || !envelope.id.empty()) return;
    row.source = cloud_event.source_text();
    row.id = cloud_event.id_text();
    return;
  }
  const bool has_data = cloud_event.seen(CloudEvent::data) || !data_base64.empty();
  if (!has_data) {
    builder.end_payload();
  } else if (!cloud_event.data_is_json()) {
    builder.payload_fault("payload is not JSON");
  }
  builder.fill(row);
  row.source = cloud_event.source_text();
  row.id = cloud_event.id_text();
  row.trace = cloud_event.trace().empty() ? envelope.trace : cloud_event.trace();
}

error_code Decoder::Impl::data_member(ondemand::value& value) {
  if (!cloud_event.first(CloudEvent::data)) return walker.skip(value, 1);
  if (value.raw_json_token().front() != '{') {
    JsonValue read;
    const auto error = walker.read(value, 1, read);
    if (error == SUCCESS) not_an_object(read);
    return error;
  }
  if (walker.too_deep(1)) return simdjson::DEPTH_ERROR;
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  const auto error = walker.members(
      object, builder.members(), [&](std::uint32_t slot, std::string_view, ondemand::value& inner) {
        return payload_member(walker, slot, inner, 2);
      });
  if (error == SUCCESS) builder.end_payload();
  return error;
}

error_code Decoder::Impl::base64_member(ondemand::value& value) {
  if (!cloud_event.first(CloudEvent::data_base64)) return walker.skip(value, 1);
  JsonValue read;
  if (const auto error = walker.read(value, 1, read)) return error;
  if (read.is(Kind::string)) {
    data_base64 = read.text;
  } else if (!read.is(Kind::null)) {
    cloud_event.broken("data_base64", "expected a string");
  }
  return SUCCESS;
}

Decoder::Decoder(const Schema& schema) : impl_(std::make_unique<Impl>(schema)) {}
Decoder::~Decoder() = default;

const DecodedRow& Decoder::decode(const Envelope& envelope, std::string_view bytes) {
  impl_->decode(envelope, bytes);
  return impl_->row;
}

}  // namespace ouzel
