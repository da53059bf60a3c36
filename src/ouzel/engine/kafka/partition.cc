#include "ouzel/engine/kafka/partition.h"

#include <algorithm>

namespace ouzel {

std::uint64_t Originals::size_of(const Record& record) {
  constexpr std::uint64_t kOverhead = 128;  // Of a message, roughly.
  return kOverhead + (record.key ? record.key->size() : 0) +
         (record.value ? record.value->size() : 0);
}

void Originals::push(KafkaMessage message) {
  bytes_ += size_of(message.record());
  const std::lock_guard lock(mutex_);
  messages_.push_back(std::move(message));
}

const Record* Originals::find(Offset offset) const {
  const std::lock_guard lock(mutex_);
  const auto at = std::lower_bound(
      messages_.begin(), messages_.end(), offset,
      [](const KafkaMessage& message, Offset place) { return message.record().offset < place; });
  if (at == messages_.end() || at->record().offset != offset) return nullptr;
  return &at->record();
}

void Originals::drop_below(Offset end) {
  const std::lock_guard lock(mutex_);
  while (!messages_.empty() && messages_.front().record().offset < end) {
    bytes_ -= size_of(messages_.front().record());
    messages_.pop_front();
  }
}

}  // namespace ouzel
