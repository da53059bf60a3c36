/// For the tests of serve/: a log in memory and a status that fits it.
#pragma once

#include <array>
#include <string>

#include "ouzel/decode/event_record.h"
#include "ouzel/lane/status.h"
#include "ouzel/log/memory_log_fixture.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

class FakeEngine final : public StatusSource {
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
    Batch batch;
    std::string events;
    const std::string bytes = '"' + std::string(event_bytes, 'e') + '"';
    for (std::uint32_t i = 0; i < rows; ++i) {
      const std::uint64_t number = lane.accepted + i;
      add_row(batch, lane, number);
      write_record(events, {.source = "/s", .id = std::to_string(number)}, bytes);
    }
    log.add(Topic::events, partition, first, rows, std::move(events));
    CommitWriter writer;
    writer.begin(first);
    writer.add(batch, false, std::array<std::string, 1>{"vibration"});
    lane.accepted += rows;
    log.add(Topic::outcomes, partition, first, rows,
            writer.finish({.pipeline = "line", .model_name = "detector", .model_version = 2},
                          lane.totals));
  }

  EngineStatus status() const override { return current; }

  EngineStatus current;
  MemoryLog log;

 private:
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
