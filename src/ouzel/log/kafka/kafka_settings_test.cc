#include "ouzel/log/kafka/kafka_settings.h"

#include <gtest/gtest.h>

#include "ouzel/log/kafka/kafka_fields.h"
#include "ouzel/log/kafka/kafka_library.h"
#include "ouzel/log/kafka/known_settings.h"
#include "ouzel/spec/document.h"
#include "ouzel/spec/echo.h"
#include "ouzel/spec/reader.h"

namespace ouzel {
namespace {

class KafkaSettingsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!kafka_built_in()) GTEST_SKIP() << "no Kafka client in this build";
  }
};

/// All faults, a line each: name: rule: message (hint).
std::string faults_of(const Settings& settings) {
  std::string out;
  for (const SettingFault& fault : kafka_setting_faults(settings)) {
    out += fault.name + ": " + fault.rule + ": " + fault.message;
    out += (fault.hint.empty() ? "" : " (" + fault.hint + ")") + "\n";
  }
  return out;
}

Settings producer_of(const Settings& settings, std::string_view directory = "") {
  const auto out = kafka_settings({.settings = settings}, directory);
  EXPECT_TRUE(out) << out.error().message;
  return out ? out->producer : Settings{};
}

TEST_F(KafkaSettingsTest, KnowsTheLibrarysSettings) {
  EXPECT_GT(known_settings().size(), 130U);
  ASSERT_NE(find_setting("session.timeout.ms"), nullptr);
  EXPECT_TRUE(find_setting("session.timeout.ms")->consumer);
  EXPECT_FALSE(find_setting("session.timeout.ms")->producer);
  EXPECT_TRUE(find_setting("session.timeout.ms")->integer);
  EXPECT_EQ(find_setting("session.timeout.ms")->range, "1 .. 3600000");
  EXPECT_FALSE(find_setting("linger.ms")->consumer);
  EXPECT_EQ(find_setting("linger.ms")->alias_of, "queue.buffering.max.ms");
  EXPECT_EQ(find_setting("error_cb"), nullptr);
  for (const KnownSetting& one : known_settings()) {
    EXPECT_TRUE(one.consumer || one.producer) << one.name;
    EXPECT_TRUE(one.alias_of.empty() || find_setting(one.alias_of) != nullptr) << one.name;
  }
}

TEST_F(KafkaSettingsTest, GoToThoseWhoTakeThem) {
  const auto out = kafka_settings({.settings = {{"bootstrap.servers", "a:9092,[::1]:9093, b"},
                                                {"fetch.min.bytes", "10"},
                                                {"linger.ms", "7"},
                                                {"security.protocol", "SSL"},
                                                {"ssl.ca.location", "ca.pem"}}},
                                  "etc/");
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(out->consumer, (Settings{{"bootstrap.servers", "a:9092,[::1]:9093, b"},
                                     {"fetch.min.bytes", "10"},
                                     {"security.protocol", "SSL"},
                                     {"ssl.ca.location", "etc/ca.pem"}}));
  EXPECT_EQ(out->producer, (Settings{{"bootstrap.servers", "a:9092,[::1]:9093, b"},
                                     {"linger.ms", "7"},
                                     {"security.protocol", "SSL"},
                                     {"ssl.ca.location", "etc/ca.pem"}}));
}

struct Refused {
  Settings settings;
  const char* faults;
};

TEST_F(KafkaSettingsTest, AreRefusedWithTheReason) {
  const Refused cases[] = {
      {{{"bootstrap.server", "a:1"}},
       "bootstrap.server: unknown_key: librdkafka has no such setting (did you mean "
       "'bootstrap.servers'?)\n"},
      {{{"fubar", "1"}},
       "fubar: unknown_key: librdkafka has no such setting (its CONFIGURATION.md lists them; "
       "Java's names that have another are translated)\n"},
      {{{"session.timeout.ms", "10s"}},
       "session.timeout.ms: value: must be a whole number, without a unit, got '10s'\n"},
      {{{"session.timeout.ms", "0"}}, "session.timeout.ms: value: must be 1 .. 3600000, got '0'\n"},
      {{{"compression.type", "brotli"}},
       "compression.type: value: must be none, gzip, snappy, lz4, zstd, got 'brotli'\n"},
      {{{"bootstrap.servers", "http://a:9092"}},
       "bootstrap.servers: value: 'http://a:9092' is a URL, not HOST:PORT\n"},
      {{{"bootstrap.servers", "a:9092,b:99999"}},
       "bootstrap.servers: value: 'b:99999' is not HOST:PORT\n"},
      {{{"bootstrap.servers", ""}}, "bootstrap.servers: value: has an empty entry\n"},
      {{{"bootstrap.servers", "a:1"}, {"metadata.broker.list", "b:1"}},
       "metadata.broker.list: duplicate_key: says the same as bootstrap.servers, which stands "
       "here (remove one)\n"},
      {{{"group.id", "g"}}, "group.id: setting: is source.kafka.group here (move it there)\n"},
      {{{"enable.auto.commit", "true"}},
       "enable.auto.commit: setting: is set by ouzel itself to false: offsets are committed "
       "together with the outcomes (remove it)\n"},
      {{{"transactional.id", "t"}},
       "transactional.id: setting: is set by ouzel itself: each worker has one of its own, so "
       "that a zombie is fenced (remove it)\n"},
      {{{"value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer"}},
       "value.deserializer: setting: says what records are in Java; here source.kafka.format "
       "does (remove it)\n"},
      {{{"interceptor.classes", "a.B"}},
       "interceptor.classes: setting: is for Java classes, and ouzel runs none (remove it)\n"},
      {{{"plugin.library.paths", "x"}},
       "plugin.library.paths: setting: is set by ouzel itself: no plug-ins are loaded (remove "
       "it)\n"},
  };
  for (const Refused& one : cases) EXPECT_EQ(faults_of(one.settings), one.faults);
}

TEST_F(KafkaSettingsTest, OfOuzelsOwnAreAcceptedIfTheSame) {
  EXPECT_EQ(producer_of({{"enable.idempotence", "TRUE"},
                         {"acks", "-1"},
                         {"isolation.level", "read_committed"},
                         {"enable.auto.commit", "false"}}),
            Settings{});
}

TEST_F(KafkaSettingsTest, NeverNameASecret) {
  const Settings settings = {{"security.protocol", "sasl_ssl"},
                             {"sasl.mechanism", "PLAIN"},
                             {"sasl.username", "me"},
                             {"sasl.password", "geheim"},
                             {"sasl.password", "geheim"},
                             {"ssl.key.pem", "geheim"},
                             {"sasl.pasword", "geheim"},
                             {"sasl.jaas.config", "geheim required password=\"geheim\";"},
                             {"enable.sasl.oauthbearer.unsecure.jwt", "maybe"}};
  EXPECT_EQ(faults_of(settings).find("geheim"), std::string::npos) << faults_of(settings);
  EXPECT_NE(faults_of(settings).find("did you mean 'sasl.password'?"), std::string::npos);
  const auto refused = kafka_settings({.settings = settings}, "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("geheim"), std::string::npos);
  for (const KnownSetting& one : known_settings()) {
    const bool told = one.name.find("password") != std::string::npos ||
                      one.name.find("secret") != std::string::npos ||
                      one.name.find("passphrase") != std::string::npos ||
                      one.name.find("key.pem") != std::string::npos;
    EXPECT_TRUE(!told || is_secret_setting(one.name)) << one.name;
  }
  EXPECT_TRUE(is_secret_setting("sasl.jaas.config"));
  EXPECT_TRUE(is_secret_setting("ssl.keystore.key"));
  EXPECT_FALSE(is_secret_setting("sasl.oauthbearer.token.endpoint.url"));
  EXPECT_FALSE(is_secret_setting("ssl.key.location"));
}

TEST_F(KafkaSettingsTest, JavasLoginIsTranslated) {
  EXPECT_EQ(producer_of({{"security.protocol", "SASL_SSL"},
                         {"sasl.mechanism", "PLAIN"},
                         {"sasl.jaas.config",
                          "org.apache.kafka.common.security.plain.PlainLoginModule required "
                          "username=\"KEY\" \n  password='a \"b\"\\\\;c=';"}}),
            (Settings{{"security.protocol", "SASL_SSL"},
                      {"sasl.mechanism", "PLAIN"},
                      {"sasl.username", "KEY"},
                      {"sasl.password", "a \"b\"\\;c="}}));
  EXPECT_EQ(producer_of({{"security.protocol", "SASL_SSL"},
                         {"sasl.mechanism", "OAUTHBEARER"},
                         {"sasl.oauthbearer.token.endpoint.url", "https://a/token"},
                         {"sasl.jaas.config",
                          "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule "
                          "required clientId=\"i\" clientSecret=\"s\" scope=\"x\";"}}),
            (Settings{{"security.protocol", "SASL_SSL"},
                      {"sasl.mechanism", "OAUTHBEARER"},
                      {"sasl.oauthbearer.token.endpoint.url", "https://a/token"},
                      {"sasl.oauthbearer.client.id", "i"},
                      {"sasl.oauthbearer.client.secret", "s"},
                      {"sasl.oauthbearer.scope", "x"},
                      {"sasl.oauthbearer.method", "oidc"}}));
  EXPECT_EQ(faults_of({{"sasl.jaas.config", "a.Krb5LoginModule required;"}}),
            "sasl.jaas.config: setting: names a login module that is not known here (known: "
            "PlainLoginModule, ScramLoginModule, OAuthBearerLoginModule)\n");
  EXPECT_EQ(faults_of({{"sasl.jaas.config", "a.ScramLoginModule required username=\"u\";"}}),
            "sasl.jaas.config: setting: has no password (as in: ScramLoginModule required "
            "password=\"…\";)\n");
}

TEST_F(KafkaSettingsTest, JavasStoresAreTranslatedOrToldHowToConvert) {
  EXPECT_EQ(producer_of({{"security.protocol", "SSL"},
                         {"ssl.truststore.type", "PEM"},
                         {"ssl.truststore.location", "trust.store"},
                         {"ssl.keystore.location", "client.p12"},
                         {"ssl.keystore.password", "x"},
                         {"ssl.endpoint.identification.algorithm", ""}},
                        "/etc/"),
            (Settings{{"security.protocol", "SSL"},
                      {"ssl.ca.location", "/etc/trust.store"},
                      {"ssl.keystore.location", "/etc/client.p12"},
                      {"ssl.keystore.password", "x"},
                      {"ssl.endpoint.identification.algorithm", "none"}}));
  EXPECT_EQ(producer_of({{"security.protocol", "SSL"}, {"ssl.keystore.location", "/c.pem"}}),
            (Settings{{"security.protocol", "SSL"},
                      {"ssl.certificate.location", "/c.pem"},
                      {"ssl.key.location", "/c.pem"}}));
  EXPECT_EQ(faults_of({{"ssl.truststore.location", "trust.jks"}, {"ssl.truststore.password", "x"}}),
            "ssl.truststore.location: setting: is a Java key store; certificate authorities are "
            "read from PEM (keytool -importkeystore -srckeystore trust.jks -destkeystore ca.p12 "
            "-deststoretype PKCS12; openssl pkcs12 -in ca.p12 -nokeys -out ca.pem; then "
            "ssl.ca.location: ca.pem in its place)\n");
  EXPECT_EQ(faults_of({{"ssl.keystore.location", "k.jks"}}),
            "ssl.keystore.location: setting: is a Java key store; certificate and key are read "
            "from PKCS#12 or PEM (keytool -importkeystore -srckeystore k.jks -destkeystore "
            "client.p12 -deststoretype PKCS12, then ssl.keystore.location: client.p12)\n");
  EXPECT_EQ(producer_of({{"buffer.memory", "33554432"}, {"max.request.size", "2000000"}}),
            (Settings{{"queue.buffering.max.kbytes", "32768"}, {"message.max.bytes", "2000000"}}));
}

TEST_F(KafkaSettingsTest, AreLookedAtTogether) {
  EXPECT_EQ(faults_of({{"group.protocol", "consumer"}, {"session.timeout.ms", "9000"}}),
            "session.timeout.ms: setting: has no effect: group.protocol is consumer "
            "(group.consumer.session.timeout.ms of the brokers)\n");
  EXPECT_EQ(faults_of({{"group.protocol", "classic"}, {"session.timeout.ms", "9000"}}), "");
  EXPECT_EQ(faults_of({{"sasl.username", "u"}, {"ssl.ca.location", "c"}}),
            "sasl.username: security: has no effect: security.protocol is plaintext "
            "(security.protocol: sasl_ssl)\n"
            "ssl.ca.location: security: has no effect: security.protocol is plaintext "
            "(security.protocol: ssl)\n");
  EXPECT_EQ(faults_of({{"security.protocol", "sasl_ssl"}}),
            "security.protocol: security: needs sasl.mechanism too (one of PLAIN, SCRAM-SHA-256, "
            "SCRAM-SHA-512, OAUTHBEARER)\n");
  EXPECT_EQ(faults_of({{"security.protocol", "sasl_ssl"},
                       {"sasl.mechanisms", "SCRAM-SHA-512"},
                       {"sasl.username", "u"}}),
            "sasl.mechanisms: security: SCRAM-SHA-512 needs sasl.password too (from a file or the "
            "environment: ${file:PATH}, ${env:NAME})\n");
  EXPECT_EQ(faults_of({{"security.protocol", "sasl_ssl"}, {"sasl.mechanism", "GSSAPI"}}),
            "sasl.mechanism: value: 'GSSAPI' is not in this build (one of PLAIN, SCRAM-SHA-256, "
            "SCRAM-SHA-512, OAUTHBEARER)\n");
  EXPECT_EQ(faults_of({{"security.protocol", "sasl_ssl"}, {"sasl.mechanism", "OAUTHBEARER"}}),
            "sasl.mechanism: security: OAUTHBEARER needs to know where tokens come from "
            "(sasl.oauthbearer.token.endpoint.url with client.id and client.secret beside it)\n");
}

TEST_F(KafkaSettingsTest, AWorkersClientsTakeThem) {
  const auto fault = [](const Settings& settings, Guarantee guarantee = Guarantee::exactly_once) {
    return client_fault({.settings = settings}, guarantee);
  };
  EXPECT_EQ(fault({{"bootstrap.servers", "127.0.0.1:9"}}), "");
  EXPECT_EQ(fault({{"queue.buffering.backpressure.threshold", "10"}}),
            "kafka: `queue.buffering.backpressure.threshold` must be set to 1 when "
            "`enable.idempotence` is true");
  EXPECT_EQ(fault({{"retries", "0"}}, Guarantee::at_least_once),
            "kafka: `retries` must be set >= 1 when `enable.idempotence` is true");
  EXPECT_EQ(fault({{"max.poll.interval.ms", "5000"}}),
            "kafka: `max.poll.interval.ms`must be >= `session.timeout.ms`");
  // Without transactions nothing has to end in one.
  const Settings slow = {{"socket.timeout.ms", "40000"}};
  EXPECT_EQ(fault(slow),
            "kafka: `socket.timeout.ms` must be set <= `transaction.timeout.ms` + 100");
  EXPECT_EQ(fault(slow, Guarantee::at_least_once), "");
  EXPECT_EQ(fault({{"session.timeout.ms", "40000"}, slow.front()}), "");
  EXPECT_EQ(fault({{"session.timeout.ms", "500"}}), "");
  // No file is read for it, no address resolved; what is wrong with one setting is said of that.
  EXPECT_EQ(fault({{"security.protocol", "ssl"}, {"ssl.ca.location", "/nowhere/ca.pem"}}), "");
  EXPECT_EQ(fault({{"retries", "many"}}), "");
}

TEST_F(KafkaSettingsTest, ATransactionLastsAsLongAsASession) {
  EXPECT_EQ(producer_of({{"session.timeout.ms", "7000"}}),
            (Settings{{"transaction.timeout.ms", "7000"}}));
  EXPECT_EQ(producer_of({{"transaction.timeout.ms", "8000"}, {"session.timeout.ms", "500"}}),
            (Settings{{"transaction.timeout.ms", "1000"}, {"transaction.timeout.ms", "8000"}}));
}

TEST_F(KafkaSettingsTest, HaveTwinsInTheEnvironment) {
  EXPECT_EQ(setting_of_variable("SASL_OAUTHBEARER_CLIENT_ID"), "sasl.oauthbearer.client.id");
  EXPECT_EQ(setting_of_variable("LOG_LEVEL"), "log_level");
  EXPECT_EQ(setting_of_variable("SASL_JAAS_CONFIG"), "sasl.jaas.config");
}

TEST_F(KafkaSettingsTest, OfAFileAreFoundByLine) {
  Findings findings;
  const auto root = parse_document(
      "kafka:\n  bootstrap.servers: [a:1, b:2]\n  sasl:\n    password: geheim\n"
      "  linger.ms: fast\n",
      findings.add_source("f.yaml"), findings);
  ASSERT_TRUE(root);
  KafkaSpec spec;
  read(kafka_fields(), *root, spec, findings);
  std::string all;
  for (const Finding& finding : findings.all()) all += to_string(finding) + "\n";
  EXPECT_EQ(all, "f.yaml:5:3: value: kafka.linger.ms: must be 0 .. 900000, got 'fast'\n");
  EXPECT_EQ(echo(kafka_fields().table(), *root),
            "kafka:\n  bootstrap.servers: \"a:1,b:2\"\n  sasl.password: \"***\"\n"
            "  linger.ms: fast\n");
}

}  // namespace
}  // namespace ouzel
