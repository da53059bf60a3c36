#include "ouzel/serve/dead_letter_api.h"

#include <utility>

#include "ouzel/serve/waiting_responder.h"

namespace ouzel {
namespace {

constexpr std::size_t kQueuedMax = 16;
constexpr std::size_t kListBytesMax = 4 << 20;
constexpr std::chrono::nanoseconds kReplaySlice = std::chrono::seconds(2);

http::Response lines(std::string text) {
  return {.content_type = "application/x-ndjson", .body = std::move(text)};
}

LetterChoice choice_of(const http::Request& request) {
  return {.sink = request.parameter("sink").value_or(""),
          .key = request.parameter("key").value_or(""),
          .after = request.parameter("after").value_or("")};
}

}  // namespace

DeadLetterApi::DeadLetterApi(FileSystem& fs, const Clock& clock, LetterReplayOptions options,
                             std::function<void(const std::string& sink)> delivered)
    : fs_(fs),
      clock_(clock),
      options_(std::move(options)),
      delivered_(std::move(delivered)),
      replay_(fs_, clock_, options_),
      thread_(kQueuedMax) {}

DeadLetterApi::~DeadLetterApi() {
  stopping_.store(true, std::memory_order_relaxed);
  replay_.stop();
}

void DeadLetterApi::add_routes(http::Router& router) {
  router.add({.path = "/api/v1/dead-letters",
              .handler = [this](const http::Request& request, http::Responder responder) {
                queue(request, std::move(responder), &DeadLetterApi::list);
              }});
  router.add({.method = http::Method::post,
              .path = "/api/v1/dead-letters/replay",
              .handler = [this](const http::Request& request, http::Responder responder) {
                queue(request, std::move(responder), &DeadLetterApi::replay);
              }});
}

void DeadLetterApi::queue(const http::Request& request, http::Responder responder, Work work) {
  const auto waiting = std::make_shared<WaitingResponder>(std::move(responder));
  const bool taken = thread_.submit([this, waiting, work, choice = choice_of(request)] {
    const std::string fault = choice_fault(fs_, options_.data_dir, choice);
    waiting->responder.send(fault.empty() ? (this->*work)(choice) : http::problem(404, fault));
  });
  if (!taken) {
    waiting->responder.send(http::problem(503, "too many requests for dead letters are waiting"));
  }
}

http::Response DeadLetterApi::list(const LetterChoice& choice) {
  std::string out;
  const auto seen = visit_letters(fs_, options_.data_dir, choice, [&](const KeptLetter& letter) {
    out += (choice.key.empty() ? letter.summary : letter.line) + "\n";
    return out.size() < kListBytesMax;
  });
  return seen ? lines(std::move(out)) : http::problem(404, seen.error().message);
}

http::Response DeadLetterApi::replay(const LetterChoice& choice) {
  const auto lock = lock_replay(fs_, options_.data_dir);
  if (!lock) return http::problem(409, lock.error().message);
  std::string out;
  const SteadyTime end = clock_.steady() + kReplaySlice;
  const auto seen = visit_letters(fs_, options_.data_dir, choice, [&](const KeptLetter& letter) {
    const auto sent = replay_.send(letter);
    if (sent) delivered_(letter.sink);
    out += replay_line(letter.key, sent);
    return clock_.steady() < end && !stopping_.load(std::memory_order_relaxed);
  });
  return seen ? lines(std::move(out)) : http::problem(404, seen.error().message);
}

}  // namespace ouzel
