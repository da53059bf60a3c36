#include "ouzel/serve/process_status.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace ouzel {
namespace {

std::string read_text(const char* path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

/// Seconds since the epoch at which the machine started.
double boot_time() {
  const std::string stat = read_text("/proc/stat");
  const std::size_t at = stat.find("\nbtime ");
  return at == std::string::npos ? 0 : std::strtod(stat.c_str() + at + 7, nullptr);
}

std::uint64_t count_entries(const char* path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path), &::closedir);
  std::uint64_t count = 0;
  while (directory && ::readdir(directory.get()) != nullptr) ++count;
  return count > 3 ? count - 3 : 0;  // ".", ".." and the directory's own descriptor.
}

}  // namespace

ProcessStatus read_process_status() {
  ProcessStatus out;
  // proc(5): behind the name in brackets stand the fields from the third on.
  const std::string stat = read_text("/proc/self/stat");
  std::istringstream fields(
      stat.substr(stat.rfind(')') == std::string::npos ? stat.size() : stat.rfind(')') + 1));
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::string text;
  for (int field = 3; fields >> text; ++field) {
    const double value = std::strtod(text.c_str(), nullptr);
    if (field == 14 || field == 15) out.cpu_seconds += value / ticks;
    if (field == 20) out.threads = static_cast<std::uint64_t>(value);
    if (field == 22) out.start_time_seconds = boot_time() + value / ticks;
    if (field == 23) out.virtual_bytes = static_cast<std::uint64_t>(value);
    if (field == 24) {
      out.resident_bytes =
          static_cast<std::uint64_t>(value) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
  }
  out.open_files = count_entries("/proc/self/fd");
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) out.open_files_max = limit.rlim_cur;
  return out;
}

}  // namespace ouzel
