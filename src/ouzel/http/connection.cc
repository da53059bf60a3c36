#include "ouzel/http/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "ouzel/http/host_guard.h"
#include "ouzel/http/response_head.h"

namespace ouzel::http {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kReadsInARow = 16;  ///< Before other connections get their turn.
constexpr std::size_t kLingerBytesMax = 16 << 20;
constexpr nanoseconds kLinger = std::chrono::seconds(2);
constexpr std::size_t kKeptBytes = 4 << 10;  ///< Of buffers, while a connection is idle.

void shrink(std::string& buffer) {
  if (buffer.capacity() > kKeptBytes) {
    buffer = std::string();
  } else {
    buffer.clear();
  }
}

ParserLimits parser_limits(const ServerLimits& limits) {
  return {.header_bytes_max = limits.header_bytes_max,
          .header_fields_max = limits.header_fields_max};
}

void append_chunk_size(std::string& out, std::size_t size) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  out.append(digits.data(), end).append("\r\n");
}

}  // namespace

Connection::Connection(std::shared_ptr<IoThread> thread, Descriptor socket)
    : thread_(std::move(thread)),
      socket_(std::move(socket)),
      parser_(parser_limits(thread_->state().options.limits), thread_->state().budget),
      pending_lease_(thread_->state().budget) {}

void Connection::start() {
  enter(State::idle, limits().idle_max);
  if (!thread_->loop().watch(socket_.get(), *this)) close();
}

void Connection::enter(State state, nanoseconds limit) {
  state_ = state;
  deadline_ = thread_->now() + limit;
}

void Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  thread_->loop().forget(socket_.get());
  socket_.reset();
  if (stream_) std::exchange(stream_, nullptr)->leave();
  parser_.body().release();
  pending_ = std::string();
  pending_lease_.resize(0);
  thread_->drop(*this);
}

void Connection::wind_down() {
  keep_alive_ = false;
  if (reading()) close();
  if (stream_) stream_->end();
}

void Connection::check_deadline(SteadyTime now) {
  if (now < deadline_) return;
  switch (state_) {
    case State::head:
      keep_alive_ = false;
      return write(problem(408, "the request's header did not arrive in time"));
    case State::body: {
      const std::size_t size = parser_.body().size();
      if (size - progress_ >= limits().progress_bytes) {
        progress_ = size;
        return enter(State::body, limits().progress_max);
      }
      keep_alive_ = false;
      return write(problem(408, "the request's body did not arrive in time"));
    }
    case State::idle:
    case State::writing:
    case State::lingering: return close();
    case State::handling:
    case State::streaming:
    case State::closed: return;
  }
}

// -- in ---------------------------------------------------------------------------------------

void Connection::on_ready(Readiness ready) {
  readable_ = readable_ || ready.readable;
  hung_up_ = hung_up_ || ready.hung_up;
  if (ready.writable && state_ == State::writing) {
    write_on();
    next_request();
  }
  read_on();
}

void Connection::read_on() {
  std::vector<char>& buffer = thread_->read_buffer();
  std::size_t reads = 0;
  while (readable_ && (reading() || dropping())) {
    if (++reads > kReadsInARow) {
      thread_->loop().post([self = shared_from_this()] { self->read_on(); });
      return;
    }
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      readable_ = false;
      return;
    }
    if (got <= 0) return close();
    const auto size = static_cast<std::size_t>(got);
    if (size < buffer.size() && !hung_up_) readable_ = false;  // Drained; an edge will tell.
    bump(thread_->state().received_bytes, size);
    if (!dropping()) {
      feed({buffer.data(), size});
    } else if ((lingered_ += size) > kLingerBytesMax) {
      return close();
    }
  }
}

void Connection::feed(std::string_view input) {
  std::string work;
  if (!pending_.empty()) {
    work = std::exchange(pending_, std::string());
    work.append(input);
    input = work;
  }
  while (reading() && !input.empty() && step(input)) {}
  if (dropping()) lingered_ += input.size();
  if (dropping() || state_ == State::closed) return;
  if (input.empty()) {
    shrink(pending_);
  } else {
    pending_.assign(input);
  }
  if (state_ == State::body && pending_.size() > limits().header_bytes_max) {
    keep_alive_ = false;
    return write(problem(400, "the line before a chunk, or the trailer, is longer than " +
                                  std::to_string(limits().header_bytes_max) + " bytes"));
  }
  if (!pending_lease_.resize(pending_.size())) close();
}

/// Takes one step in the request; false: nothing more to do with these bytes for now.
bool Connection::step(std::string_view& input) {
  if (state_ == State::idle) {
    input.remove_prefix(std::min(input.find_first_not_of("\r\n"), input.size()));
    if (input.empty()) return false;
    parser_.begin();
    enter(State::head, limits().header_max);
  }
  const ParseState state = parser_.put(input);
  switch (state) {
    case ParseState::need_more: return false;
    case ParseState::head_done: begin_body(!input.empty()); return true;
    case ParseState::done: dispatch(); return true;
    default: refuse(state); return false;
  }
}

void Connection::begin_body(bool body_is_here) {
  const RequestHead& head = parser_.head();
  keep_alive_ = parser_.keep_alive();
  // Somebody in between may see the request's end elsewhere (RFC 9112, 6.1).
  const bool doubtful = head.version == 10 && head.fields.find("Transfer-Encoding");
  if (head.coded || head.framings > 1 || doubtful) keep_alive_ = false;
  split_target();
  if (auto refusal = refuse_head()) {
    if (parser_.has_body()) keep_alive_ = false;  // It will not be read.
    return write(std::move(*refusal));
  }
  if (!parser_.has_body()) return dispatch();
  parser_.begin_body(thread_->take_spare(), route_->body_bytes_max);
  progress_ = 0;
  enter(State::body, limits().progress_max);
  if (!body_is_here && head.fields.find("Expect")) {
    // If it does not get through, the client sends its body all the same.
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    (void)!::send(socket_.get(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
  }
}

void Connection::split_target() {
  std::string_view target = parser_.head().target;
  if (target.starts_with("http://")) {  // The absolute form, as proxies send it.
    target.remove_prefix(std::min(target.find('/', 7), target.size()));
  }
  path_ = target.substr(0, target.find('?'));
  query_ = target.substr(std::min(target.size(), path_.size() + 1));
}

std::optional<Response> Connection::refuse_head() {
  const RequestHead& head = parser_.head();
  if (head.hosts > 1 || (head.hosts == 0 && head.version == 11)) {
    return problem(400, "exactly one Host field is needed");
  }
  if (head.framings > 1) return problem(400, "more than one length of the body is given");
  if (head.coded) return problem(501, "no transfer coding but chunked is understood");
  if (thread_->state().loopback) {
    const std::string why =
        refusal_on_loopback(head.method, head.fields.get("Host"), head.fields.find("Origin"));
    if (!why.empty()) return problem(403, why);
  }
  const auto expect = head.fields.find("Expect");
  if (expect && !iequals(*expect, "100-continue")) {
    return problem(417, "the only expectation that can be met is 100-continue");
  }
  return find_route();
}

std::optional<Response> Connection::find_route() {
  Router::Match match = thread_->state().router.find(parser_.head().method, path_);
  if (match.route == nullptr && match.allow.empty()) {
    return problem(404, "there is nothing at " + std::string(path_.substr(0, 200)));
  }
  if (match.route == nullptr) {
    Response out = problem(405, "allowed here: " + match.allow);
    out.headers.emplace_back("Allow", std::move(match.allow));
    return out;
  }
  route_ = match.route;
  const auto length = parser_.content_length();
  if (length && *length > route_->body_bytes_max) {
    return problem(413, "at most " + std::to_string(route_->body_bytes_max) +
                            " bytes of body are taken, got " + std::to_string(*length));
  }
  return std::nullopt;
}

void Connection::refuse(ParseState why) {
  keep_alive_ = false;
  switch (why) {
    case ParseState::header_too_large:
      return write(problem(431, "the request's header is too large"));
    case ParseState::body_too_large:
      return write(problem(
          413, "at most " + std::to_string(route_->body_bytes_max) + " bytes of body are taken"));
    case ParseState::budget_spent:
      return write(problem(503, "too many request bodies are on their way"));
    default: return write(problem(400, "not HTTP/1.1: " + parser_.error()));
  }
}

void Connection::dispatch() {
  static constexpr std::array<char, kBodyPadding> kNothing{};
  state_ = State::handling;
  deadline_ = SteadyTime::max();
  BodyBuffer& body = parser_.body();
  const Request request{
      .method = parser_.head().method,
      .path = path_,
      .query = query_,
      .body = body.size() > 0 ? body.finish() : std::string_view(kNothing.data(), 0),
      .headers = &parser_.head().fields,
      .thread = thread_->index()};
  early_.reset();
  in_handler_ = true;
  route_->handler(request, Responder(shared_from_this()));
  in_handler_ = false;
  thread_->keep_spare(body.release());
  if (early_) write(*std::exchange(early_, std::nullopt));
}

// -- out --------------------------------------------------------------------------------------

void Connection::respond(Response response) {
  if (thread_->is_current() && in_handler_) {
    early_ = std::move(response);
  } else {
    thread_->deliver(shared_from_this(), std::move(response));
  }
}

void Connection::answer(Response response) {
  if (state_ != State::handling) return;
  write(std::move(response));
  next_request();
  read_on();
}

void Connection::write(Response response) {
  ServerState& server = thread_->state();
  const int status = response.status;
  bump(status >= 500   ? server.requests_5xx
       : status >= 400 ? server.requests_4xx
                       : server.requests_2xx);
  const RequestHead& head = parser_.head();
  if (response.stream && head.version == 10) keep_alive_ = false;  // Its end is the body's end.
  head_out_.clear();
  write_head(head_out_, response,
             {.date = thread_->date(), .keep_alive = keep_alive_, .http_1_0 = head.version == 10});
  body_out_ = head.method == Method::head ? std::string() : std::move(response.body);
  written_ = 0;
  begin_stream(std::move(response.stream));
  enter(State::writing, limits().progress_max);
  write_on();
}

void Connection::begin_stream(std::shared_ptr<BodyStream> stream) {
  if (!stream) return;
  if (parser_.head().method == Method::head) return stream->leave();
  stream_ = std::move(stream);
  lingered_ = 0;
  stream_->attach([thread = thread_, weak = weak_from_this()] {
    thread->loop().post([weak] {
      if (const auto self = weak.lock()) self->stream_on();
    });
  });
}

void Connection::write_on() {
  do {
    if (!send_out()) return;
  } while (stream_ && next_piece());
  if (state_ == State::writing) finish_response();
}

/// Sends as much as the socket takes; false: not all of it yet, or the connection is closed.
bool Connection::send_out() {
  const std::size_t total = head_out_.size() + body_out_.size();
  while (written_ < total) {
    const std::size_t of_head = std::min(written_, head_out_.size());
    const std::size_t of_body = written_ - of_head;
    std::array<iovec, 2> rest = {{{head_out_.data() + of_head, head_out_.size() - of_head},
                                  {body_out_.data() + of_body, body_out_.size() - of_body}}};
    msghdr message{};
    message.msg_iov = rest.data();
    message.msg_iovlen = rest.size();
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return false;  // An edge will tell.
    if (sent < 0) {
      close();
      return false;
    }
    written_ += static_cast<std::size_t>(sent);
    enter(State::writing, limits().progress_max);
  }
  return true;
}

/// Takes from the stream what is to be sent next; false: nothing for now, or nothing any more.
bool Connection::next_piece() {
  auto [text, last] = stream_->take();
  if (text.empty() && !last) {
    state_ = State::streaming;
    deadline_ = SteadyTime::max();
    return false;
  }
  const bool chunked = parser_.head().version != 10;
  head_out_.clear();
  body_out_ = std::move(text);
  written_ = 0;
  if (chunked && !body_out_.empty()) {
    append_chunk_size(head_out_, body_out_.size());
    body_out_ += "\r\n";
  }
  if (last) {
    if (lingered_ > 0) keep_alive_ = false;  // What was dropped may have been half a request.
    if (chunked) body_out_ += "0\r\n\r\n";
    std::exchange(stream_, nullptr)->leave();
  }
  enter(State::writing, limits().progress_max);
  return true;
}

/// The stream has something to send.
void Connection::stream_on() {
  if (state_ != State::streaming) return;
  write_on();
  next_request();
  read_on();
}

void Connection::finish_response() {
  thread_->keep_spare(parser_.body().release());
  shrink(body_out_);
  route_ = nullptr;
  if (keep_alive_) return enter(State::idle, limits().idle_max);
  // The peer must have read the answer before the socket closes over bytes that nobody read.
  pending_ = std::string();
  pending_lease_.resize(0);
  if (::shutdown(socket_.get(), SHUT_WR) != 0) return close();
  enter(State::lingering, kLinger);
}

/// After a response: works on what the client sent meanwhile.
void Connection::next_request() {
  if (reading() && !pending_.empty()) feed({});
}

}  // namespace ouzel::http
