#include "ouzel/log/segment/segment_log.h"

#include <algorithm>

#include "ouzel/base/bytes.h"
#include "ouzel/base/fault.h"
#include "ouzel/base/hash.h"
#include "ouzel/base/logging.h"
#include "ouzel/log/segment/reader.h"
#include "ouzel/log/segment/scanner.h"

namespace ouzel {
namespace {

constexpr std::chrono::nanoseconds kRoomWait = std::chrono::milliseconds(500);
constexpr std::chrono::nanoseconds kTendEvery = std::chrono::milliseconds(500);

/// Less room than this is none, whatever the senders' requests need.
constexpr std::uint64_t kSmallRequestBytes = 4096;

std::uint64_t disk_bytes(const FrameDraft& draft) {
  return (kFrameHeaderBytes + draft.body.size() + 7) & ~std::uint64_t{7};
}

std::uint64_t room_of(const Segment& segment, LogPosition tail) {
  return segment.file_bytes - segment.byte_of(tail);
}

}  // namespace

SegmentLog::SegmentLog(FileSystem& fs, const Clock& clock, SegmentLogOptions options)
    : fs_(fs), clock_(clock), options_(std::move(options)) {}

SegmentLog::~SegmentLog() { stop(); }

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(FileSystem& fs, const Clock& clock,
                                                     SegmentLogOptions options,
                                                     LogPosition witnessed) {
  std::unique_ptr<SegmentLog> log(new SegmentLog(fs, clock, std::move(options)));
  OUZEL_TRY_VOID(log->recover(witnessed));
  return log;
}

Result<void> SegmentLog::recover(LogPosition witnessed) {
  OUZEL_TRY_VOID(fs_.make_directory(options_.directory));
  OUZEL_TRY(FoundLog found, find_log(fs_, options_.directory, options_.log_id, witnessed));
  report_ = {.fresh = found.segments.empty() && found.damage.empty(),
             .sealed = found.sealed,
             .cut_bytes = found.cut_bytes,
             .damage = found.damage,
             .notes = found.notes};
  recovered_ = next_ = found.next;
  set_ = std::make_unique<SegmentSet>(fs_, found.segments);
  spares_ = std::make_unique<SpareSegments>(
      fs_, SpareOptions{options_.directory, options_.segment_bytes_min, options_.segment_bytes_max},
      found.generation_max);
  // Damage is evidence: then no file is used again.
  if (found.damage.empty()) {
    for (std::string& path : found.prepared) spares_->recycle(std::move(path));
  }
  if (fault(Fault::append_to_found_segment) && !found.segments.empty()) {
    current_ = found.segments.back();
    OUZEL_TRY(current_->file, fs_.open(current_->path, OpenMode::write));
    tail_ = found.end;
    return go_on_from_tail();
  }
  const LogPosition from = fault(Fault::trust_page_cache) ? found.end : found.proven;
  found.proven = from;
  OUZEL_TRY(std::shared_ptr<Segment> segment, spares_->take((found.end - from) + kPageBytes));
  const NextOffsets at_end = next_;
  OUZEL_TRY(report_.copied_bytes, copy_tail(found, *segment));
  OUZEL_TRY_VOID(open_segment(std::move(segment), from));
  next_ = at_end;
  tail_ = found.end;
  OUZEL_TRY_VOID(go_on_from_tail());
  if (!found.segments.empty() && found.damage.empty()) give_back_tail(*found.segments.back());
  return {};
}

/// All up to `tail_` is durable: reads the page that the next frame continues.
Result<void> SegmentLog::go_on_from_tail() {
  const std::uint64_t in_page = current_->byte_of(tail_) % kPageBytes;
  page_.resize(in_page);
  OUZEL_TRY(const std::size_t got,
            current_->file->read(current_->byte_of(tail_) - in_page, page_.data(), in_page));
  OUZEL_CHECK(got == in_page);
  durable_end_.store(tail_.value(), std::memory_order_release);
  set_->extend(tail_, {});
  update_room();
  return {};
}

/// What lies behind a found segment's end is empty space that nothing will use.
void SegmentLog::give_back_tail(Segment& segment) {
  const std::uint64_t keep =
      (segment.byte_of(segment.end) + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (keep >= segment.file_bytes) return;
  if (auto file = fs_.open(segment.path, OpenMode::write)) {
    if ((*file)->truncate(keep)) segment.file_bytes = keep;
  }
}

/// Copies what may stand only in the page cache into `to` and syncs it. The header that makes `to`
/// part of the log is written afterwards: until then the old segment is the truth.
Result<std::uint64_t> SegmentLog::copy_tail(const FoundLog& found, Segment& to) {
  to.header.base = found.proven;
  if (found.proven == found.end) return std::uint64_t{0};
  // Offsets at the new base: those of the found segment up to there.
  const std::shared_ptr<Segment>& from = found.segments.back();
  next_ = from->header.next;
  SegmentScanner scanner(from, from->header.base);
  std::string copy;
  while (scanner.position() < found.end) {
    OUZEL_TRY(const SegmentScanner::Found what, scanner.next(found.end));
    if (what != SegmentScanner::Found::frame) {
      OUZEL_TRY(const bool more, scanner.resync(found.end));
      if (!more) break;
      continue;
    }
    FrameHeader header = scanner.frame().header;
    if (header.position < found.proven) {
      advance(next_, header);
      continue;
    }
    header.generation = to.header.generation;
    header.synced_to = found.proven;
    write_header(copy, header, options_.log_id);
    copy.append(scanner.frame().body);
    copy.resize((copy.size() + 7) & ~std::size_t{7}, '\0');
    index_frame(to, header);
  }
  OUZEL_CHECK(copy.size() == found.end - found.proven);
  OUZEL_TRY_VOID(to.file->write(kPageBytes, copy));
  OUZEL_TRY_VOID(to.file->sync());
  return copy.size();
}

/// Makes `segment` the one that is written, by its header page. What stood before it is durable.
Result<void> SegmentLog::open_segment(std::shared_ptr<Segment> segment, LogPosition base) {
  segment->header.log_id = options_.log_id;
  segment->header.base = base;
  segment->header.created = clock_.wall();
  segment->header.next = next_;
  segment->indexed = true;
  OUZEL_TRY_VOID(segment->file->write(0, encode(segment->header)));
  OUZEL_TRY_VOID(segment->file->sync());
  current_ = segment;
  current_->end = base;
  tail_ = base;
  page_.clear();
  set_->add(std::move(segment));
  background_.signal();
  return {};
}

AppendNumber SegmentLog::append(FrameDraft draft) {
  Pending pending{.draft = std::move(draft)};
  pending.body_crc = crc32c(pending.draft.body);
  const std::uint64_t bytes = disk_bytes(pending.draft);
  queued_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  topic_bytes_[static_cast<std::size_t>(pending.draft.topic)].fetch_add(bytes,
                                                                        std::memory_order_relaxed);
  const std::lock_guard lock(queue_mutex_);
  queue_.push_back(std::move(pending));
  return ++appended_;
}

void SegmentLog::when_durable(AppendNumber number, DurableCallback callback) {
  waiters_.add(number, std::move(callback));
}

bool SegmentLog::has_room(std::uint64_t bytes, std::string* why) {
  const bool room = find_room(bytes, why);
  if (!room) {
    set_refused(bytes, *why);
  } else if (const auto refused = refused_bytes_.load(std::memory_order_relaxed);
             refused != 0 && bytes >= refused) {
    set_refused(0, {});
  }
  return room;
}

bool SegmentLog::admits_events(std::string* why) {
  const std::uint64_t refused = refused_bytes_.load(std::memory_order_relaxed);
  if (!find_room(std::max(refused, kSmallRequestBytes), why)) return false;
  if (refused != 0) set_refused(0, {});
  return true;
}

void SegmentLog::set_refused(std::uint64_t bytes, const std::string& why) {
  const std::uint64_t before = refused_bytes_.exchange(bytes, std::memory_order_relaxed);
  if (before == 0 && bytes != 0) logging::warn("new events are refused", {{"why", why}});
  if (before != 0 && bytes == 0) logging::info("room again: events are taken");
}

bool SegmentLog::find_room(std::uint64_t bytes, std::string* why) {
  if (failed_.load(std::memory_order_acquire)) {
    *why = failure();
    return false;
  }
  const std::uint64_t wanted =
      bytes + queued_bytes_.load(std::memory_order_relaxed) + 2 * kPageBytes;
  const std::uint64_t here = current_room_.load(std::memory_order_relaxed);
  if (wanted <= here || wanted <= here + spares_->room()) return true;
  spares_->want(wanted - here);
  background_.signal();
  if (spares_->wait_for_room(wanted - here, kRoomWait)) return true;
  *why = spares_->failure();
  if (why->empty()) *why = "the disk cannot keep up";
  return false;
}

std::unique_ptr<LogReader> SegmentLog::read_from(LogPosition from) {
  return std::make_unique<SegmentReader>(
      *set_, [this] { return durable_end(); }, from);
}

std::deque<SegmentLog::Pending> SegmentLog::take_round() {
  std::deque<Pending> round;
  const std::lock_guard lock(queue_mutex_);
  std::uint64_t bytes = 0;
  while (!queue_.empty() && (round.empty() || bytes < options_.round_bytes_max)) {
    bytes += disk_bytes(queue_.front().draft);
    round.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  more_queued_ = !queue_.empty();  // Only a full round leaves something behind.
  return round;
}

std::size_t SegmentLog::step() {
  if (failed_.load(std::memory_order_acquire)) return 0;
  std::deque<Pending> round = take_round();
  const std::size_t frames = round.size();
  while (!round.empty() && !failed_.load(std::memory_order_acquire)) write_round(round);
  return frames;
}

/// Writes as many frames of the round as the segment holds, in one write and one sync.
void SegmentLog::write_round(std::deque<Pending>& round) {
  std::uint64_t room = room_of(*current_, tail_);
  std::size_t count = 0;
  while (count < round.size() && disk_bytes(round[count].draft) <= room) {
    room -= disk_bytes(round[count].draft);
    ++count;
  }
  if (count == 0) {
    (void)roll(disk_bytes(round.front().draft));
    return;
  }
  place(round, count);
  if (fault(Fault::outcome_before_durable))
    durable_end_.store((tail_ + (disk_bytes(round[0].draft))).value());
  if (fault(Fault::ack_before_sync)) waiters_.advance(written_ + count);
  if (const auto written = write_and_sync(); !written) {
    if (!move_round_to_new_segment(round, count)) return fail_with(written.error());
  }
  std::uint64_t bytes = 0;
  std::size_t numbered = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bytes += disk_bytes(round.front().draft);
    numbered += round.front().numbered ? 1 : 0;
    round.pop_front();
  }
  queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  became_durable(numbered);
}

/// Fills `buffer_` and `headers_` with the first `count` frames, placed from `tail_` on.
void SegmentLog::place(const std::deque<Pending>& round, std::size_t count) {
  buffer_.assign(page_);
  headers_.clear();
  LogPosition at = tail_;
  for (std::size_t i = 0; i < count; ++i) {
    const FrameDraft& draft = round[i].draft;
    const FrameHeader header{.topic = draft.topic,
                             .partition = draft.partition,
                             .base = draft.base,
                             .rows = draft.rows,
                             .body_bytes = static_cast<std::uint32_t>(draft.body.size()),
                             .accepted = draft.accepted,
                             .synced_to = durable_end(),
                             .generation = current_->header.generation,
                             .position = at,
                             .body_crc = round[i].body_crc};
    write_header(buffer_, header, options_.log_id);
    buffer_.append(draft.body);
    buffer_.resize((buffer_.size() + 7) & ~std::size_t{7}, '\0');
    headers_.push_back(header);
    at = header.end();
  }
}

Result<void> SegmentLog::write_and_sync() {
  const std::size_t used = buffer_.size();
  const std::uint64_t from = current_->byte_of(tail_) - page_.size();
  const std::uint64_t whole = (used + kPageBytes - 1) / kPageBytes * kPageBytes;
  buffer_.resize(std::min<std::uint64_t>(whole, current_->file_bytes - from), '\0');
  OUZEL_TRY_VOID(current_->file->write(from, buffer_));
  const SteadyTime begin = clock_.steady();
  OUZEL_TRY_VOID(current_->file->sync());
  sync_ns_.record(static_cast<std::uint64_t>((clock_.steady() - begin).count()));
  const std::size_t partial = used % kPageBytes;
  page_.assign(buffer_, used - partial, partial);
  return {};
}

/// Full: goes on in the next segment. All that stands before is durable. False: no room yet.
bool SegmentLog::roll(std::uint64_t frame_bytes) {
  for (;;) {
    auto spare = spares_->take(frame_bytes);
    if (spare) {
      if (const auto opened = open_segment(std::move(*spare), durable_end()); !opened) {
        fail_with(opened.error());
        return false;
      }
      update_room();
      return true;
    }
    // The disk is full. Accepted events keep their place in the queue until there is room.
    if (stopping_.load(std::memory_order_acquire) || !writer_.joinable()) {
      fail_with(spare.error());
      return false;
    }
    wake_.wait_for(std::chrono::milliseconds(100));
  }
}

/// A write or sync failed: the kernel may have marked its pages clean, so they are never synced
/// again. The round goes from memory to a new segment, whose header comes last.
bool SegmentLog::move_round_to_new_segment(const std::deque<Pending>& round, std::size_t count) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) bytes += disk_bytes(round[i].draft);
  auto spare = spares_->take(bytes);
  if (!spare) return false;
  current_ = std::move(*spare);
  current_->header.base = durable_end();
  tail_ = durable_end();
  page_.clear();
  place(round, count);
  if (!write_and_sync()) return false;
  const std::string page = page_;
  if (!open_segment(current_, durable_end())) return false;
  page_ = page;
  return true;
}

void SegmentLog::became_durable(std::size_t frames) {
  for (const FrameHeader& header : headers_) {
    advance(next_, header);
    witnessed_ = header.topic == Topic::mark || header.topic == Topic::seal;
  }
  tail_ = headers_.back().end();
  set_->extend(tail_, headers_);
  durable_end_.store(tail_.value(), std::memory_order_release);
  written_ += frames;
  update_room();
  if (observe_) observe_(headers_);
  waiters_.advance(written_);
}

void SegmentLog::update_room() {
  current_room_.store(room_of(*current_, tail_), std::memory_order_relaxed);
}

void SegmentLog::write_one(Topic topic) {
  std::deque<Pending> round(1);
  round.front().draft.topic = topic;
  round.front().draft.accepted = clock_.wall();
  round.front().numbered = false;
  queued_bytes_.fetch_add(disk_bytes(round.front().draft), std::memory_order_relaxed);
  while (!round.empty() && !failed_.load(std::memory_order_acquire)) write_round(round);
}

void SegmentLog::mark() {
  if (witnessed_ || failed_.load(std::memory_order_acquire)) return;
  write_one(Topic::mark);
  witnessed_ = true;
}

void SegmentLog::seal() {
  while (step() > 0) {}
  if (!failed_.load(std::memory_order_acquire)) write_one(Topic::seal);
}

void SegmentLog::tend() {
  (void)spares_->prepare();
  if (const std::string why = spares_->failure(); why.empty() == crowded_) {
    crowded_ = !why.empty();
    if (crowded_) logging::warn("no room for the log's next segment", {{"why", why}});
    if (!crowded_) logging::info("room again for the log's next segment");
  }
  set_->write_indexes();
  const std::uint64_t needed = needed_.load(std::memory_order_relaxed);
  if (needed == ~std::uint64_t{0} || !report_.damage.empty()) return;
  auto old = set_->expire({.created_before = clock_.wall() - options_.retention,
                           .bytes_max = options_.retention_bytes,
                           .needed = LogPosition(needed)});
  // The oldest first, each durably gone before the next: a power cut leaves no hole.
  for (auto& segment : old) {
    const std::string path = segment->path;
    (void)fs_.remove(path.substr(0, path.size() - 4) + ".idx");
    // A reader may still hold it: then the file lives on without a name.
    if (segment.use_count() == 1) {
      segment.reset();
      if (!spares_->retire(path)) return;
    } else if (!fs_.remove(path) || !fs_.sync_directory(options_.directory)) {
      return;
    }
  }
}

void SegmentLog::run_writer() {
  while (!stopping_.load(std::memory_order_acquire)) {
    const bool woken = witnessed_ ? (wake_.wait(), true) : wake_.wait_for(options_.quiet);
    if (!woken) mark();
    // What came in meanwhile waits for its lane's signal, so that one sync covers both an event and
    // its outcome; only what a full round left behind goes on at once.
    do step();
    while (more_queued_);
  }
  seal();
}

void SegmentLog::start() {
  OUZEL_CHECK(!writer_.joinable());
  writer_ = std::thread([this] { run_writer(); });
  background_thread_ = std::thread([this] {
    while (!stopping_.load(std::memory_order_acquire)) {
      tend();
      background_.wait_for(kTendEvery);
    }
  });
}

void SegmentLog::stop() {
  if (!writer_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  wake_.signal();
  background_.signal();
  writer_.join();
  background_thread_.join();
}

void SegmentLog::fail_with(const Error& error) {
  {
    const std::lock_guard lock(failure_mutex_);
    failure_ = "the log has failed: " + error.message + "; restart to recover";
  }
  failed_.store(true, std::memory_order_release);
  waiters_.fail(Error{ErrorCode::unavailable, failure()});
}

std::string SegmentLog::failure() const {
  const std::lock_guard lock(failure_mutex_);
  return failure_;
}

}  // namespace ouzel
