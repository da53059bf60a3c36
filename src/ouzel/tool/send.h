/// `ouzel send`: sends the events of a file to a receiver's `POST /events` and waits until each is
/// acknowledged.
///
/// Events go in requests that always hold the same lines, each with an `Idempotency-Key` of the
/// file and its first line, so that the receiver finds what is sent again. While it runs, and when
/// it did not get to the end, `<file>.ouzel-send` says from which line to go on. To a Kafka topic
/// each event is a record, and what is sent again after an interruption is there twice.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ouzel/gateway/event_text_spec.h"
#include "ouzel/pipeline/pipeline_file.h"

namespace ouzel {

struct SendOptions {
  std::string in;      ///< "-": stdin; then nothing is resumed.
  EventTextSpec text;  ///< How it is written; the schema types the cells of CSV.
  /// http://…; kafka:HOST:PORT/TOPIC; kafka: the topic of `pipeline`.
  std::string url = "http://127.0.0.1:8080";
  /// Whose schema holds. Over HTTP without it that of the receiver; where that is no engine, a cell
  /// of CSV that reads as a number is one.
  PipelineFile pipeline;
  std::vector<std::string> kafka;  ///< NAME=VALUE each: how to get to kafka:….
  double rate = 0;                 ///< Events a second; 0: as fast as they are taken.
  std::uint32_t connections = 1;   ///< With more than one the order of events is not kept.
  std::string key;       ///< What keys begin with; empty: by the file's name and first event.
  bool restart = false;  ///< From the beginning, whatever the state file says.
};

/// Returns the exit code: 1 if an event was refused, 69 if the receiver cannot be reached.
int send(const SendOptions& options);

}  // namespace ouzel
