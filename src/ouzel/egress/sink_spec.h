/// SinkSpec: where outcomes go, as the pipeline file says it. Values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ouzel {

/// Which outcomes a sink takes.
enum class SinkWhen : std::uint8_t { alert, review, rejects, all };

/// How events stand in a request (CloudEvents 1.0.2, HTTP binding).
enum class EventMode : std::uint8_t { binary, structured, batched };

struct HeaderSpec {
  std::string name;
  std::string value;

  bool operator==(const HeaderSpec&) const = default;
};

/// A receiver over HTTP: `http`, and `webhook`, which signs.
struct ReceiverSpec {
  std::string url;
  EventMode mode = EventMode::binary;
  std::uint32_t batch = 0;      ///< Events of one batched request.
  std::uint32_t in_flight = 0;  ///< Requests at a time; one a partition, so that order holds.
  std::uint32_t retries = 0;    ///< After the first try.
  std::chrono::nanoseconds backoff{};  ///< Before the first retry; doubles from try to try.
  std::chrono::nanoseconds backoff_max{};
  std::chrono::nanoseconds timeout{};  ///< Of one try, from the connection to the last byte.
  std::chrono::nanoseconds retry_after_max{};  ///< Cap of what a receiver may ask for.
  std::vector<HeaderSpec> headers;
  std::vector<std::string> secrets;  ///< `whsec_…`; each signs, so that they can be rotated.
  std::vector<std::string> allow;    ///< Hosts whose address may be link-local or metadata.
  std::string token_file;            ///< Its text is sent as a bearer token, read anew each time.
  std::string ca_file;               ///< PEM; empty: the system's.
  std::string ca_pem;                ///< Its text instead; from K_CA_CERTS, not from the file.
  std::vector<std::pair<std::string, std::string>> extensions;  ///< From K_CE_OVERRIDES likewise.
  std::string dead_letter;  ///< URL; empty: the file under the data directory.

  bool operator==(const ReceiverSpec&) const = default;
};

enum class FileSplit : std::uint8_t { size, day };

/// Files of NDJSON.
struct FilesSpec {
  std::string directory;
  bool gzip = false;
  FileSplit split = FileSplit::size;
  std::uint64_t bytes_max = 0;  ///< Then the next file begins.

  bool operator==(const FilesSpec&) const = default;
};

struct SinkSpec {
  enum class Kind : std::uint8_t { webhook, http, file };
  enum class From : std::uint8_t { end, beginning };

  std::string name;  ///< Empty: the kind's.
  ReceiverSpec webhook;
  ReceiverSpec http;
  FilesSpec file;
  std::vector<SinkWhen> when;
  From from = From::end;  ///< Where a sink without a cursor begins.

  bool operator==(const SinkSpec&) const = default;
  Kind kind() const {
    if (!webhook.url.empty()) return Kind::webhook;
    return http.url.empty() ? Kind::file : Kind::http;
  }
  const ReceiverSpec& receiver() const { return kind() == Kind::webhook ? webhook : http; }
  bool takes(SinkWhen what) const {
    for (const SinkWhen one : when) {
      if (one == what) return true;
    }
    return false;
  }
};

std::string_view to_string(SinkSpec::Kind kind);
/// The name that cursor, metrics and log lines have.
std::string sink_name(const SinkSpec& spec);
/// Scheme, host and port of a URL: all of it that may be shown.
std::string origin_of(std::string_view url);
/// Host of a URL, lower case and without brackets; empty if there is none.
std::string host_of(std::string_view url);

}  // namespace ouzel
