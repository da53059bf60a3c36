#include "ouzel/egress/sink_fields.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "ouzel/egress/address_guard.h"
#include "ouzel/egress/signature.h"
#include "ouzel/http/message.h"

namespace ouzel {
namespace {

constexpr std::string_view kWebhookHelp =
    "A receiver of webhooks: CloudEvents by POST, signed after Standard Webhooks.";
constexpr std::string_view kHttpHelp = "Any receiver of CloudEvents by POST.";

/// `origin`: scheme, host and what stands behind the host.
bool has_good_port(std::string_view origin) {
  const std::size_t colon = origin.rfind(':');
  if (colon <= origin.find("://") || origin.back() == ']') return true;  // None is there.
  unsigned port = 0;
  const char* end = origin.data() + origin.size();
  const auto read = std::from_chars(origin.data() + colon + 1, end, port);
  return read.ec == std::errc() && read.ptr == end && port > 0 && port <= 65535;
}

std::string check_url(std::string_view url) {
  for (const char c : url) {
    if (c <= ' ' || c == 0x7f) return "has a space or a control character in it";
  }
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return "is not a URL that begins with http:// or https://";
  }
  if (host_of(url).empty()) return "is a URL without a host";
  const std::string_view rest = url.substr(url.find("://") + 3);
  if (rest.substr(0, rest.find_first_of("/?#")).find('@') != std::string_view::npos) {
    return "holds a name or a password: give it as a header, Authorization";
  }
  return has_good_port(origin_of(url)) ? "" : "has a port that is not 1 to 65535";
}

std::string check_secret(std::string_view text) {
  return webhook_key(text) ? "" : "is not whsec_ and the base64 of 24 to 64 bytes";
}

bool is_token(std::string_view text) {
  constexpr std::string_view kToken =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !text.empty() && text.find_first_not_of(kToken) == std::string_view::npos;
}

std::string check_header_name(std::string_view name) {
  if (!is_token(name)) return "is not the name of an HTTP header";
  for (const std::string_view ours :
       {"content-type", "content-length", "transfer-encoding", "host", "idempotency-key",
        "webhook-id", "webhook-timestamp", "webhook-signature", "expect"}) {
    if (http::iequals(name, ours)) return "is set by the sink itself";
  }
  if (name.size() > 3 && http::iequals(name.substr(0, 3), "ce-")) {
    return "is a CloudEvents attribute, which the sink sets itself";
  }
  return "";
}

std::string check_header_value(std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return "has a control character in it";
  }
  return "";
}

std::string check_name(std::string_view name) {
  constexpr std::string_view kGood = "abcdefghijklmnopqrstuvwxyz0123456789-_";
  const bool good =
      !name.empty() && name.size() <= 64 && name.find_first_not_of(kGood) == std::string_view::npos;
  return good ? "" : "is not 1 to 64 of a-z, 0-9, '-' and '_'";
}

TableOf<HeaderSpec> header_fields() {
  TableOf<HeaderSpec> table("header", "One more header of each request.");
  table
      .text("value", &HeaderSpec::value,
            {.help = "Its value; never shown",
             .required = true,
             .example = "Bearer abc",
             .secret = true,
             .check = check_header_value})
      .shorthand("value")
      .example("Bearer abc");
  return table;
}

void add_request_fields(TableOf<ReceiverSpec>& table) {
  table
      .text("url", &ReceiverSpec::url,
            {.help = "Where events are sent; shown without its path, which may hold a token",
             .required = true,
             .example = "https://ops.example/hook",
             .secret = true,
             .check = check_url})
      .word<EventMode>(
          "mode", &ReceiverSpec::mode,
          {{EventMode::binary, {"binary", "attributes as headers, data as the body"}},
           {EventMode::structured, {"structured", "the whole event as the body"}},
           {EventMode::batched, {"batched", "several events as the body; only if it asks for it"}}},
          {.help = "How an event stands in a request", .initial = "binary"})
      .integer("batch", &ReceiverSpec::batch,
               {.help = "Most events of one batched request",
                .initial = "100",
                .min = "1",
                .max = "10000"})
      .integer("in_flight", &ReceiverSpec::in_flight,
               {.help = "Requests at a time; never two of one partition, so that order holds",
                .initial = "8",
                .min = "1",
                .max = "128"})
      .map("headers", &ReceiverSpec::headers, &HeaderSpec::name, header_fields(),
           {.help = "More headers of each request, such as Authorization",
            .max = "32",
            .example = "{Authorization: Bearer abc}",
            .check = check_header_name})
      .text(
          "token_file", &ReceiverSpec::token_file,
          {.help = "File whose text is sent as Authorization: Bearer, read anew for each request; "
                   "relative to the pipeline file",
           .example = "/var/run/secrets/tokens/sink"})
      .texts("allow", &ReceiverSpec::allow,
             {.help = "Hosts that may have a link-local or metadata address",
              .max = "32",
              .example = "[169.254.1.1]"})
      .text(
          "ca_file", &ReceiverSpec::ca_file,
          {.help =
               "PEM file of the certificate authorities, relative to the pipeline file; left out: "
               "the system's",
           .example = "/etc/ouzel/ca.pem"});
}

void add_retry_fields(TableOf<ReceiverSpec>& table) {
  table
      .integer("retries", &ReceiverSpec::retries,
               {.help = "Tries after the first (Knative: retry); then the event is a dead letter",
                .initial = "10",
                .min = "0",
                .max = "1000000"})
      .duration("backoff", &ReceiverSpec::backoff,
                {.help = "Before the first retry; doubles each time (Knative: backoffDelay)",
                 .initial = "1s",
                 .min = "1ms",
                 .max = "1h"})
      .duration(
          "backoff_max", &ReceiverSpec::backoff_max,
          {.help = "Longest wait between two tries", .initial = "1m", .min = "1ms", .max = "1d"})
      .duration("timeout", &ReceiverSpec::timeout,
                {.help = "Of one try, as a whole", .initial = "10s", .min = "10ms", .max = "10m"})
      .duration("retry_after_max", &ReceiverSpec::retry_after_max,
                {.help = "Longest wait that a receiver may ask for by Retry-After",
                 .initial = "5m",
                 .min = "0s",
                 .max = "1d"})
      .text("dead_letter", &ReceiverSpec::dead_letter,
            {.help = "Receiver of dead letters; left out: a file, see ouzel dlq",
             .example = "https://ops.example/dead",
             .secret = true,
             .check = check_url});
}

std::string check_directory(std::string_view directory) {
  if (directory.starts_with('/')) return "";
  for (const std::string_view ours : {"log", "keep", "snapshots", "sinks", "dlq", ".", ".."}) {
    if (directory == ours) return "is a directory of the engine itself";
  }
  const bool good = !directory.empty() && directory.find('/') == std::string_view::npos;
  return good ? "" : "is neither an absolute path nor one name below the data directory";
}

bool has_two_credentials(const ReceiverSpec& receiver) {
  return !receiver.token_file.empty() &&
         std::any_of(receiver.headers.begin(), receiver.headers.end(), [](const HeaderSpec& one) {
           return http::iequals(one.name, "authorization");
         });
}

/// Why the URL's host cannot be, as far as the file shows it; what a name resolves to shows when
/// the sink sends.
std::string host_fault(const ReceiverSpec& receiver, const std::string& url) {
  const std::string host = host_of(url);
  const auto& allow = receiver.allow;
  if (std::find(allow.begin(), allow.end(), host) != allow.end()) return "";
  const std::string why = refused_host(host);
  return why.empty() ? "" : host + " is " + why;
}

}  // namespace

TableOf<FilesSpec> file_sink_fields() {
  TableOf<FilesSpec> table(
      "file", "Files of NDJSON, each outcome in them just once (from Kafka: at least once).");
  table
      .text("directory", &FilesSpec::directory,
            {.help = "Where they stand: a name below the data directory, or an absolute path",
             .initial = "out",
             .check = check_directory})
      .boolean("gzip", &FilesSpec::gzip, {.help = "Compressed, as .ndjson.gz", .initial = "false"})
      .word<FileSplit>("split", &FilesSpec::split,
                       {{FileSplit::size, {"size", "a file is finished at its size alone"}},
                        {FileSplit::day, {"day", "and at the end of a day of acceptance, UTC"}}},
                       {.help = "When a file is finished", .initial = "size"})
      .size("bytes_max", &FilesSpec::bytes_max,
            {.help = "Size at which a file is finished",
             .initial = "64MiB",
             .min = "1KiB",
             .max = "1TiB"});
  return table.example("{directory: out, gzip: true, split: day}");
}

TableOf<ReceiverSpec> webhook_fields() {
  TableOf<ReceiverSpec> table("webhook", std::string(kWebhookHelp));
  add_request_fields(table);
  table.texts("secret", &ReceiverSpec::secrets,
              {.help = "whsec_… that signs; two while one replaces the other",
               .max = "4",
               .example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
               .secret = true,
               .check = check_secret});
  add_retry_fields(table);
  return table.example("{url: \"https://ops.example/hook\", retries: 20, timeout: 5s}");
}

TableOf<ReceiverSpec> http_sink_fields() {
  TableOf<ReceiverSpec> table("http", std::string(kHttpHelp));
  add_request_fields(table);
  add_retry_fields(table);
  return table.example("{url: \"http://broker-ingress.knative-eventing/default/default\"}");
}

TableOf<SinkSpec> sink_fields() {
  TableOf<SinkSpec> table("sink", "Where outcomes are sent, each way with a durable cursor.");
  table.section("webhook", &SinkSpec::webhook, webhook_fields())
      .section("http", &SinkSpec::http, http_sink_fields())
      .section("file", &SinkSpec::file, file_sink_fields())
      .words<SinkWhen>(
          "when", &SinkSpec::when,
          {{SinkWhen::alert, {"alert", "routed to alert"}},
           {SinkWhen::review, {"review", "routed to review"}},
           {SinkWhen::rejects, {"rejects", "rejected, with the event's bytes (not from Kafka)"}},
           {SinkWhen::all, {"all", "every outcome"}}},
          {.help = "Which outcomes", .initial = "alert", .min = "1"})
      .text("name", &SinkSpec::name,
            {.help = "Name of its cursor and metrics; left out: its kind",
             .example = "ops",
             .check = check_name})
      .word<SinkSpec::From>(
          "from", &SinkSpec::from,
          {{SinkSpec::From::end, {"end", "with what comes"}},
           {SinkSpec::From::beginning, {"beginning", "with the oldest outcome that is kept"}}},
          {.help = "Where it begins when it is new", .initial = "end"})
      .one_of({"webhook", "http", "file"})
      .example("{webhook: {url: \"https://ops.example/hook\"}, when: alert}")
      .example(
          "{http: {url: \"https://ops.example/all\", mode: batched}, when: all, name: archive}")
      .example("{file: {gzip: true, split: day}, when: [alert, review]}");
  return table;
}

std::optional<SinksFault> sinks_fault(const std::vector<SinkSpec>& sinks) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    const ReceiverSpec& receiver = sinks[i].receiver();
    const std::string name = sink_name(sinks[i]);
    if (!names.insert(name).second) {
      return SinksFault{
          i, "two sinks are called " + name + ": each needs a name of its own, as its cursor has",
          "add name: to them"};
    }
    if (has_two_credentials(receiver)) {
      return SinksFault{i, "the sink " + name + " has both token_file and a header Authorization",
                        "leave one of them out"};
    }
    for (const std::string& url : {receiver.url, receiver.dead_letter}) {
      if (const std::string why = host_fault(receiver, url); !why.empty()) {
        return SinksFault{i, "the sink " + name + ": " + why, "name it in allow if that is meant"};
      }
    }
  }
  return std::nullopt;
}

}  // namespace ouzel
