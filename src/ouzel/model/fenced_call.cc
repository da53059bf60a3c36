#include "ouzel/model/fenced_call.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <new>

namespace ouzel {
namespace {

constexpr std::size_t kAnswerMax = 1 << 20;
constexpr int kAnswerTo = 3;
constexpr char kGood = 'g';
constexpr char kBad = 'b';
constexpr char kLimit = 'l';

rlim_t memory_now() {
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

void limit(__rlimit_resource resource, rlim_t most) {
  const rlimit limits{.rlim_cur = most, .rlim_max = most};
  ::setrlimit(resource, &limits);
}

void answer(char kind, std::string text) {
  text.insert(text.begin(), kind);
  std::string_view left(text);
  while (!left.empty()) {
    const ssize_t written = ::write(kAnswerTo, left.data(), left.size());
    if (written <= 0) return;
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

void close_the_rest(int pipe) {
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int standard : {0, 1, 2}) ::dup2(nowhere, standard);
  ::dup2(pipe, kAnswerTo);
  ::close_range(kAnswerTo + 1, ~0U, 0);
}

[[noreturn]] void be_child(int pipe, const std::function<Result<std::string>()>& work,
                           const FenceLimits& limits) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::signal(number, SIG_IGN);
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::signal(number, SIG_DFL);
  close_the_rest(pipe);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, static_cast<rlim_t>(limits.cpu.count()));
  limit(RLIMIT_AS, memory_now() + limits.memory_bytes);
  try {
    const Result<std::string> result = work();
    result ? answer(kGood, *result) : answer(kBad, result.error().message);
  } catch (const std::bad_alloc&) {
    answer(kLimit, "it needs more memory than is allowed");
  } catch (const std::exception& error) {
    answer(kBad, error.what());
  }
  ::_exit(0);
}

enum class Ending : std::uint8_t { by_itself, late, stopped };

/// Until the child closes its end.
Ending read_answer(int pipe, const FenceLimits& limits, const Clock& clock, std::string& out) {
  const SteadyTime end = clock.steady() + limits.wall;
  std::array<char, 4096> some{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock.steady());
    if (left.count() <= 0) return Ending::late;
    pollfd waiting[] = {{pipe, POLLIN, 0}, {limits.stop_fd, POLLIN, 0}};
    const int ready = ::poll(waiting, std::size(waiting), static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Ending::late;
    if (waiting[1].revents != 0) return Ending::stopped;
    const ssize_t size = ::read(pipe, some.data(), some.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return Ending::by_itself;
    if (out.size() < kAnswerMax) out.append(some.data(), static_cast<std::size_t>(size));
  }
}

std::string how_it_ended(int status, const FenceLimits& limits) {
  if (!WIFSIGNALED(status)) return "it ended without an answer";
  const int number = WTERMSIG(status);
  if (number == SIGXCPU || number == SIGKILL) {
    return "it took more than " + std::to_string(limits.cpu.count()) + " s of CPU";
  }
  return "it crashed (" + std::string(::strsignal(number)) + ")";
}

}  // namespace

Result<std::string> fenced_call(const std::function<Result<std::string>()>& work,
                                FenceLimits limits, const Clock& clock) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::unavailable, std::string("pipe: ") + std::strerror(errno));
  }
  const pid_t child = ::fork();
  if (child == 0) be_child(ends[1], work, limits);
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return fail(ErrorCode::unavailable, std::string("fork: ") + std::strerror(errno));
  }
  std::string answered;
  const Ending ending = read_answer(ends[0], limits, clock, answered);
  ::close(ends[0]);
  if (ending != Ending::by_itself) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (ending == Ending::stopped) {
    return fail(ErrorCode::unavailable, "given up, as the program was told to stop");
  }
  if (ending == Ending::late) {
    return fail(ErrorCode::corrupt,
                "it took more than " + std::to_string(limits.wall.count()) + " s");
  }
  if (answered.empty()) return fail(ErrorCode::corrupt, how_it_ended(status, limits));
  std::string text = answered.substr(1);
  if (answered.front() == kLimit) return fail(ErrorCode::corrupt, std::move(text));
  if (answered.front() != kGood) return fail(ErrorCode::config, std::move(text));
  return text;
}

}  // namespace ouzel
