#include "ouzel/http/client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

namespace ouzel::http {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kLineBytesMax = 64 << 10;
constexpr std::size_t kFieldsMax = 256;

std::string last_error() { return std::system_category().message(errno); }

bool ready(int fd, short events, std::chrono::milliseconds limit) {
  pollfd wait{.fd = fd, .events = events, .revents = 0};
  int count = 0;
  do {
    count = ::poll(&wait, 1, static_cast<int>(limit.count()));
  } while (count < 0 && errno == EINTR);
  if (count == 0) errno = ETIMEDOUT;
  return count > 0;
}

template <class T>
bool parse_number(std::string_view text, T& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

Descriptor open_socket(const addrinfo& address, std::chrono::milliseconds limit) {
  Descriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return {};
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return socket;
  if (errno != EINPROGRESS || !ready(socket.get(), POLLOUT, limit)) return {};
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  return error == 0 ? std::move(socket) : Descriptor{};
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  const auto wrong = [&](const char* what) {
    return fail(ErrorCode::config, std::string("URL: ") + what + ", got " + std::string(text));
  };
  if (!text.starts_with(kScheme)) return wrong("http://host:port expected");
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view host = rest.substr(0, slash);
  Url out;
  out.target = slash == rest.size() ? "/" : std::string(rest.substr(slash));
  const std::size_t bracket = host.starts_with('[') ? host.find(']') : 0;
  if (bracket == std::string_view::npos) return wrong("an address without its ]");
  const std::size_t colon = host.find(':', bracket);
  if (colon != std::string_view::npos) {
    if (!parse_number(host.substr(colon + 1), out.port)) return wrong("a port number expected");
    host = host.substr(0, colon);
  }
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return wrong("a host expected");
  out.host = std::string(host);
  return out;
}

std::string Client::where() const {
  const bool v6 = options_.host.find(':') != std::string::npos;
  return (v6 ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(options_.port);
}

Result<ClientResponse> Client::get(std::string_view target, const HeaderList& headers) {
  std::string head = "GET " + std::string(target) + " HTTP/1.1\r\nHost: " + where() + "\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  head += "\r\n";
  return exchange(head, {}, true);
}

Result<ClientResponse> Client::post(std::string_view target, std::string_view content_type,
                                    std::string_view body, const HeaderList& headers) {
  std::string head = "POST " + std::string(target) + " HTTP/1.1\r\nHost: " + where() +
                     "\r\nContent-Type: " + std::string(content_type) +
                     "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  bool repeatable = false;
  for (const auto& [name, value] : headers) {
    head += name + ": " + value + "\r\n";
    repeatable = repeatable || iequals(name, "Idempotency-Key");
  }
  head += "\r\n";
  return exchange(head, body, repeatable);
}

Result<ClientResponse> Client::exchange(std::string_view head, std::string_view body,
                                        bool repeatable) {
  const bool kept = static_cast<bool>(socket_);
  if (!kept) OUZEL_TRY_VOID(connect());
  answered_ = false;
  auto sent = send(head, body);
  // A server may answer and close before it has taken the whole body: its answer counts.
  auto out = sent || !kept ? receive() : Result<ClientResponse>(tl::unexpected(sent.error()));
  if (out) return out;
  socket_.reset();
  if (kept && repeatable && !answered_) {
    OUZEL_TRY_VOID(connect());
    OUZEL_TRY_VOID(send(head, body));
    out = receive();
    if (!out) socket_.reset();
  }
  return out;
}

Result<void> Client::connect() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code =
      ::getaddrinfo(options_.host.c_str(), std::to_string(options_.port).c_str(), &hints, &found);
  if (code != 0) {
    return fail(ErrorCode::unavailable,
                "no address of " + options_.host + ": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  buffer_.clear();
  at_ = 0;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    socket_ = open_socket(*each, options_.connect_max);
    if (socket_) return {};
  }
  return fail(ErrorCode::unavailable, "cannot connect to " + where() + ": " + last_error());
}

Result<void> Client::send(std::string_view head, std::string_view body) {
  std::size_t done = 0;
  while (done < head.size() + body.size()) {
    const std::string_view rest_head = head.substr(std::min(done, head.size()));
    const std::string_view rest_body = body.substr(done - (head.size() - rest_head.size()));
    std::array<iovec, 2> parts = {{{const_cast<char*>(rest_head.data()), rest_head.size()},
                                   {const_cast<char*>(rest_body.data()), rest_body.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent >= 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno != EINTR &&
               (errno != EAGAIN || !ready(socket_.get(), POLLOUT, options_.silence_max))) {
      return fail(ErrorCode::unavailable, "cannot send to " + where() + ": " + last_error());
    }
  }
  return {};
}

Result<bool> Client::fill() {
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  const std::size_t size = buffer_.size();
  buffer_.resize(size + kReadBytes);
  while (true) {
    const ssize_t got = ::recv(socket_.get(), buffer_.data() + size, kReadBytes, 0);
    if (got >= 0) {
      buffer_.resize(size + static_cast<std::size_t>(got));
      answered_ = answered_ || got > 0;
      return got > 0;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN && ready(socket_.get(), POLLIN, options_.silence_max)) continue;
    buffer_.resize(size);
    return fail(ErrorCode::unavailable, "no answer from " + where() + ": " + last_error());
  }
}

Result<std::string_view> Client::line() {
  while (true) {
    const std::size_t end = buffer_.find('\n', at_);
    if (end != std::string::npos) {
      std::string_view out = std::string_view(buffer_).substr(at_, end - at_);
      at_ = end + 1;
      if (out.ends_with('\r')) out.remove_suffix(1);
      return out;
    }
    if (buffer_.size() - at_ > kLineBytesMax) {
      return fail(ErrorCode::corrupt, "answer of " + where() + ": a line without an end");
    }
    OUZEL_TRY(const bool more, fill());
    if (!more) return fail(ErrorCode::unavailable, where() + " closed the connection");
  }
}

Result<void> Client::take(std::string& out, std::size_t bytes) {
  if (bytes > options_.body_bytes_max - std::min(options_.body_bytes_max, out.size())) {
    return fail(ErrorCode::corrupt, "answer of " + where() + " is too large");
  }
  while (true) {
    const std::size_t here = std::min(bytes, buffer_.size() - at_);
    out.append(buffer_, at_, here);
    at_ += here;
    bytes -= here;
    if (bytes == 0) return {};
    OUZEL_TRY(const bool more, fill());
    if (!more) return fail(ErrorCode::unavailable, where() + " closed the connection");
  }
}

/// False: an interim answer (1xx), another follows.
Result<bool> Client::receive_head(ClientResponse& out) {
  OUZEL_TRY(const std::string_view status, line());
  if (!status.starts_with("HTTP/1.") || status.size() < 12 ||
      !parse_number(status.substr(9, 3), out.status)) {
    return fail(ErrorCode::corrupt, where() + " does not speak HTTP/1.1");
  }
  out.headers.clear();
  if (status.starts_with("HTTP/1.0")) out.headers.add("Connection", "close");
  while (true) {
    OUZEL_TRY(const std::string_view field, line());
    if (field.empty()) return out.status >= 200;
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos || out.headers.size() >= kFieldsMax) {
      return fail(ErrorCode::corrupt, "answer of " + where() + ": malformed header");
    }
    out.headers.add(field.substr(0, colon), trim(field.substr(colon + 1)));
  }
}

Result<void> Client::receive_chunks(ClientResponse& out) {
  while (true) {
    OUZEL_TRY(const std::string_view head, line());
    std::size_t bytes = 0;
    if (!parse_number(trim(head.substr(0, head.find(';'))), bytes, 16)) {
      return fail(ErrorCode::corrupt, "answer of " + where() + ": malformed chunk");
    }
    if (bytes == 0) break;
    OUZEL_TRY_VOID(take(out.body, bytes));
    OUZEL_TRY_VOID(line());
  }
  while (true) {
    OUZEL_TRY(const std::string_view trailer, line());
    if (trailer.empty()) return {};
  }
}

Result<void> Client::receive_body(ClientResponse& out) {
  if (out.status == 204 || out.status == 304) return {};
  if (iequals(out.headers.get("Transfer-Encoding"), "chunked")) return receive_chunks(out);
  if (const auto text = out.headers.find("Content-Length")) {
    std::size_t bytes = 0;
    if (!parse_number(*text, bytes)) {
      return fail(ErrorCode::corrupt, "answer of " + where() + ": malformed Content-Length");
    }
    return take(out.body, bytes);
  }
  while (true) {
    OUZEL_TRY_VOID(take(out.body, buffer_.size() - at_));
    OUZEL_TRY(const bool more, fill());
    if (!more) break;
  }
  socket_.reset();
  return {};
}

Result<ClientResponse> Client::receive() {
  ClientResponse out;
  while (true) {
    OUZEL_TRY(const bool is_final, receive_head(out));
    if (is_final) break;
  }
  OUZEL_TRY_VOID(receive_body(out));
  if (iequals(out.headers.get("Connection"), "close")) socket_.reset();
  return out;
}

}  // namespace ouzel::http
