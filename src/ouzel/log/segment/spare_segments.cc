#include "ouzel/log/segment/spare_segments.h"

#include <algorithm>

#include "ouzel/base/fault.h"

namespace ouzel {
namespace {

/// Files kept for another life.
constexpr std::size_t kRecyclableMax = 2;

std::uint64_t frame_room(const Segment& segment) { return segment.file_bytes - kPageBytes; }

std::uint64_t page_up(std::uint64_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

}  // namespace

SpareSegments::SpareSegments(FileSystem& fs, SpareOptions options, std::uint64_t generation)
    : fs_(fs),
      options_(std::move(options)),
      generation_(generation),
      next_bytes_(options_.bytes_min) {}

bool SpareSegments::prepare() {
  std::uint64_t missing = 0;
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t room = ready_room();
    missing = wanted_bytes_ > room ? page_up(wanted_bytes_ - room) + kPageBytes : 0;
    if (!ready_.empty() && missing == 0) return false;
    wanted_bytes_ = 0;  // Whoever still needs it asks again.
  }
  for (std::uint64_t bytes = std::max(next_size(), missing);; bytes /= 2) {
    auto made = make(bytes);
    const std::lock_guard lock(mutex_);
    if (made) {
      ready_.push_back(std::move(*made));
      failure_.clear();
      changed_.notify_all();
      return true;
    }
    failure_ = made.error().message;
    // A nearly full disk may still hold a smaller one.
    if (bytes / 2 < options_.bytes_min) {
      changed_.notify_all();
      return false;
    }
  }
}

Result<std::shared_ptr<Segment>> SpareSegments::take(std::uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    while (!ready_.empty()) {
      auto segment = std::move(ready_.front());
      ready_.pop_front();
      // Generations must grow along the log: one that was passed over gets a new one first.
      if (segment->header.generation > taken_ && frame_room(*segment) >= bytes) {
        taken_ = segment->header.generation;
        return segment;
      }
      recyclable_.push_back(segment->path);
    }
  }
  auto made = make(std::max(next_size(), page_up(bytes) + kPageBytes));
  if (!made) made = make(page_up(bytes) + kPageBytes);
  const std::lock_guard lock(mutex_);
  failure_ = made ? std::string() : made.error().message;
  if (made) taken_ = (*made)->header.generation;
  return made;
}

void SpareSegments::recycle(std::string path) {
  {
    const std::lock_guard lock(mutex_);
    if (recyclable_.size() < kRecyclableMax) {
      recyclable_.push_back(std::move(path));
      return;
    }
  }
  // Enough wait already: retention gives the rest back to the disk.
  (void)fs_.remove(path);
}

bool SpareSegments::retire(const std::string& path) {
  std::string name;
  {
    const std::lock_guard lock(mutex_);
    name = options_.directory + "/" + segment_name(++generation_);
  }
  if (!fs_.rename(path, name) || !fs_.sync_directory(options_.directory)) return false;
  recycle(std::move(name));
  return true;
}

std::uint64_t SpareSegments::ready_room() const {
  std::uint64_t bytes = 0;
  for (const auto& segment : ready_) bytes += frame_room(*segment);
  return bytes;
}

std::uint64_t SpareSegments::room() const {
  const std::lock_guard lock(mutex_);
  return ready_room();
}

void SpareSegments::want(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  wanted_bytes_ = std::max(wanted_bytes_, bytes);
}

bool SpareSegments::wait_for_room(std::uint64_t bytes, std::chrono::nanoseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] {
    return ready_room() >= bytes || !failure_.empty();
  }) && failure_.empty();
}

std::string SpareSegments::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::uint64_t SpareSegments::next_size() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t bytes = next_bytes_;
  next_bytes_ = std::min(options_.bytes_max, next_bytes_ * 2);
  return bytes;
}

/// A file of `bytes` named by a generation of its own, so that nothing has to be renamed when it is
/// used; its old content, if any, names another generation and so never passes.
Result<std::shared_ptr<Segment>> SpareSegments::make(std::uint64_t bytes) {
  auto segment = std::make_shared<Segment>();
  std::string old;
  {
    const std::lock_guard lock(mutex_);
    segment->header.generation = ++generation_;
    if (!recyclable_.empty()) {
      old = std::move(recyclable_.back());
      recyclable_.pop_back();
    }
  }
  segment->path = options_.directory + "/" + segment_name(segment->header.generation);
  if (!old.empty()) {
    // The old name must be gone for good before the file's content changes: a segment of that name
    // without its header would look like damage.
    OUZEL_TRY_VOID(fs_.rename(old, segment->path));
    OUZEL_TRY_VOID(fs_.sync_directory(options_.directory));
  }
  const auto abandon = [&](const Error& error) {
    segment->file.reset();
    (void)fs_.remove(segment->path);
    return tl::unexpected(error);
  };
  auto file = fs_.open(segment->path, OpenMode::create);
  if (!file) return abandon(file.error());
  segment->file = std::move(*file);
  auto size = segment->file->size();
  if (!size) return abandon(size.error());
  // An old header page must not survive: a segment's header is written when it is first used.
  auto zeroed = segment->file->write(0, std::string(kPageBytes, '\0'));
  if (!zeroed) return abandon(zeroed.error());
  if (*size > bytes) {
    if (auto cut = segment->file->truncate(bytes); !cut) return abandon(cut.error());
  } else {
    const std::uint64_t from = std::max<std::uint64_t>(*size / kPageBytes * kPageBytes, kPageBytes);
    if (auto filled = segment->file->write_zeros(from, bytes); !filled) {
      return abandon(filled.error());
    }
  }
  if (auto synced = segment->file->sync(); !synced) return abandon(synced.error());
  if (!fault(Fault::lost_directory_entry)) {
    auto synced = fs_.sync_directory(options_.directory);
    if (!synced) return abandon(synced.error());
  }
  segment->file_bytes = bytes;
  return segment;
}

}  // namespace ouzel
