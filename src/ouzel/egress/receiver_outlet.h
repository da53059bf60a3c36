/// ReceiverOutlet: delivers to an HTTP receiver, at least once and in the order of each partition,
/// and so of each key.
///
/// A try that fails is repeated as Knative's data plane asks (no answer, 404, 408, 409, 429 and 5xx
/// are repeated, all else is not), with exponential backoff, jitter, and the receiver's Retry-After
/// as the least wait. After the last try a message goes to the dead letters. While one partition
/// waits, the others go on. Belongs to the sink's thread; the seams must outlive it.
///
/// Source: knative/specs, specs/eventing/data-plane.md.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/random.h"
#include "ouzel/egress/dead_letters.h"
#include "ouzel/egress/outlet.h"
#include "ouzel/egress/poster.h"
#include "ouzel/egress/receiver_request.h"

namespace ouzel {

struct ReceiverSeams {
  const Clock* clock = nullptr;
  SinkReport* report = nullptr;
  std::unique_ptr<Poster> poster;
  std::unique_ptr<DeadLetters> letters;
  std::uint64_t seed = 0;  ///< Of the jitter.
};

class ReceiverOutlet final : public Outlet {
 public:
  ReceiverOutlet(RequestForm form, ReceiverSeams seams);

  void take(std::vector<Message> window) override;
  Result<bool> step(std::chrono::nanoseconds limit) override;
  std::optional<Offset> drop(PartitionId partition) override;
  void wake() override { seams_.poster->wake(); }

 private:
  /// A message on its way.
  struct Job {
    Message message;
    std::uint32_t tries = 0;
    SteadyTime due{};
    bool under_way = false;
    bool to_dead_letter = false;  ///< Its way to the receiver is over.
    bool dropped = false;         ///< Whatever the answer is.
    bool to_keep = false;         ///< And so is that to the receiver of dead letters.
    DeadLetter letter;
  };

  void start_due();
  void judge(PartitionId partition, PostAnswer answer);
  void count_delivered(const Job& job);
  void try_later(Job& job, const PostAnswer& answer);
  void give_up(Job& job, PostAnswer answer);
  Result<void> keep_letters();
  std::chrono::nanoseconds until_due(std::chrono::nanoseconds limit) const;

  const RequestForm form_;
  RequestForm dead_letter_form_;
  ReceiverSeams seams_;
  Random random_;
  std::map<PartitionId, std::deque<Job>> queues_;
  std::size_t under_way_ = 0;
};

/// Whether Knative's table says to try again; status 0: no answer.
bool is_retriable(int status);

}  // namespace ouzel
