/// Connection: one client's socket, from its first byte to its close. A state machine that its
/// IoThread drives; every state but `handling` and `streaming` has a deadline.
///
///   idle -> head -> body -> handling -> writing -> idle … or lingering -> closed
///                                       writing <-> streaming, as long as the body goes on
///
/// Owns the socket and one request's memory. Belongs to its IoThread; `respond` is for any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ouzel/http/body_stream.h"
#include "ouzel/http/event_loop.h"
#include "ouzel/http/io_thread.h"
#include "ouzel/http/request_parser.h"

namespace ouzel::http {

class Connection final : public Watcher,
                         public ResponseSink,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<IoThread> thread, Descriptor socket);

  void start();
  void on_ready(Readiness ready) override;
  void respond(Response response) override;
  /// A response that came later than its handler's return.
  void answer(Response response);
  void check_deadline(SteadyTime now);
  /// The server stops: ends at once, or with the response that is awaited.
  void wind_down();
  void close();

  std::size_t slot = 0;  ///< Place in the thread's list.

 private:
  enum class State : std::uint8_t {
    idle,
    head,
    body,
    handling,
    writing,
    streaming,
    lingering,
    closed
  };

  bool reading() const { return state_ <= State::body; }
  /// What the client sends is read and dropped, so that its end shows.
  bool dropping() const {
    return state_ == State::lingering || (stream_ && state_ > State::handling);
  }
  const ServerLimits& limits() const { return thread_->state().options.limits; }
  void enter(State state, std::chrono::nanoseconds limit);

  void read_on();
  void feed(std::string_view input);
  bool step(std::string_view& input);
  void begin_body(bool body_is_here);
  std::optional<Response> refuse_head();
  std::optional<Response> find_route();
  void refuse(ParseState why);
  void split_target();
  void dispatch();
  void write(Response response);
  void begin_stream(std::shared_ptr<BodyStream> stream);
  void write_on();
  bool send_out();
  bool next_piece();
  void stream_on();
  void finish_response();
  void next_request();

  const std::shared_ptr<IoThread> thread_;
  Descriptor socket_;
  State state_ = State::idle;
  SteadyTime deadline_{};
  bool readable_ = false, hung_up_ = false;
  RequestParser parser_;
  const Route* route_ = nullptr;
  std::string_view path_, query_;  ///< Parts of the request's target.
  bool keep_alive_ = true, in_handler_ = false;
  std::string pending_;  ///< Read and not yet parsed.
  BudgetLease pending_lease_;
  std::size_t progress_ = 0;            ///< Body bytes at the beginning of the current span.
  std::size_t lingered_ = 0;            ///< Bytes read and dropped.
  std::optional<Response> early_;       ///< A response given within the handler.
  std::shared_ptr<BodyStream> stream_;  ///< Of a response whose body goes on.
  std::string head_out_, body_out_;
  std::size_t written_ = 0;
};

}  // namespace ouzel::http
