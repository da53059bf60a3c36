/// Dead letters of one sink: what could not be delivered, kept as lines of JSON under the data
/// directory (docs/format/dead_letters.md). Bounded: when the file is half of `bytes_max`, it takes
/// the place of the older one, whose letters go.
///
/// One thread; `fs` must outlive it. Errors: those of the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/types.h"
#include "ouzel/egress/message.h"

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

/// A letter read back.
struct KeptLetter {
  std::string key;
  std::string sink;
  std::string line;     ///< As it stands in the file.
  std::string summary;  ///< The same without the events.
  Message message;      ///< As it was to be sent.
};
/// The key of a letter's line, or of its summary; empty: it has none.
std::string letter_key(std::string_view line);
/// nullopt: the line is none of `add`'s.
std::optional<KeptLetter> read_letter(std::string_view line);

/// Keys that have been delivered later (`dlq/<sink>.replayed`).
std::set<std::string> replayed_keys(FileSystem& fs, const std::string& data_dir,
                                    const std::string& sink);
/// Adds one, durably. One process at a time.
Result<void> note_replayed(FileSystem& fs, const std::string& data_dir, const std::string& sink,
                           const std::string& key);

/// Where the letters of a data directory stand: the older file of a sink first.
std::vector<std::string> dead_letter_files(FileSystem& fs, const std::string& data_dir);

}  // namespace ouzel
