#include "ouzel/decode/cloud_event.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "ouzel/decode/detail.h"
#include "ouzel/decode/timestamp.h"

namespace ouzel {
namespace {

using Kind = JsonValue::Kind;

constexpr std::array<std::string_view, CloudEvent::kSlots> kNames{
    "id",         "source",      "specversion", "type",       "time", "subject", "datacontenttype",
    "dataschema", "traceparent", "data",        "data_base64"};

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool is_any_hex(char c) { return is_hex(c) || (c >= 'A' && c <= 'F'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_lower_or_digit);
}

constexpr std::array<bool, 256> kNotInUri = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = 0; c <= 0x20; ++c) out[c] = true;
  for (const unsigned char c : {'"', '<', '>', '\\', '^', '`', '{', '|', '}', '\x7f'})
    out[c] = true;
  return out;
}();

/// An integer of the CloudEvents type system has 32 bits.
bool is_integer(const JsonValue& value) {
  return value.integral_text() && value.number >= std::numeric_limits<std::int32_t>::min() &&
         value.number <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace

CloudEvent::CloudEvent(const Schema& schema, RowBuilder& row) : row_(row) {
  for (const std::string_view name : kNames) names_.add(name);
  if (schema.key.kind == FieldSource::Kind::attribute) key_slot_ = names_.add(schema.key.name);
  if (schema.time.kind == FieldSource::Kind::attribute) time_slot_ = names_.add(schema.time.name);
  if (schema.time.kind == FieldSource::Kind::none) time_slot_ = time;
}

void CloudEvent::begin() {
  ++event_;
  names_.begin();
  texts_.fill({});
  extension_count_ = 0;
  data_is_json_ = true;
  trace_ = {};
  fault_.clear();
}

bool CloudEvent::first(std::uint32_t slot) {
  if (seen_in_[slot] == event_) {
    broken(names_.name(slot), "duplicate attribute");
    return false;
  }
  seen_in_[slot] = event_;
  return true;
}

void CloudEvent::attribute(std::uint32_t slot, std::string_view name, const JsonValue& value) {
  if (slot == NameTable::kNone ? !first_extension(name) : !first(slot)) return;
  if (value.is(Kind::null)) return;
  if (slot < kSlots) {
    context(static_cast<Slot>(slot), value);
  } else {
    extension(name, value);
  }
  if (slot == NameTable::kNone) return;
  if (slot == key_slot_) row_.key(value);
  if (slot == time_slot_ && slot != time) row_.time(value);
}

void CloudEvent::context(Slot slot, const JsonValue& value) {
  const std::string_view name = kNames[slot];
  if (!value.is(Kind::string)) return broken(name, "a string", value);
  if (value.text.empty()) return broken(name, "a string that is not empty", value);
  texts_[slot] = value.text;
  switch (slot) {
    case specversion:
      if (value.text != "1.0") broken(name, "\"1.0\"", value);
      return;
    case source:
    case dataschema:
      if (!is_uri_reference(value.text)) broken(name, "a URI reference", value);
      return;
    case time: return context_time(value);
    case datacontenttype: data_is_json_ = is_json_media_type(value.text); return;
    case traceparent: trace_ = trace_of(value.text); return;
    default: return;
  }
}

void CloudEvent::context_time(const JsonValue& value) {
  const Timestamp stamp = parse_rfc3339(value.text);
  if (stamp.state == Timestamp::State::not_a_time) {
    broken(kNames[time], "a time (RFC 3339 with offset)", value);
  } else if (time_slot_ == time) {
    row_.time(stamp, value);
  }
}

void CloudEvent::extension(std::string_view name, const JsonValue& value) {
  const bool fits = value.is(Kind::string) || value.is(Kind::boolean) ||
                    (value.is(Kind::number) && is_integer(value));
  if (!fits) broken(name, "a string, a boolean or an integer of 32 bits", value);
}

bool CloudEvent::first_extension(std::string_view name) {
  if (!is_name(name)) {
    broken(name, "expected an attribute name of a-z and 0-9");
    return false;
  }
  const auto end = extensions_.begin() + static_cast<std::ptrdiff_t>(extension_count_);
  if (std::find(extensions_.begin(), end, name) != end) {
    broken(name, "duplicate attribute");
    return false;
  }
  if (extension_count_ == kExtensionsMax) {
    broken(name, "expected at most 64 extension attributes");
    return false;
  }
  extensions_[extension_count_++] = name;
  return true;
}

void CloudEvent::end() {
  for (const Slot slot : {id, source, specversion, type}) {
    if (texts_[slot].empty()) return broken(kNames[slot], "missing attribute");
  }
  if (seen(data) && seen(data_base64)) broken("data_base64", "expected either data or data_base64");
}

void CloudEvent::broken(std::string_view name, std::string_view what) {
  if (fault_.empty()) describe(fault_, name, what);
}

void CloudEvent::broken(std::string_view name, std::string_view expected, const JsonValue& got) {
  if (fault_.empty()) describe(fault_, name, expected, got);
}

bool is_json_media_type(std::string_view type) {
  type = type.substr(0, type.find(';'));
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!type.empty() && blank(type.back())) type.remove_suffix(1);
  while (!type.empty() && blank(type.front())) type.remove_prefix(1);
  const auto ends_with = [&](std::string_view end) {
    return type.size() > end.size() &&
           std::equal(end.rbegin(), end.rend(), type.rbegin(),
                      [](char wanted, char c) { return wanted == lower(c); });
  };
  return ends_with("/json") || (ends_with("+json") && type.find('/') != type.npos);
}

bool is_uri_reference(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (kNotInUri[c]) return false;
    if (c != '%') continue;
    if (i + 2 >= text.size() || !is_any_hex(text[i + 1]) || !is_any_hex(text[i + 2])) return false;
  }
  return true;
}

std::string_view trace_of(std::string_view text) {
  // version "-" trace-id "-" parent-id "-" flags; later versions may add "-…" behind it.
  constexpr std::size_t kBytes = 2 + 1 + 32 + 1 + 16 + 1 + 2;
  if (text.size() < kBytes) return {};
  const std::string_view version = text.substr(0, 2);
  const bool longer = text.size() > kBytes;
  if (version == "ff" || (longer && (version == "00" || text[kBytes] != '-'))) return {};
  for (std::size_t i = 0; i < kBytes; ++i) {
    const bool dash = i == 2 || i == 35 || i == 52;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return {};
  }
  const auto zeros = [](std::string_view id) { return id.find_first_not_of('0') == id.npos; };
  if (zeros(text.substr(3, 32)) || zeros(text.substr(36, 16))) return {};
  return text.substr(3, 32);
}

}  // namespace ouzel
