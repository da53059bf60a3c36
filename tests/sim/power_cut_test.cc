/// The log through power cuts at random steps, from seeds: what was called durable is there after
/// every cut, in order, without holes and without damage.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/forgetful_file_system.h"
#include "ouzel/base/logging.h"
#include "ouzel/base/random.h"
#include "ouzel/log/segment/segment_log.h"
#include "tests/sim/cut_file_system.h"
#include "tests/sim/memory_file_system.h"

namespace ouzel {
namespace {

constexpr std::uint64_t kLogId = 77;

/// One disk through many lives. `frames` are the bodies appended, in order, as far as they can
/// still be in the log; the first `durable` of them must be.
class Disk {
 public:
  explicit Disk(std::uint64_t seed) : random_(seed) { tree_->directories.insert("data/log"); }

  /// Recovers, compares, appends, and is cut. Empty if all is well, else what is wrong.
  std::string live(bool gently) {
    const std::string spec = "forget:" + std::to_string(random_.bits() >> 1) + ":sync_us=0" +
                             (random_.chance(0.2) ? ":calm" : "") + failing_sync();
    const auto fs = make_forgetful_file_system(std::make_unique<MemoryFileSystem>(tree_), spec);
    CutFileSystem cut(*fs, gently ? ~0ULL : random_.below(120));
    SegmentLogOptions options{.directory = "data/log", .log_id = kLogId};
    options.segment_bytes_min = 16 << 10;
    options.segment_bytes_max = 64 << 10;
    options.retention = std::chrono::nanoseconds(0);
    options.retention_bytes = 200 << 10;
    auto log = SegmentLog::open(cut, clock_, options, LogPosition{});
    if (!log) return cut.cut() || may_fail_ ? "" : "cannot open: " + log.error().message;
    std::string wrong = compare(**log);
    if (wrong.empty()) work(**log, cut);
    if (wrong.empty() && gently) (*log)->seal();
    return wrong;
  }
  std::size_t durable() const { return durable_; }

 private:
  std::string failing_sync() {
    may_fail_ = random_.chance(0.15);
    return may_fail_ ? ":fail_sync=" + std::to_string(1 + random_.below(20)) : "";
  }

  /// What stands in the log is the end of a prefix of what was appended.
  std::string compare(SegmentLog& log) {
    if (!log.report().damage.empty()) return "damage: " + log.report().damage.front().what;
    const auto reader = log.read_from(log.oldest());
    std::optional<std::size_t> at;
    for (;;) {
      const auto frame = reader->next();
      if (!frame) return "read: " + frame.error().message;
      if (!*frame) break;
      if (!at) at = std::stoull(std::string((*frame)->body));
      if (*at >= frames_.size() || (*frame)->body != frames_[*at]) {
        return "frame " + std::to_string(*at) + " is another";
      }
      if ((*frame)->header.base != Offset(*at)) return "offset of " + std::to_string(*at);
      ++*at;
    }
    const auto next = log.recovered().find({Topic::events, PartitionId(0)});
    const std::size_t end = next == log.recovered().end() ? 0 : next->second.value();
    if (at && *at != end) return "next offset " + std::to_string(end);
    if (end < durable_) {
      return "ends at " + std::to_string(end) + ", durable was " + std::to_string(durable_);
    }
    frames_.resize(end);
    durable_ = end;
    return "";
  }

  void work(SegmentLog& log, const CutFileSystem& cut) {
    for (std::uint64_t left = random_.below(150); left > 0 && !cut.cut(); --left) {
      const std::uint64_t act = random_.below(10);
      if (act < 5) {
        append(log);
      } else if (act < 8) {
        log.step();
      } else if (act == 8) {
        log.mark();
      } else {
        if (random_.chance(0.3)) log.keep_from(log.durable_end());
        clock_.advance(std::chrono::seconds(1));
        log.tend();
      }
    }
  }

  void append(SegmentLog& log) {
    for (std::uint64_t left = 1 + random_.below(4); left > 0; --left) {
      const std::size_t number = frames_.size();
      std::string body = std::to_string(number) + " ";
      body.append(random_.below(random_.chance(0.1) ? 20'000 : 900), 'x');
      frames_.push_back(body);
      const auto done = log.append({.topic = Topic::events,
                                    .partition = PartitionId(0),
                                    .base = Offset(number),
                                    .rows = 1,
                                    .accepted = clock_.wall(),
                                    .body = std::move(body)});
      log.when_durable(done, [this, number](const std::optional<Error>& error) {
        if (!error) durable_ = std::max(durable_, number + 1);
      });
    }
  }

  Random random_;
  ManualClock clock_;
  std::shared_ptr<MemoryTree> tree_ = std::make_shared<MemoryTree>();
  std::vector<std::string> frames_;
  std::size_t durable_ = 0;
  bool may_fail_ = false;
};

/// More on request: OUZEL_SIM_SEEDS=100000.
std::uint64_t seeds() {
  const char* text = std::getenv("OUZEL_SIM_SEEDS");
  return text == nullptr ? 400 : std::strtoull(text, nullptr, 10);
}

TEST(PowerCut, NothingDurableIsLostNothingElseAppears) {
  logging::configure(logging::Format::json, logging::Level::error);
  std::size_t durable = 0;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    Disk disk(seed);
    for (int life = 0; life < 12; ++life) {
      const std::string wrong = disk.live(life == 11);
      ASSERT_EQ(wrong, "") << "seed " << seed << " life " << life;
    }
    durable += disk.durable();
  }
  EXPECT_GT(durable, seeds() * 20);
}

}  // namespace
}  // namespace ouzel
