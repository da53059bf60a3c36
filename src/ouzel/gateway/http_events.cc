#include "ouzel/gateway/http_events.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ouzel/decode/split.h"

namespace ouzel {
namespace {

constexpr std::size_t kIdempotencyKeyBytesMax = 255;
constexpr std::size_t kDetailBytesMax = 500;
static_assert(http::kBodyPadding >= kDecodePadding);

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// The trace id of a `traceparent` (W3C Trace Context, version 00 and later); empty if there is
/// none, or none that is valid.
std::string_view trace_of(const http::Request& request) {
  const std::string_view text = request.header("traceparent");
  if (text.size() < 55 || text[2] != '-' || text[35] != '-') return {};
  const std::string_view trace = text.substr(3, 32);
  if (!is_hex(text.substr(0, 2)) || text.starts_with("ff") || !is_hex(trace)) return {};
  return trace.find_first_not_of('0') == trace.npos ? std::string_view{} : trace;
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
  if (answer.refused > answer.refusals.size()) {
    body += ",\"refused_total\":" + std::to_string(answer.refused);
  }
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
  router.add({.method = http::Method::post,
              .path = "/events",
              .handler = [this](const http::Request& request,
                                http::Responder responder) { post(request, std::move(responder)); },
              .body_bytes_max = options_.request_bytes_max});
  router.add({.method = http::Method::options, .path = "/events", .handler = answer_handshake});
}

HttpEvents::Content HttpEvents::content_of(const http::Request& request, std::string& why) {
  const std::string_view full = request.header("Content-Type");
  const std::size_t end = std::min(full.find(';'), full.size());
  const std::string_view type = http::trim(full.substr(0, end));
  const std::string_view parameters = full.substr(end);
  if (const std::size_t at = parameters.find("charset="); at != parameters.npos) {
    std::string_view charset = http::trim(parameters.substr(at + 8));
    charset = charset.substr(0, charset.find(';'));
    if (!http::iequals(charset, "utf-8") && !http::iequals(charset, "\"utf-8\"")) {
      why = "the charset must be utf-8, got " + std::string(charset);
      return Content::unknown;
    }
  }
  if (http::iequals(type, "application/cloudevents-batch+json")) return Content::batch;
  if (http::iequals(type, "application/cloudevents+json")) return Content::structured;
  if (request.headers->find("ce-specversion")) {
    why =
        "CloudEvents in binary mode (ce-… headers) are not taken yet; send structured mode: "
        "Content-Type: application/cloudevents+json";
    return Content::unknown;
  }
  for (const char* lines : {"application/x-ndjson", "application/ndjson", "application/jsonl"}) {
    if (http::iequals(type, lines)) return Content::lines;
  }
  if (http::iequals(type, "application/json")) return Content::payload;
  why =
      "Content-Type must be application/json, application/x-ndjson, application/cloudevents+json "
      "or application/cloudevents-batch+json, got " +
      (type.empty() ? "none" : std::string(type));
  return Content::unknown;
}

void HttpEvents::post(const http::Request& request, http::Responder responder) {
  if (options_.ready && !options_.ready()) {
    return responder.send(http::problem(503, "not ready yet: see /readyz?verbose"));
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
  worker.intake.begin();
  take_in(worker, content, request);
  answer(worker.intake.finish(door_, counters_), std::move(responder));
}

void HttpEvents::take_in(Worker& worker, Content content, const http::Request& request) {
  switch (content) {
    case Content::lines: return take_lines(worker, request);
    case Content::batch: return take_batch(worker, request);
    case Content::structured:
      return worker.intake.add(0, {.form = EventForm::structured}, request.body);
    case Content::payload:
    case Content::unknown: break;
  }
  const std::string_view key = *idempotency_key(request);
  const Envelope envelope{.form = EventForm::payload,
                          .source = source_,
                          .id = worker.make_id(key, std::nullopt),
                          .trace = trace_of(request)};
  worker.intake.add(0, envelope, request.body);
}

void HttpEvents::take_lines(Worker& worker, const http::Request& request) {
  const std::string_view key = *idempotency_key(request);
  const std::string_view trace = trace_of(request);
  split_lines(request.body, [&](std::size_t line, std::string_view bytes) {
    Envelope envelope{.form = EventForm::structured};
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
    next = static_cast<std::uint32_t>(index) + 1;
    worker.intake.add(next - 1, {.form = EventForm::structured}, bytes);
  });
  if (!whole) worker.intake.refuse(next, Fate::malformed, whole.error().message);
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
