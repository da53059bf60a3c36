/// For the tests of those who read outcomes: frames of a log, as a lane writes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ouzel/decode/event_record.h"
#include "ouzel/log/memory_log_fixture.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

inline void add_row(Batch& batch, char row) {
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

/// A frame of outcomes, a letter each: p pass, r review, a alert, x rejected.
inline void commit(MemoryLog& log, std::uint16_t partition, std::uint64_t first,
                   std::string_view rows) {
  Batch batch;
  for (const char row : rows) add_row(batch, row);
  CommitWriter writer;
  writer.begin(Offset(first));
  writer.add(batch, false, {});
  log.add(Topic::outcomes, partition, Offset(first), static_cast<std::uint32_t>(rows.size()),
          writer.finish({.pipeline = "line", .model_name = "m"}, {}));
}

/// A frame of events with these bytes.
inline void accept(MemoryLog& log, std::uint16_t partition, std::uint64_t first,
                   const std::vector<std::string>& bodies) {
  std::string body;
  for (const std::string& one : bodies) write_record(body, {.source = "x", .id = "x"}, one);
  log.add(Topic::events, partition, Offset(first), static_cast<std::uint32_t>(bodies.size()),
          std::move(body));
}

}  // namespace ouzel
