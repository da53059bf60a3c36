/// Decoder: bytes of one event to one typed row. A pure function of (envelope, bytes, schema): it
/// runs once, at the door, and again, with the same result, whenever an event is read back.
///
/// One pass parses, validates every byte, and types by the schema's field table. A Decoder owns its
/// parser's memory and belongs to one thread. It never fails as a whole: an event that cannot be
/// placed is `refused`, one with a wrong field is a row with a fate.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ouzel/base/types.h"
#include "ouzel/batch/batch.h"
#include "ouzel/batch/schema.h"

namespace ouzel {

/// Bytes that a parser may read beyond an event's end.
inline constexpr std::size_t kDecodePadding = 64;

/// How an event's bytes are to be read. The numbers stand on disk (docs/format/log.md).
enum class EventForm : std::uint8_t {
  payload = 0,
  structured = 1,
  refused = 2,  ///< What a source that cannot be answered gave, and a door refuses otherwise.
};

/// A CloudEvents attribute of a payload, from where it came in.
struct Attribute {
  std::string_view name, text;
};

/// What is known of an event beside its bytes. `source` and `id` are for form payload, and for a
/// structured event that had to be given some; empty otherwise.
struct Envelope {
  EventForm form = EventForm::payload;
  std::string_view source, id, trace;
  Fate fate = Fate::live;   ///< Of form refused: why, one of those that `refused` names.
  std::string_view detail;  ///< Likewise, in words.
  /// Of form payload, from a source that can make them again (they do not stand in event records):
  /// what else the schema's key or time may be, and the attribute `time`.
  std::span<const Attribute> attributes = {};
  EventTime time = kNoTime;
};

/// One decoded event. Views live until the next `decode` of the same Decoder or until the event's
/// bytes go.
struct DecodedRow {
  /// live, schema: it has a place. malformed, no_key, too_large, envelope: a door that can answer
  /// refuses it; where none can (replay, files) it becomes a row with that fate.
  Fate fate = Fate::live;
  std::string_view detail;  ///< What, where, expected, got; empty if live. Names the field.
  std::string_view source, id, key, trace;
  EventTime time = kNoTime;         ///< kNoTime if absent: the lane puts the acceptance time.
  std::span<const double> numbers;  ///< Schema's numeric columns; NaN = missing.
  std::span<const std::string_view> strings;  ///< Schema's string columns; empty = missing.
};

inline bool refused(Fate fate) {
  return fate == Fate::malformed || fate == Fate::no_key || fate == Fate::too_large ||
         fate == Fate::envelope;
}

class Decoder {
 public:
  /// `schema` must outlive the decoder.
  explicit Decoder(const Schema& schema);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// `bytes` must be followed by kDecodePadding readable bytes.
  const DecodedRow& decode(const Envelope& envelope, std::string_view bytes);
  /// The same where nobody can be told of a refusal: such an event gets a place as a rejection, and
  /// `envelope` becomes of form refused, so that reading it back gives the same. `given` has the
  /// source and id for an event that has none of its own. The envelope's views live as the row's.
  const DecodedRow& decode_unanswered(Envelope& envelope, const Envelope& given,
                                      std::string_view bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Makes `batch` empty and shaped for the schema.
void reset(Batch& batch, const Schema& schema);
/// Adds the row's decode columns, identity and key hash included.
void append(Batch& batch, const DecodedRow& row);

}  // namespace ouzel
