/// Questions to the operating system about the machine that an engine is to run on. Any thread.
/// What cannot be found out is nullopt: the caller says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "ouzel/base/error.h"
#include "ouzel/pipeline/listen_address.h"

namespace ouzel {

/// What the files of a directory stand on.
struct DiskKind {
  std::string name;      ///< "ext4", "tmpfs", …, or the number that the system gives.
  bool memory = false;   ///< Lost when the power goes.
  bool network = false;  ///< Locks and syncs are what the server makes of them.
  bool layered = false;  ///< Of a container: lost with it.
};
std::optional<DiskKind> disk_kind(const std::string& directory);

/// Permission bits of a file or directory.
std::optional<unsigned> permission_bits(const std::string& path);
bool is_directory(const std::string& path);

/// Whether something keeps the wall clock right (NTP or a host).
std::optional<bool> clock_is_kept();

std::optional<std::uint64_t> open_files_max();
std::optional<std::uint64_t> memory_available();

/// Whether the address can be listened at. Error unavailable: what the system said.
Result<void> can_listen(const ListenAddress& address);

/// Whether somebody answers there, on the level of TCP. Error unavailable: what the system said.
Result<void> can_connect(const std::string& host, std::uint16_t port,
                         std::chrono::milliseconds max);

}  // namespace ouzel
