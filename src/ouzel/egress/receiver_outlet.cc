#include "ouzel/egress/receiver_outlet.h"

#include <algorithm>
#include <utility>

#include "ouzel/base/logging.h"

namespace ouzel {
namespace {

/// Of what the receiver of dead letters is told; its rules for attributes leave out control bytes.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::string describe(const PostAnswer& answer) {
  if (answer.status == 0) return answer.error;
  return "answered " + std::to_string(answer.status);
}

Extensions knative_error(const DeadLetter& letter) {
  Extensions out = {{"knativeerrordest", letter.target},
                    {"knativeerrorcode", std::to_string(letter.status)}};
  const std::string& data = letter.status == 0 ? letter.error : letter.answer;
  if (!data.empty()) out.emplace_back("knativeerrordata", printable(data));
  return out;
}

}  // namespace

bool is_retriable(int status) {
  return status == 0 || status == 404 || status == 408 || status == 409 || status == 429 ||
         status >= 500;
}

ReceiverOutlet::ReceiverOutlet(RequestForm form, ReceiverSeams seams)
    : form_(std::move(form)),
      dead_letter_form_(form_),
      seams_(std::move(seams)),
      random_(seams_.seed) {
  // It is another party: it gets neither the signature nor the credentials of the receiver.
  dead_letter_form_.receiver.url = form_.receiver.dead_letter;
  dead_letter_form_.receiver.headers.clear();
  dead_letter_form_.receiver.secrets.clear();
  dead_letter_form_.receiver.token_file.clear();
  dead_letter_form_.webhook = false;
}

void ReceiverOutlet::take(std::vector<Message> window) {
  for (Message& message : window) {
    queues_[message.partition].push_back({.message = std::move(message), .letter = {}});
  }
}

Result<bool> ReceiverOutlet::step(std::chrono::nanoseconds limit) {
  OUZEL_TRY_VOID(keep_letters());
  start_due();
  if (queues_.empty()) {
    OUZEL_TRY_VOID(seams_.letters->sync());
    return true;
  }
  for (PostAnswer& answer : seams_.poster->wait(until_due(limit))) {
    judge(PartitionId(static_cast<std::uint16_t>(answer.tag)), std::move(answer));
  }
  return false;
}

/// Events of one partition are outcomes of one partition, so its queue goes as a whole, but for a
/// request whose answer must be waited for.
std::optional<Offset> ReceiverOutlet::drop(PartitionId partition) {
  const auto at = queues_.find(partition);
  if (at == queues_.end() || at->second.front().dropped) return std::nullopt;
  std::deque<Job>& queue = at->second;
  const Offset first = queue.front().message.source.next;
  seams_.report->set_trouble("");  // Another partition's is told again with its next try.
  if (!queue.front().under_way) {
    queues_.erase(at);
    return first;
  }
  queue.front().dropped = true;
  queue.erase(std::next(queue.begin()), queue.end());
  return first;
}

std::chrono::nanoseconds ReceiverOutlet::until_due(std::chrono::nanoseconds limit) const {
  const SteadyTime now = seams_.clock->steady();
  if (under_way_ >= form_.receiver.in_flight) return limit;
  for (const auto& [partition, queue] : queues_) {
    const Job& job = queue.front();
    if (job.to_keep) return {};
    if (!job.under_way)
      limit = std::min(limit, std::max(job.due - now, std::chrono::nanoseconds(0)));
  }
  return limit;
}

void ReceiverOutlet::start_due() {
  const SteadyTime now = seams_.clock->steady();
  for (auto& [partition, queue] : queues_) {
    Job& job = queue.front();
    if (under_way_ >= form_.receiver.in_flight) return;
    if (job.under_way || job.to_keep || job.due > now) continue;
    const RequestForm& form = job.to_dead_letter ? dead_letter_form_ : form_;
    const Extensions more = job.to_dead_letter ? knative_error(job.letter) : Extensions();
    if (job.tries > 0) ++seams_.report->retries;
    ++job.tries;
    job.under_way = true;
    ++under_way_;
    seams_.poster->start(partition.value(),
                         make_request(form, job.message, more, seams_.clock->wall()));
  }
}

void ReceiverOutlet::judge(PartitionId partition, PostAnswer answer) {
  const auto queue = queues_.find(partition);
  Job& job = queue->second.front();
  job.under_way = false;
  --under_way_;
  const bool delivered = answer.status >= 200 && answer.status < 300;
  if (!delivered && !job.dropped) {
    const bool again = is_retriable(answer.status) && job.tries <= form_.receiver.retries;
    return again ? try_later(job, answer) : give_up(job, std::move(answer));
  }
  if (delivered) count_delivered(job);
  queue->second.pop_front();
  if (queue->second.empty()) queues_.erase(queue);
}

void ReceiverOutlet::count_delivered(const Job& job) {
  (job.to_dead_letter ? seams_.report->dead_letters : seams_.report->delivered) +=
      job.message.events;
  if (!job.to_dead_letter) seams_.report->set_trouble("");
}

void ReceiverOutlet::try_later(Job& job, const PostAnswer& answer) {
  const ReceiverSpec& spec = form_.receiver;
  const double most = static_cast<double>(spec.backoff.count()) *
                      static_cast<double>(std::uint64_t{1} << std::min(job.tries - 1, 40U));
  const double capped = std::min(most, static_cast<double>(spec.backoff_max.count()));
  const auto jittered =
      std::chrono::nanoseconds(static_cast<std::int64_t>(capped * (0.5 + 0.5 * random_.uniform())));
  const auto asked = std::min(answer.retry_after, spec.retry_after_max);
  job.due = seams_.clock->steady() + std::max(jittered, asked);
  seams_.report->set_trouble(origin_of(job.to_dead_letter ? spec.dead_letter : spec.url) + ": " +
                             describe(answer));
}

void ReceiverOutlet::give_up(Job& job, PostAnswer answer) {
  const ReceiverSpec& spec = form_.receiver;
  if (!job.to_dead_letter) {
    const std::string why = describe(answer);
    job.letter = {.key = idempotency_key(form_.pipeline, form_.sink, job.message),
                  .target = origin_of(spec.url),
                  .given_up = seams_.clock->wall(),
                  .tries = job.tries,
                  .status = answer.status,
                  .error = std::move(answer.error),
                  .answer = std::move(answer.body),
                  .lines = job.message.lines};
    // The first of a bad time is told; the metrics count the rest.
    if (seams_.report->trouble().empty() || seams_.report->dead_letters == 0) {
      logging::warn("outcome not delivered", {{"sink", form_.sink},
                                              {"target", job.letter.target},
                                              {"key", job.letter.key},
                                              {"tries", std::to_string(job.tries)},
                                              {"why", why}});
    }
    seams_.report->set_trouble(job.letter.target + ": " + why);
  }
  job.to_keep = job.to_dead_letter || spec.dead_letter.empty();
  job.to_dead_letter = true;
  job.tries = 0;
  job.due = seams_.clock->steady();
}

/// Writes what is to be kept; where that fails, the jobs stay.
Result<void> ReceiverOutlet::keep_letters() {
  for (auto at = queues_.begin(); at != queues_.end();) {
    std::deque<Job>& queue = at->second;
    if (queue.front().to_keep) {
      OUZEL_TRY_VOID(seams_.letters->add(queue.front().letter));
      seams_.report->dead_letters += queue.front().message.events;
      queue.pop_front();
    }
    at = queue.empty() ? queues_.erase(at) : std::next(at);
  }
  return {};
}

}  // namespace ouzel
