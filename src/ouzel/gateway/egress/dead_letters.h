/// Dead letters of one sink: what could not be delivered, kept as lines of JSON under the data
/// directory (docs/format/dead_letters.md). Bounded: when the file is half of `bytes_max`, it takes
/// the place of the older one, whose letters go.
///
/// One thread; `fs` must outlive it. Errors: those of the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/types.h"

namespace ouzel {

struct DeadLetter {
  std::string key;     ///< Idempotency key of the request.
  std::string target;  ///< Origin of the receiver.
  WallTime given_up{};
  std::uint32_t tries = 0;
  int status = 0;      ///< Of the last answer; 0: none came.
  std::string error;   ///< Why there was none.
  std::string answer;  ///< Body of the last answer, at most 1,024 bytes.
  std::string lines;   ///< The events, as Message::lines.
};

struct DeadLetterPlace {
  std::string directory;
  std::string sink;
  std::uint64_t bytes_max = 0;  ///< Of both files.
};

class DeadLetters {
 public:
  /// Cuts a torn last line, which no cursor has passed yet.
  static Result<std::unique_ptr<DeadLetters>> open(FileSystem& fs, DeadLetterPlace place);
  /// Durable after the next `sync`.
  Result<void> add(const DeadLetter& letter);
  Result<void> sync();

 private:
  DeadLetters(FileSystem& fs, DeadLetterPlace place) : fs_(fs), place_(std::move(place)) {}
  Result<void> open_file();
  Result<void> rotate();
  std::string path(const char* suffix) const {
    return place_.directory + "/" + place_.sink + suffix;
  }

  FileSystem& fs_;
  const DeadLetterPlace place_;
  std::unique_ptr<File> file_;
  std::uint64_t size_ = 0;
  bool synced_ = true;
};

/// Where the letters of a data directory stand: the older file of a sink first.
std::vector<std::string> dead_letter_files(FileSystem& fs, const std::string& data_dir);

}  // namespace ouzel
