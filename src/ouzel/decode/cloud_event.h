/// CloudEvent: judges the attributes of a structured CloudEvent 1.0 (CloudEvents 1.0.2, sections
/// "Context Attributes" and "Type System", and its JSON format). Knows nothing of how they were
/// parsed. One thread.
///
/// Laxer than the text in one thing: control characters in strings are let pass, because they harm
/// nobody here and their senders could hardly find out why their events are refused.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "ouzel/batch/schema.h"
#include "ouzel/decode/json_value.h"
#include "ouzel/decode/name_table.h"
#include "ouzel/decode/row_builder.h"

namespace ouzel {

class CloudEvent {
 public:
  /// The members of the JSON object that the specification names; slots in this order. Extensions
  /// that the schema's key or time come from stand behind them.
  enum Slot : std::uint32_t {
    id,
    source,
    specversion,
    type,
    time,
    subject,
    datacontenttype,
    dataschema,
    traceparent,
    data,
    data_base64,
    kSlots
  };
  /// More attributes than this break no rule of CloudEvents, but one of ours.
  static constexpr std::size_t kExtensionsMax = 64;

  /// `schema` and `row` must outlive this; the row gets its key and time from attributes, where the
  /// schema says so.
  CloudEvent(const Schema& schema, RowBuilder& row);

  void begin();
  NameTable& names() { return names_; }
  /// Notes that a member is there. False: it was there before, which is a fault.
  bool first(std::uint32_t slot);
  /// An attribute, which is any member but data and data_base64. Slot kNone: an extension that only
  /// `name` tells; its bytes must live as long as the event.
  void attribute(std::uint32_t slot, std::string_view name, const JsonValue& value);
  /// Breaks a rule: `name: what`.
  void broken(std::string_view name, std::string_view what);
  /// The whole event was seen: what is missing?
  void end();

  bool seen(Slot slot) const { return seen_in_[slot] == event_; }
  /// False if datacontenttype says that the data is something else.
  bool data_is_json() const { return data_is_json_; }
  std::string_view id_text() const { return texts_[id]; }
  std::string_view source_text() const { return texts_[source]; }
  /// The trace's 32 hexadecimal digits; empty if there is no well-formed traceparent.
  std::string_view trace() const { return trace_; }
  /// The first rule that is broken; empty if none.
  std::string_view fault() const { return fault_; }

 private:
  void context(Slot slot, const JsonValue& value);
  void context_time(const JsonValue& value);
  void extension(std::string_view name, const JsonValue& value);
  bool first_extension(std::string_view name);
  void broken(std::string_view name, std::string_view expected, const JsonValue& got);

  RowBuilder& row_;
  NameTable names_;
  std::uint32_t key_slot_ = NameTable::kNone;
  std::uint32_t time_slot_ = NameTable::kNone;

  std::uint64_t event_ = 0;
  std::array<std::uint64_t, kSlots + 2> seen_in_{};  ///< By slot: the event that had it last.
  std::array<std::string_view, kSlots> texts_;
  std::array<std::string_view, kExtensionsMax> extensions_;
  std::size_t extension_count_ = 0;
  bool data_is_json_ = true;
  std::string_view trace_;
  std::string fault_;
};

/// `application/json`, `text/json`, `application/…+json`, parameters apart, in any case.
bool is_json_media_type(std::string_view type);
/// No byte that RFC 3986 has no place for; characters beyond ASCII (RFC 3987) are let pass.
bool is_uri_reference(std::string_view text);
/// The trace id of a W3C traceparent; empty if it is not well formed.
std::string_view trace_of(std::string_view traceparent);

}  // namespace ouzel
