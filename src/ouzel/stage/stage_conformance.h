/// The conformance suite of stages: for tests only (it needs GoogleTest). Every Stage must pass it:
///
///   TEST(FeatureStage, Conforms) { expect_conforms({.make = …, .value_columns = 3}); }
///
/// It checks what stage/stage.h promises for all of them: columns are complete; neither results nor
/// state depend on how rows were batched, on which object ran them or on a restore between; rows
/// that are not live touch no state and get neutral values; nothing is written outside the stage's
/// bytes; an empty batch and NaN everywhere do no harm.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "ouzel/base/random.h"
#include "ouzel/stage/stage.h"

namespace ouzel::conformance {

struct StageSubject {
  std::function<std::unique_ptr<Stage>()> make;
  std::size_t value_columns = 0;
  std::size_t string_columns = 0;
  std::size_t feature_columns = 0;  ///< Given to a stage behind the features; else 0.
};

/// Where the random events come from and what is wrong with them.
struct Input {
  std::uint64_t seed = 1;
  std::size_t rows = 3000;
  double live_share = 0.95;
  double missing_share = 0.05;  ///< Of values, features and scores.
};

/// Rows [begin, end) of an endless random input; the same row is the same wherever batches end.
class Stream {
 public:
  Stream(const StageSubject& subject, Input input) : subject_(subject), input_(input) {}

  Batch batch(std::size_t begin, std::size_t end) const {
    Batch out;
    out.values.reset(end - begin, subject_.value_columns);
    out.features.reset(end - begin, subject_.feature_columns);
    out.strings.resize(subject_.string_columns);
    for (std::size_t row = begin; row < end; ++row) add_row(out, row, row - begin);
    return out;
  }

  std::uint32_t key_of(std::size_t row) const {
    Random random(input_.seed * 1'000'003 + row);
    return static_cast<std::uint32_t>(random.chance(0.3) ? 0 : random.below(20));
  }

 private:
  double number(Random& random) const {
    if (random.chance(input_.missing_share)) return std::numeric_limits<double>::quiet_NaN();
    if (random.chance(0.002)) return random.chance(0.5) ? 1e300 : -1e300;
    return 50 + 10 * random.normal();
  }

  void add_row(Batch& out, std::size_t row, std::size_t at) const {
    const std::string key = "key-" + std::to_string(key_of(row));
    Random random(~input_.seed * 1'000'003 + row);
    const bool live = random.chance(input_.live_share);
    out.fate.push_back(live ? Fate::live : Fate::schema);
    out.source.append("/conformance");
    out.id.append(std::to_string(row));
    out.identity.push_back(event_identity("/conformance", std::to_string(row)));
    out.key.append(key);
    out.key_hash.push_back(hash128(key));
    out.trace.append("");
    out.detail.append(live ? "" : "made so");
    const auto late = random.chance(0.1) ? random.below(120) : 0;
    out.time.push_back(
        EventTime(std::chrono::seconds(1'000'000 + row) - std::chrono::seconds(late)));
    out.flags.push_back(static_cast<std::uint8_t>((late > 0 ? kFlagLate : 0) |
                                                  (random.chance(0.1) ? kFlagWarming : 0)));
    for (std::size_t i = 0; i < subject_.value_columns; ++i) out.values.row(at)[i] = number(random);
    for (std::size_t i = 0; i < subject_.feature_columns; ++i) {
      out.features.row(at)[i] = number(random);
    }
    for (auto& column : out.strings) column.append(random.chance(0.2) ? "" : key);
    out.score.push_back(random.chance(input_.missing_share)
                            ? std::numeric_limits<float>::quiet_NaN()
                            : static_cast<float>(random.uniform()));
  }

  const StageSubject& subject_;
  Input input_;
};

/// The state of all keys and of the lane, with guard bytes around each stage's part. A copy of it
/// is what a snapshot would restore.
class States {
 public:
  static constexpr std::size_t kGuard = 64;
  static constexpr std::uint64_t kGuardWord = 0xa5a5a5a5a5a5a5a5ULL;

  explicit States(StateNeed need) : need_(need), lane_(fresh(need.lane_bytes)) {}

  void run(Stage& stage, const Stream& stream, std::size_t begin, Batch& batch) {
    std::vector<std::byte*> rows(batch.rows());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = batch.live(i) ? bytes(key(stream.key_of(begin + i))) : nullptr;
    }
    stage.run(batch, StateView(rows.data(), kGuard, bytes(lane_) + kGuard));
  }

  void expect_guards_whole() const {
    for (const auto& [number, words] : keys_) expect_guard(words);
    expect_guard(lane_);
  }
  bool operator==(const States& other) const {
    return keys_ == other.keys_ && lane_ == other.lane_;
  }

 private:
  using Words = std::vector<std::uint64_t>;

  static Words fresh(std::size_t size) {
    Words words(kGuard / 8, kGuardWord);
    words.resize(words.size() + size / 8, 0);
    words.resize(words.size() + kGuard / 8, kGuardWord);
    return words;
  }
  static std::byte* bytes(Words& words) { return reinterpret_cast<std::byte*>(words.data()); }
  Words& key(std::uint32_t number) {
    return keys_.try_emplace(number, fresh(need_.key_bytes)).first->second;
  }
  static void expect_guard(const Words& words) {
    for (std::size_t i = 0; i < kGuard / 8; ++i) {
      EXPECT_EQ(words[i], kGuardWord) << "written before the stage's state";
      EXPECT_EQ(words[words.size() - 1 - i], kGuardWord) << "written behind the stage's state";
    }
  }

  StateNeed need_;
  std::map<std::uint32_t, Words> keys_;
  Words lane_;
};

/// All that a stage may add or change in a row, as text in which equal bits are equal.
inline std::string row_text(const Batch& batch, std::size_t row) {
  std::ostringstream out;
  out << std::hex << static_cast<int>(batch.fate[row]) << ' ' << int{batch.flags[row]} << ' ';
  out << batch.detail[row];
  for (std::size_t i = 0; i < batch.features.width(); ++i) {
    out << ' ' << std::bit_cast<std::uint64_t>(batch.features.row(row)[i]);
  }
  if (!batch.score.empty()) out << " s" << std::bit_cast<std::uint32_t>(batch.score[row]);
  if (!batch.confidence.empty()) {
    out << " c" << std::bit_cast<std::uint32_t>(batch.confidence[row]);
  }
  if (!batch.label.empty()) out << " l" << static_cast<int>(batch.label[row]);
  if (!batch.route.empty()) out << " r" << static_cast<int>(batch.route[row]);
  if (batch.reasons.empty()) return out.str();
  const Reasons& reasons = batch.reasons[row];
  for (std::size_t i = 0; i < reasons.count; ++i) {
    out << ' ' << reasons.column[i] << ':' << std::bit_cast<std::uint32_t>(reasons.weight[i]);
  }
  return out.str();
}

inline void expect_complete(const Batch& batch, std::size_t rows) {
  ASSERT_EQ(batch.rows(), rows);
  EXPECT_EQ(batch.detail.size(), rows);
  EXPECT_EQ(batch.flags.size(), rows);
  EXPECT_EQ(batch.score.size(), rows);
  for (const std::size_t size :
       {batch.confidence.size(), batch.label.size(), batch.route.size(), batch.reasons.size()}) {
    EXPECT_TRUE(size == 0 || size == rows) << size << " of " << rows;
  }
}

inline void expect_neutral(const Batch& batch, std::size_t row, bool features_added) {
  for (std::size_t i = 0; features_added && i < batch.features.width(); ++i) {
    EXPECT_TRUE(std::isnan(batch.features.row(row)[i]));
  }
  EXPECT_TRUE(batch.confidence.empty() || batch.confidence[row] == 0);
  EXPECT_TRUE(batch.label.empty() || batch.label[row] == Label::normal);
  EXPECT_TRUE(batch.route.empty() || batch.route[row] == Route::pass);
  EXPECT_TRUE(batch.reasons.empty() || batch.reasons[row].count == 0);
}

struct Ran {
  std::vector<std::string> rows;
  States states;
};

/// `turns` of 2 takes another object for every second batch; a restore is the same with a copy.
struct Way {
  std::size_t batch_rows = 4096;
  std::size_t turns = 1;
  std::size_t restore_every = 0;  ///< Batches; 0: never.
};

inline Ran run_through(const StageSubject& subject, Input input, Way way) {
  const Stream stream(subject, input);
  std::vector<std::unique_ptr<Stage>> stages;
  for (std::size_t i = 0; i < way.turns; ++i) stages.push_back(subject.make());
  Ran ran{.rows = {}, .states = States(stages.front()->state_need())};
  std::size_t batches = 0;
  for (std::size_t begin = 0; begin < input.rows; begin += way.batch_rows, ++batches) {
    Batch batch = stream.batch(begin, std::min(begin + way.batch_rows, input.rows));
    const std::size_t rows = batch.rows();
    std::vector<bool> live(rows);
    for (std::size_t row = 0; row < rows; ++row) live[row] = batch.live(row);
    Stage& stage = *stages[batches % way.turns];
    ran.states.run(stage, stream, begin, batch);
    expect_complete(batch, rows);
    for (std::size_t row = 0; row < rows; ++row) {
      if (!live[row]) {
        expect_neutral(batch, row, subject.feature_columns == 0);
        EXPECT_EQ(batch.fate[row], Fate::schema) << "a rejected row got another fate";
      }
      ran.rows.push_back(row_text(batch, row));
    }
    if (way.restore_every > 0 && batches % way.restore_every == 0) {
      States copy = ran.states;
      ran.states = std::move(copy);
      for (auto& fresh : stages) fresh = subject.make();
    }
  }
  ran.states.expect_guards_whole();
  return ran;
}

inline void expect_same(const Ran& a, const Ran& b, std::string_view what) {
  ASSERT_EQ(a.rows.size(), b.rows.size());
  for (std::size_t row = 0; row < a.rows.size(); ++row) {
    ASSERT_EQ(a.rows[row], b.rows[row]) << what << ", row " << row;
  }
  EXPECT_TRUE(a.states == b.states) << what << ": other state";
}

inline void expect_conforms(const StageSubject& subject) {
  const StateNeed need = subject.make()->state_need();
  EXPECT_EQ(need.key_bytes % 8, 0U);
  EXPECT_EQ(need.lane_bytes % 8, 0U);
  EXPECT_FALSE(subject.make()->name().empty());

  for (const double missing : {0.05, 1.0}) {
    const Input input{.seed = 7, .missing_share = missing};
    const Ran whole = run_through(subject, input, {});
    expect_same(whole, run_through(subject, input, {.batch_rows = 1}), "batches of 1");
    expect_same(whole, run_through(subject, input, {.batch_rows = 7}), "batches of 7");
    expect_same(whole, run_through(subject, input, {.batch_rows = 300}), "batches of 300");
    expect_same(whole, run_through(subject, input, {.batch_rows = 64, .turns = 2}),
                "two objects in turn");
    expect_same(whole, run_through(subject, input, {.batch_rows = 50, .restore_every = 3}),
                "restored between");
  }

  const Ran rejected = run_through(subject, {.live_share = 0}, {});
  EXPECT_TRUE(rejected.states == States(need)) << "rows that are not live changed the state";

  Batch empty = Stream(subject, {}).batch(0, 0);
  States states(need);
  states.run(*subject.make(), Stream(subject, {}), 0, empty);
  expect_complete(empty, 0);
  EXPECT_TRUE(states == States(need)) << "an empty batch changed the state";
}

}  // namespace ouzel::conformance
