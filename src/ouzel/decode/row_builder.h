/// RowBuilder: judges the values of one event by the schema and puts them into a row. Knows nothing
/// of how they were parsed. It allocates nothing for a good event. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/batch/schema.h"
#include "ouzel/decode/decoder.h"
#include "ouzel/decode/json_value.h"
#include "ouzel/decode/name_table.h"
#include "ouzel/decode/text_check.h"
#include "ouzel/decode/timestamp.h"

namespace ouzel {

class RowBuilder {
 public:
  /// `schema` must outlive the builder.
  explicit RowBuilder(const Schema& schema);

  /// Forgets the event before: every value missing, no key, no time, no fault.
  void begin();
  /// Forgets what the payload gave, and says that it cannot be read.
  void payload_fault(std::string_view what);

  /// The payload's members that somebody reads; the others need not be handed over.
  NameTable& members() { return members_; }
  /// The member in this slot has this value. Slots that others added to `members` are let pass.
  void member(std::uint32_t slot, const JsonValue& value);
  /// The whole payload was seen: what is missing?
  void end_payload();
  /// Whether the payload breaks the schema so far, and that it does.
  bool broken() const { return !schema_detail_.empty(); }
  void broken(std::string_view detail) { schema_detail_.assign(detail); }

  /// The event's key, or its time, is this value; null is none.
  void key(const JsonValue& value);
  void time(const JsonValue& value);
  /// The same of a time that was parsed already; `value` is for the message.
  void time(const Timestamp& stamp, const JsonValue& value);

  /// Fate live, schema or no_key, and the views, but for source, id and trace. Valid until `begin`.
  void fill(DecodedRow& row);
  /// The same for an event that cannot be placed: nothing of it but the reason.
  void fill_refused(DecodedRow& row, Fate fate, std::string_view detail);

 private:
  /// What a member of the payload is for.
  struct Member {
    const Field* field = nullptr;  ///< Null: only the key or the time.
    std::uint32_t column = 0;      ///< In numbers_ or strings_.
    std::uint32_t check = 0;       ///< In checks_; of a string.
    std::uint64_t seen_in = 0;     ///< The event that had it last.
    bool present = false;          ///< Seen and not null, if seen.
    bool key = false;
    bool time = false;
  };

  void add_member(const Field& field);
  void take(Member& member, const JsonValue& value);
  void take_number(const Member& member, const JsonValue& value);
  void take_string(const Member& member, const JsonValue& value);
  void wrong(std::string_view name, std::string_view expected, const JsonValue& got);
  void wrong(std::string_view name, std::string_view what);
  void clear_columns();

  const Schema& schema_;
  NameTable members_;
  std::vector<Member> by_slot_;
  std::vector<TextCheck> checks_;
  std::size_t required_ = 0;

  std::uint64_t event_ = 0;
  std::size_t required_seen_ = 0;
  std::vector<double> numbers_;
  std::vector<std::string_view> strings_;
  std::string_view key_;
  EventTime time_ = kNoTime;
  std::string schema_detail_;  ///< The first fault; empty: none.
  std::string key_detail_;     ///< Why there is no key; empty: not asked yet, or there is one.
};

}  // namespace ouzel
