/// RecordWriter: writes records to one topic, idempotently and without transactions: for those who
/// bring events, or bring them again.
///
/// One thread; `done` is called on it, from within `put` and `poll`. A key goes where Java's
/// clients put it (murmur2); a record without one goes anywhere. Errors: config (only other
/// settings or rights help; also a program that was built without Kafka), unavailable.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ouzel/base/error.h"
#include "ouzel/log/kafka/producer.h"

namespace ouzel {

class RecordWriter {
 public:
  /// Called once for each record that `put` took; `failure`: it was not written, and why. Null: it
  /// is on as many replicas as the topic asks for.
  using Done = std::function<void(void* token, const Error* failure)>;

  /// `settings`: of a producer. Waits up to `limit` for a broker, and that the topic is there.
  static Result<std::unique_ptr<RecordWriter>> open(const KafkaSettingList& settings,
                                                    const std::string& topic,
                                                    std::chrono::milliseconds limit, Done done);
  virtual ~RecordWriter() = default;
  /// Copies and queues it; `record.partition` only with `placed`. False: the queue is full.
  virtual Result<bool> put(const OutRecord& record, void* token, bool placed) = 0;
  /// Waits for reports, up to `limit` for the first.
  virtual void poll(std::chrono::milliseconds limit) = 0;
  /// Records that are taken and not reported.
  virtual std::size_t queued() const = 0;
  /// What keeps it from the brokers; an empty message: nothing that is known.
  virtual Error trouble() const = 0;
};

}  // namespace ouzel
