/// For the tests of serve/: a log in memory and a status that fits it.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/lane/status.h"
#include "ouzel/log/log.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

struct FakeFrame {
  FrameHeader header;
  std::string body;
  bool damaged = false;
};

class FakeLogReader final : public LogReader {
 public:
  FakeLogReader(const std::vector<FakeFrame>& frames, LogPosition from)
      : frames_(frames), position_(from) {}
  Result<std::optional<FrameView>> next() override {
    for (const FakeFrame& frame : frames_) {
      if (frame.header.position < position_) continue;
      position_ = frame.header.end();
      if (frame.damaged) return fail(ErrorCode::corrupt, "bytes 1 to 2 are damaged");
      return FrameView{frame.header, frame.body};
    }
    return std::nullopt;
  }
  const Damage& damage() const override { return damage_; }
  LogPosition position() const override { return position_; }

 private:
  const std::vector<FakeFrame>& frames_;
  LogPosition position_;
  Damage damage_;
};

class FakeEngine final : public Log, public StatusSource {
 public:
  static constexpr std::uint16_t kPartitions = 3;

  FakeEngine() {
    current.pipeline = "line";
    current.model_name = "detector";
    current.model_version = 2;
    for (std::uint16_t i = 0; i < kPartitions; ++i) {
      current.lanes.push_back({.partition = PartitionId(i), .state = LaneStatus::State::running});
    }
  }

  /// One frame of `rows` events and one of their outcomes; each third is an anomaly, each fifth is
  /// rejected. Keys are k0 to k9.
  void commit(std::uint16_t partition, std::uint32_t rows, std::size_t event_bytes = 100) {
    LaneStatus& lane = current.lanes[partition];
    const Offset first(lane.accepted);
    add_frame(Topic::events, partition, first, rows, std::string(rows * event_bytes, 'e'));
    Batch batch;
    for (std::uint32_t i = 0; i < rows; ++i) add_row(batch, lane, lane.accepted + i);
    CommitWriter writer;
    writer.begin(first);
    writer.add(batch, false, std::array<std::string, 1>{"vibration"});
    lane.accepted += rows;
    add_frame(Topic::outcomes, partition, first, rows,
              writer.finish({.pipeline = "line", .model_name = "detector", .model_version = 2},
                            lane.totals));
  }

  AppendNumber append(FrameDraft) override { return {}; }
  void flush() override {}
  void when_durable(AppendNumber, DurableCallback callback) override { callback({}); }
  bool has_room(std::uint64_t, std::string*) override { return true; }
  LogPosition durable_end() const override {
    return frames.empty() ? LogPosition{} : frames.back().header.end();
  }
  LogPosition oldest() const override { return {}; }
  std::unique_ptr<LogReader> read_from(LogPosition from) override {
    return std::make_unique<FakeLogReader>(frames, from);
  }
  Result<LogPosition> find(Topic topic, PartitionId partition, Offset offset) override {
    LogPosition out{};
    for (const FakeFrame& frame : frames) {
      const FrameHeader& header = frame.header;
      if (header.topic == topic && header.partition == partition && header.base <= offset) {
        out = header.position;
      }
    }
    return out;
  }
  Result<LogPosition> find(WallTime) override { return LogPosition{}; }
  EngineStatus status() const override { return current; }

  EngineStatus current;
  std::vector<FakeFrame> frames;

 private:
  void add_frame(Topic topic, std::uint16_t partition, Offset base, std::uint32_t rows,
                 std::string body) {
    const FrameHeader header{.topic = topic,
                             .partition = PartitionId(partition),
                             .base = base,
                             .rows = rows,
                             .body_bytes = static_cast<std::uint32_t>(body.size()),
                             .position = durable_end()};
    frames.push_back({header, std::move(body)});
  }
  static void add_row(Batch& batch, LaneStatus& lane, std::uint64_t number) {
    const bool rejected = number % 5 == 4;
    const bool anomaly = !rejected && number % 3 == 0;
    batch.fate.push_back(rejected ? Fate::schema : Fate::live);
    batch.source.append("/s");
    batch.id.append(std::to_string(number));
    batch.key.append("k" + std::to_string(number % 10));
    batch.trace.append("");
    batch.detail.append(rejected ? "temperature: a number expected" : "");
    batch.time.push_back(EventTime(std::chrono::seconds(1'772'352'000 + number)));
    batch.flags.push_back(0);
    batch.score.push_back(anomaly ? 0.95F : 0.1F);
    batch.confidence.push_back(0.9F);
    batch.label.push_back(anomaly ? Label::anomaly : Label::normal);
    batch.route.push_back(anomaly ? Route::alert : Route::pass);
    batch.reasons.push_back({.count = 1, .column = {0}, .weight = {0.5F}});
    if (rejected) {
      ++lane.totals.rejected[static_cast<std::size_t>(Fate::schema)];
    } else {
      ++lane.totals.scored;
    }
    if (anomaly) ++lane.totals.alerts;
    lane.newest_event = batch.time.back();
  }
};

}  // namespace ouzel
