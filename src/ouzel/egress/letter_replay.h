/// Dead letters that wait: looking through them, and sending them again to the receivers of a
/// pipeline. Used by `ouzel dlq` beside the files and by the API of the engine that wrote them.
///
/// One thread, but for `stop`; one process replays at a time (`lock_replay`). `fs` and `clock` must
/// outlive what takes them.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/egress/dead_letters.h"
#include "ouzel/egress/poster.h"
#include "ouzel/egress/receiver_request.h"
#include "ouzel/egress/sink_spec.h"

namespace ouzel {

/// Which letters; empty: any.
struct LetterChoice {
  std::string sink;
  std::string key;
  std::string after;  ///< Only those that stand behind the letter of this key.
};

/// What is wrong with the choice: no such sink has run here. Empty: nothing.
std::string choice_fault(FileSystem& fs, const std::string& data_dir, const LetterChoice& choice);

/// Hands the chosen letters that are not delivered yet to `visit`, each key once, oldest first,
/// until it says false. Returns what could not be read, one a line. Holds one file in memory.
/// Error config: there is no letter `after`.
Result<std::vector<std::string>> visit_letters(FileSystem& fs, const std::string& data_dir,
                                               const LetterChoice& choice,
                                               const std::function<bool(KeptLetter)>& visit);

/// Held while letters are sent. Error config: someone holds it.
Result<std::unique_ptr<FileLock>> lock_replay(FileSystem& fs, const std::string& data_dir);

struct LetterReplayOptions {
  std::string data_dir;
  std::string pipeline;
  std::vector<SinkSpec> sinks;
};

class LetterReplay {
 public:
  LetterReplay(FileSystem& fs, const Clock& clock, const LetterReplayOptions& options)
      : fs_(fs), clock_(clock), options_(options) {}
  /// One try; noted durably if it was delivered. Errors: config (no such receiver), unavailable.
  Result<void> send(const KeptLetter& letter);
  /// Ends a `send` soon. Thread-safe.
  void stop() { stopping_.store(true, std::memory_order_relaxed); }

 private:
  struct Way {
    RequestForm form;
    std::unique_ptr<Poster> poster;
  };
  Result<Way*> way_of(const std::string& sink);

  FileSystem& fs_;
  const Clock& clock_;
  const LetterReplayOptions& options_;
  std::map<std::string, Way> ways_;
  std::atomic<bool> stopping_{false};
};

/// What became of a letter, as a line of JSON: key, delivered, and why not.
std::string replay_line(std::string_view key, const Result<void>& sent);

}  // namespace ouzel
