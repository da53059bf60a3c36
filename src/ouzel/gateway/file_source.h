/// FileSource: reads the events of a file, or of the files of a directory one after the other, into
/// the doors, each exactly once.
///
/// An event's id is its file and line, and the cursor follows what is on disk: what is read again
/// after a crash is found as duplicates. Between two durable cursors lie fewer events than the
/// search for duplicates remembers. Nobody can be told of a refusal, so those become rejections;
/// when a door has no room, reading waits.
///
/// A file that is followed: renamed (rotation), it is read to its end before the new one; one that
/// got shorter, or was written anew (its last bytes that were read are others now), begins anew as
/// another file. A restart finds the renamed file in its directory.
///
/// Owns one thread, which only `start` begins. What it is given must outlive it. Errors: a file
/// that cannot be read is said in the log; `failed`, but for a directory, where it gets a marker
/// `<name>.failed` and the others go on.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "ouzel/base/file_system.h"
#include "ouzel/base/wake.h"
#include "ouzel/batch/schema.h"
#include "ouzel/gateway/door.h"
#include "ouzel/gateway/file_cursor.h"
#include "ouzel/gateway/file_source_spec.h"
#include "ouzel/gateway/intake.h"
#include "ouzel/log/log.h"

namespace ouzel {

struct FileSourceOptions {
  FileSourceSpec spec;
  std::string pipeline;
  std::string data_dir;  ///< Where the cursor stands.
  std::uint16_t partitions = 8;
  std::size_t duplicates_max = 0;  ///< Of a partition: what a crash may make it read again.
  std::function<bool()> ready;     ///< While false nothing is read. Thread-safe.
};

class FileSource {
 public:
  FileSource(FileSystem& files, const Schema& schema, Door& door, Log& log,
             FileSourceOptions options);
  ~FileSource();
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  void start();
  /// What is in hand is finished; the cursor is saved. Thread-safe.
  void stop();
  /// Reading; all is read and on disk; given up. Thread-safe.
  enum class State : std::uint8_t { reading, finished, failed };
  State state() const { return state_.load(std::memory_order_acquire); }
  IntakeCounters& counters() { return counters_; }

 private:
  struct Reading;
  void run();
  Result<void> read_single();
  Result<void> read_directory();
  Result<std::string> next_in_directory();
  Result<void> finish_in_directory(const std::string& name, const char* suffix);
  Result<void> begin_file(const std::string& path);
  /// Reads the cursor's file, found at `path`, to its end; `grows`: until another takes its name.
  Result<void> read_file_at(const std::string& path, bool grows);
  Result<bool> read_batch(Reading& reading);
  Result<std::string> open_file(const std::string& path, Reading& reading);
  bool still_grows(const std::string& path, const Reading& reading);
  void say_written_anew(const std::string& path) const;
  bool wait_durable(AppendNumber number);
  Result<void> save();
  void pause(std::chrono::nanoseconds time) { wake_.wait_for(time); }
  bool stopping() const { return stopping_.load(std::memory_order_acquire); }

  FileSystem& files_;
  const Schema& schema_;
  Door& door_;
  Log& log_;
  const FileSourceOptions options_;
  const std::size_t cursor_rows_;  ///< Between two durable cursors.
  Intake intake_;
  IntakeCounters counters_;
  FileCursor cursor_;
  std::size_t unsaved_rows_ = 0;
  std::chrono::nanoseconds backoff_{0};
  std::atomic<State> state_{State::reading};
  std::atomic<bool> stopping_{false};
  Wake wake_;
  std::thread thread_;
};

}  // namespace ouzel
