#include "ouzel/tool/bench/machine.h"

#include <netdb.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>

#include "ouzel/base/file_system.h"
#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

struct Magic {
  std::uint32_t number;  ///< As in statfs(2).
  DiskKind kind;
};

const std::array<Magic, 11>& known_disks() {
  static const std::array<Magic, 11> list = {{
      {0xef53, {.name = "ext4"}},
      {0x58465342, {.name = "xfs"}},
      {0x9123683e, {.name = "btrfs"}},
      {0x2fc12fc1, {.name = "zfs"}},
      {0xf2f52010, {.name = "f2fs"}},
      {0x01021994, {.name = "tmpfs", .memory = true}},
      {0x858458f6, {.name = "ramfs", .memory = true}},
      {0x794c7630, {.name = "overlayfs", .layered = true}},
      {0x6969, {.name = "nfs", .network = true}},
      {0xff534d42, {.name = "cifs", .network = true}},
      {0x65735546, {.name = "fuse", .network = true}},
  }};
  return list;
}

using Resolved = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

/// The first address of a name.
Result<Resolved> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int rc = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (rc != 0) return fail(ErrorCode::unavailable, ::gai_strerror(rc));
  return Resolved(found, &::freeaddrinfo);
}

/// Does not block. Closes itself.
class Socket {
 public:
  explicit Socket(int family)
      : number_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() {
    if (number_ >= 0) ::close(number_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

std::optional<DiskKind> disk_kind(const std::string& directory) {
  struct statfs found {};
  if (::statfs(directory.c_str(), &found) != 0) return std::nullopt;
  const auto number = static_cast<std::uint32_t>(found.f_type);
  for (const Magic& one : known_disks()) {
    if (one.number == number) return one.kind;
  }
  return DiskKind{.name = "type " + std::to_string(number)};
}

std::optional<unsigned> permission_bits(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return found.st_mode & 07777U;
}

bool is_directory(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

std::optional<bool> clock_is_kept() {
  timex state{};
  const int rc = ::adjtimex(&state);
  if (rc < 0) return std::nullopt;
  return rc != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

std::optional<std::uint64_t> open_files_max() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return limit.rlim_cur;
}

std::optional<std::uint64_t> memory_available() {
  const auto fs = make_posix_file_system();
  const auto file = fs->open("/proc/meminfo", OpenMode::read);
  if (!file) return std::nullopt;
  std::array<char, 4096> text;
  const auto got = (*file)->read(0, text.data(), text.size());
  if (!got) return std::nullopt;
  const std::string_view all(text.data(), *got);
  constexpr std::string_view kName = "MemAvailable:";
  const std::size_t at = all.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = all.substr(at + kName.size());
  const std::size_t from = rest.find_first_not_of(' ');
  const auto kib = parse_integer(rest.substr(from, rest.find(" kB") - from));
  if (!kib) return std::nullopt;
  return *kib * 1024;
}

Result<void> can_listen(const ListenAddress& address) {
  OUZEL_TRY(const Resolved to, resolve(address.address, address.port));
  const Socket socket(to->ai_family);
  const int one = 1;  // As the server does: a port that was just left can be taken.
  const bool good =
      socket.number() >= 0 &&
      ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
      ::bind(socket.number(), to->ai_addr, to->ai_addrlen) == 0 &&
      ::listen(socket.number(), 1) == 0;
  if (good) return {};
  return fail(ErrorCode::unavailable, std::strerror(errno));
}

Result<void> can_connect(const std::string& host, std::uint16_t port,
                         std::chrono::milliseconds max) {
  OUZEL_TRY(const Resolved to, resolve(host, port));
  const Socket socket(to->ai_family);
  if (::connect(socket.number(), to->ai_addr, to->ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return fail(ErrorCode::unavailable, std::strerror(errno));
  pollfd wait{socket.number(), POLLOUT, 0};
  if (::poll(&wait, 1, static_cast<int>(max.count())) != 1) {
    return fail(ErrorCode::unavailable, "no answer");
  }
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return {};
  return fail(ErrorCode::unavailable, std::strerror(error));
}

}  // namespace ouzel
