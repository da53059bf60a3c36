#include "ouzel/http/io_thread.h"

#include <algorithm>

#include "ouzel/base/check.h"
#include "ouzel/http/connection.h"
#include "ouzel/http/response_head.h"

namespace ouzel::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kSparesMax = 4;
constexpr std::size_t kSpareBytesMax = 4 << 20;
constexpr nanoseconds kTickMax = milliseconds(500);
constexpr nanoseconds kTickMin = milliseconds(5);

}  // namespace

Result<std::shared_ptr<IoThread>> IoThread::make(std::shared_ptr<ServerState> state,
                                                 unsigned index) {
  OUZEL_TRY(auto loop, EventLoop::make());
  return std::make_shared<IoThread>(std::move(state), index, std::move(loop));
}

IoThread::IoThread(std::shared_ptr<ServerState> state, unsigned index,
                   std::unique_ptr<EventLoop> loop)
    : state_(std::move(state)),
      index_(index),
      loop_(std::move(loop)),
      tick_(std::clamp(
          std::min(state_->options.limits.header_max, state_->options.limits.progress_max) / 4,
          kTickMin, kTickMax)),
      read_buffer_(kReadBytes) {}

IoThread::~IoThread() = default;

void IoThread::run() {
  id_ = std::this_thread::get_id();
  now_ = state_->clock.steady();
  loop_->run(*this);
  std::vector<std::pair<std::shared_ptr<Connection>, Response>> late;
  const std::lock_guard lock(mutex_);
  ended_ = true;
  late.swap(letters_);
}

milliseconds IoThread::wait_max() {
  if (connections_.empty() && !stopping_) return milliseconds(-1);
  const nanoseconds wait = std::clamp(next_tick_ - now_, nanoseconds{0}, tick_);
  return std::chrono::ceil<milliseconds>(stopping_ ? kTickMin : wait);
}

void IoThread::on_round() {
  now_ = state_->clock.steady();
  if (now_ < next_tick_ && !stopping_) return;
  next_tick_ = now_ + tick_;
  check_deadlines();
  if (stopping_ && connections_.empty()) loop_->stop();
}

void IoThread::check_deadlines() {
  const bool out_of_time = stopping_ && now_ >= stop_at_;
  for (std::size_t i = connections_.size(); i-- > 0;) {  // Backwards: each may leave the list.
    const auto connection = connections_[i];
    if (out_of_time) {
      connection->close();
    } else {
      connection->check_deadline(now_);
    }
  }
}

void IoThread::adopt_soon(Descriptor socket) {
  const auto shared = std::make_shared<Descriptor>(std::move(socket));
  loop_->post([this, shared] { adopt(std::move(*shared)); });
}

void IoThread::adopt(Descriptor socket) {
  const auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket));
  connection->slot = connections_.size();
  connections_.push_back(connection);
  connection->start();
  if (stopping_) connection->wind_down();
}

void IoThread::drop(Connection& connection) {
  const std::size_t slot = connection.slot;
  OUZEL_CHECK(slot < connections_.size() && connections_[slot].get() == &connection);
  loop_->keep(std::move(connections_[slot]));  // This round may still hold events for it.
  if (slot + 1 < connections_.size()) {
    connections_[slot] = std::move(connections_.back());
    connections_[slot]->slot = slot;
  }
  connections_.pop_back();
  state_->connections.fetch_sub(1, std::memory_order_relaxed);
}

void IoThread::stop_soon(nanoseconds grace) {
  loop_->post([this, grace] { stop(grace); });
}

void IoThread::stop(nanoseconds grace) {
  stopping_ = true;
  stop_at_ = now_ + grace;
  for (std::size_t i = connections_.size(); i-- > 0;) {
    const auto connection = connections_[i];
    connection->wind_down();
  }
  if (connections_.empty()) loop_->stop();
}

void IoThread::deliver(std::shared_ptr<Connection> to, Response response) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    letters_.emplace_back(std::move(to), std::move(response));
    if (letters_.size() > 1) return;
  }
  loop_->post([this] { read_letters(); });
}

void IoThread::read_letters() {
  std::vector<std::pair<std::shared_ptr<Connection>, Response>> letters;
  {
    const std::lock_guard lock(mutex_);
    letters.swap(letters_);
  }
  for (auto& [connection, response] : letters) connection->answer(std::move(response));
}

const std::string& IoThread::date() {
  if (now_ >= date_until_) {
    date_ = http_date(state_->clock.wall());
    date_until_ = now_ + milliseconds(500);
  }
  return date_;
}

std::string IoThread::take_spare() {
  if (spares_.empty()) return {};
  std::string memory = std::move(spares_.back());
  spares_.pop_back();
  return memory;
}

void IoThread::keep_spare(std::string memory) {
  if (memory.capacity() < BodyBuffer::kFirstBytes || memory.capacity() > kSpareBytesMax) return;
  if (spares_.size() < kSparesMax) spares_.push_back(std::move(memory));
}

}  // namespace ouzel::http
