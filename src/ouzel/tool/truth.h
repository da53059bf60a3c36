/// Truth: ground truth read from growing files, and how well a pipeline's anomalies agree with it.
///
/// An episode is one anomaly of one device: from its first event's time to its last's. An outcome
/// labelled `anomaly` is right if its event's time lies in an episode of its key.
///   precision           right / labelled
///   recall of events    right / events within episodes
///   recall of episodes  episodes with at least one right outcome / episodes
/// Episodes that stood in a file when it was first read are known, but not counted, unless asked
/// for: an observer who came later has not seen what the engine said about them.
///
/// One thread. Bounded: beyond `kEpisodesMax` episodes the oldest are forgotten.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/file_system.h"
#include "ouzel/base/types.h"
#include "ouzel/tool/terminal/engine_view.h"

namespace ouzel {

struct TruthScore {
  std::uint64_t labelled = 0, right = 0;  ///< Outcomes.
  std::uint64_t events = 0;               ///< Within episodes.
  std::uint64_t episodes = 0, episodes_found = 0;
  double precision() const { return share(right, labelled); }
  double event_recall() const { return share(right, events); }
  double episode_recall() const { return share(episodes_found, episodes); }
  static double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};

class Truth {
 public:
  static constexpr std::size_t kEpisodesMax = 200'000;
  /// An outcome waits this long for its line of truth before it is judged.
  static constexpr std::chrono::seconds kPatience{3};

  /// `fs` must outlive it. `count_all`: also count what the files hold at the first `read`.
  Truth(FileSystem& fs, std::vector<std::string> paths, bool count_all);
  /// Reads what the files gained. Files that do not exist yet are empty.
  void read();
  /// Takes an outcome labelled `anomaly`, seen at `now`.
  void add(const OutcomeView& outcome, SteadyTime now);
  /// Judges the outcomes that have waited long enough; all of them with `all`.
  void judge(SteadyTime now, bool all);
  const TruthScore& score() const { return score_; }
  bool any() const { return !files_.empty(); }

 private:
  struct Source {
    std::string path;
    std::unique_ptr<File> file;
    std::uint64_t read = 0;  ///< Bytes of whole lines.
    bool first = true;
  };
  struct Episode {
    EventTime from{}, to{};
    std::string name;
    bool counted = false, found = false;
  };
  struct Waiting {
    SteadyTime since{};
    std::string key;
    EventTime time{};
  };
  void read(Source& source);
  void add(TruthView line, bool counted);

  FileSystem& fs_;
  std::vector<Source> files_;
  bool count_all_;
  std::map<std::string, std::deque<Episode>, std::less<>> episodes_;  ///< By key.
  std::deque<std::string> order_;  ///< Keys of the episodes, the oldest first.
  std::deque<Waiting> waiting_;
  TruthScore score_;
};

}  // namespace ouzel
