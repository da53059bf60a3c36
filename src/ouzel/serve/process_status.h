/// What the system says about this process: the standard `process_*` metrics.
#pragma once

#include <cstdint>

namespace ouzel {

struct ProcessStatus {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  ///< Since the epoch.
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t open_files_max = 0;
  std::uint64_t threads = 0;
};
/// Reads /proc; what cannot be read stays 0.
ProcessStatus read_process_status();

}  // namespace ouzel
