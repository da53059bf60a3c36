#include "ouzel/log/kafka/outcome_records.h"

#include <gtest/gtest.h>

#include <ctime>
#include <map>
#include <vector>

#include "ouzel/base/random.h"

namespace ouzel {
namespace {

constexpr std::string_view kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view kDetail = "temperature: expected a number, got \"hot\"";

void add_row(Batch& batch, Fate fate, std::string_view key, std::string_view trace) {
  batch.fate.push_back(fate);
  batch.source.append("/plant/7");
  batch.id.append("a81f");
  batch.key.append(key);
  batch.trace.append(trace);
  batch.time.push_back(fate == Fate::live ? EventTime(std::chrono::milliseconds(1772352000120))
                                          : kNoTime);
  batch.detail.append(fate == Fate::live ? std::string_view() : kDetail);
  batch.flags.push_back(0);
  batch.score.push_back(0.974F);
  batch.confidence.push_back(0.93F);
  batch.label.push_back(Label::anomaly);
  batch.route.push_back(Route::alert);
  batch.reasons.push_back({.count = 1, .column = {0}, .weight = {0.61F}});
}

std::string body_of(const Batch& batch) {
  const std::vector<std::string> names = {"vibration_std_64"};
  CommitWriter writer;
  writer.begin(Offset(10412));
  writer.add(batch, false, names);
  return writer.finish({.pipeline = "press-line",
                        .model_name = "press-anomaly",
                        .model_version = 4,
                        .threshold = 0.9},
                       {.scored = 1});
}

/// A record that owns its bytes; absent texts are "(null)".
struct Written {
  OutcomeRecord::Kind kind;
  std::uint64_t offset;
  std::string key, value;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string header(std::string_view name) const {
    std::string out;
    for (const auto& [other, value_of] : headers) {
      if (other == name) out += (out.empty() ? "" : " and ") + value_of;
    }
    return out;
  }
};

std::string text_of(std::optional<std::string_view> text) {
  return std::string(text.value_or("(null)"));
}

std::vector<Written> written(OutcomeRecords& records, std::string_view body,
                             OutcomeRecords::Original original) {
  std::vector<Written> out;
  EXPECT_TRUE(records.open(PartitionId(3), body, std::move(original)));
  for (;;) {
    const auto record = records.next();
    EXPECT_TRUE(record) << record.error().message;
    if (!record || *record == nullptr) return out;
    Written& one = out.emplace_back();
    one.kind = (*record)->kind;
    one.offset = (*record)->offset.value();
    one.key = text_of((*record)->key);
    one.value = text_of((*record)->value);
    for (const RecordHeader& header : (*record)->headers) {
      one.headers.emplace_back(header.name, text_of(header.value));
    }
  }
}

const Record* none(Offset) { return nullptr; }

TEST(OutcomeRecords, AnOutcomeIsACloudEventInBinaryMode) {
  Batch batch;
  add_row(batch, Fate::live, "press-12", "");
  const std::string body = body_of(batch);
  OutcomeRecords records({.topic = "telemetry"});
  const auto out = written(records, body, none);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].kind, OutcomeRecord::Kind::outcome);
  EXPECT_EQ(out[0].offset, 10412U);
  EXPECT_EQ(out[0].key, "press-12");
  const std::vector<std::pair<std::string, std::string>> headers{
      {"ce_specversion", "1.0"},
      {"ce_type", "dev.ouzel.outcome.v1"},
      {"ce_source", "/ouzel/press-line"},
      {"ce_id", "3:10412"},
      {"ce_time", "2026-03-01T08:00:00.120Z"},
      {"content-type", "application/json"}};
  EXPECT_EQ(out[0].headers, headers);
  EXPECT_EQ(out[0].value,
            R"({"event":{"source":"/plant/7","id":"a81f","key":"press-12",)"
            R"("time":"2026-03-01T08:00:00.120Z"},"position":{"partition":3,"offset":10412},)"
            R"("status":"scored","score":0.974,"confidence":0.93,"label":"anomaly",)"
            R"("threshold":0.9,"route":"alert",)"
            R"("model":{"name":"press-anomaly","version":4,"role":"champion"},)"
            R"("reasons":[{"feature":"vibration_std_64","weight":0.61}],"flags":[]})");
  // The same bytes as everywhere.
  std::string whole;
  auto reader = CommitReader::open(body);
  render(whole, PartitionId(3), reader->in_force(), *reader->next());
  EXPECT_TRUE(whole.ends_with("\"data\":" + out[0].value + "}")) << whole;
}

TEST(OutcomeRecords, ARejectIsTheOriginalWithMoreHeaders) {
  Batch batch;
  add_row(batch, Fate::live, "a", "");
  add_row(batch, Fate::schema, "", "");
  add_row(batch, Fate::live, "b", "");
  const std::string body = body_of(batch);
  const std::vector<RecordHeader> headers{{"tenant", "blue"}, {"empty", std::nullopt}};
  const Record original{.topic = "telemetry",
                        .partition = PartitionId(3),
                        .offset = Offset(10413),
                        .timestamp = WallTime(std::chrono::microseconds(1'700'000'000'123'999)),
                        .key = "\xff\x01",
                        .value = R"({"temperature":"hot"})",
                        .headers = headers};
  std::vector<std::uint64_t> asked;
  OutcomeRecords records({.topic = "telemetry"});
  const auto out = written(records, body, [&](Offset offset) {
    asked.push_back(offset.value());
    return &original;
  });
  EXPECT_EQ(asked, std::vector<std::uint64_t>{10413});
  ASSERT_EQ(out.size(), 4U);
  EXPECT_EQ(out[1].kind, OutcomeRecord::Kind::outcome);
  EXPECT_EQ(out[1].key, "(null)");
  EXPECT_EQ(out[1].header("ce_time"), "");
  EXPECT_NE(out[1].value.find(R"("status":"rejected","reason":"schema")"), std::string::npos);
  const Written& reject = out[2];
  EXPECT_EQ(reject.kind, OutcomeRecord::Kind::reject);
  EXPECT_EQ(reject.offset, 10413U);
  EXPECT_EQ(reject.key, "\xff\x01");
  EXPECT_EQ(reject.value, R"({"temperature":"hot"})");
  const std::vector<std::pair<std::string, std::string>> expected{
      {"tenant", "blue"},
      {"empty", "(null)"},
      {"__ouzel.errors.topic", "telemetry"},
      {"__ouzel.errors.partition", "3"},
      {"__ouzel.errors.offset", "10413"},
      {"__ouzel.errors.timestamp", "1700000000123"},
      {"__ouzel.errors.pipeline", "press-line"},
      {"__ouzel.errors.reason", "schema"},
      {"__ouzel.errors.detail", std::string(kDetail)},
      {"__ouzel.errors.attempts", "1"}};
  EXPECT_EQ(reject.headers, expected);
  EXPECT_EQ(out[3].kind, OutcomeRecord::Kind::outcome);
  EXPECT_EQ(out[3].offset, 10414U);
}

TEST(OutcomeRecords, ConnectsNamesOnRequest) {
  Batch batch;
  add_row(batch, Fate::too_late, "k", "");
  const std::string body = body_of(batch);
  const std::vector<RecordHeader> headers{{"__connect.errors.topic", "before"}};
  const Record original{.headers = headers};
  OutcomeRecords with({.topic = "t", .connect_headers = true});
  const Written reject = written(with, body, [&](Offset) { return &original; }).at(1);
  const std::map<std::string, std::string> expected{
      {"topic", "t"},
      {"partition", "3"},
      {"offset", "10412"},
      {"connector.name", "press-line"},
      {"task.id", "3"},
      {"stage", "TRANSFORMATION"},
      {"class.name", "dev.ouzel.pipeline"},
      {"exception.class.name", "dev.ouzel.rejected.too_late"},
      {"exception.message", std::string(kDetail)}};
  for (const auto& [name, value] : expected) {
    EXPECT_EQ(reject.header("__connect.errors." + name), value);
  }
  EXPECT_EQ(reject.header("__ouzel.errors.reason"), "too_late");
  EXPECT_EQ(reject.headers.size(), expected.size() + 8);
  // Without the option another program's headers are the original's like any other.
  OutcomeRecords without({.topic = "t"});
  EXPECT_EQ(written(without, body, [&](Offset) { return &original; })
                .at(1)
                .header("__connect.errors.topic"),
            "before");
}

TEST(OutcomeRecords, ARecordRejectedAgainCountsItsAttempts) {
  Batch batch;
  add_row(batch, Fate::malformed, "", "");
  const std::string body = body_of(batch);
  const std::map<std::string, std::string> cases{
      {"1", "2"}, {"41", "42"},         {"", "1"},
      {"x", "1"}, {"99999999999", "1"}, {"4000000000", "1000001"}};
  for (const auto& [before, after] : cases) {
    const std::vector<RecordHeader> headers{{"__ouzel.errors.attempts", before},
                                            {"__ouzel.errors.reason", "schema"},
                                            {"tenant", "blue"}};
    const Record original{.value = std::nullopt, .headers = headers};
    OutcomeRecords records({.topic = "t"});
    const Written reject = written(records, body, [&](Offset) { return &original; }).at(1);
    EXPECT_EQ(reject.header("__ouzel.errors.attempts"), after) << before;
    EXPECT_EQ(reject.header("__ouzel.errors.reason"), "malformed");
    EXPECT_EQ(reject.header("tenant"), "blue");
    EXPECT_EQ(reject.value, "(null)");
    EXPECT_EQ(reject.headers.size(), 9U);
  }
}

TEST(OutcomeRecords, ARejectThatIsTooLargeLeavesOutWhatItMust) {
  Batch batch;
  add_row(batch, Fate::schema, "k", "");
  const std::string body = body_of(batch);
  const std::string key(2'000, 'k');
  const std::string value(10'000, 'v');
  const std::vector<RecordHeader> headers{{"tenant", "blue"}};
  const Record original{.key = key, .value = value, .headers = headers};
  OutcomeRecords records({.topic = "t"});
  const auto reject = [&](std::uint64_t bytes_max) {
    records.set_reject_bytes_max(bytes_max);
    return written(records, body, [&](Offset) { return &original; }).at(1);
  };
  const auto bytes_of = [](const Written& one) {
    std::uint64_t out = one.key.size() + one.value.size();
    for (const auto& [name, text] : one.headers) out += name.size() + text.size();
    return out;
  };
  const Written whole = reject(~std::uint64_t{0});
  const std::uint64_t bytes = bytes_of(whole);
  EXPECT_EQ(reject(bytes).headers, whole.headers);
  EXPECT_EQ(reject(bytes).value, value);
  for (const std::uint64_t bytes_max : {bytes - 1, bytes - 9'000}) {
    const Written cut = reject(bytes_max);
    EXPECT_EQ(cut.value, "(null)");
    EXPECT_EQ(cut.key, key);
    EXPECT_EQ(cut.header("tenant"), "blue");
    EXPECT_EQ(cut.header("__ouzel.errors.left_out"), "10000");
  }
  // Without the value alone it would be as large as before, for the header that says so.
  for (const std::uint64_t bytes_max : {bytes - 10'000, std::uint64_t{0}}) {
    const Written bare = reject(bytes_max);
    EXPECT_EQ(bare.value, "(null)");
    EXPECT_EQ(bare.key, "(null)");
    EXPECT_EQ(bare.header("tenant"), "");
    EXPECT_EQ(bare.header("__ouzel.errors.left_out"), "12010");
    EXPECT_EQ(bare.header("__ouzel.errors.reason"), "schema");
  }
}

TEST(OutcomeRecords, TheTraceGoesOn) {
  Batch batch;
  add_row(batch, Fate::live, "k", kTrace);
  const std::string body = body_of(batch);
  const std::string given = "00-" + std::string(kTrace) + "-00f067aa0ba902b7-00";
  const std::vector<RecordHeader> headers{{"traceparent", given}, {"tracestate", "a=b"}};
  Record original{.headers = headers};
  OutcomeRecords records({.topic = "t"});
  const auto from = [&](const Record* record) {
    return written(records, body, [=](Offset) { return record; }).at(0);
  };
  EXPECT_EQ(from(&original).header("traceparent"), given);
  EXPECT_EQ(from(&original).header("tracestate"), "a=b");
  // The event's own trace, not the record's: a span of ours, the same each time.
  const std::vector<RecordHeader> other{{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-1-01"},
                                        {"tracestate", "a=b"}};
  original.headers = other;
  const std::string made = from(&original).header("traceparent");
  EXPECT_EQ(made.size(), given.size());
  EXPECT_TRUE(made.starts_with("00-" + std::string(kTrace) + "-")) << made;
  EXPECT_TRUE(made.ends_with("-01"));
  EXPECT_NE(made.substr(36, 16), "0000000000000000");
  EXPECT_EQ(from(&original).header("tracestate"), "");
  EXPECT_EQ(from(nullptr).header("traceparent"), made);
}

TEST(OutcomeRecords, ARejectWithoutItsOriginalIsAnErrorNotALoss) {
  Batch batch;
  add_row(batch, Fate::schema, "k", "");
  const std::string body = body_of(batch);
  OutcomeRecords records({.topic = "t"});
  ASSERT_TRUE(records.open(PartitionId(3), body, none));
  ASSERT_TRUE(records.next());
  const auto missing = records.next();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::unavailable);
  EXPECT_EQ(missing.error().message, "the record of rejected event 3:10412 is not at hand");
}

TEST(OutcomeRecords, EmptyAndDamagedFrames) {
  OutcomeRecords records({.topic = "t"});
  const std::string empty = body_of(Batch());
  EXPECT_TRUE(written(records, empty, none).empty());
  EXPECT_FALSE(records.open(PartitionId(3), "nonsense", none));
  Batch batch;
  for (int i = 0; i < 3; ++i) add_row(batch, Fate::live, "key", kTrace);
  const std::string body = body_of(batch);
  Random random(11);
  for (int round = 0; round < 5'000; ++round) {
    std::string changed = body;
    changed[random.below(changed.size())] = static_cast<char>(random.below(256));
    changed.resize(changed.size() - random.below(8));
    if (!records.open(PartitionId(3), changed, none)) continue;
    for (int i = 0; i < 10; ++i) {
      const auto record = records.next();
      if (!record || *record == nullptr) break;
      ASSERT_LT(i, 9);
    }
  }
}

/// Not a check of the machine's speed: it fails where a row costs ten times what it should.
TEST(OutcomeRecords, ARowCostsWellBelowAMicrosecond) {
  Batch batch;
  constexpr std::size_t kRows = 1000;
  for (std::size_t i = 0; i < kRows; ++i) add_row(batch, Fate::live, "press-12", "");
  const std::string body = body_of(batch);
  OutcomeRecords records({.topic = "t"});
  std::size_t count = 0;
  const std::clock_t begin = std::clock();
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(records.open(PartitionId(3), body, none));
    for (auto record = records.next(); record && *record != nullptr; record = records.next()) {
      count += (*record)->value->size() > 300 ? 1 : 0;
    }
  }
  const double us = 1e6 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  ASSERT_EQ(count, kRows * 100);
  RecordProperty("ns_per_row", static_cast<int>(1000 * us / static_cast<double>(count)));
  EXPECT_LT(us / static_cast<double>(count), 10.0);
}

}  // namespace
}  // namespace ouzel
