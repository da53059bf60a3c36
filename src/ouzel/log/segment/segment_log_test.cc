#include "ouzel/log/segment/segment_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ouzel/base/random.h"
#include "ouzel/log/segment/reader.h"

namespace ouzel {
namespace {

constexpr std::uint64_t kLogId = 0x1234;

/// Real files; while `full`, no new one can be made.
class FullFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    if (full && mode == OpenMode::create) return fail(ErrorCode::unavailable, "the disk is full");
    return real_->open(path, mode);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return real_->rename(from, to);
  }
  Result<void> remove(const std::string& path) override { return real_->remove(path); }
  Result<void> make_directory(const std::string& path) override {
    return real_->make_directory(path);
  }
  Result<void> sync_directory(const std::string& path) override {
    return real_->sync_directory(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return real_->list(path);
  }
  bool exists(const std::string& path) override { return real_->exists(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return real_->lock(path);
  }
  Result<std::uint64_t> free_bytes(const std::string& path) override {
    return real_->free_bytes(path);
  }

  bool full = false;

 private:
  std::unique_ptr<FileSystem> real_ = make_posix_file_system();
};

class SegmentLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() /
            ("ouzel-log-" + std::to_string(::getpid()) + "-" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<SegmentLog> open(LogPosition witnessed = {}) {
    SegmentLogOptions options{.directory = (root_ / "log").string(), .log_id = kLogId};
    options.segment_bytes_min = 64 << 10;
    options.segment_bytes_max = 128 << 10;
    auto log = SegmentLog::open(*fs_, clock_, options, witnessed);
    EXPECT_TRUE(log) << log.error().message;
    return std::move(*log);
  }
  /// Appends one frame of `rows` and remembers it as what must be read back.
  void put(SegmentLog& log, std::uint16_t partition, std::uint32_t rows, std::string body) {
    Offset& next = next_[partition];
    log.append({.topic = Topic::events,
                .partition = PartitionId(partition),
                .base = next,
                .rows = rows,
                .accepted = WallTime(std::chrono::nanoseconds(++time_)),
                .body = body});
    next += rows;
    expected_.push_back(std::move(body));
  }
  static std::vector<std::string> read_all(LogReader& reader, std::size_t* damaged = nullptr) {
    std::vector<std::string> bodies;
    for (;;) {
      auto frame = reader.next();
      if (!frame) {
        if (damaged != nullptr) ++*damaged;
        if (damaged == nullptr) ADD_FAILURE() << frame.error().message;
        continue;
      }
      if (!*frame) return bodies;
      bodies.emplace_back((*frame)->body);
    }
  }
  std::string newest_file() {
    std::string newest;
    for (const auto& entry : std::filesystem::directory_iterator(root_ / "log")) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::string magic(8, '\0');
      in.read(magic.data(), 8);
      if (magic == "OUZELSEG") newest = std::max(newest, entry.path().string());
    }
    return newest;
  }
  static void overwrite(const std::string& path, std::uint64_t at, std::string_view bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  std::filesystem::path root_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
  ManualClock clock_;
  std::map<std::uint16_t, Offset> next_;
  std::vector<std::string> expected_;
  std::int64_t time_ = 0;
};

TEST_F(SegmentLogTest, ReadsBackWhatItSyncedOverManySegmentsAndRestarts) {
  Random random(7);
  for (int life = 0; life < 8; ++life) {
    auto log = open();
    EXPECT_EQ(log->report().fresh, life == 0);
    EXPECT_TRUE(log->report().damage.empty());
    EXPECT_EQ(log->report().cut_bytes, 0u);
    for (int round = 0; round < 40; ++round) {
      const auto frames = 1 + random.below(5);
      for (std::uint64_t i = 0; i < frames; ++i) {
        put(*log, static_cast<std::uint16_t>(random.below(3)),
            static_cast<std::uint32_t>(1 + random.below(9)),
            std::string(random.below(5000), static_cast<char>('a' + random.below(26))));
      }
      log->step();
      if (random.chance(0.3)) log->mark();
      if (random.chance(0.3)) log->tend();
    }
    if (random.chance(0.5)) log->seal();
    auto reader = log->read_from(LogPosition{});
    EXPECT_EQ(read_all(*reader), expected_);
  }
  auto log = open();
  for (const auto& [partition, next] : next_) {
    EXPECT_EQ(log->recovered().at({Topic::events, PartitionId(partition)}), next);
  }
}

TEST_F(SegmentLogTest, AReaderFollowsTheTailOfALivingLog) {
  Random random(8);
  auto log = open();
  auto reader = log->read_from(LogPosition{});
  std::vector<std::string> got;
  for (int round = 0; round < 200; ++round) {
    put(*log, 0, 1, std::string(random.below(3000), static_cast<char>('a' + random.below(26))));
    log->step();
    if (random.chance(0.3)) log->mark();
    if (random.chance(0.3)) log->tend();
    for (std::string& body : read_all(*reader)) got.push_back(std::move(body));
    ASSERT_EQ(got, expected_);
  }
}

/// The writer has threads of its own, and small segments that roll and are recycled under the
/// reader.
TEST_F(SegmentLogTest, WhoFollowsTheTailOfALogBeingWrittenMeetsNoDamage) {
  Random random(9);
  auto log = open();
  log->start();
  auto reader = log->read_from(LogPosition{});
  std::vector<std::string> got;
  const auto follow = [&] {
    for (std::string& body : read_all(*reader)) got.push_back(std::move(body));
    // As `tap` does, which knows nothing of the owner but its files.
    const auto files = OfflineLog::open(*fs_, (root_ / "log").string(), kLogId, true);
    ASSERT_TRUE(files) << files.error().message;
    EXPECT_TRUE((*files)->damage().empty()) << (*files)->damage().front().what;
    const auto other = (*files)->read_from(LogPosition{});
    const std::vector<std::string> seen = read_all(*other);
    ASSERT_LE(seen.size(), expected_.size());
    EXPECT_TRUE(std::equal(seen.begin(), seen.end(), expected_.begin()));
  };
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    for (int i = 0; i < 5; ++i) {
      put(*log, static_cast<std::uint16_t>(i % 3), 1,
          std::string(random.below(4000), static_cast<char>('a' + random.below(26))));
    }
    log->flush();
    follow();
  }
  log->stop();
  follow();
  EXPECT_EQ(got, expected_);
}

TEST_F(SegmentLogTest, CallsBackOnlyWhenDurable) {
  auto log = open();
  int called = 0;
  const AppendNumber number = log->append({.rows = 1, .body = "x"});
  log->when_durable(number, [&](const std::optional<Error>& error) {
    EXPECT_FALSE(error);
    ++called;
  });
  EXPECT_EQ(called, 0);
  log->step();
  EXPECT_EQ(called, 1);
  log->when_durable(number, [&](const std::optional<Error>&) { ++called; });
  EXPECT_EQ(called, 2);
}

TEST_F(SegmentLogTest, CutsATornTailAndReportsIt) {
  {
    auto log = open();
    put(*log, 0, 1, "first");
    log->step();
    put(*log, 0, 1, std::string(9000, 'y'));
    put(*log, 0, 1, "third");
    log->step();
  }
  // The second round was never witnessed: damage in it cannot be told from a torn write.
  overwrite(newest_file(), kPageBytes + 64 + 8 + 64 + 100, "Z");
  auto log = open();
  EXPECT_TRUE(log->report().damage.empty());
  EXPECT_GT(log->report().cut_bytes, 0u);
  expected_.resize(1);
  auto reader = log->read_from(LogPosition{});
  EXPECT_EQ(read_all(*reader), expected_);
}

TEST_F(SegmentLogTest, TellsDamageFromATornTail) {
  {
    auto log = open();
    put(*log, 0, 1, "first");
    put(*log, 2, 1, "second");
    log->step();
    log->mark();
  }
  overwrite(newest_file(), kPageBytes + 72 + 64 + 1, "Z");
  auto log = open();
  ASSERT_EQ(log->report().damage.size(), 1u);
  EXPECT_EQ(log->report().damage[0].partition, PartitionId(2));
  EXPECT_EQ(log->report().damage[0].from, LogPosition(72));
  auto reader = log->read_from(LogPosition{});
  std::size_t damaged = 0;
  EXPECT_EQ(read_all(*reader, &damaged), std::vector<std::string>{"first"});
  EXPECT_EQ(damaged, 1u);
}

TEST_F(SegmentLogTest, ASnapshotsPositionIsAWitness) {
  {
    auto log = open();
    put(*log, 0, 1, "first");
    log->step();
  }
  overwrite(newest_file(), kPageBytes + 1, "ZZ");
  auto log = open(LogPosition(72));
  ASSERT_EQ(log->report().damage.size(), 1u);
  EXPECT_FALSE(log->report().damage[0].partition);
}

TEST_F(SegmentLogTest, ADamagedHeaderPageIsMadeAgainFromItsFrames) {
  {
    auto log = open();
    put(*log, 0, 1, "first");
    log->step();
    put(*log, 0, 1, "second");
    log->step();
    log->mark();
  }
  overwrite(newest_file(), 20, "ZZ");
  auto log = open();
  EXPECT_EQ(log->report().notes.size(), 1u);
  auto reader = log->read_from(LogPosition{});
  EXPECT_EQ(read_all(*reader), expected_);
}

TEST_F(SegmentLogTest, FindsOffsetsThroughTheSparseIndex) {
  auto log = open();
  for (int i = 0; i < 400; ++i) {
    put(*log, static_cast<std::uint16_t>(i % 2), 3, std::string(4000, 'x'));
    log->step();
    log->tend();
  }
  for (const std::uint64_t wanted : {0u, 5u, 300u, 598u}) {
    auto at = log->find(Topic::events, PartitionId(1), Offset(wanted));
    ASSERT_TRUE(at);
    auto reader = log->read_from(*at);
    std::size_t read = 0;
    for (;;) {
      auto frame = reader->next();
      ASSERT_TRUE(frame && *frame);
      ++read;
      const FrameHeader& header = (*frame)->header;
      if (header.partition == PartitionId(1) && header.base + header.rows > Offset(wanted)) {
        EXPECT_LE(header.base, Offset(wanted));
        break;
      }
    }
    EXPECT_LT(read, 60u);
  }
}

TEST_F(SegmentLogTest, FindsTimesThroughTheSparseIndex) {
  auto log = open();
  for (int i = 0; i < 400; ++i) {
    clock_.set_wall(WallTime(std::chrono::nanoseconds(time_ + 1)));
    put(*log, 0, 1, std::string(4000, 'x'));  // accepted at 1 ns, 2 ns, …
    log->step();
    log->tend();
  }
  for (const std::int64_t wanted : {1, 2, 150, 400}) {
    auto at = log->find(WallTime(std::chrono::nanoseconds(wanted)));
    ASSERT_TRUE(at);
    auto reader = log->read_from(*at);
    auto frame = reader->next();
    ASSERT_TRUE(frame && *frame);
    EXPECT_LE((*frame)->header.accepted.time_since_epoch().count(), wanted);
    EXPECT_GT((*frame)->header.accepted.time_since_epoch().count(), wanted - 60);
  }
}

TEST_F(SegmentLogTest, RemovesOnlyWhatIsOldAndNotNeeded) {
  auto log = open();
  for (int i = 0; i < 100; ++i) {
    put(*log, 0, 1, std::string(8000, 'x'));
    log->step();
  }
  clock_.advance(std::chrono::hours(24 * 8));
  log->tend();
  EXPECT_EQ(log->oldest(), LogPosition{}) << "nobody said what is needed";
  const LogPosition needed(400'000);
  log->keep_from(needed);
  log->tend();
  EXPECT_GT(log->oldest(), LogPosition{});
  EXPECT_LE(log->oldest(), needed);
  for (int i = 0; i < 100; ++i) {
    put(*log, 0, 1, std::string(8000, 'x'));
    log->step();
    log->tend();
  }
  log.reset();
  open();
}

TEST_F(SegmentLogTest, RetentionGivesTheDiskBack) {
  auto log = open();
  for (int i = 0; i < 300; ++i) {
    put(*log, 0, 1, std::string(8000, 'x'));
    log->step();
    log->tend();
  }
  const auto files = [&] {
    const auto all = std::filesystem::directory_iterator(root_ / "log");
    return std::count_if(begin(all), end(all),
                         [](const auto& entry) { return entry.path().extension() == ".seg"; });
  };
  ASSERT_GT(files(), 10);
  clock_.advance(std::chrono::hours(24 * 8));
  log->keep_from(log->durable_end());
  log->tend();
  EXPECT_LE(files(), 6) << "the one being written, what is needed, a spare and two to recycle";
}

/// What is refused is what the senders usually send; that a small request would still fit does not
/// make the log one that takes events.
TEST_F(SegmentLogTest, TakesNoEventsFromARefusalUntilThereIsRoomForWhatWasRefused) {
  auto full = std::make_unique<FullFileSystem>();
  FullFileSystem& disk = *full;
  fs_ = std::move(full);
  auto log = open();
  disk.full = true;
  log->tend();
  constexpr std::uint64_t kUsual = 256 << 10;
  std::string why;
  EXPECT_TRUE(log->admits_events(&why));
  EXPECT_FALSE(log->has_room(kUsual, &why));
  EXPECT_EQ(why, "the disk is full");
  EXPECT_TRUE(log->has_room(5000, &why)) << "there is some room, and it is given";
  why.clear();
  EXPECT_FALSE(log->admits_events(&why));
  EXPECT_EQ(why, "the disk is full");
  disk.full = false;
  for (int round = 0; round < 4; ++round) log->tend();
  EXPECT_TRUE(log->admits_events(&why)) << why;
  EXPECT_TRUE(log->has_room(kUsual, &why)) << why;
}

TEST_F(SegmentLogTest, AnOfflineReaderSeesOnlyWhatIsProvenWhileTheOwnerLives) {
  auto log = open();
  put(*log, 0, 1, "first");
  log->step();
  put(*log, 0, 1, "second");
  log->step();
  auto alive = OfflineLog::open(*fs_, (root_ / "log").string(), kLogId, true);
  ASSERT_TRUE(alive);
  EXPECT_EQ(read_all(*(*alive)->read_from({})), std::vector<std::string>{"first"});
  log->mark();
  alive = OfflineLog::open(*fs_, (root_ / "log").string(), kLogId, true);
  EXPECT_EQ(read_all(*(*alive)->read_from({})), expected_);
}

}  // namespace
}  // namespace ouzel
