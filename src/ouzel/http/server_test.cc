#include "ouzel/http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include "ouzel/base/random.h"
#include "ouzel/http/body_stream.h"
#include "ouzel/http/client.h"

namespace ouzel::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A socket that sends what it is told, whole or not.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// Reads until the peer closes, `wanted` has come, or nothing came for `silence`.
  std::string read(std::string_view wanted = {}, milliseconds silence = milliseconds(5000)) {
    std::string out;
    std::string part(64 << 10, '\0');
    while (wanted.empty() || out.find(wanted) == std::string::npos) {
      pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&wait, 1, static_cast<int>(silence.count())) <= 0) break;
      const ssize_t got = ::recv(socket_.get(), part.data(), part.size(), 0);
      if (got <= 0) {
        closed_ = true;
        break;
      }
      out.append(part, 0, static_cast<std::size_t>(got));
    }
    return out;
  }
  bool closed() const { return closed_; }
  void end() { ::shutdown(socket_.get(), SHUT_WR); }

 private:
  Descriptor socket_;
  bool connected_ = false, closed_ = false;
};

std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}
constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

std::uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long total = 0, resident = 0;
  EXPECT_EQ(std::fscanf(file, "%lu %lu", &total, &resident), 2);
  std::fclose(file);
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

class ServerTest : public testing::Test {
 protected:
  void serve(ServerLimits limits = {}, unsigned io_threads = 1) {
    Router router;
    router.add({.path = "/hello",
                .handler = [](const Request&, Responder to) { to.send(text_response("hello")); }});
    router.add({.path = "/query", .handler = [](const Request& request, Responder to) {
                  to.send(text_response(request.parameter("a").value_or("none")));
                }});
    router.add({.path = "/large", .handler = [](const Request&, Responder to) {
                  to.send(text_response(std::string(20 << 20, 'x')));
                }});
    router.add({.path = "/lost", .handler = [](const Request&, Responder) {}});
    router.add({.method = Method::post,
                .path = "/echo",
                .handler =
                    [](const Request& request, Responder to) {
                      for (std::size_t i = 0; i < kBodyPadding; ++i) {
                        ASSERT_EQ(request.body.data()[request.body.size() + i], '\0');
                      }
                      to.send(text_response(std::string(request.body)));
                    },
                .body_bytes_max = 8 << 20});
    router.add({.method = Method::post,
                .path = "/sink",
                .handler =
                    [](const Request&, Responder to) {
                      to.send({.status = 202, .content_type = {}, .body = {}, .headers = {}});
                    },
                .body_bytes_max = 64 << 20});
    router.add({.path = "/later", .handler = [this](const Request&, Responder to) {
                  const std::lock_guard lock(mutex_);
                  later_.push_back(std::make_shared<Responder>(std::move(to)));
                }});
    router.add({.path = "/stream", .handler = [this](const Request&, Responder to) {
                  stream_ = std::make_shared<BodyStream>(100'000);
                  stream_->write("first");
                  Response out{.content_type = "text/event-stream", .body = {}, .headers = {}};
                  out.stream = stream_;
                  to.send(std::move(out));
                }});
    router.add({.path = "/tree/",
                .handler = [](const Request& request,
                              Responder to) { to.send(text_response(std::string(request.path))); },
                .prefix = true});
    auto started =
        Server::start({.io_threads = io_threads, .limits = limits}, std::move(router), clock_);
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return later_.size();
  }
  Client client() { return Client({.host = "127.0.0.1", .port = server_->port()}); }
  std::string ask(std::string_view bytes, std::string_view wanted = {}) {
    RawClient raw(server_->port());
    EXPECT_TRUE(raw.send(bytes));
    raw.end();
    return raw.read(wanted);
  }
  /// Yields until something that other threads bring about has come.
  static bool comes(const std::function<bool()>& what) {
    const SystemClock clock;
    const SteadyTime end = clock.steady() + seconds(10);
    while (!what()) {
      if (clock.steady() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Responder>> later_;
  std::shared_ptr<BodyStream> stream_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersOnOneKeptConnection) {
  serve();
  Client c = client();
  for (int i = 0; i < 3; ++i) {
    const auto got = c.get("/hello");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, 200);
    EXPECT_EQ(got->body, "hello");
    EXPECT_EQ(got->headers.get("x-content-type-options"), "nosniff");
    EXPECT_FALSE(got->headers.get("Date").empty());
  }
  EXPECT_EQ(server_->status().connections_total, 1U);
  EXPECT_EQ(server_->status().requests_2xx, 3U);
}

TEST_F(ServerTest, DecodesTheQueryAndFindsPrefixes) {
  serve();
  Client c = client();
  EXPECT_EQ(c.get("/query?b=1&a=x%20y+z&a=2")->body, "x y z");
  EXPECT_EQ(c.get("/query?a")->body, "");
  EXPECT_EQ(c.get("/query?a=%zz")->body, "none");
  EXPECT_EQ(c.get("/query")->body, "none");
  EXPECT_EQ(c.get("/tree/1/2")->body, "/tree/1/2");
  EXPECT_EQ(c.get("http://elsewhere/hello")->body, "hello");
}

TEST_F(ServerTest, EchoesBodiesOfEverySize) {
  serve();
  Client c = client();
  for (const std::size_t size : {0, 1, 63, 64, 65535, 65536, 65537, 200'000, 5'000'000}) {
    std::string body(size, 'a');
    for (std::size_t i = 0; i < size; i += 97) body[i] = static_cast<char>('a' + i % 26);
    const auto got = c.post("/echo", "text/plain", body);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->body, body) << size;
  }
  EXPECT_EQ(server_->status().buffered_bytes, 0U);
}

TEST_F(ServerTest, RefusesWhatItDoesNotKnow) {
  serve();
  Client c = client();
  const auto lost = c.get("/nothing");
  EXPECT_EQ(lost->status, 404);
  EXPECT_EQ(lost->headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(lost->body, R"({"type":"about:blank","title":"Not Found","status":404,)"
                        "\"detail\":\"there is nothing at /nothing\"}\n");
  const auto method = c.post("/hello", "text/plain", "");
  EXPECT_EQ(method->status, 405);
  EXPECT_EQ(method->headers.get("Allow"), "GET, HEAD");
  EXPECT_EQ(c.get("/lost")->status, 500);
  EXPECT_EQ(c.get("/hello")->status, 200);
}

TEST_F(ServerTest, RefusesALargeBodyAndStillDeliversTheAnswer) {
  serve();
  Client c = client();
  const std::string body((8 << 20) + 1, 'x');
  const auto got = c.post("/echo", "text/plain", body);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 413);
  const std::string chunked =
      ask("POST /echo HTTP/1.1\r\nHost: localhost\r\n"
          "Transfer-Encoding: chunked\r\n\r\n800001\r\n" +
          body + "\r\n");
  EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413")) << chunked.substr(0, 80);
}

TEST_F(ServerTest, HeadGivesTheLengthOnly) {
  serve();
  const std::string got = ask("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(got.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(got.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  serve();
  std::string all;
  for (int i = 0; i < 1000; ++i) all += post("/echo", "<" + std::to_string(i) + ">");
  const std::string got = ask(all);
  EXPECT_EQ(count_of(got, "HTTP/1.1 200 OK"), 1000U);
  std::size_t at = 0;
  for (int i = 0; i < 1000; ++i) {
    at = got.find("<" + std::to_string(i) + ">", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(ServerTest, TakesARequestByteByByte) {
  serve();
  for (const std::string& request :
       {post("/echo", "abc"),
        std::string("POST /echo HTTP/1.1\r\nHost: a.localhost\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n"
                    "1;x=y\r\na\r\n2\r\nbc\r\n0\r\nTrailer: 1\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: localhost\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")}) {
    RawClient raw(server_->port());
    for (const char c : request) ASSERT_TRUE(raw.send({&c, 1}));
    raw.end();
    const std::string got = raw.read();
    EXPECT_TRUE(got.starts_with("HTTP/1.1 200")) << got;
    EXPECT_TRUE(got.ends_with("abc") || got.ends_with("Content-Length: 0\r\n\r\n")) << got;
  }
}

TEST_F(ServerTest, SaysContinueWhenAsked) {
  serve();
  RawClient raw(server_->port());
  raw.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(raw.read("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  raw.send("abc");
  EXPECT_TRUE(raw.read("abc").ends_with("abc"));
  EXPECT_TRUE(ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                  "Content-Length: 99999999\r\n\r\n")
                  .starts_with("HTTP/1.1 413"));
}

TEST_F(ServerTest, RefusesBrokenFraming) {
  serve();
  const std::string host = " HTTP/1.1\r\nHost: localhost\r\n";
  const auto status = [&](std::string_view request) { return ask(request).substr(9, 3); };
  EXPECT_EQ(status("GET /hello HTTP/1.1\r\n\r\n"), "400");
  EXPECT_EQ(status("GET /hello" + host + "Host: localhost\r\n\r\n"), "400");
  EXPECT_EQ(status("GET /hello HTTP/3.0\r\nHost: localhost\r\n\r\n"), "400");
  EXPECT_EQ(status("POST /echo" + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"), "400");
  EXPECT_EQ(status("POST /echo" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"), "400");
  EXPECT_EQ(status("POST /echo" + host + "Content-Length: -1\r\n\r\nx"), "400");
  EXPECT_EQ(status("POST /echo" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "400");
  EXPECT_EQ(status("POST /echo" + host + "Expect: magic\r\nContent-Length: 1\r\n\r\nx"), "417");
  EXPECT_EQ(status("GET /hello" + host + "A: " + std::string(20'000, 'x') + "\r\n\r\n"), "431");
  std::string many;
  for (int i = 0; i < 200; ++i) many += "A: b\r\n";
  EXPECT_EQ(status("GET /hello" + host + many + "\r\n"), "431");
  EXPECT_EQ(status("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "400");
}

TEST_F(ServerTest, WhatFollowsDoubtfulFramingIsNoRequest) {
  serve();
  const std::string second = post("/echo", "smuggled");
  const auto first = [](std::string_view version, std::string_view fields) {
    return "POST /echo HTTP/" + std::string(version) + "\r\nHost: localhost\r\n" +
           std::string(fields) + "\r\n";
  };
  const auto alone = [&](const std::string& request, std::string_view status) {
    const std::string got = ask(request + second);
    EXPECT_EQ(got.substr(9, 3), status) << request;
    EXPECT_EQ(count_of(got, "\r\nDate: "), 1U) << request;
    EXPECT_EQ(count_of(got, "Connection: close\r\n"), 1U) << request;
  };
  for (const char* coding : {"identity", "xchunked", "chunked, identity", "gzip", ","}) {
    alone(first("1.1", "Transfer-Encoding: " + std::string(coding) + "\r\n"), "501");
  }
  alone(first("1.1", "Content-Length: 0\r\nTransfer-Encoding: identity\r\n"), "400");
  alone(first("1.1", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", "400");
  alone(first("1.1", "Content-Length: 0\r\nContent-Length: 0\r\n"), "400");
  alone(first("1.0", "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
        "200");
}

TEST_F(ServerTest, SaysWhatIsTooLongInAChunkedBody) {
  serve();
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string endless(100'000, 'x');
  for (const std::string& body : {"1;" + endless, "0\r\nA: " + endless}) {
    const std::string got = ask(head + body);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 400")) << got;
    EXPECT_NE(got.find("the line before a chunk, or the trailer, is longer than"), got.npos) << got;
  }
}

TEST_F(ServerTest, KeepsOtherSitesOut) {
  serve();
  const auto status = [&](const std::string& request) { return ask(request).substr(9, 3); };
  EXPECT_EQ(status("GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "403");
  EXPECT_EQ(status("GET /hello HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"), "200");
  EXPECT_EQ(status("GET /hello HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), "200");
  const std::string begin = "POST /echo HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 0\r\n";
  EXPECT_EQ(status(begin + "Origin: https://evil.example\r\n\r\n"), "403");
  EXPECT_EQ(status(begin + "Origin: null\r\n\r\n"), "403");
  EXPECT_EQ(status(begin + "Origin: http://localhost:8080\r\n\r\n"), "200");
  EXPECT_EQ(status(begin + "\r\n"), "200");
}

TEST_F(ServerTest, AnswersLaterFromAnotherThread) {
  serve({}, 2);
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(server_->port());
    clients.back().send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n" + std::string(kHello));
  }
  ASSERT_TRUE(comes([&] { return waiting() == 20; }));
  std::thread([&] {
    for (const auto& each : later_) each->send(text_response("late"));
  }).join();
  for (RawClient& each : clients) {
    const std::string got = each.read("hello");
    EXPECT_LT(got.find("late"), got.find("hello"));
  }
}

TEST_F(ServerTest, AResponderOutlivesItsServer) {
  serve();
  RawClient raw(server_->port());
  raw.send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(comes([&] { return waiting() == 1; }));
  server_.reset();
  later_[0]->send(text_response("too late"));
  EXPECT_EQ(raw.read(), "");
}

TEST_F(ServerTest, StopsWhenTheLastAnswerIsOut) {
  serve();
  RawClient idle(server_->port());
  RawClient half(server_->port());
  half.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  RawClient raw(server_->port());
  raw.send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(comes([&] { return waiting() == 1; }));
  auto stopped = std::async(std::launch::async, [&] { server_->stop(seconds(20)); });
  EXPECT_EQ(half.read(), "");
  EXPECT_EQ(idle.read(), "");
  later_[0]->send(text_response("bye"));
  const std::string got = raw.read();
  EXPECT_NE(got.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(got.ends_with("bye"));
  stopped.get();
  EXPECT_FALSE(RawClient(server_->port()).connected());
}

TEST_F(ServerTest, StreamsInChunks) {
  serve();
  RawClient client(server_->port());
  ASSERT_TRUE(client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_NE(client.read("first\r\n").find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(stream_->write("0123456789abcdefg"));
  EXPECT_EQ(client.read("g\r\n"), "11\r\n0123456789abcdefg\r\n");
  stream_->end("bye");
  EXPECT_EQ(client.read("0\r\n\r\n"), "3\r\nbye\r\n0\r\n\r\n");
  EXPECT_FALSE(stream_->write("more"));
  ASSERT_TRUE(client.send(kHello));  // The connection is kept.
  EXPECT_NE(client.read("hello").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, StreamsToOldAndCuriousClients) {
  serve();
  RawClient old(server_->port());
  ASSERT_TRUE(old.send("GET /stream HTTP/1.0\r\n\r\n"));
  const std::string got = old.read("first");
  EXPECT_EQ(got.find("chunked"), std::string::npos);
  EXPECT_TRUE(got.ends_with("\r\n\r\nfirst")) << got;
  stream_->end("bye");
  EXPECT_EQ(old.read(), "bye");
  EXPECT_TRUE(old.closed());
  RawClient curious(server_->port());
  ASSERT_TRUE(
      curious.send("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n" + std::string(kHello)));
  EXPECT_NE(curious.read("hello").find("text/event-stream"), std::string::npos);
  EXPECT_TRUE(stream_->closed());
}

TEST_F(ServerTest, AStreamEndsWithItsClientAndItsServer) {
  serve();
  {
    RawClient client(server_->port());
    ASSERT_TRUE(client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    client.read("first\r\n");
  }
  EXPECT_TRUE(comes([this] { return stream_->closed(); }));
  RawClient client(server_->port());
  ASSERT_TRUE(client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  client.read("first\r\n");
  server_->stop(seconds(5));
  EXPECT_EQ(client.read(), "0\r\n\r\n");
  EXPECT_TRUE(stream_->closed());
}

TEST_F(ServerTest, AStreamWithoutAReaderIsBounded) {
  serve({.progress_max = milliseconds(300)});
  RawClient client(server_->port());
  ASSERT_TRUE(client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  client.read("first\r\n");
  const std::string piece(16'000, 'x');
  std::size_t taken = 0;
  // The kernel's buffers fill first; then nothing is taken, then the connection ends.
  EXPECT_TRUE(comes([&] {
    if (stream_->write(piece)) taken += piece.size();
    return stream_->closed();
  }));
  EXPECT_LT(taken, 32U << 20);
}

TEST_F(ServerTest, StopIsBounded) {
  serve();
  RawClient raw(server_->port());
  raw.send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(comes([&] { return waiting() == 1; }));
  server_->stop(milliseconds(50));
  EXPECT_EQ(raw.read(), "");
}

TEST_F(ServerTest, EndsSlowRequests) {
  serve({.header_max = milliseconds(100),
         .idle_max = milliseconds(200),
         .progress_max = milliseconds(100)});
  RawClient idle(server_->port());
  RawClient head(server_->port());
  head.send("GET /hello HT");
  RawClient body(server_->port());
  body.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(head.read().substr(9, 3), "408");
  EXPECT_EQ(body.read().substr(9, 3), "408");
  EXPECT_EQ(idle.read(), "");
  EXPECT_TRUE(idle.closed());
}

TEST_F(ServerTest, ASlowReaderGetsALargeAnswer) {
  serve();
  RawClient raw(server_->port());
  raw.send("GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client().get("/hello")->status, 200);  // Beside it, another is served.
  EXPECT_GT(raw.read().size(), 20U << 20);
}

TEST_F(ServerTest, BoundsTheNumberOfConnections) {
  serve({.connections_max = 10});
  std::vector<RawClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(server_->port());
    clients.back().send(kHello);
    ASSERT_TRUE(clients.back().read("hello").ends_with("hello"));
  }
  EXPECT_TRUE(RawClient(server_->port()).read().starts_with("HTTP/1.1 503"));
  clients.clear();
  EXPECT_TRUE(comes([&] { return server_->status().connections == 0; }));
  EXPECT_EQ(client().get("/hello")->status, 200);
}

TEST_F(ServerTest, BoundsTheSumOfBufferedBodies) {
  serve({.buffered_bytes_max = 1 << 20});
  std::vector<RawClient> clients;
  std::size_t refused = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(server_->port());
    clients.back().send("POST /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: 400000\r\n\r\n" +
                        std::string(300'000, 'x'));
  }
  ASSERT_TRUE(comes([&] { return server_->status().requests_5xx >= 5; }));
  for (RawClient& each : clients) {
    const std::string got = each.read("}", milliseconds(100));
    if (got.starts_with("HTTP/1.1 503")) {
      ++refused;
      EXPECT_NE(got.find("Retry-After"), std::string::npos);
    }
  }
  EXPECT_GE(refused, 5U);
  EXPECT_LE(server_->status().buffered_bytes, 1U << 20);
  clients.clear();
  EXPECT_TRUE(comes([&] { return server_->status().buffered_bytes == 0; }));
}

TEST_F(ServerTest, HundredsOfHalfRequestsDisturbNobody) {
  serve({}, 2);
  constexpr std::size_t kClients = 400;
  const std::uint64_t before = resident_bytes();
  std::vector<RawClient> half;
  for (std::size_t i = 0; i < kClients; ++i) {
    half.emplace_back(server_->port());
    ASSERT_TRUE(half.back().connected());
    half.back().send(i % 2 == 0 ? "POST /sink HTTP/1.1\r\nHost: localhost\r\nContent-Len"
                                : "POST /sink HTTP/1.1\r\nHost: localhost\r\n"
                                  "Content-Length: 67000000\r\n\r\nabc");
  }
  Client c = client();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(c.get("/hello")->status, 200);
  ASSERT_EQ(c.post("/echo", "text/plain", std::string(1 << 20, 'y'))->status, 200);
  EXPECT_LT(resident_bytes() - before, kClients * 64 * 1024 + (32 << 20));
  half.clear();
  EXPECT_TRUE(comes([&] { return server_->status().connections <= 1; }));
}

TEST_F(ServerTest, SurvivesGarbage) {
  serve({.header_max = milliseconds(100), .progress_max = milliseconds(100)}, 2);
  Random random(20260301);
  const std::string base = post("/echo", std::string(100, 'b')) +
                           "POST /echo HTTP/1.1\r\nHost: localhost\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" +
                           std::string(kHello);
  for (int i = 0; i < 400; ++i) {
    std::string bytes = base;
    const std::uint64_t changes = 1 + random.below(6);
    for (std::uint64_t k = 0; k < changes; ++k) {
      const std::size_t at = random.below(bytes.size());
      switch (random.below(3)) {
        case 0: bytes[at] = static_cast<char>(random.bits()); break;
        case 1: bytes.erase(at, random.below(20)); break;
        default: bytes.insert(at, bytes.substr(random.below(bytes.size()), random.below(30)));
      }
    }
    RawClient raw(server_->port());
    const std::size_t cut = random.below(bytes.size());
    raw.send(std::string_view(bytes).substr(0, cut));
    raw.send(std::string_view(bytes).substr(cut));
    raw.end();
    if (i % 8 == 0) raw.read({}, milliseconds(300));
  }
  Client c = client();
  EXPECT_EQ(c.get("/hello")->status, 200);
  EXPECT_TRUE(comes([&] { return server_->status().buffered_bytes == 0; }));
}

TEST_F(ServerTest, SaysWhenTheAddressIsTaken) {
  serve();
  const auto second = Server::start({.port = server_->port()}, Router(), clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::config);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos);
  EXPECT_FALSE(Server::start({.address = "nowhere.example"}, Router(), clock_));
}

}  // namespace
}  // namespace ouzel::http
