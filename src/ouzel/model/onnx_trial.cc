#include "ouzel/model/onnx_trial.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "ouzel/base/random.h"

namespace ouzel {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kTrialRows = 24;
constexpr std::array<std::size_t, 6> kCompanies = {2, 3, 8, 17, 24, 64};
constexpr std::array<std::size_t, 5> kSizes = {8, 32, 128, 512, 1024};
constexpr std::size_t kStagingBytesMax = 64U << 20;
/// A batch beyond this is not worth its latency.
constexpr std::chrono::nanoseconds kBatchMax = 20ms;
constexpr std::chrono::nanoseconds kMeasureMin = 2ms;

constexpr rlim_t kMemoryMore = 4ULL << 30;
constexpr rlim_t kCpuSeconds = 60;
constexpr auto kWallMax = 90s;

class Trial {
 public:
  Trial(std::shared_ptr<const OnnxModel> model, const Clock& clock)
      : model_(std::move(model)),
        clock_(clock),
        runner_(model_, rows_of(model_->plan())),
        numbers_(model_->plan().numbers()) {
    for (std::size_t i = 0; i < kTrialRows; ++i) rows_.push_back(random_row(i));
  }

  Result<OnnxVerdict> verdict() {
    OnnxVerdict out;
    out.equal = same_in_company();
    if (!out.equal) return out;
    OUZEL_TRY_VOID(measure(out));
    return out;
  }

 private:
  static std::size_t rows_of(const OnnxPlan& plan) {
    const std::size_t bytes = plan.numbers() * 8 + plan.output.width() * 8;
    return std::clamp<std::size_t>(kStagingBytesMax / bytes, 8, kSizes.back());
  }

  /// Around the means that the card gives, now and then far from them or missing.
  std::vector<double> random_row(std::size_t index) {
    const OnnxPlan& plan = model_->plan();
    std::vector<double> out(numbers_);
    const double scale = index % 4 == 3 ? 10 : 1;
    for (std::size_t i = 0; i < numbers_; ++i) {
      const double mean = plan.columns[i % plan.columns.size()].mean;
      const double centre = std::isnan(mean) ? 0 : mean;
      out[i] = centre + scale * (1 + 0.2 * std::abs(centre)) * random_.normal();
    }
    if (index % 8 == 7 && plan.missing == OnnxMissing::nan) {
      out[random_.below(numbers_)] = std::numeric_limits<double>::quiet_NaN();
    }
    std::size_t first = 0;
    for (const OnnxPort& port : plan.inputs) {
      for (std::size_t i = first; port.element == OnnxElement::int64 && i < first + port.width();
           ++i) {
        out[i] = std::isnan(out[i]) ? 0 : std::floor(std::abs(out[i]));
      }
      first += port.width();
    }
    return out;
  }

  bool same_in_company() {
    std::vector<std::vector<std::byte>> alone;
    for (const auto& row : rows_) {
      if (!runner_.run_alone(row.data())) return false;
      const auto bytes = runner_.output_bytes(0);
      alone.emplace_back(bytes.begin(), bytes.end());
    }
    for (const std::size_t company : kCompanies) {
      if (company > runner_.rows_max()) break;
      for (int turn = 0; turn < 3; ++turn) {
        if (!same(company, alone)) return false;
      }
    }
    return true;
  }

  bool same(std::size_t company, const std::vector<std::vector<std::byte>>& alone) {
    std::vector<std::size_t> chosen(company);
    for (std::size_t at = 0; at < company; ++at) {
      chosen[at] = random_.below(kTrialRows);
      runner_.put(at, rows_[chosen[at]].data());
    }
    if (!runner_.run(company)) return false;
    for (std::size_t at = 0; at < company; ++at) {
      const auto bytes = runner_.output_bytes(at);
      if (std::memcmp(bytes.data(), alone[chosen[at]].data(), bytes.size()) != 0) return false;
    }
    return true;
  }

  /// The smallest batch within a tenth of the cheapest row.
  Result<void> measure(OnnxVerdict& out) {
    std::vector<std::pair<std::size_t, double>> costs;
    double best = 0;
    for (const std::size_t size : kSizes) {
      if (size > runner_.rows_max()) break;
      OUZEL_TRY(const std::chrono::nanoseconds took, time_of(size));
      const double row = static_cast<double>(took.count()) / static_cast<double>(size);
      costs.emplace_back(size, row);
      if (costs.size() == 1 || row < best) best = row;
      if (took > kBatchMax / 4) break;
    }
    if (costs.empty()) costs.emplace_back(runner_.rows_max(), 0);
    const auto chosen = std::find_if(costs.begin(), costs.end(),
                                     [&](const auto& cost) { return cost.second <= 1.1 * best; });
    out.rows_max = static_cast<std::uint32_t>(chosen->first);
    out.row_ns = chosen->second;
    return {};
  }

  /// Of the fastest of some runs.
  Result<std::chrono::nanoseconds> time_of(std::size_t size) {
    for (std::size_t at = 0; at < size; ++at) runner_.put(at, rows_[at % kTrialRows].data());
    OUZEL_TRY_VOID(runner_.run(size));
    std::chrono::nanoseconds fastest = std::chrono::nanoseconds::max();
    const SteadyTime begin = clock_.steady();
    SteadyTime before = begin;
    do {
      OUZEL_TRY_VOID(runner_.run(size));
      const SteadyTime now = clock_.steady();
      fastest = std::min<std::chrono::nanoseconds>(fastest, now - before);
      before = now;
    } while (before - begin < kMeasureMin);
    return fastest;
  }

  std::shared_ptr<const OnnxModel> model_;
  const Clock& clock_;
  OnnxRunner runner_;
  std::size_t numbers_;
  Random random_{20261};
  std::vector<std::vector<double>> rows_;
};

/// What the child answers: a verdict, or an error's text behind it.
struct Answer {
  std::uint8_t good = 0;
  OnnxVerdict verdict;
};

rlim_t memory_now() {
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

void limit(int resource, rlim_t most) {
  const rlimit limits{.rlim_cur = most, .rlim_max = most};
  ::setrlimit(static_cast<__rlimit_resource_t>(resource), &limits);
}

void write_all(int to, const void* bytes, std::size_t size) {
  const char* from = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = ::write(to, from, size);
    if (written <= 0) return;
    from += written;
    size -= static_cast<std::size_t>(written);
  }
}

[[noreturn]] void be_child(int pipe, const OnnxSource& source, const Clock& clock) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    ::signal(number, SIG_DFL);
  }
  // Nothing of the engine's may outlive it in a child: not its locks, not its port.
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int standard : {0, 1, 2}) ::dup2(nowhere, standard);
  ::dup2(pipe, 3);
  ::close_range(4, ~0U, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, kCpuSeconds);
  limit(RLIMIT_AS, memory_now() + kMemoryMore);
  const Result<OnnxVerdict> verdict = try_model(source, clock);
  const Answer answer{.good = verdict.has_value(), .verdict = verdict.value_or(OnnxVerdict{})};
  write_all(3, &answer, sizeof answer);
  if (!verdict) write_all(3, verdict.error().message.data(), verdict.error().message.size());
  ::_exit(0);
}

/// Until the child closes its end, or its time is up.
bool read_answer(int pipe, const Clock& clock, std::string& out) {
  const SteadyTime end = clock.steady() + kWallMax;
  std::array<char, 4096> some{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock.steady());
    pollfd waiting{.fd = pipe, .events = POLLIN, .revents = 0};
    if (left.count() <= 0) return false;
    const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t size = ::read(pipe, some.data(), some.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return true;
    if (out.size() < 1 << 20) out.append(some.data(), static_cast<std::size_t>(size));
  }
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
    return "loading and trying it took more than " + std::to_string(kCpuSeconds) + " s of CPU";
  }
  if (WIFSIGNALED(status)) {
    return "loading and trying it crashed the runtime (signal " + std::to_string(WTERMSIG(status)) +
           "), or took more memory than allowed";
  }
  return "loading and trying it ended without an answer (exit " +
         std::to_string(WEXITSTATUS(status)) + ")";
}

}  // namespace

Result<OnnxVerdict> try_model(const OnnxSource& source, const Clock& clock) {
  OUZEL_TRY(auto model, OnnxModel::open(source, {.equal = true, .rows_max = 8}));
  return Trial(std::move(model), clock).verdict();
}

Result<OnnxVerdict> try_in_child(const OnnxSource& source, const Clock& clock) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::unavailable, std::string("pipe: ") + std::strerror(errno));
  }
  const pid_t child = ::fork();
  if (child == 0) be_child(ends[1], source, clock);
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return fail(ErrorCode::unavailable, std::string("fork: ") + std::strerror(errno));
  }
  std::string answered;
  const bool ended = read_answer(ends[0], clock, answered);
  ::close(ends[0]);
  if (!ended) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (!ended) return fail(ErrorCode::config, "loading and trying it took more than 90 s");
  if (answered.size() < sizeof(Answer)) return fail(ErrorCode::config, how_it_ended(status));
  Answer answer;
  std::memcpy(&answer, answered.data(), sizeof answer);
  if (answer.good == 0) return fail(ErrorCode::config, answered.substr(sizeof answer));
  return answer.verdict;
}

}  // namespace ouzel
