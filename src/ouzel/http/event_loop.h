/// EventLoop: one thread that waits for many sockets (epoll, edge-triggered).
///
/// Its own thread calls `watch`, `forget` and `keep`; any thread may call `post` and `stop`.
/// Source of the edge rules (a short read means drained; read on after a hang-up): epoll(7).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "ouzel/base/error.h"

namespace ouzel::http {

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

/// What has become possible since the last time.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool hung_up = false;  ///< The peer sends no more: read until the end shows.
};

class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void on_ready(Readiness ready) = 0;
};

/// The loop's owner: has a say before and after each wait.
class RoundObserver {
 public:
  virtual ~RoundObserver() = default;
  /// The longest wait for the next event; negative: any.
  virtual std::chrono::milliseconds wait_max() = 0;
  /// Called after each wait, before the events are handed out.
  virtual void on_round() = 0;
};

class EventLoop {
 public:
  /// Errors: unavailable (out of descriptors).
  static Result<std::unique_ptr<EventLoop>> make();

  /// `watcher` must stay until it is forgotten and the current round is over (see `keep`).
  bool watch(int fd, Watcher& watcher);
  void forget(int fd);
  /// Keeps an object until the current round of events is over.
  void keep(std::shared_ptr<void> object) { kept_.push_back(std::move(object)); }
  /// Runs `work` soon, on the loop's thread. After the end of `run` it is dropped.
  void post(std::function<void()> work);
  /// Runs until `stop`.
  void run(RoundObserver& observer);
  void stop() { stopping_ = true; }  ///< Within the loop's thread.

 private:
  EventLoop(Descriptor epoll, Descriptor wake) : epoll_(std::move(epoll)), wake_(std::move(wake)) {}
  void run_posted();

  const Descriptor epoll_, wake_;
  std::vector<std::shared_ptr<void>> kept_;
  bool stopping_ = false;
  std::mutex mutex_;  ///< Of what follows.
  std::vector<std::function<void()>> posted_;
  bool ended_ = false;
};

}  // namespace ouzel::http
