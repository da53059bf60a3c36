#include "ouzel/serve/api.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <future>

#include "ouzel/base/random.h"
#include "ouzel/http/client.h"
#include "ouzel/serve/fake_engine.h"

namespace ouzel {
namespace {

class ApiTest : public testing::Test {
 protected:
  void SetUp() override {
    plan_->pipeline = "line";
    plan_->model_name = "detector";
    plan_->feature_names = {"vibration_mean_8"};
    plan_->schema.key = {FieldSource::Kind::attribute, "subject"};
    plan_->schema.time = {FieldSource::Kind::payload, "ts"};
    plan_->schema.fields = {{.name = "vibration", .unit = "mm/s", .min = 0}};
    api_ =
        std::make_unique<Api>(engine_, engine_.log, plan_, EventCounters{.http = counters_}, clock_,
                              ApiOptions{.version = "1.2.3",
                                         .revision = "abc",
                                         .version_json = R"({"version":"1.2.3"})",
                                         .accepting = [this] { return accepting_.load(); },
                                         .refusals = &refusals_});
    http::Router router;
    api_->add_routes(router);
    auto server = http::Server::start({}, std::move(router), clock_);
    ASSERT_TRUE(server);
    server_ = std::move(*server);
    api_->set_server(*server_);
  }
  http::ClientResponse get(std::string_view target, const http::HeaderList& headers = {}) {
    http::Client client({.host = "127.0.0.1", .port = server_->port()});
    auto got = client.get(target, headers);
    EXPECT_TRUE(got) << got.error().message;
    return std::move(*got);
  }

  SystemClock clock_;
  FakeEngine engine_;
  IntakeCounters counters_;
  std::atomic<bool> accepting_{true};
  ChangeRefusals refusals_;
  std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
  std::unique_ptr<Api> api_;
  std::unique_ptr<http::Server> server_;  // Goes first.
};

TEST_F(ApiTest, TellsItsHealth) {
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/readyz?verbose").body,
            "[+]doors ok\n[+]log ok\n[+]lane-0 ok\n[+]lane-1 ok\n[+]lane-2 ok\nready\n");
  engine_.current.lanes[1].state = LaneStatus::State::stopped;
  engine_.current.lanes[1].why = "damage in segment 7";
  EXPECT_EQ(get("/readyz").status, 200);  // The others go on.
  EXPECT_NE(get("/readyz?verbose").body.find("[-]lane-1 stopped: damage in segment 7\n"),
            std::string::npos);
  for (LaneStatus& lane : engine_.current.lanes) lane.state = LaneStatus::State::stopped;
  EXPECT_EQ(get("/readyz").status, 503);
}

TEST_F(ApiTest, IsNotReadyWithoutDoorsOrRoom) {
  accepting_ = false;
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/livez").status, 200);
  accepting_ = true;
  engine_.current.log.admits_events = false;
  engine_.current.log.why = "the disk is full";
  const auto got = get("/readyz?verbose");
  EXPECT_EQ(got.status, 503);
  EXPECT_NE(got.body.find("[-]log takes no events: the disk is full"), std::string::npos);
}

TEST_F(ApiTest, TellsItsVersion) { EXPECT_EQ(get("/version").body, R"({"version":"1.2.3"})"); }

TEST_F(ApiTest, CountersAreOfThisProcess) {
  engine_.commit(0, 30);  // 24 of them scored.
  LaneStatus& lane = engine_.current.lanes[0];
  lane.before.scored = 20;
  lane.before.alerts = lane.totals.alerts;
  engine_.current.gone.totals.scored = 100;
  engine_.current.gone.totals.late = 4;
  engine_.current.gone.accepted = 101;
  engine_.current.gone.keys_evicted = 3;
  const auto got = get("/metrics");
  for (const char* line : {"\nouzel_events_accepted_total 111\n",
                           "\nouzel_events_scored_total{model=\"detector\",version=\"2\"} 104\n",
                           "\nouzel_events_late_total 4\n", "\nouzel_keys_evicted_total 3\n",
                           "\nouzel_outcomes_routed_total{route=\"alert\"} 0\n"}) {
    EXPECT_NE(got.body.find(line), std::string::npos) << line << got.body;
  }
}

TEST_F(ApiTest, CountsForTheModelThatDecided) {
  engine_.current.earlier_models = {{"detector", 1, 20}, {"detector", 2, 3}};
  engine_.commit(0, 30);  // Of which 24 have a score.
  const auto got = get("/metrics");
  for (const char* line : {"\nouzel_events_scored_total{model=\"detector\",version=\"1\"} 20\n",
                           "\nouzel_events_scored_total{model=\"detector\",version=\"2\"} 4\n"}) {
    EXPECT_NE(got.body.find(line), std::string::npos) << line << got.body;
  }
}

TEST_F(ApiTest, ShowsMetrics) {
  engine_.commit(0, 30);
  engine_.commit(1, 7);
  engine_.current.lanes[2].accepted = 5;
  auto histogram = std::make_unique<Histogram>();
  histogram->record(300'000);
  engine_.current.end_to_end_ns.add(*histogram);
  engine_.current.stage_ns.emplace_back("detector", engine_.current.end_to_end_ns);
  const auto got = get("/metrics");
  EXPECT_EQ(got.headers.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"\nouzel_events_accepted_total 42\n",
        "\nouzel_events_scored_total{model=\"detector\",version=\"2\"} 30\n",
        "\nouzel_events_rejected_total{reason=\"schema\"} 7\n", "\nouzel_events_in_flight 5\n",
        "\nouzel_lag_events{topic=\"events\",partition=\"2\"} 5\n",
        "\nouzel_event_end_to_end_seconds_count 1\n",
        "\nouzel_stage_duration_seconds_count{stage=\"detector\"} 1\n",
        "\nouzel_inference_duration_seconds_count{model=\"detector\",version=\"2\"} 1\n",
        "\nouzel_events_refused_total{reason=\"unavailable\"} 0\n",
        "\nouzel_build_info{version=\"1.2.3\",revision=\"abc\"} 1\n",
        "\nouzel_http_connections 1\n", "\nprocess_resident_memory_bytes ",
        "\nprocess_cpu_seconds_total "}) {
    EXPECT_NE(got.body.find(line), std::string::npos) << line << got.body;
  }
  const auto open = get("/metrics", {{"Accept", "application/openmetrics-text; version=1.0.0"}});
  EXPECT_TRUE(open.headers.get("Content-Type").starts_with("application/openmetrics-text"));
  EXPECT_TRUE(open.body.ends_with("# EOF\n"));
}

TEST_F(ApiTest, TellsThatAChangeWasRefused) {
  const auto expect = [this](const std::string& total, const std::string& successful) {
    const std::string page = get("/metrics").body;
    EXPECT_NE(page.find("\nouzel_pipeline_changes_refused_total " + total + "\n"), page.npos);
    EXPECT_NE(page.find("\nouzel_pipeline_last_change_successful " + successful + "\n"), page.npos);
  };
  expect("0", "1");
  refusals_.refused("model.onnx: no such file");
  expect("1", "0");
  const auto health = get("/readyz?verbose");
  EXPECT_EQ(health.status, 200);
  EXPECT_NE(health.body.find("[-]pipeline a change was refused: model.onnx: no such file\n"),
            health.body.npos)
      << health.body;
  refusals_.settled();
  expect("1", "1");
  EXPECT_EQ(get("/readyz?verbose").body.find("pipeline"), std::string::npos);
}

TEST_F(ApiTest, MetricsPassPromtool) {
  if (std::system("promtool --version >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "no promtool in PATH: scripts/setup test fetches it, scripts/test finds it";
  }
  engine_.commit(0, 30);
  engine_.current.stage_ns.emplace_back("a\"b\\c\n", engine_.current.end_to_end_ns);
  std::FILE* const tool = ::popen("promtool check metrics", "w");
  ASSERT_NE(tool, nullptr);
  const std::string page = get("/metrics").body;
  EXPECT_EQ(std::fwrite(page.data(), 1, page.size(), tool), page.size());
  EXPECT_EQ(::pclose(tool), 0);
}

TEST_F(ApiTest, ShowsStatusAndPipeline) {
  engine_.commit(0, 30);
  const std::string status = get("/api/v1/status").body;
  EXPECT_TRUE(
      status.starts_with("{\"pipeline\":\"line\",\"model\":{\"name\":\"detector\","
                         "\"version\":2},\"uptime_s\":"))
      << status;
  for (const char* part :
       {"\"accepted\":30,\"scored\":24,\"rejected\":6,\"in_flight\":0",
        "\"latency_ms\":{\"count\":0,\"p50\":0,", "\"rejected_by\":{\"schema\":6}",
        "\"lanes\":[{\"partition\":0,\"state\":\"running\",\"accepted\":30"}) {
    EXPECT_NE(status.find(part), std::string::npos) << part << status;
  }
  const std::string pipeline = get("/api/v1/pipeline").body;
  EXPECT_NE(pipeline.find("\"key\":\"ce.subject\",\"time\":\"ts\","
                          "\"fields\":[{\"name\":\"vibration\",\"type\":\"number\","
                          "\"unit\":\"mm/s\",\"required\":true,\"min\":0}],"
                          "\"features\":[\"vibration_mean_8\"]}"),
            std::string::npos)
      << pipeline;
}

TEST_F(ApiTest, ShowsOutcomes) {
  engine_.commit(0, 5);
  const auto got = get("/api/v1/outcomes?limit=2");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.headers.get("Content-Type"), "application/json");
  EXPECT_TRUE(got.body.starts_with("{\"outcomes\":[{\"specversion\":\"1.0\",\"id\":\"0:3\""))
      << got.body;
  const auto wrong = get("/api/v1/outcomes?limit=none");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.body.find("limit: a number from 1 to 10000 expected, got none"),
            std::string::npos);
}

TEST_F(ApiTest, ShowsOtherTopics) {
  engine_.commit(0, 5);
  EXPECT_TRUE(get("/api/v1/rejects?from=beginning")
                  .body.starts_with("{\"rejects\":[{\"specversion\":\"1.0\",\"id\":\"0:4\""));
  EXPECT_TRUE(
      get("/api/v1/events?limit=2").body.starts_with("{\"events\":[{\"ouzelposition\":\"0:3\""));
  for (const auto& [target, why] : std::vector<std::pair<std::string, std::string>>{
           {"/api/v1/events?key=k1", "topic events has no filters"},
           {"/api/v1/rejects?from=9:0", "there is no partition 9 here, of 3: 0 to 2"},
           {"/api/v1/outcomes?from=9:0", "there is no partition 9 here, of 3: 0 to 2"},
           {"/api/v1/stream?topic=outcomes&from=9:0", "there is no partition 9 here"},
           {"/api/v1/outcomes?foo=1", "there is no parameter 'foo' here; known: from, limit"},
           {"/api/v1/stream?topics=outcomes", "did you mean 'topic'?"}}) {
    const auto got = get(target);
    EXPECT_EQ(got.status, 400) << target;
    EXPECT_NE(got.body.find(why), std::string::npos) << got.body;
  }
}

TEST_F(ApiTest, SaysWhereEventsAreThatItsLogDoesNotHave) {
  server_.reset();
  Api api(engine_, engine_.log, plan_, EventCounters{.http = counters_}, clock_,
          {.events_in = "in Kafka"});
  http::Router router;
  api.add_routes(router);
  server_ = *http::Server::start({}, std::move(router), clock_);
  for (const char* target :
       {"/api/v1/events", "/api/v1/rejects?from=beginning", "/api/v1/stream?topic=events"}) {
    const auto got = get(target);
    EXPECT_EQ(got.status, 404) << target;
    EXPECT_NE(got.body.find("is not in the log of this engine, but in Kafka"), std::string::npos);
  }
  EXPECT_EQ(get("/api/v1/outcomes").status, 200);
  server_.reset();
}

TEST_F(ApiTest, ShowsAPageThatLoadsNothingFromElsewhere) {
  const auto page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.headers.get("Content-Security-Policy").find("default-src 'self'"),
            std::string::npos);
  EXPECT_EQ(page.body.find("http://"), std::string::npos);
  EXPECT_EQ(page.body.find("https://"), std::string::npos);
  EXPECT_EQ(get("/status.js").headers.get("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/status.css").status, 200);
}

TEST(ReadingThread, RefusesBeyondItsQueue) {
  ReadingThread thread(1);
  std::promise<void> begun, go;
  ASSERT_TRUE(thread.submit([&] {
    begun.set_value();
    go.get_future().wait();
  }));
  begun.get_future().wait();
  std::promise<void> second;
  EXPECT_TRUE(thread.submit([&] { second.set_value(); }));
  EXPECT_FALSE(thread.submit([] {}));
  go.set_value();
  second.get_future().wait();
}

}  // namespace
}  // namespace ouzel
