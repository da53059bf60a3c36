/// RecordEvents: records of a Kafka topic become rows of a batch.
///
/// | a record with | is |
/// |---|---|
/// | header `content-type: application/cloudevents+json` | a CloudEvent in structured mode |
/// | a header `ce_specversion`, `ce_id`, `ce_source` or `ce_type` | one in binary mode |
/// | anything else | a payload; if it has a member `specversion`: a structured CloudEvent |
///
/// Before that, a value that is framed for a schema registry, by its first byte (0 and 4 bytes of
/// id, or 1 and a GUID) or by a header `__value_schema_id` with the same bytes, becomes JSON: an
/// Avro value by its schema (decode/avro_json.h), JSON as it is. A Protobuf value is a rejection,
/// and so is an id that the registry does not know once its record is 10 s old, by the record's own
/// time: until then the registry may only lag behind who wrote it, and the record waits. So what
/// carries ids that nobody has puts a topic at most so far behind.
///
/// A payload gets the attributes that Knative's KafkaSource gives it: id `partition:P/offset:O`,
/// subject `partition:P#O`, time: the record's, key and partitionkey: the record's key (base64 if
/// that is not UTF-8), and `kafkaheader…` for each header; its source is
/// `/ouzel/<pipeline>/kafka#<topic>`. A header `traceparent` goes before the event's own.
///
/// Every record becomes a row, because nobody can be told of a refusal: what a door would refuse is
/// a rejection, and so is a record without a value that is no CloudEvent (`malformed`), and one
/// without a timestamp whose event has no time either (`schema`). The same record always becomes
/// the same row.
///
/// Owns a decoder and the memory that events are made in; the schema and the registry must outlive
/// it, and so must the clock. One thread; it waits for the registry where a record's schema is a
/// new one. Dearest is binary mode, whose headers are put together to a structured event first.
/// Sources: CloudEvents 1.0.2, Kafka protocol binding; Knative Eventing, KafkaSource; Confluent's
/// wire format.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/batch/batch.h"
#include "ouzel/decode/decoder.h"
#include "ouzel/gateway/schema_registry.h"
#include "ouzel/log/record.h"

namespace ouzel {

class RecordEvents {
 public:
  struct Options {
    std::string pipeline;
    std::string topic;
    RecordFormat format = RecordFormat::automatic;
    SchemaRegistry* registry = nullptr;  ///< Null: framed values are rejections.
    const Clock* clock = nullptr;        ///< Null: an unknown id is believed at once.
  };
  RecordEvents(const Schema& schema, Options options);

  /// Appends the record's row to `batch`, which `reset` has shaped. Error unavailable: what it
  /// takes cannot be had now; nothing was appended, and the same call may succeed later.
  Result<void> append(const Record& record, Batch& batch);
  /// The record's value for those who look at it: JSON where it is framed for a registry. The view
  /// lives until the next call. Errors: unavailable, as above; corrupt (it cannot be read, and
  /// why).
  Result<std::string_view> value_of(const Record& record);

 private:
  /// What the headers say, in one pass.
  struct Said {
    std::string_view content_type, trace, id, source;
    bool cloud_event = false;               ///< In binary mode.
    std::optional<std::string_view> frame;  ///< A schema's id in a header.
  };
  /// An attribute of a payload that the schema's key or time is.
  struct Wanted {
    std::string name;
    std::string_view header;  ///< Of `kafkaheader…`: the rest of the name.
    std::string made;
  };

  static Said read(const Record& record);
  Result<Fate> unframe(const Record& record, Said& said, std::string_view& value);
  Fate to_json(std::string_view frame, const RecordSchema& schema, std::string_view& value);
  Result<std::shared_ptr<const RecordSchema>> schema_of(std::string_view frame);
  bool may_come(WallTime written) const;
  void append_value(const Record& record, const Said& said, std::string_view value, Batch& batch);
  void name(const Record& record, const Said& said);
  void structured(std::string_view value, Batch& batch);
  void binary(const Record& record, const Said& said, std::string_view value, Batch& batch);
  void payload(const Record& record, std::string_view value, Batch& batch);
  static std::string_view attribute(Wanted& wanted, const Record& record);
  void decode(Envelope envelope, Batch& batch);
  void refuse_data(std::string_view value, Batch& batch);
  void refuse(Fate fate, std::string_view detail, Batch& batch);

  const Schema& schema_;
  const RecordFormat format_;
  SchemaRegistry* const registry_;
  const Clock* const clock_;
  const std::string source_;
  Decoder decoder_;
  std::array<Wanted, 2> wanted_;
  std::array<Attribute, 2> attributes_;
  std::string id_;     ///< Of the record, as of a payload.
  std::string bytes_;  ///< The event, and padding.
  std::string json_;   ///< A value that was Avro.
  std::map<std::string, std::shared_ptr<const RecordSchema>, std::less<>> schemas_;
  std::string detail_;
  Envelope given_;  ///< What a payload is called, or an event that has no name of its own.
};

}  // namespace ouzel
