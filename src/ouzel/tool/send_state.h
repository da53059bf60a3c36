/// How far `ouzel send` is: which requests are answered, and the file that says so for the next
/// time. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"

namespace ouzel {

class SendState {
 public:
  /// `path`: of the state file; empty: nothing is kept. `fs` must outlive it.
  SendState(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  /// The line from which an earlier `send` of this key to this URL has to go on; 0: there was none.
  std::uint64_t resume(const std::string& url, const std::string& key);
  /// A request of these lines is on its way; requests come in the order of the file.
  void sent(const std::string& key, std::vector<std::uint64_t> lines);
  /// It is answered. Prints the first few events that the reply refuses.
  void answered(const std::string& key, const std::string& reply);
  /// Writes the file; without an unanswered request, and `whole`, it goes.
  Result<void> save(bool whole);
  std::uint64_t events_answered() const;

 private:
  void complain(const std::vector<std::uint64_t>& lines, const std::string& reply);

  FileSystem& fs_;
  const std::string path_;
  std::string url_, key_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<std::uint64_t>> open_;  ///< Requests by key.
  std::uint64_t next_line_ = 1;                             ///< Behind the last one sent.
  std::uint64_t events_ = 0;
  int complaints_ = 0;
};

}  // namespace ouzel
