#include "ouzel/log/kafka/transaction_log.h"

#include <algorithm>
#include <utility>

#include "ouzel/base/fault.h"
#include "ouzel/base/logging.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;

/// A transaction's first records wait for so long: the broker writes the markers of the last one
/// meanwhile. Asked too early it says so, and the library waits for 20 ms before it asks again.
constexpr milliseconds kGather{4};
constexpr milliseconds kSlow{5000};  ///< A commit that takes longer is a trouble.
constexpr milliseconds kInitMax{5000};
constexpr milliseconds kCommittedMax{5000};
constexpr milliseconds kPause{200};
constexpr milliseconds kIdle{500};

/// librdkafka's words for: another producer has begun with this transactional.id.
constexpr std::string_view kFenced = "fenced by a newer";
constexpr int kFencedMax = 3;  ///< Once is usual: who takes over what a slow worker left does so.
constexpr std::chrono::nanoseconds kFencedWithin = std::chrono::minutes(1);
constexpr const char* kTwins =
    "another process works under this worker's id, and each shuts the other out: is its data "
    "directory a copy of this one (or this one of its)? Stop one of the two, and give it an empty "
    "data directory";

Offset end_of(const FrameHeader& header) { return header.base + header.rows; }

const Error& dropped() {
  static const Error error{ErrorCode::unavailable, "the partition has gone to another worker"};
  return error;
}

}  // namespace

TransactionLog::TransactionLog(TransactionLogSeams seams, TransactionLogOptions options)
    : seams_(std::move(seams)),
      options_(options),
      recent_(options.recent_bytes),
      interval_(options.interval_min),
      seen_(seams_.clock->steady()) {}

void TransactionLog::start() {
  thread_ = std::thread([this] { run(); });
}

void TransactionLog::give_up() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

bool TransactionLog::stop(std::chrono::nanoseconds limit) {
  if (!thread_.joinable()) return true;
  give_up();
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, limit, [this] { return ended_; })) return false;
  }
  thread_.join();
  tell_waiters(dropped());
  return true;
}

void TransactionLog::enter(PartitionId partition, std::optional<Offset> committed,
                           CommitNote note) {
  const std::lock_guard lock(mutex_);
  partitions_[partition] = {.committed = committed, .note = std::move(note)};
}

void TransactionLog::leave(PartitionId partition) {
  {
    std::unique_lock lock(mutex_);
    partitions_.erase(partition);
    const auto mine = [&](const Pending& frame) { return frame.header.partition == partition; };
    std::erase_if(queue_, mine);
    if (!transacting_) {
      // Nothing can come of them any more; what an earlier producer left of them the broker decides
      // before anybody reads the group's offsets.
      std::erase_if(open_, mine);
      if (open_.empty()) waits_since_ = {};
      if (!ready()) owed_.erase(partition);
    }
    if (std::any_of(open_.begin(), open_.end(), mine)) abort_wanted_ = true;
    if (owed_.contains(partition)) owed_wanted_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] {
      return stopping_ ||
             (std::none_of(open_.begin(), open_.end(), mine) && !owed_.contains(partition));
    });
  }
}

void TransactionLog::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurry_to_ = appended_;
    owed_wanted_ = !owed_.empty();
  }
  changed_.notify_all();
}

std::string TransactionLog::trouble() const {
  const std::lock_guard lock(mutex_);
  if (!trouble_.empty() || waits_since_ == SteadyTime{}) return trouble_;
  const auto waits = seams_.clock->steady() - waits_since_;
  if (waits < kSlow) return {};
  return "the brokers have not answered a commit for " +
         std::to_string(std::chrono::floor<std::chrono::seconds>(waits).count()) + " s";
}

AppendNumber TransactionLog::append(FrameDraft draft) {
  Pending frame{.header = {.topic = draft.topic,
                           .partition = draft.partition,
                           .base = draft.base,
                           .rows = draft.rows,
                           .body_bytes = static_cast<std::uint32_t>(draft.body.size()),
                           .accepted = draft.accepted},
                .body = std::make_shared<const std::string>(std::move(draft.body))};
  const std::lock_guard lock(mutex_);
  frame.number = ++appended_;
  queue_.push_back(std::move(frame));
  return appended_;
}

void TransactionLog::flush() { changed_.notify_all(); }

void TransactionLog::when_durable(AppendNumber number, DurableCallback callback) {
  {
    const std::lock_guard lock(mutex_);
    if (settled_ < number && !stopping_) {
      waiters_.push_back({number, std::move(callback)});
      return;
    }
  }
  callback(std::nullopt);
}

bool TransactionLog::has_room(std::uint64_t /*bytes*/, std::string* why) {
  *why = trouble();
  return why->empty();
}

std::unique_ptr<LogReader> TransactionLog::read_from(LogPosition from) {
  return std::make_unique<RecentReader>(recent_, from);
}

Result<LogPosition> TransactionLog::find(Topic topic, PartitionId partition, Offset offset) {
  return recent_.find(topic, partition, offset);
}

Result<LogPosition> TransactionLog::find(WallTime time) { return recent_.find(time); }

void TransactionLog::run() {
  for (;;) {
    seen_.store(seams_.clock->steady(), std::memory_order_relaxed);
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    if (!ready() && !make_ready()) {
      pause(kPause);
    } else if (unresolved_) {
      if (!resolve()) pause(kPause);
    } else if (wait_for_frames()) {
      transact();
    } else if (const auto done = commit_owed(); !done) {
      fail_transaction(done.error());
    }
  }
  if (producer_ && !unresolved_) (void)commit_owed();  // Else they come again: at least once.
  producer_.reset();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

/// Makes a producer, whose `init` decides what an earlier one of its id left open.
bool TransactionLog::make_ready() {
  if (!producer_) {
    auto made = seams_.make_producer();
    if (!made) {
      set_trouble(made.error().message);
      return false;
    }
    producer_ = std::move(*made);
  }
  if (const auto done = producer_->init(kInitMax); !done) {
    set_trouble(done.error().message);
    if (done.error().fault != TransactionFault::retry) producer_.reset();
    return false;
  }
  if (seams_.sweep) {
    if (const auto swept = seams_.sweep(*producer_); !swept) {
      set_trouble(swept.error().message);
      producer_.reset();
      return false;
    }
  }
  set_trouble({});
  ready_.store(true, std::memory_order_release);
  return true;
}

/// New ones, or such as are to be sent again. False: there are none, and what is owed is due.
bool TransactionLog::wait_for_frames() {
  std::unique_lock lock(mutex_);
  const auto limit = owed_.empty() ? kIdle : options_.offsets_every;
  changed_.wait_for(lock, limit, [this] {
    return stopping_ || !queue_.empty() || !open_.empty() || owed_wanted_;
  });
  return !stopping_ && (!queue_.empty() || !open_.empty());
}

void TransactionLog::transact() {
  {
    const std::lock_guard lock(mutex_);
    transacting_ = true;
    if (waits_since_ == SteadyTime{}) waits_since_ = seams_.clock->steady();
  }
  auto done = fill();
  if (done && open_.empty()) {  // All that came was of partitions that have gone.
    done = tl::unexpected(TransactionError{TransactionFault::abort, "nothing is left to commit"});
  }
  if (done) {
    kill_point(KillPoint::after_produce);
    const SteadyTime before = seams_.clock->steady();
    done = commit();
    const std::chrono::nanoseconds took = seams_.clock->steady() - before;
    if (done) {
      commit_ns_.record(static_cast<std::uint64_t>(took.count()));
      // One slow commit among quick ones says nothing of the next.
      interval_ = std::clamp(2 * std::min(took, std::exchange(took_, took)), options_.interval_min,
                             std::max(options_.interval_min, options_.interval_max));
      return settle(take_open());
    }
  }
  fail_transaction(done.error());
}

/// Begins a transaction and writes into it until its interval is over.
TransactionResult TransactionLog::fill() {
  const SteadyTime begun = seams_.clock->steady();
  const SteadyTime due = begun + interval_;
  const SteadyTime write_from = std::min(begun + kGather, due);
  if (auto done = producer_->begin(); !done) return done;
  std::size_t written = 0;  // What is open already is sent again.
  for (;;) {
    bool last = false;
    {
      std::unique_lock lock(mutex_);
      const auto wait_until = [&](SteadyTime end, const auto& enough) {
        const auto left = end - seams_.clock->steady();
        if (left > std::chrono::nanoseconds(0)) changed_.wait_for(lock, left, enough);
      };
      const auto must_end = [this] { return stopping_ || abort_wanted_ || hurries(); };
      if (written == open_.size() && open_bytes_ < options_.bytes_max) {
        wait_until(write_from, must_end);
        wait_until(due, [&] { return must_end() || !queue_.empty(); });
      }
      if (abort_wanted_ || stopping_) {
        return tl::unexpected(TransactionError{
            TransactionFault::abort, stopping_ ? "the program ends" : "a partition leaves"});
      }
      take_new();
      last = open_bytes_ >= options_.bytes_max || seams_.clock->steady() >= due ||
             (hurries() && (queue_.empty() || hurry_to_ < queue_.front().number));
    }
    for (; written < open_.size(); ++written) {
      if (auto done = write(open_[written]); !done) return done;
    }
    if (last) return {};
  }
}

/// Moves frames from the queue into the open transaction. Under the mutex.
void TransactionLog::take_new() {
  while (!queue_.empty() && open_bytes_ < options_.bytes_max) {
    Pending frame = std::move(queue_.front());
    queue_.pop_front();
    const auto partition = partitions_.find(frame.header.partition);
    if (partition == partitions_.end() || partition->second.diverged) continue;
    open_bytes_ += frame.header.body_bytes;
    open_.push_back(std::move(frame));
  }
}

TransactionResult TransactionLog::write(const Pending& frame) {
  return seams_.records(frame.header.partition, *frame.body, *producer_);
}

TransactionResult TransactionLog::commit() {
  auto offsets = offsets_of(open_);
  if (!offsets) return tl::unexpected(offsets.error());
  if (options_.offsets_every == std::chrono::nanoseconds(0)) {
    return producer_->commit(*offsets, *seams_.group);
  }
  if (auto written = producer_->commit({}, *seams_.group); !written) return written;
  const SteadyTime now = seams_.clock->steady();
  bool due = false;
  {
    const std::lock_guard lock(mutex_);
    if (owed_.empty()) owed_since_ = now;
    for (GroupOffset& one : *offsets) owed_[one.partition] = std::move(one);
    due = now - owed_since_ >= options_.offsets_every || owed_wanted_ || hurries();
  }
  return due ? commit_owed() : TransactionResult{};
}

/// Offsets whose outcomes are written already.
TransactionResult TransactionLog::commit_owed() {
  std::vector<GroupOffset> offsets;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, one] : owed_) offsets.push_back(one);
  }
  if (offsets.empty()) return {};
  auto done = producer_->commit(offsets, *seams_.group);
  const std::lock_guard lock(mutex_);
  owed_.clear();
  owed_wanted_ = false;
  changed_.notify_all();
  return done;
}

std::vector<TransactionLog::Pending> TransactionLog::take_open() {
  const std::lock_guard lock(mutex_);
  open_bytes_ = 0;
  transacting_ = false;
  return std::exchange(open_, {});
}

/// Where the frames bring the group, with the note of each partition's last one. Fault abort: the
/// partition of some is gone; one that goes after this is committed all the same, or the group
/// refuses.
tl::expected<std::vector<GroupOffset>, TransactionError> TransactionLog::offsets_of(
    const std::vector<Pending>& frames) {
  std::map<PartitionId, GroupOffset> ends;
  const std::lock_guard lock(mutex_);
  for (const Pending& frame : frames) {
    const PartitionId id = frame.header.partition;
    const auto partition = partitions_.find(id);
    if (partition == partitions_.end()) {
      return tl::unexpected(TransactionError{TransactionFault::abort, "a partition leaves"});
    }
    CommitNote& note = partition->second.note;
    const auto commit = CommitReader::open(*frame.body);
    OUZEL_CHECK(commit.has_value());
    if (note.plan != commit->in_force().plan) {
      note.plan = commit->in_force().plan;
      note.plan_since = frame.header.base;
    }
    note.totals = commit->totals();
    ends[id] = {.partition = id, .offset = end_of(frame.header), .metadata = to_text(note)};
  }
  std::vector<GroupOffset> out;
  for (auto& [id, end] : ends) out.push_back(std::move(end));
  return out;
}

/// These frames are committed; `open_` holds those that are not.
void TransactionLog::settle(std::vector<Pending> frames) {
  std::vector<FrameHeader> headers;
  std::uint64_t bytes = 0;
  for (Pending& frame : frames) {
    headers.push_back(frame.header);
    bytes += frame.header.body_bytes;
    recent_.push(frame.header, std::move(frame.body));
  }
  committed_bytes_ += bytes;
  seams_.committed(headers);
  {
    const std::lock_guard lock(mutex_);
    for (const FrameHeader& header : headers) {
      const auto partition = partitions_.find(header.partition);
      if (partition != partitions_.end()) partition->second.committed = end_of(header);
    }
    if (open_.empty()) abort_wanted_ = false;
    waits_since_ = {};
    trouble_.clear();
  }
  tell_waiters(std::nullopt);
  changed_.notify_all();
}

/// Whether it was fenced more often than who is merely slow would be.
bool TransactionLog::fenced_again(const std::string& why) {
  if (why.find(kFenced) == why.npos) return false;
  const SteadyTime now = seams_.clock->steady();
  if (fenced_ == 0 || now - fenced_since_ > kFencedWithin) {
    fenced_since_ = now;
    fenced_ = 0;
  }
  if (++fenced_ == kFencedMax) logging::error("two workers with one id", {{"why", kTwins}});
  return fenced_ >= kFencedMax;
}

void TransactionLog::fail_transaction(const TransactionError& error) {
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    wanted = abort_wanted_ || stopping_;
  }
  if (!wanted && error.fault == TransactionFault::abort) {
    // As when the group moves a partition while it is committed.
    logging::info("a transaction is aborted and sent again", {{"why", error.message}});
  } else if (!wanted) {
    logging::warn("a transaction's end is not known: the group is asked", {{"why", error.message}});
  }
  const bool twins = fenced_again(error.message);
  if (!wanted) set_trouble(twins ? kTwins : error.message);
  if (error.fault != TransactionFault::abort || !producer_->abort()) {
    producer_.reset();
    ready_.store(false, std::memory_order_release);
  }
  unresolved_ = true;
  // Those who leave need not wait for what became of it: whoever comes after them reads the
  // group's offsets only once the broker has decided.
  const std::lock_guard lock(mutex_);
  transacting_ = false;
  if (fault(Fault::drop_at_abort)) open_.clear();
  std::erase_if(open_, [this](const Pending& frame) {
    return !partitions_.contains(frame.header.partition);
  });
  abort_wanted_ = false;
  changed_.notify_all();
}

/// Asks the group what became of the frames of a transaction that did not end well.
bool TransactionLog::resolve() {
  if (options_.offsets_every > std::chrono::nanoseconds(0)) {
    unresolved_ = false;
    forget_trouble();
    return true;
  }
  std::map<PartitionId, Offset> ends;
  {
    const std::lock_guard lock(mutex_);
    for (const Pending& frame : open_) ends[frame.header.partition] = end_of(frame.header);
  }
  std::vector<PartitionId> ids;
  for (const auto& [id, end] : ends) ids.push_back(id);
  std::vector<GroupOffset> found;
  if (!ids.empty()) {
    auto asked = seams_.group->committed(ids, kCommittedMax);
    if (!asked) {
      set_trouble(asked.error().message);
      return false;
    }
    found = std::move(*asked);
  }
  std::vector<PartitionId> diverged;
  std::vector<Pending> done;
  {
    const std::lock_guard lock(mutex_);
    for (const GroupOffset& at : found) {
      const auto partition = partitions_.find(at.partition);
      const bool here = partition != partitions_.end();
      if (here && (at.offset == partition->second.committed || fault(Fault::resend_blindly))) {
        continue;
      }
      const bool theirs = !here || at.offset != ends[at.partition];
      if (theirs && here) {
        partition->second.diverged = true;
        diverged.push_back(at.partition);
      }
      std::erase_if(open_, [&](Pending& frame) {
        if (frame.header.partition != at.partition) return false;
        if (!theirs) done.push_back(std::move(frame));
        return true;
      });
    }
    open_bytes_ = 0;
    for (const Pending& frame : open_) open_bytes_ += frame.header.body_bytes;
  }
  unresolved_ = false;
  if (!done.empty()) settle(std::move(done));
  forget_trouble();
  changed_.notify_all();
  for (const PartitionId id : diverged) seams_.diverged(id);
  return true;
}

/// Calls those back whose frames are settled; all of them if there is an error.
void TransactionLog::tell_waiters(const std::optional<Error>& error) {
  std::vector<Waiter> due;
  {
    const std::lock_guard lock(mutex_);
    if (!open_.empty()) {
      settled_ = AppendNumber(open_.front().number.value() - 1);
    } else if (!queue_.empty()) {
      settled_ = AppendNumber(queue_.front().number.value() - 1);
    } else {
      settled_ = appended_;
    }
    for (auto at = waiters_.begin(); at != waiters_.end();) {
      if (!error && settled_ < at->number) {
        ++at;
        continue;
      }
      due.push_back(std::move(*at));
      at = waiters_.erase(at);
    }
  }
  for (Waiter& waiter : due) waiter.callback(error);
}

/// If all that failed has gone to others, nothing waits for the brokers any more.
void TransactionLog::forget_trouble() {
  const std::lock_guard lock(mutex_);
  if (!open_.empty()) return;
  waits_since_ = {};
  trouble_.clear();
}

void TransactionLog::set_trouble(std::string why) {
  const std::lock_guard lock(mutex_);
  trouble_ = std::move(why);
}

void TransactionLog::pause(std::chrono::nanoseconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [this] { return stopping_; });
}

}  // namespace ouzel
