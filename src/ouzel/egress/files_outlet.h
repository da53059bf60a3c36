/// FilesOutlet: writes outcomes as lines of JSON into files, each just once: the place in the file
/// is kept with the cursor, and what stands behind it after a crash is cut.
///
/// Files are `<sink>-<number>.ndjson`, or `<sink>-<day>-<number>.ndjson` when split by day; `.gz`
/// behind it when compressed, one gzip member a write. A file grows to `bytes_max` and one write
/// more, then the next begins; a finished file is never touched again. The day is that of the
/// newest event's acceptance in a commit, UTC, so days never go back. Belongs to the sink's thread;
/// `fs` must outlive it. Errors: those of the disk; what failed is written again at the same place.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/file_system.h"
#include "ouzel/egress/outlet.h"
#include "ouzel/egress/sink_spec.h"

namespace ouzel {

struct FilesPlan {
  FilesSpec spec;
  std::string directory;  ///< Where they stand; made if absent.
  std::string sink;
};

class FilesOutlet final : public Outlet {
 public:
  /// Goes on at `place`, as `place()` gave it. Empty: behind the newest file of this sink that is
  /// there; then `place()` must be kept before the first window, or a crash within it doubles
  /// lines.
  static Result<std::unique_ptr<FilesOutlet>> open(FileSystem& fs, SinkReport& report,
                                                   FilesPlan plan, const std::string& place);

  void take(std::vector<Message> window) override { window_ = std::move(window); }
  Result<bool> step(std::chrono::nanoseconds limit) override;
  std::optional<Offset> drop(PartitionId partition) override;
  void wake() override {}
  std::string place() const override;
  std::chrono::nanoseconds rest() const override { return std::chrono::milliseconds(100); }

 private:
  /// Where the next byte goes.
  struct Place {
    std::uint64_t number = 0;  ///< 0: there is no file yet.
    std::uint64_t size = 0;
    std::string name;  ///< Empty: the next file begins.
  };

  FilesOutlet(FileSystem& fs, SinkReport& report, FilesPlan plan)
      : fs_(fs), report_(report), plan_(std::move(plan)) {}
  Result<void> go_on();
  Result<std::uint64_t> newest() const;
  bool fits(const Place& at, const Message& message) const;
  std::string name_of(std::uint64_t number, const Message& message) const;
  Result<void> begin_file(Place& at, const Message& message);
  Result<void> write_run(Place& at, std::string lines);
  std::string path(const std::string& name) const { return plan_.directory + "/" + name; }

  FileSystem& fs_;
  SinkReport& report_;
  const FilesPlan plan_;
  Place place_;  ///< Everything before it is synced.
  std::unique_ptr<File> file_;
  std::string open_name_;  ///< Of `file_`.
  std::vector<Message> window_;
};

}  // namespace ouzel
