/// DeadLetterApi: the dead letters of the engine's own sinks, listed and sent again on request.
///
/// A thread of its own reads and sends; handlers may run on any. A request is answered after a
/// slice of bounded time and size, and the client goes on behind the last letter that it was told
/// of. `fs` and `clock` must outlive it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/egress/letter_replay.h"
#include "ouzel/http/message.h"
#include "ouzel/http/router.h"
#include "ouzel/serve/reading_thread.h"

namespace ouzel {

class DeadLetterApi {
 public:
  /// `delivered` is told the sink of each letter that was; on the thread.
  DeadLetterApi(FileSystem& fs, const Clock& clock, LetterReplayOptions options,
                std::function<void(const std::string& sink)> delivered);
  /// Ends a replay that is under way.
  ~DeadLetterApi();

  void add_routes(http::Router& router);

 private:
  using Work = http::Response (DeadLetterApi::*)(const LetterChoice& choice);
  void queue(const http::Request& request, http::Responder responder, Work work);
  http::Response list(const LetterChoice& choice);
  http::Response replay(const LetterChoice& choice);

  FileSystem& fs_;
  const Clock& clock_;
  const LetterReplayOptions options_;
  const std::function<void(const std::string& sink)> delivered_;
  LetterReplay replay_;
  std::atomic<bool> stopping_{false};
  ReadingThread thread_;  ///< Goes first.
};

}  // namespace ouzel
