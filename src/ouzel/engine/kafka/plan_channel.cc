#include "ouzel/engine/kafka/plan_channel.h"

#include <utility>

#include "ouzel/base/logging.h"

namespace ouzel {
namespace {

constexpr std::chrono::milliseconds kAsk{2000};

}  // namespace

PlanChannel::PlanChannel(GroupPlan topic, std::function<void()> wake)
    : topic_(std::move(topic)), wake_(std::move(wake)) {}

Result<void> PlanChannel::tell(std::string text, const Hash128& before,
                               std::chrono::nanoseconds wait) {
  const auto telling = std::make_shared<Telling>();
  telling->text = std::move(text);
  telling->before = before;
  {
    const std::lock_guard lock(mutex_);
    telling_ = telling;
  }
  wake_();
  if (telling->done.wait_for(wait)) return telling->result;
  return fail(ErrorCode::unavailable, "no answer from Kafka yet; it is tried on");
}

bool PlanChannel::telling() const {
  const std::lock_guard lock(mutex_);
  return telling_ != nullptr;
}

std::optional<PlanRecord> PlanChannel::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

void PlanChannel::watch(Offset end, const std::string& running) {
  if (end_ == end) return;
  auto record = topic_.read(kAsk);
  if (!record) return logging::warn("group's plan not read", {{"why", record.error().message}});
  end_ = end;
  const std::lock_guard lock(mutex_);
  newest_ = std::move(*record);
  if (newest_ || telling_) return;
  telling_ = std::make_shared<Telling>();
  telling_->text = running;
}

void PlanChannel::send() {
  std::shared_ptr<Telling> telling;
  {
    const std::lock_guard lock(mutex_);
    telling = telling_;
  }
  if (!telling) return;
  const auto told = topic_.write(telling->text, telling->before, kAsk);
  if (!told) logging::warn("the group is not told of a plan", {{"why", told.error().message}});
  if (!told && told.error().code == ErrorCode::unavailable) return;
  telling->result = told;
  telling->done.signal();
  end_.reset();
  const std::lock_guard lock(mutex_);
  newest_.reset();  // It came before what was told now: no news until the topic is read again.
  if (telling_ == telling) telling_.reset();
}

}  // namespace ouzel
