/// BodyStream: the body of a response that has no end yet, such as server-sent events. Its writer
/// appends, its connection sends; both share it, from any threads.
///
/// Bounded: what does not fit is not taken, and the writer decides what that means for the reader.
/// A connection holds one piece more than `bytes_max` while it sends it; pieces are small, so that
/// room comes back as a slow reader takes.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace ouzel::http {

class BodyStream {
 public:
  static constexpr std::size_t kPieceBytes = 64 << 10;

  explicit BodyStream(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// For the writer. False: it does not fit now, or nobody reads any more.
  bool write(std::string_view text) {
    std::unique_lock lock(mutex_);
    if (ended_ || gone_ || text.size() > bytes_max_ - pending_.size()) return false;
    pending_.append(text);
    tell(lock);
    return true;
  }
  /// Last words, which always fit, and the end of the body.
  void end(std::string_view last = {}) {
    std::unique_lock lock(mutex_);
    if (ended_ || gone_) return;
    pending_.append(last);
    ended_ = true;
    tell(lock);
  }
  std::size_t room() const {
    const std::lock_guard lock(mutex_);
    return ended_ || gone_ ? 0 : bytes_max_ - pending_.size();
  }
  /// Nobody reads any more, or the end was said.
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return ended_ || gone_;
  }

  struct Piece {
    std::string text;
    bool last = false;
  };
  /// For the connection: `wake` is called once after each `take` that gave nothing, when there is
  /// something; within the writer's call, so it must only hand over.
  void attach(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
  }
  Piece take() {
    const std::lock_guard lock(mutex_);
    waiting_ = pending_.empty() && !ended_;
    if (pending_.size() <= kPieceBytes) return {std::exchange(pending_, std::string()), ended_};
    Piece out{pending_.substr(0, kPieceBytes)};
    pending_.erase(0, kPieceBytes);
    return out;
  }
  /// The client is gone.
  void leave() {
    std::function<void()> wake;  // What it holds is let go outside the lock.
    const std::lock_guard lock(mutex_);
    gone_ = true;
    pending_ = std::string();
    wake.swap(wake_);
  }

 private:
  void tell(std::unique_lock<std::mutex>& lock) {
    if (!std::exchange(waiting_, false)) return;
    const auto wake = wake_;
    lock.unlock();
    if (wake) wake();
  }

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;  ///< Of what follows.
  std::string pending_;
  bool ended_ = false, gone_ = false, waiting_ = false;
  std::function<void()> wake_;
};

}  // namespace ouzel::http
