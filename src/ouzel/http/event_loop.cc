#include "ouzel/http/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "ouzel/base/check.h"

namespace ouzel::http {
namespace {
constexpr std::size_t kEventsMax = 256;  // Of one round.
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  reset();
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

void Descriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<std::unique_ptr<EventLoop>> EventLoop::make() {
  Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll || !wake) return fail(ErrorCode::unavailable, "no descriptors for an event loop");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;  // The only one without a watcher.
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return fail(ErrorCode::unavailable, "epoll_ctl failed");
  }
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll), std::move(wake)));
}

bool EventLoop::watch(int fd, Watcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void EventLoop::forget(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void EventLoop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    posted_.push_back(std::move(work));
    if (posted_.size() > 1) return;  // Whoever put the first has woken the loop.
  }
  const std::uint64_t one = 1;
  OUZEL_CHECK(::write(wake_.get(), &one, sizeof one) == sizeof one || errno == EAGAIN);
}

void EventLoop::run_posted() {
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (const auto& each : work) each();
}

void EventLoop::run(RoundObserver& observer) {
  std::array<epoll_event, kEventsMax> events;
  while (!stopping_) {
    const auto wait = static_cast<int>(observer.wait_max().count());
    const int count = ::epoll_wait(epoll_.get(), events.data(), kEventsMax, wait);
    OUZEL_CHECK(count >= 0 || errno == EINTR);
    observer.on_round();
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        std::uint64_t signals = 0;
        if (::read(wake_.get(), &signals, sizeof signals) > 0) run_posted();
        continue;
      }
      const bool hung_up = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
      static_cast<Watcher*>(event.data.ptr)
          ->on_ready({.readable = (event.events & EPOLLIN) != 0 || hung_up,
                      .writable = (event.events & EPOLLOUT) != 0,
                      .hung_up = hung_up});
    }
    kept_.clear();
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  posted_.clear();
}

}  // namespace ouzel::http
