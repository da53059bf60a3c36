#include "ouzel/http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

#include "ouzel/http/event_loop.h"
#include "ouzel/http/io_thread.h"
#include "ouzel/http/server_state.h"

namespace ouzel::http {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kAcceptsInARow = 64;

/// Room for the connections beside the files that everything else needs open.
std::size_t raise_open_files(std::size_t connections_max) {
  constexpr rlim_t kOthers = 256;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections_max;
  const rlim_t wanted = connections_max + kOthers;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min(limit.rlim_max, wanted);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  const rlim_t room = limit.rlim_cur > 2 * kOthers ? limit.rlim_cur - kOthers : kOthers;
  return std::min<std::size_t>(connections_max, room);
}

struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
  bool loopback = false;
};

Result<Endpoint> endpoint_of(const ServerOptions& options) {
  Endpoint out;
  std::string text = options.address == "localhost" ? "127.0.0.1" : options.address;
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.address);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(options.port);
    out.size = sizeof *v4;
    out.loopback = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(options.port);
    out.size = sizeof *v6;
    out.loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
  } else {
    return fail(ErrorCode::config,
                "listen address: an IP address or localhost is needed, got " + options.address);
  }
  return out;
}

Result<Descriptor> listen_on(const ServerOptions& options, const Endpoint& endpoint) {
  Descriptor socket(
      ::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (socket) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  if (!socket || ::bind(socket.get(), address, endpoint.size) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0) {
    return fail(ErrorCode::config, "cannot listen on " + options.address + ":" +
                                       std::to_string(options.port) + ": " +
                                       std::system_category().message(errno));
  }
  return socket;
}

std::uint16_t port_of(const Descriptor& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET
                   ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                   : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

/// Accepts on the first thread and deals the connections out to all.
class Acceptor final : public Watcher {
 public:
  Acceptor(ServerState& state, Descriptor socket, std::vector<std::shared_ptr<IoThread>>& threads)
      : state_(state), socket_(std::move(socket)), threads_(threads) {}

  bool start() { return threads_[0]->loop().watch(socket_.get(), *this); }
  void stop() {
    threads_[0]->loop().forget(socket_.get());
    socket_.reset();
  }

  void on_ready(Readiness) override {
    for (std::size_t i = 0; i < kAcceptsInARow; ++i) {
      if (!socket_) return;
      Descriptor client = accept_one();
      if (client) {
        admit(std::move(client));
      } else if (errno == EMFILE || errno == ENFILE) {
        // Closed unanswered: left in the queue it would wake this thread again and again.
        spare_.reset();
        accept_one();
        spare_ = Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      } else if (errno != ECONNABORTED && errno != EINTR) {
        return;
      }
    }
    threads_[0]->loop().post([this] { on_ready({}); });  // The connections get a turn.
  }

 private:
  Descriptor accept_one() {
    return Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  }

  void admit(Descriptor client) {
    bump(state_.connections_total);
    if (state_.connections.load(std::memory_order_relaxed) >=
        state_.options.limits.connections_max) {
      bump(state_.connections_refused);
      constexpr std::string_view kFull =
          "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
          "Content-Length: 0\r\nConnection: close\r\n\r\n";
      (void)!::send(client.get(), kFull.data(), kFull.size(), MSG_NOSIGNAL);
      return;
    }
    bump(state_.connections);
    const int on = 1;
    ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    threads_[next_++ % threads_.size()]->adopt_soon(std::move(client));
  }

  ServerState& state_;
  Descriptor socket_;
  Descriptor spare_{::open("/dev/null", O_RDONLY | O_CLOEXEC)};  ///< For when all are used up.
  std::vector<std::shared_ptr<IoThread>>& threads_;
  std::size_t next_ = 0;
};

class ListeningServer final : public Server {
 public:
  explicit ListeningServer(std::shared_ptr<ServerState> state) : state_(std::move(state)) {}
  ~ListeningServer() override { stop(nanoseconds{0}); }

  Result<void> listen() {
    OUZEL_TRY(const Endpoint endpoint, endpoint_of(state_->options));
    OUZEL_TRY(Descriptor socket, listen_on(state_->options, endpoint));
    port_ = port_of(socket);
    state_->loopback = endpoint.loopback;
    for (unsigned i = 0; i < std::max(1U, state_->options.io_threads); ++i) {
      OUZEL_TRY(auto thread, IoThread::make(state_, i));
      io_.push_back(std::move(thread));
    }
    acceptor_ = std::make_unique<Acceptor>(*state_, std::move(socket), io_);
    if (!acceptor_->start()) return fail(ErrorCode::unavailable, "cannot watch the socket");
    for (const auto& io : io_) threads_.emplace_back([io] { io->run(); });
    return {};
  }

  std::uint16_t port() const override { return port_; }

  ServerStatus status() const override {
    const auto read = [](const auto& cell) { return cell.load(std::memory_order_relaxed); };
    return {.connections = read(state_->connections),
            .connections_total = read(state_->connections_total),
            .connections_refused = read(state_->connections_refused),
            .requests_2xx = read(state_->requests_2xx),
            .requests_4xx = read(state_->requests_4xx),
            .requests_5xx = read(state_->requests_5xx),
            .received_bytes = read(state_->received_bytes),
            .buffered_bytes = state_->budget.used()};
  }

  void stop(nanoseconds grace) override {
    if (threads_.empty()) return;
    io_[0]->loop().post([this] { acceptor_->stop(); });
    for (const auto& io : io_) io->stop_soon(grace);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  const std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<IoThread>> io_;
  std::unique_ptr<Acceptor> acceptor_;
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Router router,
                                              const Clock& clock) {
  options.limits.connections_max = raise_open_files(options.limits.connections_max);
  auto server = std::make_unique<ListeningServer>(
      std::make_shared<ServerState>(std::move(options), std::move(router), clock));
  OUZEL_TRY_VOID(server->listen());
  return server;
}

}  // namespace ouzel::http
