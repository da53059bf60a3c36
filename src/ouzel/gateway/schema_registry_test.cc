#include "ouzel/gateway/schema_registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/decode/avro_json.h"
#include "ouzel/http/server.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kId7("\0\0\0\0\7", 5), kId8("\0\0\0\0\10", 5);
constexpr const char* kUnknown = R"({"error_code":40403,"message":"Schema not found"})";

/// A registry of the test's own, over HTTP.
class SchemaRegistryTest : public ::testing::Test {
 protected:
  SchemaRegistryTest() { start(0); }
  void start(std::uint16_t port) {
    http::Router router;
    router.add({.path = "/",
                .handler =
                    [this](const http::Request& request, http::Responder responder) {
                      const std::lock_guard lock(mutex_);
                      asked_.emplace_back(request.path);
                      logins_.emplace_back(request.header("Authorization"));
                      const auto at = answers_.find(std::string(request.path));
                      responder.send(at == answers_.end() ? not_found_ : at->second);
                    },
                .prefix = true});
    auto server = http::Server::start({.port = port}, std::move(router), system_clock_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  SchemaRegistry registry(RegistryClientOptions options = {}) {
    options.url = url() + "/";
    return {make_registry_client(std::move(options)), url(), clock};
  }
  void answer(const std::string& path, int status, std::string body) {
    const std::lock_guard lock(mutex_);
    answers_[path] = {.status = status,
                      .content_type = "application/vnd.schemaregistry.v1+json",
                      .body = std::move(body)};
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  ManualClock clock;
  std::mutex mutex_;
  std::map<std::string, http::Response> answers_;
  http::Response not_found_{.status = 404, .content_type = "application/json", .body = kUnknown};
  std::vector<std::string> asked_, logins_;
  SystemClock system_clock_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(SchemaRegistryTest, ASchemaIsAskedForOnce) {
  answer("/schemas/ids/7", 200, R"({"schema":"\"int\""})");
  SchemaRegistry found = registry();
  for (int i = 0; i < 3; ++i) {
    const auto schema = found.find(kId7);
    ASSERT_TRUE(schema) << schema.error().message;
    EXPECT_EQ((*schema)->kind, RecordSchema::Kind::avro);
  }
  EXPECT_EQ(asked(), std::vector<std::string>{"/schemas/ids/7"});
  EXPECT_EQ(found.trouble(), "");
}

TEST_F(SchemaRegistryTest, TheLoginIsSentAndNeverShown) {
  SchemaRegistry found = registry({.login = "user:geheim"});
  answer("/schemas/ids/7", 401, "{}");
  const auto refused = found.find(kId7);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::config);
  EXPECT_EQ(refused.error().message, "schema registry " + url() +
                                         "/schemas/ids/7: HTTP 401 (see "
                                         "source.kafka.registry_login)");
  EXPECT_EQ(logins_.at(0), "Basic dXNlcjpnZWhlaW0=");
  SchemaRegistry without = registry();
  EXPECT_FALSE(without.find(kId7));
  EXPECT_EQ(logins_.at(1), "");
}

TEST_F(SchemaRegistryTest, ReferencesAreResolvedDeepestFirst) {
  answer("/schemas/ids/7", 200,
         R"({"schema":"{\"type\":\"record\",\"name\":\"p.R\",\"fields\":[)"
         R"({\"name\":\"a\",\"type\":\"p.A\"},{\"name\":\"b\",\"type\":\"p.B\"}]}",)"
         R"("references":[{"name":"p.A","subject":"a/ä","version":2},)"
         R"({"name":"p.B","subject":"b","version":1}]})");
  answer("/subjects/a%2F%C3%A4/versions/2", 200,
         R"({"schema":"{\"type\":\"record\",\"name\":\"p.A\",\"fields\":[)"
         R"({\"name\":\"b\",\"type\":\"B\"}]}",)"
         R"("references":[{"name":"p.B","subject":"b","version":1}]})");
  answer("/subjects/b/versions/1", 200,
         R"({"schema":"{\"type\":\"enum\",\"name\":\"p.B\",\"symbols\":[\"x\"]}"})");
  const auto schema = registry().find(kId7);
  ASSERT_TRUE(schema) << schema.error().message;
  ASSERT_EQ((*schema)->kind, RecordSchema::Kind::avro) << (*schema)->why;
  std::string out;
  EXPECT_FALSE(avro_to_json(out, *(*schema)->avro, std::string_view("\0\0", 2), {}));
  EXPECT_EQ(out, R"({"a":{"b":"x"},"b":"x"})");
  EXPECT_EQ(asked().size(), 3U) << "each once";
}

TEST_F(SchemaRegistryTest, WrongReferencesMakeASchemaUnusable) {
  const auto why = [&](const std::string& references) {
    answer("/schemas/ids/7", 200, R"({"schema":"\"int\"","references":)" + references + "}");
    const auto schema = registry().find(kId7);
    EXPECT_TRUE(schema);
    return schema && (*schema)->kind == RecordSchema::Kind::unusable ? (*schema)->why : "";
  };
  EXPECT_EQ(why(R"([{"subject":"gone","version":1}])"),
            "schema 7: what it refers to is not in the schema registry: /subjects/gone/versions/1");
  EXPECT_EQ(why("[7]"), "schema 7: a reference without subject and version");
  // One that refers to itself ends.
  answer("/subjects/a/versions/1", 200,
         R"({"schema":"\"int\"","references":[{"subject":"a","version":1}]})");
  EXPECT_EQ(why(R"([{"subject":"a","version":1}])"), "");
  for (int i = 0; i < 200; ++i) {
    answer("/subjects/n/versions/" + std::to_string(i), 200,
           R"({"schema":"\"int\"","references":[{"subject":"n","version":)" +
               std::to_string(i + 1) + "}]}");
  }
  EXPECT_EQ(why(R"([{"subject":"n","version":0}])"), "schema 7: more than 100 references");
}

TEST_F(SchemaRegistryTest, OnlyARegistrysOwnWordsMeanThatThereIsNone) {
  SchemaRegistry found = registry();
  const auto schema = found.find(kId7);
  ASSERT_TRUE(schema);
  EXPECT_EQ((*schema)->why, "schema 7 is not in the schema registry");
  EXPECT_FALSE((*schema)->lasting);
  const std::vector<std::pair<int, std::string>> others{
      {404, "<html>not found</html>"},
      {404, R"({"error_code":404,"message":"HTTP 404"})"},
      {404, ""},
      {400, kUnknown},
      {500, kUnknown},
      {503, ""},
      {301, ""},
      {200, "<html>"},
      {200, "{}"},
      {200, R"({"schema":7})"},
      {200, "[]"},
      {204, ""}};
  for (const auto& [status, body] : others) {
    answer("/schemas/ids/8", status, body);
    const auto away = registry().find(kId8);
    ASSERT_FALSE(away) << status << body;
    EXPECT_EQ(away.error().code, ErrorCode::unavailable);
  }
}

TEST_F(SchemaRegistryTest, ARegistryThatIsAwayIsAskedNowAndThen) {
  answer("/schemas/ids/7", 503, "");
  SchemaRegistry found = registry();
  const std::vector<int> pauses{100, 200, 400, 800, 1600, 3200, 6400, 10'000, 10'000};
  std::size_t questions = 0;
  for (const int pause : pauses) {
    for (int i = 0; i < 3; ++i) {
      const auto away = found.find(i == 0 ? kId7 : kId8);
      ASSERT_FALSE(away);
      EXPECT_EQ(away.error().code, ErrorCode::unavailable);
    }
    EXPECT_EQ(asked().size(), ++questions);
    EXPECT_EQ(found.trouble(), "schema registry " + url() + "/schemas/ids/7: HTTP 503");
    clock.advance(milliseconds(pause - 1));
    EXPECT_FALSE(found.find(kId7));
    EXPECT_EQ(asked().size(), questions);
    clock.advance(milliseconds(1));
  }
  answer("/schemas/ids/7", 200, R"({"schema":"\"int\""})");
  EXPECT_TRUE(found.find(kId7));
  EXPECT_EQ(found.trouble(), "");
  // The next trouble begins with the shortest pause again.
  answer("/schemas/ids/8", 503, "");
  EXPECT_FALSE(found.find(kId8));
  clock.advance(milliseconds(100));
  answer("/schemas/ids/8", 200, R"({"schema":"\"int\""})");
  EXPECT_TRUE(found.find(kId8));
}

TEST_F(SchemaRegistryTest, KnownSchemasAreThereWithoutTheRegistry) {
  answer("/schemas/ids/7", 200, R"({"schema":"\"int\""})");
  SchemaRegistry found = registry();
  ASSERT_TRUE(found.find(kId7));
  const std::uint16_t port = server_->port();
  server_.reset();
  EXPECT_TRUE(found.find(kId7));
  const auto away = found.find(kId8);
  ASSERT_FALSE(away);
  EXPECT_NE(away.error().message.find("/schemas/ids/8: "), std::string::npos);
  start(port);
  answer("/schemas/ids/8", 200, R"({"schema":"\"int\""})");
  clock.advance(milliseconds(100));
  EXPECT_TRUE(found.find(kId8));
}

TEST_F(SchemaRegistryTest, AnAnswerThatDoesNotComeIsBoundedInTimeAndSize) {
  answer("/schemas/ids/7", 200, std::string(5 << 20, ' '));
  const auto large = registry().find(kId7);
  ASSERT_FALSE(large);
  EXPECT_TRUE(large.error().message.ends_with("an answer of more than 4 MiB"));
  // A door that nobody opens.
  http::Router router;
  std::vector<http::Responder> kept;
  std::mutex mutex;
  router.add({.path = "/",
              .handler =
                  [&](const http::Request&, http::Responder responder) {
                    const std::lock_guard lock(mutex);
                    kept.push_back(std::move(responder));
                  },
              .prefix = true});
  auto silent = http::Server::start({}, std::move(router), system_clock_);
  ASSERT_TRUE(silent);
  const std::string silent_url = "http://127.0.0.1:" + std::to_string((*silent)->port());
  SchemaRegistry found(
      make_registry_client({.url = silent_url, .login = {}, .answer_max = milliseconds(50)}),
      silent_url, clock);
  const auto late = found.find(kId7);
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().message.find("timed out"), std::string::npos) << late.error().message;
  const std::lock_guard lock(mutex);
  kept.clear();
}

TEST_F(SchemaRegistryTest, WhatIsKeptIsBounded) {
  SchemaRegistry found = registry();
  for (std::size_t i = 0; i <= SchemaRegistry::kSchemasMax; ++i) {
    std::string frame(kIdFrameBytes, '\0');
    frame[3] = static_cast<char>(i >> 8);
    frame[4] = static_cast<char>(i);
    answer("/schemas/ids/" + std::to_string(i), 200, R"({"schema":"\"int\""})");
    ASSERT_TRUE(found.find(frame));
  }
  const std::size_t before = asked().size();
  EXPECT_EQ(before, SchemaRegistry::kSchemasMax + 1);
  ASSERT_TRUE(found.find(kId7));
  EXPECT_EQ(asked().size(), before + 1) << "the first thousand were given up";
}

TEST_F(SchemaRegistryTest, ManyThreadsAskOnce) {
  answer("/schemas/ids/7", 200, R"({"schema":"\"int\""})");
  SchemaRegistry found = registry();
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) good += found.find(kId7) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
  EXPECT_EQ(asked().size(), 1U);
}

TEST(SchemaFrame, NamesOfIds) {
  EXPECT_EQ(name_of_frame(std::string_view("\0\xff\xff\xff\xff", 5)), "4294967295");
  EXPECT_EQ(name_of_frame(std::string_view("\0\0\1\0\0", 5)), "65536");
  EXPECT_EQ(name_of_frame(std::string_view("\1\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20", 17)),
            "01020304-0506-0708-090a-0b0c0d0e0f10");
}

}  // namespace
}  // namespace ouzel
