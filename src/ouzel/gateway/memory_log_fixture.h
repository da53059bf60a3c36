/// For the tests of those who read outcomes: a log in memory, all of it durable.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/decode/event_record.h"
#include "ouzel/log/log.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

struct MemoryFrame {
  FrameHeader header;
  std::string body;
  bool damaged = false;
};

class MemoryReader final : public LogReader {
 public:
  MemoryReader(const std::vector<MemoryFrame>& frames, LogPosition from)
      : frames_(frames), position_(from) {}
  Result<std::optional<FrameView>> next() override {
    for (const MemoryFrame& frame : frames_) {
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
  const std::vector<MemoryFrame>& frames_;
  LogPosition position_;
  Damage damage_;
};

class MemoryLog final : public Log {
 public:
  /// A frame of outcomes, a letter each: p pass, r review, a alert, x rejected.
  void commit(std::uint16_t partition, std::uint64_t first, std::string_view rows) {
    Batch batch;
    for (const char row : rows) add_row(batch, row);
    CommitWriter writer;
    writer.begin(Offset(first));
    writer.add(batch, false, {});
    add(Topic::outcomes, partition, first, static_cast<std::uint32_t>(rows.size()),
        writer.finish({.pipeline = "line", .model_name = "m"}, {}));
  }
  /// A frame of events with these bytes.
  void accept(std::uint16_t partition, std::uint64_t first,
              const std::vector<std::string>& bodies) {
    std::string body;
    for (const std::string& one : bodies) write_record(body, {.source = "x", .id = "x"}, one);
    add(Topic::events, partition, first, static_cast<std::uint32_t>(bodies.size()),
        std::move(body));
  }
  /// What retention does: the oldest frames are gone.
  void forget(std::size_t count) {
    frames.erase(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(count));
  }

  AppendNumber append(FrameDraft) override { return {}; }
  void flush() override {}
  void when_durable(AppendNumber, DurableCallback callback) override { callback({}); }
  bool has_room(std::uint64_t, std::string*) override { return true; }
  LogPosition durable_end() const override {
    return frames.empty() ? kBegin : frames.back().header.end();
  }
  LogPosition oldest() const override {
    return frames.empty() ? kBegin : frames.front().header.position;
  }
  std::unique_ptr<LogReader> read_from(LogPosition from) override {
    return std::make_unique<MemoryReader>(frames, std::max(from, oldest()));
  }
  Result<LogPosition> find(Topic, PartitionId, Offset) override {
    ++lookups;
    return oldest();
  }
  Result<LogPosition> find(WallTime) override { return oldest(); }

  std::vector<MemoryFrame> frames;
  int lookups = 0;

 private:
  static constexpr LogPosition kBegin{4096};

  void add(Topic topic, std::uint16_t partition, std::uint64_t first, std::uint32_t rows,
           std::string body) {
    const FrameHeader header{.topic = topic,
                             .partition = PartitionId(partition),
                             .base = Offset(first),
                             .rows = rows,
                             .body_bytes = static_cast<std::uint32_t>(body.size()),
                             .position = durable_end()};
    frames.push_back({header, std::move(body)});
  }
  static void add_row(Batch& batch, char row) {
    batch.fate.push_back(row == 'x' ? Fate::schema : Fate::live);
    for (auto* column : {&batch.source, &batch.id, &batch.key, &batch.trace, &batch.detail}) {
      column->append("x");
    }
    batch.time.push_back(EventTime(std::chrono::seconds(1'772'352'000)));
    batch.flags.push_back(0);
    batch.score.push_back(0.5F);
    batch.confidence.push_back(0.9F);
    batch.label.push_back(row == 'a' ? Label::anomaly : Label::normal);
    batch.route.push_back(row == 'a' ? Route::alert : row == 'r' ? Route::review : Route::pass);
    batch.reasons.push_back({});
  }
};

}  // namespace ouzel
