/// IoThread: one event loop, the connections it serves, and the responses that other threads hand
/// in for them.
///
/// Shared by its connections, so a Responder may outlive the server. `deliver`, `adopt_soon` and
/// `stop_soon` are for any thread; all else is for the thread that runs it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ouzel/http/event_loop.h"
#include "ouzel/http/message.h"
#include "ouzel/http/server_state.h"

namespace ouzel::http {

class Connection;

class IoThread final : public RoundObserver, public std::enable_shared_from_this<IoThread> {
 public:
  static Result<std::shared_ptr<IoThread>> make(std::shared_ptr<ServerState> state, unsigned index);
  IoThread(std::shared_ptr<ServerState> state, unsigned index, std::unique_ptr<EventLoop> loop);
  ~IoThread() override;

  /// Serves until `stop_soon`.
  void run();
  /// Takes over a connected socket that was counted already.
  void adopt_soon(Descriptor socket);
  /// Lets handlers answer for at most `grace`, then closes everything and ends `run`.
  void stop_soon(std::chrono::nanoseconds grace);
  /// A response that was not given within the handler.
  void deliver(std::shared_ptr<Connection> to, Response response);

  void drop(Connection& connection);
  bool is_current() const { return std::this_thread::get_id() == id_; }
  unsigned index() const { return index_; }
  EventLoop& loop() { return *loop_; }
  ServerState& state() { return *state_; }
  SteadyTime now() const { return now_; }  ///< Of the current round.
  const std::string& date();
  std::vector<char>& read_buffer() { return read_buffer_; }
  /// Memory for a body, kept from an earlier one if possible.
  std::string take_spare();
  void keep_spare(std::string memory);

  std::chrono::milliseconds wait_max() override;
  void on_round() override;

 private:
  void adopt(Descriptor socket);
  void stop(std::chrono::nanoseconds grace);
  void check_deadlines();
  void read_letters();

  const std::shared_ptr<ServerState> state_;
  const unsigned index_;
  const std::unique_ptr<EventLoop> loop_;
  const std::chrono::nanoseconds tick_;
  std::thread::id id_;
  SteadyTime now_{}, next_tick_{}, date_until_{}, stop_at_{};
  bool stopping_ = false;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::vector<char> read_buffer_;
  std::vector<std::string> spares_;
  std::string date_;
  std::mutex mutex_;  ///< Of what follows.
  std::vector<std::pair<std::shared_ptr<Connection>, Response>> letters_;
  bool ended_ = false;
};

}  // namespace ouzel::http
