#include "ouzel/log/kafka/broker_trouble.h"

#include <gtest/gtest.h>

#include <span>

namespace ouzel {
namespace {

struct Case {
  const char* line;
  ErrorCode code;
  const char* message;
};

void expect(std::span<const Case> cases) {
  for (const Case& one : cases) {
    const Error error = explain_trouble(one.line);
    EXPECT_EQ(error.message, one.message);
    EXPECT_EQ(error.code, one.code) << one.line;
  }
}

TEST(BrokerTrouble, FindsTheBrokerBehindOtherNames) {
  const Case cases[] = {
      {"GroupCoordinator: 127.0.0.1:1: Connect to ipv4#127.0.0.1:1 failed: Connection refused "
       "(after 0ms in state CONNECT)",
       ErrorCode::unavailable,
       "127.0.0.1:1 refuses the connection (does a broker listen at that port?)"},
      {"ouzel#producer-4: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection "
       "refused (after 0ms in state CONNECT)",
       ErrorCode::unavailable,
       "127.0.0.1:1 refuses the connection (does a broker listen at that port?)"},
  };
  expect(cases);
}

/// Lines as librdkafka 2.15 writes them.
TEST(BrokerTrouble, SaysWhoWhatAndWhatToDo) {
  const Case cases[] = {
      {"127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms "
       "in state CONNECT, 1 identical error(s) suppressed)",
       ErrorCode::unavailable,
       "127.0.0.1:1 refuses the connection (does a broker listen at that port?)"},
      {"[thrd:a.invalid:9092/bootstrap]: a.invalid:9092/bootstrap: Failed to resolve "
       "'a.invalid:9092': Name or service not known (after 1ms in state CONNECT)",
       ErrorCode::unavailable,
       "a.invalid:9092: its name cannot be resolved (check the names in kafka.bootstrap.servers, "
       "and DNS)"},
      {"sasl_ssl://k:9093/bootstrap: SASL authentication error: Authentication failed: Invalid "
       "username or password (after 304ms in state AUTH_REQ)",
       ErrorCode::config,
       "k:9093 refuses the login: Authentication failed: Invalid username or password (check "
       "kafka.sasl.username, sasl.password and sasl.mechanism)"},
      {"sasl_ssl://k:9093/1: SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL "
       "mechanism: broker's supported mechanisms: SCRAM-SHA-256,SCRAM-SHA-512 (after 1ms in "
       "state AUTH_HANDSHAKE)",
       ErrorCode::config,
       "k:9093 does not take this sasl.mechanism (kafka.sasl.mechanism is one of: "
       "SCRAM-SHA-256,SCRAM-SHA-512)"},
      {"sasl_plaintext://k:9092/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Request "
       "not valid in current SASL state: broker's supported mechanisms:  (after 1ms in state "
       "AUTH_HANDSHAKE)",
       ErrorCode::config,
       "k:9092 takes no login at this port: SASL PLAIN mechanism handshake failed: Broker: Request "
       "not valid in current SASL state: broker's supported mechanisms:  (another port, or "
       "kafka.security.protocol: plaintext or ssl)"},
      {"ssl://k:9093/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate "
       "verify failed: broker certificate could not be verified, verify that ssl.ca.location is "
       "correctly configured or root CA certificates are installed (install ca-certificates "
       "package) (after 14ms in state SSL_HANDSHAKE)",
       ErrorCode::config,
       "k:9093: its certificate is not trusted (kafka.ssl.ca.location names the authorities to "
       "trust)"},
      {"ssl://k:9092/bootstrap: SSL handshake failed: Disconnected: SSL connection closed by "
       "peer: connecting to a PLAINTEXT broker listener? (after 8ms in state SSL_HANDSHAKE)",
       ErrorCode::config,
       "k:9092 speaks no TLS at this port (another port, or kafka.security.protocol: plaintext or "
       "sasl_plaintext)"},
      {"k:9093/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after "
       "27ms in state APIVERSION_QUERY)",
       ErrorCode::unavailable,
       "k:9093 closes the connection at once (does that port want TLS? kafka.security.protocol: "
       "ssl or sasl_ssl)"},
      {"ssl://[::1]:9093/bootstrap: Receive failed: error:0A000412:SSL routines::sslv3 alert bad "
       "certificate: SSL alert number 42 (after 20ms in state APIVERSION_QUERY)",
       ErrorCode::config,
       "[::1]:9093 does not accept this client's certificate, or wants one "
       "(kafka.ssl.certificate.location and ssl.key.location, or ssl.keystore.location)"},
      {"something else", ErrorCode::unavailable, "something else"},
      {"", ErrorCode::unavailable, ""},
  };
  expect(cases);
}

TEST(BrokerTrouble, SaysWhatATokenEndpointAnswers) {
  const Case cases[] = {
      {"[thrd:background]: Failed to retrieve OIDC token from \"http://t:1/a\": "
       "{\"error\":\"invalid_client\"} (401)",
       ErrorCode::config,
       "http://t:1/a gives no token: HTTP 401: {\"error\":\"invalid_client\"} (check "
       "kafka.sasl.oauthbearer.client.id, client.secret and scope)"},
      {"[thrd:background]: Failed to retrieve OIDC token from \"http://t:1/a\": Failed to connect "
       "to "
       "t:1 after 0 ms: Could not connect to server (-1)",
       ErrorCode::unavailable,
       "http://t:1/a gives no token: Failed to connect to t:1 after 0 ms: Could not connect to "
       "server (check kafka.sasl.oauthbearer.token.endpoint.url)"},
      {"Failed to retrieve OIDC token from nowhere", ErrorCode::unavailable, "no token: nowhere"},
  };
  expect(cases);
}

TEST(BrokerTrouble, WhatSettingsMustMendGoesFirst) {
  BrokerTrouble trouble;
  EXPECT_EQ(trouble.gravest().message, "");
  trouble.note("1/1 brokers are down");
  EXPECT_EQ(trouble.gravest().message, "");
  trouble.note("a:1/1: Connection refused");
  trouble.note_certificate(10);
  trouble.note("ssl://b:1/1: certificate verify failed");
  trouble.note("c:1/1: Connection refused");
  EXPECT_EQ(trouble.gravest().code, ErrorCode::config);
  EXPECT_EQ(trouble.gravest().message,
            "b:1: its certificate is not trusted: it has expired (kafka.ssl.ca.location names the "
            "authorities to trust)");
  trouble.forget();
  trouble.note("a:1/1: Connection refused");
  trouble.note("c:1/1: Connection refused");
  EXPECT_EQ(trouble.gravest().message,
            "c:1 refuses the connection (does a broker listen at that port?)");
}

}  // namespace
}  // namespace ouzel
