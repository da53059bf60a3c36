#include "ouzel/decode/decoder.h"

#include <array>
#include <optional>
#include <string>

#include "ouzel/decode/base64.h"
#include "ouzel/decode/cloud_event.h"
#include "ouzel/decode/detail.h"
#include "ouzel/decode/json_schema.h"
#include "ouzel/decode/json_tree.h"
#include "ouzel/decode/json_value.h"
#include "ouzel/decode/json_walker.h"
#include "ouzel/decode/name_table.h"
#include "ouzel/decode/row_builder.h"
#include "ouzel/decode/schema_validator.h"

namespace ouzel {
namespace {

using Kind = JsonValue::Kind;

}  // namespace

struct Decoder::Impl {
  explicit Impl(const Schema& from)
      : schema(from),
        walker(from.depth_max),
        data_walker(from.depth_max),
        builder(from),
        cloud_event(from, builder) {
    if (from.json_schema) validator.emplace(from.json_schema->program(), builder.members());
  }

  void decode(const Envelope& envelope, std::string_view bytes);
  void decode_payload(const Envelope& envelope);
  void decode_structured(const Envelope& envelope);
  void envelope_roles(const Envelope& envelope);
  error_code whole_payload(JsonWalker& from);
  error_code data_member(ondemand::value& value);
  error_code base64_member(ondemand::value& value);
  error_code base64_payload();
  void finish_structured(const Envelope& envelope);
  void begin_payload();
  error_code payload_member(JsonWalker& from, std::uint32_t slot, std::string_view name,
                            ondemand::value& value, std::size_t depth);
  void end_payload();
  void not_an_object(const JsonValue& got);
  void refuse(Fate fate, const Envelope& envelope, std::string_view why);
  void reject(Envelope& envelope, const Envelope& given);
  void malformed(const Envelope& envelope, const JsonWalker& at, error_code error);

  const Schema& schema;
  JsonWalker walker;
  JsonWalker data_walker;  ///< For data_base64.
  RowBuilder builder;
  std::optional<SchemaValidator> validator;  ///< If there is a JSON Schema.
  JsonTree tree;                             ///< The payload, for the validator.
  std::size_t tree_members = 0;
  CloudEvent cloud_event;
  DecodedRow row;
  std::string detail;
  std::string data_bytes;
  std::string_view data_base64;
  std::array<std::string, 3> rejected;  ///< Source, id and detail of an event nobody is told of.
};

void Decoder::Impl::decode(const Envelope& envelope, std::string_view bytes) {
  builder.begin();
  if (envelope.form == EventForm::refused) {
    return refuse(envelope.fate, envelope, envelope.detail);
  }
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

/// Turns the row that was just refused into one with a place.
void Decoder::Impl::reject(Envelope& envelope, const Envelope& given) {
  const bool own = !row.source.empty() && !row.id.empty();
  rejected[0].assign(own ? row.source : given.source);
  rejected[1].assign(own ? row.id : given.id);
  rejected[2].assign(row.detail);
  envelope = {.form = EventForm::refused,
              .source = rejected[0],
              .id = rejected[1],
              .trace = given.trace,
              .fate = row.fate,
              .detail = rejected[2]};
  refuse(envelope.fate, envelope, envelope.detail);
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

/// A payload's envelope knows some attributes that a key or a time may come from.
void Decoder::Impl::envelope_roles(const Envelope& envelope) {
  const auto attribute = [&](std::string_view name) {
    JsonValue value{.kind = Kind::string};
    if (name == "source") value.text = envelope.source;
    if (name == "id") value.text = envelope.id;
    for (const Attribute& other : envelope.attributes) {
      if (other.name == name) value.text = other.text;
    }
    value.token = value.text;
    if (value.text.empty()) value.kind = Kind::null;
    return value;
  };
  const auto from = [](const FieldSource& role, std::string_view name) {
    return role.kind == FieldSource::Kind::attribute && role.name == name;
  };
  if (schema.key.kind == FieldSource::Kind::attribute) builder.key(attribute(schema.key.name));
  if (schema.time.kind == FieldSource::Kind::none || from(schema.time, "time")) {
    if (envelope.time == kNoTime) return;
    builder.time({.state = Timestamp::State::good, .time = envelope.time}, {});
  } else if (schema.time.kind == FieldSource::Kind::attribute) {
    builder.time(attribute(schema.time.name));
  }
}

error_code Decoder::Impl::whole_payload(JsonWalker& from) {
  const std::string_view text = trimmed_json(from.text());
  if (text.empty() || text.front() != '{') {
    JsonValue value;
    const auto error = text.empty() ? simdjson::EMPTY : from.root_value(value);
    if (error == SUCCESS) not_an_object(value);
    return error;
  }
  begin_payload();
  const auto error = from.root_members(
      builder.members(), [&](std::uint32_t slot, std::string_view name, ondemand::value& value) {
        return payload_member(from, slot, name, value, 1);
      });
  if (error == SUCCESS) end_payload();
  return error;
}

void Decoder::Impl::begin_payload() {
  if (!validator) return;
  tree.clear();
  tree.open({.kind = Kind::object, .token = "{"});
  tree_members = 0;
}

error_code Decoder::Impl::payload_member(JsonWalker& from, std::uint32_t slot,
                                         std::string_view name, ondemand::value& value,
                                         std::size_t depth) {
  if (validator && !tree.full()) {
    NameTable& names = builder.members();
    tree.named(slot == NameTable::kNone ? name : names.name(slot), slot);
    const std::size_t place = tree.size();
    if (const auto error = from.grow(value, depth, names, tree)) return error;
    ++tree_members;
    if (slot != NameTable::kNone) builder.member(slot, tree.at(place).value);
    return SUCCESS;
  }
  if (slot == NameTable::kNone) return from.skip(value, depth);
  JsonValue read;
  if (const auto error = from.read(value, depth, read)) return error;
  builder.member(slot, read);
  return SUCCESS;
}

void Decoder::Impl::end_payload() {
  builder.end_payload();
  if (!validator || builder.broken()) return;
  if (tree.full()) {
    return builder.broken("payload: expected less than " + std::to_string(kTreeNodesMax) +
                          " values, for the JSON Schema");
  }
  tree.close(0, tree_members);
  if (!validator->valid(tree.root(), detail)) builder.broken(detail);
}

void Decoder::Impl::not_an_object(const JsonValue& got) {
  std::string what;
  describe(what, "payload", "an object", got);
  builder.payload_fault(what);
}

void Decoder::Impl::decode_structured(const Envelope& envelope) {
  cloud_event.begin();
  data_base64 = {};
  const std::string_view text = trimmed_json(walker.text());
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
    if (validator && !builder.broken()) builder.broken("payload: missing, expected an object");
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
  begin_payload();
  const auto error =
      walker.members(object, builder.members(),
                     [&](std::uint32_t slot, std::string_view name, ondemand::value& inner) {
                       return payload_member(walker, slot, name, inner, 2);
                     });
  if (error == SUCCESS) end_payload();
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

const DecodedRow& Decoder::decode_unanswered(Envelope& envelope, const Envelope& given,
                                             std::string_view bytes) {
  const DecodedRow& row = decode(envelope, bytes);
  if (refused(row.fate) && envelope.form != EventForm::refused) {
    impl_->reject(envelope, given);
  }
  return row;
}

}  // namespace ouzel
