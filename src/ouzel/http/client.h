/// Client: a small blocking HTTP/1.1 client for the command line (simulate, tap --url, top, bench).
///
/// One connection, kept between requests and opened again when needed. One thread. No TLS, no
/// redirects, no proxies. Errors: config (malformed URL), unavailable (no connection, timeout, the
/// peer went away), corrupt (the answer is not HTTP).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/http/event_loop.h"
#include "ouzel/http/message.h"

namespace ouzel::http {

struct Url {
  std::string host;
  std::uint16_t port = 80;
  std::string target;  ///< Path and query; at least "/".
};
/// `http://host[:port][/path]`. Errors: config.
Result<Url> parse_url(std::string_view text);

struct ClientOptions {
  std::string host;
  std::uint16_t port = 80;
  std::chrono::milliseconds connect_max{5000};
  std::chrono::milliseconds silence_max{30000};  ///< Without a byte sent or received.
  std::size_t body_bytes_max = 256 << 20;        ///< Of an answer.
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

class Client {
 public:
  explicit Client(ClientOptions options) : options_(std::move(options)) {}

  Result<ClientResponse> get(std::string_view target, const HeaderList& headers = {});
  /// A POST with an `Idempotency-Key` is sent again once if a kept connection turns out closed.
  Result<ClientResponse> post(std::string_view target, std::string_view content_type,
                              std::string_view body, const HeaderList& headers = {});
  void close() { socket_.reset(); }

 private:
  Result<ClientResponse> exchange(std::string_view head, std::string_view body, bool repeatable);
  Result<void> connect();
  Result<void> send(std::string_view head, std::string_view body);
  Result<ClientResponse> receive();
  Result<bool> receive_head(ClientResponse& out);
  Result<void> receive_body(ClientResponse& out);
  Result<void> receive_chunks(ClientResponse& out);
  /// Reads more into buffer_; false at the peer's end.
  Result<bool> fill();
  Result<std::string_view> line();
  Result<void> take(std::string& out, std::size_t bytes);
  std::string where() const;

  ClientOptions options_;
  Descriptor socket_;
  std::string buffer_;  ///< Received; [at_, end) is not consumed.
  std::size_t at_ = 0;
  bool answered_ = false;  ///< Something of the current answer has arrived.
};

}  // namespace ouzel::http
