/// POST /events: events over HTTP, as CONTRACT.md gives it. Reads the request, lets an Intake sort
/// it, and answers when the log is durable.
///
/// | Content-Type | body |
/// |---|---|
/// | application/cloudevents-batch+json | an array of CloudEvents; it may be empty |
/// | application/cloudevents+json | one CloudEvent |
/// | any other, beside `ce-…` header fields | the data of one CloudEvent (binary_event.h) |
/// | application/x-ndjson (ndjson, jsonl) | a payload or a CloudEvent a line; it may be empty |
/// | application/json | one payload |
///
/// A payload's source is `/ouzel/<pipeline>/http`. Its id is the `Idempotency-Key`, on NDJSON with
/// `/<line>` behind it (from 0, blank lines counted), so that a repeated request is found to be
/// one; without that header it is 128 random bits. `traceparent` gives a trace to events without
/// one of their own. `POST /` is the same, for senders that know only a host (Knative).
///
/// A sender of one event that says `Prefer: reply` gets its outcome as the answer: 200 with the
/// outcome as a CloudEvent (reply_event.h); after five seconds without it 202, as without the wish.
///
/// Handlers run on the server's I/O threads. An answer is sent from the log's thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/random.h"
#include "ouzel/batch/schema.h"
#include "ouzel/gateway/door.h"
#include "ouzel/gateway/intake.h"
#include "ouzel/gateway/outcome_waiters.h"
#include "ouzel/gateway/reply_event.h"
#include "ouzel/http/router.h"
#include "ouzel/log/log.h"

namespace ouzel {

struct HttpEventsOptions {
  std::string pipeline;
  std::uint16_t partitions = 8;
  std::size_t request_bytes_max = 16 << 20;
  unsigned io_threads = 1;             ///< Of the server.
  std::uint64_t seed = 0;              ///< Of generated ids; must differ from start to start.
  OutcomeWaiters* outcomes = nullptr;  ///< For `Prefer: reply`; none: that is not done.
  std::function<bool()> ready;         ///< While false: 503. Empty: always ready. Thread-safe.
};

class HttpEvents {
 public:
  /// All must outlive it, and it the server.
  HttpEvents(const Schema& schema, Door& door, Log& log, HttpEventsOptions options);
  ~HttpEvents();

  void add_routes(http::Router& router);
  const IntakeCounters& counters() const { return counters_; }
  /// Before the first request: to go on from what another one counted.
  IntakeCounters& counters() { return counters_; }

 private:
  enum class Content : std::uint8_t { unknown, payload, lines, structured, batch, binary };
  struct Worker;
  struct Reply;
  static Content content_of(const http::Request& request, std::string& why);
  void post(const http::Request& request, http::Responder responder);
  std::size_t events_max() const;  ///< Of one request.
  void take_in(Worker& worker, Content content, const http::Request& request);
  void take_lines(Worker& worker, const http::Request& request);
  void take_batch(Worker& worker, const http::Request& request);
  static void take_binary(Worker& worker, const http::Request& request);
  void answer(IntakeAnswer answer, http::Responder responder);
  void answer_with_outcome(IntakeAnswer answer, ReplyForm form, LogPosition since,
                           http::Responder responder);

  const HttpEventsOptions options_;
  const std::string source_;
  Door& door_;
  Log& log_;
  IntakeCounters counters_;
  std::vector<std::unique_ptr<Worker>> workers_;  ///< By I/O thread.
};

/// The answer to a sender, status and body.
http::Response reply_to_events(const IntakeAnswer& answer);

}  // namespace ouzel
