#include "ouzel/tool/bench/bench_engine.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "ouzel/http/client.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// A port that was free a moment ago; 0 if there is none.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(fd, any, size) == 0 && ::getsockname(fd, any, &size) == 0;
  ::close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

std::string whole(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The number behind `name` in "name number"; 0 if it is not there.
double number_after(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return 0;
  return std::strtod(text.data() + at + name.size(), nullptr);
}

http::Client client_of(std::uint16_t port) {
  return http::Client({.host = "127.0.0.1", .port = port});
}

}  // namespace

void pause_for(nanoseconds time) {
  const timespec timeout{static_cast<time_t>(time.count() / 1'000'000'000),
                         time.count() % 1'000'000'000};
  ::ppoll(nullptr, 0, &timeout, nullptr);
}

double own_cpu_s() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

double load_average() {
  double average = 0;
  return ::getloadavg(&average, 1) == 1 ? average : 0;
}

std::string machine_text() {
  utsname system{};
  ::uname(&system);
  std::string cpu = "unknown CPU";
  const std::string about = whole("/proc/cpuinfo");
  if (const std::size_t at = about.find("model name"); at != std::string::npos) {
    const std::size_t begin = about.find(": ", at) + 2;
    cpu = about.substr(begin, about.find('\n', begin) - begin);
  }
  const double memory_gb = number_after(whole("/proc/meminfo"), "MemTotal:") / 1e6;
  std::ostringstream out;
  out << std::thread::hardware_concurrency() << " cores of " << cpu << ", "
      << static_cast<int>(memory_gb + 0.5) << " GB, Linux " << system.release;
  return out.str();
}

Result<void> measure_sync(FileSystem& fs, const Clock& clock, const std::string& directory,
                          std::size_t count, Histogram& into) {
  constexpr std::size_t kPage = 4096, kPages = 1024;
  const std::string path = directory + "/sync-probe";
  OUZEL_TRY(const std::unique_ptr<File> file, fs.open(path, OpenMode::create));
  OUZEL_TRY_VOID(file->write(0, std::string(kPage * kPages, '\0')));
  OUZEL_TRY_VOID(file->sync());
  const std::string page(kPage, 'x');
  for (std::size_t i = 0; i < count; ++i) {
    OUZEL_TRY_VOID(file->write(i % kPages * kPage, page));
    const SteadyTime begin = clock.steady();
    OUZEL_TRY_VOID(file->sync());
    into.record(static_cast<std::uint64_t>(nanoseconds(clock.steady() - begin).count()));
  }
  return fs.remove(path);
}

BenchEngine::BenchEngine(std::string directory, std::string pipeline, const Clock& clock)
    : directory_(std::move(directory)), pipeline_(std::move(pipeline)), clock_(clock) {}

BenchEngine::~BenchEngine() { kill(); }

Error BenchEngine::lost(const std::string& what) const {
  return {ErrorCode::unavailable, "the engine " + what + "; its log ends:\n" + [&] {
            const std::string log = whole(directory_ + "/engine.log");
            return log.substr(log.size() - std::min<std::size_t>(log.size(), 1000));
          }()};
}

Result<void> BenchEngine::start() {
  port_ = free_port();
  char self[4096];
  const ssize_t size = ::readlink("/proc/self/exe", self, sizeof(self) - 1);
  if (size <= 0 || port_ == 0) return fail(ErrorCode::unavailable, "no program or no port");
  self[size] = '\0';
  const std::string data = directory_ + "/data";
  const std::string listen = "127.0.0.1:" + std::to_string(port_);
  const std::string log = directory_ + "/engine.log";
  const char* const arguments[] = {self,         "run",      pipeline_.c_str(), "--data-dir",
                                   data.c_str(), "--listen", listen.c_str(),    nullptr};
  started_ = clock_.steady();
  child_ = ::fork();
  if (child_ < 0) {
    return fail(ErrorCode::unavailable, std::string("fork: ") + std::strerror(errno));
  }
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execv(self, const_cast<char* const*>(arguments));
    ::_exit(127);
  }
  return {};
}

Result<nanoseconds> BenchEngine::wait_ready(nanoseconds limit) {
  while (clock_.steady() - started_ < limit) {
    http::Client client = client_of(port_);
    const auto reply = client.get("/readyz");
    if (reply && reply->status == 200) return clock_.steady() - started_;
    int status = 0;
    if (::waitpid(child_, &status, WNOHANG) == child_) {
      child_ = -1;
      return tl::unexpected(lost("ended by itself"));
    }
    pause_for(milliseconds(1));
  }
  return tl::unexpected(lost("did not become ready"));
}

Result<StatusView> BenchEngine::status() const {
  http::Client client = client_of(port_);
  OUZEL_TRY(const http::ClientResponse reply, client.get("/api/v1/status"));
  return read_status(reply.body);
}

Result<StatusView> BenchEngine::wait_quiet(nanoseconds limit) const {
  const SteadyTime begin = clock_.steady();
  while (clock_.steady() - begin < limit) {
    OUZEL_TRY(StatusView now, status());
    if (now.in_flight == 0) return now;
    pause_for(milliseconds(2));
  }
  return tl::unexpected(lost("still had events in flight"));
}

Result<std::vector<std::pair<double, double>>> BenchEngine::end_to_end() const {
  http::Client client = client_of(port_);
  OUZEL_TRY(const http::ClientResponse reply, client.get("/metrics"));
  constexpr std::string_view kBucket = "\nouzel_event_end_to_end_seconds_bucket{";
  std::vector<std::pair<double, double>> out;
  const std::string& page = reply.body;
  for (std::size_t at = page.find(kBucket); at != std::string::npos;
       at = page.find(kBucket, at + 1)) {
    const std::size_t le = page.find("le=\"", at), value = page.find("} ", at);
    if (le == std::string::npos || value == std::string::npos) break;
    out.emplace_back(std::strtod(page.c_str() + le + 4, nullptr),
                     std::strtod(page.c_str() + value + 2, nullptr));
  }
  if (out.empty()) return tl::unexpected(lost("has no ouzel_event_end_to_end_seconds"));
  return out;
}

ProcessUse BenchEngine::use() const {
  const std::string directory = "/proc/" + std::to_string(child_);
  ProcessUse out;
  // Behind the name in brackets: eleven other fields, then utime and stime in ticks.
  const std::string stat = whole(directory + "/stat");
  std::istringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  out.cpu_s = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator(directory + "/task", gone)) {
    std::istringstream running(whole(thread.path().string() + "/schedstat"));
    double ns = 0;
    running >> ns;
    out.cpu_threads_s += ns * 1e-9;
  }
  const std::string status = whole(directory + "/status");
  out.rss_mb = number_after(status, "VmRSS:") * 1024 / 1e6;
  out.rss_peak_mb = number_after(status, "VmHWM:") * 1024 / 1e6;
  return out;
}

void BenchEngine::kill() {
  if (child_ <= 0) return;
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  child_ = -1;
}

void BenchEngine::stop() {
  if (child_ <= 0) return;
  ::kill(child_, SIGTERM);
  ::waitpid(child_, nullptr, 0);
  child_ = -1;
}

}  // namespace ouzel
