#include "ouzel/decode/row_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ouzel/decode/detail.h"

namespace ouzel {
namespace {

using Kind = JsonValue::Kind;

constexpr double kIntegerMax = 0x1p53;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string_view noun(FieldType type) {
  switch (type) {
    case FieldType::number: return "a number";
    case FieldType::integer: return "an integer";
    case FieldType::boolean: return "true or false";
    case FieldType::string: return "a string";
  }
  return "a value";
}

/// Whether a number's text means an integer that a double holds exactly.
bool is_exact_integer(const JsonValue& value) {
  if (std::abs(value.number) > kIntegerMax) return false;
  if (std::abs(value.number) == kIntegerMax && value.integral_text()) {
    // 2^53 + 1 is rounded to 2^53, so here the digits decide.
    return value.token.ends_with("9007199254740992");
  }
  return value.number == std::trunc(value.number);
}

}  // namespace

RowBuilder::RowBuilder(const Schema& schema) : schema_(schema) {
  for (const Field& field : schema.fields) add_member(field);
  const auto role = [&](const FieldSource& from, bool Member::*flag) {
    if (from.kind != FieldSource::Kind::payload) return;
    const std::uint32_t slot = members_.add(from.name);
    by_slot_.resize(members_.size());
    by_slot_[slot].*flag = true;
  };
  role(schema.key, &Member::key);
  role(schema.time, &Member::time);
  numbers_.resize(schema.number_columns());
  strings_.resize(schema.string_columns());
}

void RowBuilder::add_member(const Field& field) {
  const std::uint32_t slot = members_.add(field.name);
  by_slot_.resize(members_.size());
  Member& member = by_slot_[slot];
  member.field = &field;
  if (field.type == FieldType::string) {
    member.column = static_cast<std::uint32_t>(checks_.size());
    member.check = member.column;
    checks_.emplace_back(field);
  } else {
    member.column = static_cast<std::uint32_t>(numbers_.size());
    numbers_.push_back(kNaN);
  }
  required_ += field.required ? 1 : 0;
}

void RowBuilder::clear_columns() {
  std::fill(numbers_.begin(), numbers_.end(), kNaN);
  std::fill(strings_.begin(), strings_.end(), std::string_view());
}

void RowBuilder::begin() {
  ++event_;
  required_seen_ = 0;
  clear_columns();
  members_.begin();
  key_ = {};
  time_ = kNoTime;
  schema_detail_.clear();
  key_detail_.clear();
}

void RowBuilder::payload_fault(std::string_view what) {
  clear_columns();
  if (schema_.key.kind == FieldSource::Kind::payload) {
    key_ = {};
    key_detail_.assign(what);
  }
  if (schema_.time.kind == FieldSource::Kind::payload) time_ = kNoTime;
  schema_detail_.assign(what);
}

void RowBuilder::member(std::uint32_t slot, const JsonValue& value) {
  if (slot >= by_slot_.size()) return;
  Member& member = by_slot_[slot];
  if (member.seen_in == event_) {
    wrong(members_.name(slot), "duplicate field");
    return;
  }
  member.seen_in = event_;
  member.present = !value.is(Kind::null);
  if (!member.present) {
    if (member.field != nullptr && !member.field->nullable) {
      wrong(member.field->name, noun(member.field->type), value);
    }
    return;
  }
  if (member.field != nullptr) take(member, value);
  if (member.key) key(value);
  if (member.time) time(value);
}

void RowBuilder::take(Member& member, const JsonValue& value) {
  required_seen_ += member.field->required ? 1 : 0;
  const FieldType type = member.field->type;
  const Kind wanted = type == FieldType::string    ? Kind::string
                      : type == FieldType::boolean ? Kind::boolean
                                                   : Kind::number;
  if (!value.is(wanted)) {
    wrong(member.field->name, noun(type), value);
  } else if (type == FieldType::string) {
    take_string(member, value);
  } else {
    take_number(member, value);
  }
}

void RowBuilder::take_number(const Member& member, const JsonValue& value) {
  const Field& field = *member.field;
  const double number = value.number;
  if (!std::isfinite(number)) {
    wrong(field.name, "a finite number", value);
  } else if (field.type == FieldType::integer && !is_exact_integer(value)) {
    wrong(field.name, "an integer within ±2^53", value);
  } else if (field.type != FieldType::boolean && !(number >= field.min)) {
    wrong(field.name, std::string(noun(field.type)) + " at least " + shortest(field.min), value);
  } else if (field.type != FieldType::boolean && !(number <= field.max)) {
    wrong(field.name, std::string(noun(field.type)) + " at most " + shortest(field.max), value);
  } else {
    numbers_[member.column] = number;
  }
}

void RowBuilder::take_string(const Member& member, const JsonValue& value) {
  const TextCheck& check = checks_[member.check];
  if (check.passes(value.text)) {
    strings_[member.column] = value.text;
  } else {
    wrong(member.field->name, check.expected(value.text), value);
  }
}

void RowBuilder::end_payload() {
  if (schema_.time.kind == FieldSource::Kind::payload && time_ == kNoTime) {
    wrong(schema_.time.name, "missing, expected the event's time");
  }
  if (required_seen_ == required_) return;
  for (const Field& field : schema_.fields) {
    if (!field.required) continue;
    const Member& member = by_slot_[members_.add(field.name)];
    if (member.seen_in == event_ && member.present) continue;
    const std::string_view got = member.seen_in == event_ ? ", got null" : "";
    wrong(field.name, std::string("missing, expected ").append(noun(field.type)).append(got));
    return;
  }
}

void RowBuilder::key(const JsonValue& value) {
  const std::string_view name = schema_.key.name;
  if (value.is(Kind::null)) return;
  const bool usable = value.is(Kind::string) || value.is(Kind::boolean) ||
                      (value.is(Kind::number) && value.integral_text());
  const std::string_view text = value.is(Kind::string) ? value.text : value.token;
  if (!usable) {
    describe(key_detail_, name, "a string, an integer or a boolean as key", value);
  } else if (text.empty() || text.size() > schema_.key_bytes_max) {
    const std::string most = std::to_string(schema_.key_bytes_max);
    describe(key_detail_, name, "a key of 1 to " + most + " bytes", value);
  } else {
    key_ = text;
  }
}

void RowBuilder::time(const JsonValue& value) {
  if (value.is(Kind::null)) return;
  Timestamp stamp;
  if (value.is(Kind::string)) stamp = parse_timestamp(value.text);
  if (value.is(Kind::number)) stamp = parse_epoch(value.token);
  time(stamp, value);
}

void RowBuilder::time(const Timestamp& stamp, const JsonValue& value) {
  const bool named = schema_.time.kind != FieldSource::Kind::none;
  const std::string_view name = named ? std::string_view(schema_.time.name) : "time";
  switch (stamp.state) {
    case Timestamp::State::good: time_ = stamp.time; return;
    case Timestamp::State::not_a_time:
      return wrong(name, "a time (RFC 3339 with offset, or an epoch number)", value);
    case Timestamp::State::out_of_range:
      return wrong(name, "a time from 1677-09-22 to 2262-04-11", value);
  }
}

void RowBuilder::wrong(std::string_view name, std::string_view expected, const JsonValue& got) {
  if (schema_detail_.empty()) describe(schema_detail_, name, expected, got);
}

void RowBuilder::wrong(std::string_view name, std::string_view what) {
  if (schema_detail_.empty()) describe(schema_detail_, name, what);
}

void RowBuilder::fill(DecodedRow& row) {
  row.key = key_;
  row.time = time_;
  row.numbers = numbers_;
  row.strings = strings_;
  row.fate = Fate::live;
  row.detail = {};
  if (key_.empty() && schema_.key.kind != FieldSource::Kind::none) {
    const bool attribute = schema_.key.kind == FieldSource::Kind::attribute;
    if (key_detail_.empty() && attribute) {
      describe(key_detail_, "ce." + schema_.key.name, "missing, expected the event's key");
    } else if (key_detail_.empty()) {
      describe(key_detail_, schema_.key.name, "missing, expected the event's key");
    }
    row.fate = Fate::no_key;
    row.detail = key_detail_;
  } else if (!schema_detail_.empty()) {
    row.fate = Fate::schema;
    row.detail = schema_detail_;
  }
}

void RowBuilder::fill_refused(DecodedRow& row, Fate fate, std::string_view detail) {
  clear_columns();
  row.key = {};
  row.time = kNoTime;
  row.numbers = numbers_;
  row.strings = strings_;
  row.fate = fate;
  row.detail = detail;
}

}  // namespace ouzel
