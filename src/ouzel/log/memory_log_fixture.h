/// For the tests of those who read the log: one in memory, all of it durable.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ouzel/log/log.h"

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
  void add(Topic topic, std::uint16_t partition, Offset base, std::uint32_t rows,
           std::string body) {
    const FrameHeader header{.topic = topic,
                             .partition = PartitionId(partition),
                             .base = base,
                             .rows = rows,
                             .body_bytes = static_cast<std::uint32_t>(body.size()),
                             .position = durable_end()};
    frames.push_back({header, std::move(body)});
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
  Result<LogPosition> find(Topic topic, PartitionId partition, Offset offset) override {
    ++lookups;
    LogPosition out = oldest();
    for (const MemoryFrame& frame : frames) {
      const FrameHeader& header = frame.header;
      if (header.topic == topic && header.partition == partition && header.base <= offset) {
        out = header.position;
      }
    }
    return out;
  }
  Result<LogPosition> find(WallTime) override { return oldest(); }

  std::vector<MemoryFrame> frames;
  int lookups = 0;

 private:
  static constexpr LogPosition kBegin{4096};
};

}  // namespace ouzel
