/// What the engine makes of a pipeline's records, for those who only look at them: what an event is
/// called, and what stands behind a schema registry's framing.
///
/// One thread; it waits for the registry where a schema is a new one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/batch/batch.h"
#include "ouzel/gateway/record_events.h"
#include "ouzel/pipeline/pipeline.h"
#include "ouzel/tool/kafka/kafka_lines.h"

namespace ouzel {

class ShownRecords {
 public:
  explicit ShownRecords(const Pipeline& pipeline);

  /// Of the event that a record of the rejects topic was. nullopt: it cannot be told.
  std::optional<EventName> name_of(const Record& reject);
  /// The record with its value as JSON if it was framed; as it is where that cannot be read. Its
  /// views live until the next call.
  Record readable(const Record& record);

  /// Records that could not be read, and why the first could not.
  std::uint64_t unread() const { return unread_; }
  const std::string& why() const { return why_; }

 private:
  void note(const Error& error);

  const Schema& schema_;
  const SystemClock clock_;
  const std::shared_ptr<SchemaRegistry> registry_;
  RecordEvents events_;
  Batch batch_;
  std::uint64_t unread_ = 0;
  std::string why_;
};

}  // namespace ouzel
