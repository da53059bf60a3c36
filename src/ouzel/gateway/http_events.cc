#include "ouzel/gateway/http_events.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ouzel/decode/cloud_event.h"
#include "ouzel/decode/split.h"
#include "ouzel/gateway/binary_event.h"

namespace ouzel {
namespace {

constexpr std::size_t kIdempotencyKeyBytesMax = 255;
constexpr std::size_t kDetailBytesMax = 500;
constexpr std::size_t kMadeBytesKept = 1 << 20;
/// A request may hold one event for so many bytes of its largest size: a reply that lists them all
/// takes about as much room as the request may.
constexpr std::size_t kEventBytesLeast = 64;
static_assert(http::kBodyPadding >= kDecodePadding);

/// The trace id of the request's `traceparent`; empty if there is none, or none that is valid.
std::string_view request_trace(const http::Request& request) {
  return trace_of(request.header("traceparent"));
}

/// Of an event that carries its attributes itself; its own trace goes before the request's.
Envelope structured_envelope(const http::Request& request) {
  return {.form = EventForm::structured, .trace = request_trace(request)};
}

/// The header's value without the quotes that a structured field has; nullopt: not usable.
std::optional<std::string_view> idempotency_key(const http::Request& request) {
  std::string_view key = request.header("Idempotency-Key");
  if (key.size() >= 2 && key.starts_with('"') && key.ends_with('"')) {
    key = key.substr(1, key.size() - 2);
  }
  const bool plain =
      std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!plain || key.size() > kIdempotencyKeyBytesMax) return std::nullopt;
  return key;
}

/// The `charset` parameter of a Content-Type without its quotes; empty if there is none.
std::string_view charset_of(std::string_view content_type) {
  const std::size_t at = content_type.find("charset=");
  if (at == content_type.npos) return {};
  std::string_view charset = content_type.substr(at + 8);
  charset = http::trim(charset.substr(0, charset.find(';')));
  if (charset.size() >= 2 && charset.starts_with('"'))
    charset = charset.substr(1, charset.size() - 2);
  return charset;
}

/// Structured or batched mode, in whatever format.
bool is_cloudevents(std::string_view type) {
  constexpr std::string_view kPrefix = "application/cloudevents";
  return http::iequals(type.substr(0, kPrefix.size()), kPrefix);
}

void append_refusal(std::string& out, const Refusal& refusal) {
  out += "{\"index\":" + std::to_string(refusal.index) + ",\"reason\":\"";
  out += refusal.reason();
  out += "\",\"detail\":";
  http::append_json(out, std::string_view(refusal.detail).substr(0, kDetailBytesMax));
  out += refusal.retry() ? ",\"retry\":true}" : "}";
}

/// Answers the handshake of the CloudEvents webhook specification, which asks before it sends.
void answer_handshake(const http::Request& request, http::Responder responder) {
  http::Response out;
  out.headers.emplace_back("Allow", "POST, OPTIONS");
  const std::string_view origin = request.header("WebHook-Request-Origin");
  if (!origin.empty()) {
    out.headers.emplace_back("WebHook-Allowed-Origin", origin);
    out.headers.emplace_back("WebHook-Allowed-Rate", "*");
  }
  responder.send(std::move(out));
}

}  // namespace

/// What one I/O thread works with.
struct HttpEvents::Worker {
  Worker(const Schema& schema, const HttpEventsOptions& options, std::uint64_t seed)
      : intake(schema, options.partitions), random(seed) {}

  /// An id for a payload; lives until the next call.
  std::string_view make_id(std::string_view key, std::optional<std::size_t> line) {
    if (key.empty()) {
      id = to_string(Hash128{.low = random.bits(), .high = random.bits()});
    } else {
      id.assign(key);
      if (line) id.append("/").append(std::to_string(*line));
    }
    return id;
  }

  Intake intake;
  Random random;
  std::string id;
  std::string made;  ///< A binary event in structured form, with its padding.
};

/// An answer that waits for the log.
struct HttpEvents::Reply {
  IntakeAnswer answer;
  http::Response response;
  http::Responder responder;
};

http::Response reply_to_events(const IntakeAnswer& answer) {
  std::string body = "{\"accepted\":" + std::to_string(answer.accepted) + ",\"refused\":[";
  for (const Refusal& refusal : answer.refusals) {
    if (body.back() != '[') body += ',';
    append_refusal(body, refusal);
  }
  body += "],\"duplicates\":" + std::to_string(answer.duplicates);
  body += "}\n";
  http::Response out = http::json_response(std::move(body));
  out.status = 202;
  if (answer.accepted + answer.duplicates == 0 && answer.sent > 0) {
    out.status = !answer.retry ? 400 : answer.overloaded ? 429 : 503;
    if (answer.retry) out.headers.emplace_back("Retry-After", "1");
  }
  return out;
}

HttpEvents::HttpEvents(const Schema& schema, Door& door, Log& log, HttpEventsOptions options)
    : options_(std::move(options)),
      source_("/ouzel/" + options_.pipeline + "/http"),
      door_(door),
      log_(log) {
  std::uint64_t seed = options_.seed;
  for (unsigned i = 0; i < std::max(1U, options_.io_threads); ++i) {
    workers_.push_back(std::make_unique<Worker>(schema, options_, Random::split_mix(seed)));
  }
}

HttpEvents::~HttpEvents() = default;

void HttpEvents::add_routes(http::Router& router) {
  for (const char* path : {"/events", "/"}) {
    router.add(
        {.method = http::Method::post,
         .path = path,
         .handler = [this](const http::Request& request,
                           http::Responder responder) { post(request, std::move(responder)); },
         .body_bytes_max = options_.request_bytes_max});
    router.add({.method = http::Method::options, .path = path, .handler = answer_handshake});
  }
}

HttpEvents::Content HttpEvents::content_of(const http::Request& request, std::string& why) {
  const std::string_view full = request.header("Content-Type");
  const std::string_view type = http::trim(full.substr(0, full.find(';')));
  const bool binary = !is_cloudevents(type) && is_binary_event(*request.headers);
  if (!binary || type.empty() || is_json_media_type(type)) {
    if (const std::string_view charset = charset_of(full);
        !charset.empty() && !http::iequals(charset, "utf-8")) {
      why = "the charset must be utf-8, got " + std::string(charset);
      return Content::unknown;
    }
  }
  if (binary) return Content::binary;
  if (http::iequals(type, "application/cloudevents-batch+json")) return Content::batch;
  if (http::iequals(type, "application/cloudevents+json")) return Content::structured;
  for (const char* lines : {"application/x-ndjson", "application/ndjson", "application/jsonl"}) {
    if (http::iequals(type, lines)) return Content::lines;
  }
  if (http::iequals(type, "application/json")) return Content::payload;
  why =
      "Content-Type must be application/json, application/x-ndjson, application/cloudevents+json "
      "or application/cloudevents-batch+json, or there must be ce-… header fields (binary mode), "
      "got " +
      (type.empty() ? "none" : std::string(type));
  return Content::unknown;
}

void HttpEvents::post(const http::Request& request, http::Responder responder) {
  if (options_.ready && !options_.ready()) {
    return responder.send(http::problem(503, "not ready yet: see /readyz?verbose"));
  }
  const std::string_view coding = request.header("Content-Encoding");
  if (!coding.empty() && !http::iequals(coding, "identity")) {
    http::Response out = http::problem(
        415, "the body must come uncompressed, got Content-Encoding " + std::string(coding));
    out.headers.emplace_back("Accept-Encoding", "identity");
    return responder.send(std::move(out));
  }
  std::string why;
  const Content content = content_of(request, why);
  if (content == Content::unknown) return responder.send(http::problem(415, why));
  if (!idempotency_key(request)) {
    return responder.send(http::problem(
        400, "Idempotency-Key: up to 255 visible ASCII characters without spaces are needed"));
  }
  OUZEL_CHECK(request.thread < workers_.size());
  Worker& worker = *workers_[request.thread];
  const bool one = content != Content::lines && content != Content::batch;
  const ReplyForm form = one && options_.outcomes ? reply_form(request) : ReplyForm::none;
  const LogPosition since = form == ReplyForm::none ? LogPosition{} : log_.durable_end();
  worker.intake.begin();
  take_in(worker, content, request);
  if (worker.intake.sent() > events_max()) {
    return responder.send(http::problem(413, "more than " + std::to_string(events_max()) +
                                                 " events in one request: send them in several"));
  }
  IntakeAnswer taken = worker.intake.finish(door_, counters_);
  if (form == ReplyForm::none || !taken.place)
    return answer(std::move(taken), std::move(responder));
  answer_with_outcome(std::move(taken), form, since, std::move(responder));
}

std::size_t HttpEvents::events_max() const {
  return std::max<std::size_t>(1000, options_.request_bytes_max / kEventBytesLeast);
}

void HttpEvents::take_in(Worker& worker, Content content, const http::Request& request) {
  switch (content) {
    case Content::lines: return take_lines(worker, request);
    case Content::batch: return take_batch(worker, request);
    case Content::binary: return take_binary(worker, request);
    case Content::structured:
      return worker.intake.add(0, structured_envelope(request), request.body);
    case Content::payload:
    case Content::unknown: break;
  }
  const std::string_view key = *idempotency_key(request);
  const Envelope envelope{.form = EventForm::payload,
                          .source = source_,
                          .id = worker.make_id(key, std::nullopt),
                          .trace = request_trace(request)};
  worker.intake.add(0, envelope, request.body);
}

void HttpEvents::take_lines(Worker& worker, const http::Request& request) {
  const std::string_view key = *idempotency_key(request);
  const std::string_view trace = request_trace(request);
  split_lines(request.body, [&](std::size_t line, std::string_view bytes) {
    if (worker.intake.sent() > events_max()) return;
    Envelope envelope = structured_envelope(request);
    if (!looks_like_cloudevent(bytes)) {
      envelope = {.form = EventForm::payload,
                  .source = source_,
                  .id = worker.make_id(key, line),
                  .trace = trace};
    }
    worker.intake.add(static_cast<std::uint32_t>(line), envelope, bytes);
  });
}

void HttpEvents::take_batch(Worker& worker, const http::Request& request) {
  std::uint32_t next = 0;
  const auto whole = split_array(request.body, [&](std::size_t index, std::string_view bytes) {
    if (worker.intake.sent() > events_max()) return;
    next = static_cast<std::uint32_t>(index) + 1;
    worker.intake.add(next - 1, structured_envelope(request), bytes);
  });
  if (!whole) worker.intake.refuse(next, Fate::malformed, whole.error().message);
}

void HttpEvents::take_binary(Worker& worker, const http::Request& request) {
  worker.made.clear();
  if (worker.made.capacity() > kMadeBytesKept) worker.made.shrink_to_fit();
  if (const auto fault = write_structured(worker.made, *request.headers, request.body)) {
    if (fault->fate == Fate::malformed) return worker.intake.refuse_malformed(0, request.body);
    return worker.intake.refuse(0, fault->fate, fault->detail);
  }
  const std::size_t size = worker.made.size();
  worker.made.append(kDecodePadding, '\0');
  worker.intake.add_around(0, structured_envelope(request),
                           std::string_view(worker.made).substr(0, size), request.body);
}

/// An outcome that is on disk stands behind its event, so the event needs no wait of its own.
void HttpEvents::answer_with_outcome(IntakeAnswer answer, ReplyForm form, LogPosition since,
                                     http::Responder responder) {
  const EventPlace place = *answer.place;
  const bool duplicate = answer.accepted == 0;
  const auto reply =
      std::make_shared<Reply>(Reply{std::move(answer), http::Response{}, std::move(responder)});
  options_.outcomes->wait(place, duplicate ? LogPosition{} : since,
                          [this, reply, form](std::optional<std::string> outcome) {
                            if (outcome) {
                              reply->responder.send(reply_event(*std::move(outcome), form));
                            } else {
                              this->answer(std::move(reply->answer), std::move(reply->responder));
                            }
                          });
  if (duplicate) log_.flush();
}

void HttpEvents::answer(IntakeAnswer answer, http::Responder responder) {
  http::Response response = reply_to_events(answer);
  if (answer.accepted + answer.duplicates == 0) return responder.send(std::move(response));
  // Lanes wake the writer for what was accepted; nobody else would for an original's sake.
  const bool flush = answer.accepted == 0;
  const AppendNumber wait_for = answer.wait_for;
  const auto reply =
      std::make_shared<Reply>(Reply{std::move(answer), std::move(response), std::move(responder)});
  log_.when_durable(wait_for, [reply](const std::optional<Error>& failure) {
    if (failure) {
      reply->answer.withdraw(failure->message);
      reply->response = reply_to_events(reply->answer);
    }
    reply->responder.send(std::move(reply->response));
  });
  if (flush) log_.flush();
}

}  // namespace ouzel
