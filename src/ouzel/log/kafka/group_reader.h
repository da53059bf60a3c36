/// GroupReader: a RecordSource on a topic of Kafka (log/record_source.h), with a consumer of its
/// own. Offsets are committed by themselves, outside any transaction.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/log/kafka/consumer.h"
#include "ouzel/log/record_source.h"

namespace ouzel {

struct GroupReaderOptions {
  KafkaSettingList settings;  ///< Of a consumer.
  std::string topic;
  std::string group;
  /// Where a group that is new begins. A partition that the topic gets later is read from its
  /// beginning.
  bool from_beginning = false;
};

/// `open_consumer`; a test has its own.
using ConsumerMaker =
    std::function<Result<std::unique_ptr<KafkaConsumer>>(const ConsumerOptions&, GroupListener&)>;

/// Joins the group at the first poll. Where a group begins is committed before this returns, so
/// that whatever is written from now on is read. `clock` must outlive it. Errors: config (a
/// setting, or a program that was built without Kafka), retry, unavailable (no broker, no topic).
Result<std::unique_ptr<RecordSource>> open_group_reader(const GroupReaderOptions& options,
                                                        const Clock& clock,
                                                        const ConsumerMaker& make = open_consumer);

}  // namespace ouzel
