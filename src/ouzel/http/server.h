/// Server: HTTP/1.1 over TCP for all who serve, on one port.
///
/// Owns its I/O threads and connections. Handlers run on the I/O threads and must not block.
/// `start` and `stop` belong to one thread; `status` is thread-safe.
///
/// Bounds: connections, header bytes and fields, body bytes of a route, the sum of all buffered
/// bodies, and time in every state of a connection. A connection works on one request at a time;
/// pipelined ones wait in the order in which they came.
///
/// Cost: four system calls a request on a kept connection; idle connections hold no read buffer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/http/router.h"

namespace ouzel::http {

struct ServerLimits {
  std::size_t connections_max = 4096;          ///< More are answered 503 and closed.
  std::size_t header_bytes_max = 16 << 10;     ///< More: 431.
  std::size_t header_fields_max = 100;         ///< More: 431.
  std::size_t buffered_bytes_max = 256 << 20;  ///< Of all bodies being received: 503.
  std::chrono::nanoseconds header_max{std::chrono::seconds(5)};  ///< First byte to last: 408.
  std::chrono::nanoseconds idle_max{std::chrono::seconds(60)};   ///< Between two requests.
  /// Within each such span a body must bring `progress_bytes` or its end (408), and a client must
  /// take some of a response.
  std::chrono::nanoseconds progress_max{std::chrono::seconds(30)};
  std::size_t progress_bytes = 4 << 10;
};

struct ServerOptions {
  std::string address = "127.0.0.1";  ///< An address, or localhost.
  std::uint16_t port = 0;             ///< 0: any free one.
  unsigned io_threads = 1;
  ServerLimits limits;
};

struct ServerStatus {
  std::uint64_t connections = 0;          ///< Now.
  std::uint64_t connections_total = 0;    ///< Accepted since the start.
  std::uint64_t connections_refused = 0;  ///< Beyond connections_max.
  std::uint64_t requests_2xx = 0, requests_4xx = 0, requests_5xx = 0;  ///< By their answer.
  std::uint64_t received_bytes = 0;
  std::uint64_t buffered_bytes = 0;  ///< Of bodies, now.
};

class Server {
 public:
  /// Listens and serves. `clock` must outlive the server. Errors: config (address in use, not
  /// allowed, malformed). Raises this process's soft limit of open files as far as needed.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Router router,
                                               const Clock& clock);
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  virtual ServerStatus status() const = 0;
  /// Stops accepting, drops requests that are not whole yet, lets handlers answer for at most
  /// `grace`, then closes everything and joins the threads. The destructor does it with 0 s.
  virtual void stop(std::chrono::nanoseconds grace) = 0;
};

}  // namespace ouzel::http
