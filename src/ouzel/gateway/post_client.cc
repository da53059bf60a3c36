#include "ouzel/gateway/post_client.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace ouzel {
namespace {

tl::unexpected<Error> lost(std::string_view what) {
  return fail(ErrorCode::unavailable, std::string(what) + ": " + std::strerror(errno));
}

constexpr std::size_t kReplyMax = 64 << 20;

bool same_letters(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
  }
  return true;
}

/// Value of a header field in `head`; empty if it is not there.
std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !same_letters(line.substr(0, colon), name)) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
  }
  return {};
}

std::uint64_t number(std::string_view text) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace

Result<PostUrl> read_post_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  const auto refuse = [&] {
    return fail(ErrorCode::config, "http://host:port expected, got `" + std::string(url) + "`");
  };
  if (!url.starts_with(kScheme)) return refuse();
  std::string_view rest = url.substr(kScheme.size());
  PostUrl out;
  const std::size_t slash = rest.find('/');
  const std::string_view path = slash == std::string_view::npos ? "" : rest.substr(slash);
  out.path = path.empty() || path == "/" ? "/events" : std::string(path);
  rest = rest.substr(0, slash);
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos) {
    const std::uint64_t port = number(rest.substr(colon + 1));
    if (port == 0 || port > 65535) return refuse();
    out.port = static_cast<std::uint16_t>(port);
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  if (rest.empty()) return refuse();
  out.host = rest;
  return out;
}

PostClient::~PostClient() { close(); }

void PostClient::close() {
  const int socket = socket_.exchange(-1);
  if (socket >= 0) ::close(socket);
}

void PostClient::abort() {
  aborted_ = true;
  const int socket = socket_;
  if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
}

Result<void> PostClient::connect() {
  close();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(url_.port);
  if (const int rc = ::getaddrinfo(url_.host.c_str(), port.c_str(), &hints, &found); rc != 0) {
    return fail(ErrorCode::unavailable, url_.host + ": " + ::gai_strerror(rc));
  }
  int socket = -1;
  for (const addrinfo* one = found; one != nullptr && socket < 0; one = one->ai_next) {
    socket = ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (socket < 0) continue;
    if (::connect(socket, one->ai_addr, one->ai_addrlen) != 0) {
      const int why = errno;
      ::close(socket);
      errno = why;
      socket = -1;
    }
  }
  ::freeaddrinfo(found);
  if (socket < 0) return lost("connect to " + url_.host + ":" + port);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const timeval wait{.tv_sec = answer_max.count(), .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
  socket_ = socket;
  if (aborted_) close();
  return {};
}

Result<void> PostClient::send_all(std::string_view head, std::string_view body) {
  std::size_t done = 0;
  while (done < head.size() + body.size()) {
    iovec parts[2];
    std::size_t count = 0;
    for (const auto& [text, at] : {std::pair{head, std::size_t{0}}, {body, head.size()}}) {
      if (done >= at + text.size()) continue;
      const std::string_view left = text.substr(done > at ? done - at : 0);
      parts[count++] = {const_cast<char*>(left.data()), left.size()};
    }
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return lost("send");
    done += static_cast<std::size_t>(sent);
  }
  return {};
}

Result<std::size_t> PostClient::read_more() {
  const std::size_t had = in_.size();
  in_.resize(had + 16384);
  for (;;) {
    const ssize_t got = ::recv(socket_, in_.data() + had, in_.size() - had, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return lost("receive");
    if (got == 0) return fail(ErrorCode::unavailable, "connection closed by the receiver");
    in_.resize(had + static_cast<std::size_t>(got));
    return static_cast<std::size_t>(got);
  }
}

/// A reply must say its length; ours always do.
Result<PostReply> PostClient::read_reply() {
  in_.clear();
  std::size_t head_end = std::string::npos;
  while (head_end == std::string::npos) {
    OUZEL_TRY([[maybe_unused]] const std::size_t got, read_more());
    head_end = in_.find("\r\n\r\n");
  }
  const std::string_view head(in_.data(), head_end);
  const std::size_t body_begin = head_end + 4;
  PostReply reply;
  reply.status = static_cast<int>(number(head.substr(head.find(' ') + 1)));
  reply.retry_after_s = static_cast<std::uint32_t>(number(header(head, "retry-after")));
  const std::string_view length = header(head, "content-length");
  const bool last = same_letters(header(head, "connection"), "close");
  const std::uint64_t size = number(length);
  if (length.empty() || size > kReplyMax) {
    return fail(ErrorCode::unavailable, "a reply with Content-Length expected");
  }
  while (in_.size() < body_begin + size) {
    OUZEL_TRY([[maybe_unused]] const std::size_t got, read_more());
  }
  if (last) close();
  reply.body = std::string_view(in_).substr(body_begin, size);
  return reply;
}

Result<PostReply> PostClient::post(std::string_view content_type, std::string_view body) {
  if (aborted_) return fail(ErrorCode::unavailable, "stopped");
  if (socket_ < 0) OUZEL_TRY_VOID(connect());
  head_ = "POST " + url_.path + " HTTP/1.1\r\nHost: " + url_.host + ":" +
          std::to_string(url_.port) + "\r\nContent-Type: ";
  head_.append(content_type).append("\r\nContent-Length: ");
  head_.append(std::to_string(body.size())).append("\r\n\r\n");
  if (auto sent = send_all(head_, body); !sent) {
    close();
    return tl::unexpected(std::move(sent).error());
  }
  auto reply = read_reply();
  if (!reply) close();
  return reply;
}

}  // namespace ouzel
