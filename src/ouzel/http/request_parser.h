/// RequestParser: bytes of a connection to requests, one after the other. Wraps Boost.Beast's
/// parser, which checks the framing; what Beast leaves open (two lengths, unknown transfer codings,
/// the size of all fields together) is checked here or told to the caller.
///
/// Owns the memory of one request and uses it again for the next. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ouzel/http/body_buffer.h"
#include "ouzel/http/message.h"

namespace ouzel::http {

/// Request line and header fields.
struct RequestHead {
  Method method = Method::other;
  std::string target;
  int version = 11;  ///< 10 or 11.
  Headers fields;
  std::size_t framings = 0;  ///< Content-Length and Transfer-Encoding fields.
  std::size_t hosts = 0;     ///< Host fields.
  bool coded = false;        ///< A transfer coding other than chunked.
};

struct ParserLimits {
  std::size_t header_bytes_max = 0;
  std::size_t header_fields_max = 0;
};

enum class ParseState : std::uint8_t {
  need_more,  ///< All usable bytes are consumed; what is left must come again with more.
  head_done,  ///< The head is whole; the body has not begun.
  done,       ///< The request is whole.
  malformed,  ///< `error()` says how.
  header_too_large,
  body_too_large,
  budget_spent,  ///< The server holds too many bodies.
};

class RequestParser {
 public:
  RequestParser(const ParserLimits& limits, ByteBudget& budget);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Forgets the request and begins the next.
  void begin();
  /// Takes bytes off the front of `input`: up to the end of the head, then, after `begin_body`, up
  /// to the end of the request.
  ParseState put(std::string_view& input);
  /// Between head and body. `memory` is written into; more than `bytes_max` is too large.
  void begin_body(std::string memory, std::size_t bytes_max);

  const RequestHead& head() const;
  /// After the head: a body follows.
  bool has_body() const;
  std::optional<std::uint64_t> content_length() const;
  bool keep_alive() const;
  BodyBuffer& body();
  std::string error() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace ouzel::http
