#include "ouzel/log/kafka/java_settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace ouzel {
namespace {

/// What ouzel sets itself, to `value`; empty: to nothing that a file could say.
struct Own {
  std::string_view name, value, why;
};
constexpr std::string_view kOffsets = "offsets are committed together with the outcomes";
constexpr Own kOwn[] = {
    {"enable.auto.commit", "false", kOffsets},
    {"auto.commit.enable", "false", kOffsets},
    {"auto.commit.interval.ms", "", kOffsets},
    {"enable.auto.offset.store", "false", kOffsets},
    {"offset.store.method", "broker", kOffsets},
    {"isolation.level", "read_committed", "records of an aborted transaction are no events"},
    {"enable.partition.eof", "false", "the broker is asked where a partition ends"},
    {"enable.idempotence", "true", "a retry must not write an outcome twice"},
    {"acks", "all", "an outcome counts once all replicas in sync have it"},
    {"request.required.acks", "all", "an outcome counts once all replicas in sync have it"},
    {"transactional.id", "", "each worker has one of its own, so that a zombie is fenced"},
    {"enable.gapless.guarantee", "", "a transaction has no gaps"},
    {"queuing.strategy", "fifo", "the order per key is that of the input"},
    {"delivery.report.only.error", "true", "a transaction says whether all was delivered"},
    {"partitioner", "murmur2_random", "a key must go where Java's clients put it"},
    {"log.queue", "", "librdkafka's lines are in ouzel's log; log_level and debug say how many"},
    {"enabled_events", "", "the events are ouzel's own"},
    {"plugin.library.paths", "", "no plug-ins are loaded"},
    {"max.poll.records", "",
     "what has arrived is taken; queued.max.messages.kbytes bounds how much that is"},
};

/// What stands elsewhere in the pipeline file, or nowhere.
struct Elsewhere {
  std::string_view name, why, hint;
};
constexpr std::string_view kBytes = "says what records are in Java; here source.kafka.format does";
constexpr std::string_view kWaits = "bounds a call of Java's client; ouzel has bounds of its own";
constexpr std::string_view kTls = "is Java's; OpenSSL takes the best version that both sides have";
constexpr Elsewhere kElsewhere[] = {
    {"group.id", "is source.kafka.group here", "move it there"},
    {"auto.offset.reset", "is source.kafka.from here", "move it there: earliest or latest"},
    {"schema.registry.url", "is source.kafka.registry here", "move it there"},
    {"basic.auth.user.info", "is source.kafka.registry_login here", "move it there"},
    {"schema.registry.basic.auth.user.info", "is source.kafka.registry_login here",
     "move it there"},
    {"basic.auth.credentials.source", "is not needed: source.kafka.registry_login is the login",
     "remove it"},
    {"key.deserializer", kBytes, "remove it"},
    {"value.deserializer", kBytes, "remove it"},
    {"key.serializer", "has no meaning here: a key is passed on as it came", "remove it"},
    {"value.serializer", "has no meaning here: outcomes are CloudEvents in JSON", "remove it"},
    {"default.api.timeout.ms", kWaits, "remove it"},
    {"max.block.ms", kWaits, "remove it"},
    {"socket.connection.setup.timeout.max.ms", kWaits,
     "socket.connection.setup.timeout.ms is the one bound"},
    {"exclude.internal.topics", "is for patterns of topics, and ouzel reads one topic",
     "remove it"},
    {"ssl.protocol", kTls, "remove it"},
    {"ssl.enabled.protocols", kTls, "remove it"},
    {"ssl.provider", kTls, "remove it"},
};

/// Another name for the same.
struct Renamed {
  std::string_view name, to;
  std::uint64_t per = 1;  ///< The value is divided by it.
};
constexpr Renamed kRenamed[] = {
    {"fetch.max.wait.ms", "fetch.wait.max.ms"},
    {"max.request.size", "message.max.bytes"},
    {"buffer.memory", "queue.buffering.max.kbytes", 1024},
    {"receive.buffer.bytes", "socket.receive.buffer.bytes"},
    {"send.buffer.bytes", "socket.send.buffer.bytes"},
    {"compression.gzip.level", "compression.level"},
    {"compression.lz4.level", "compression.level"},
    {"compression.zstd.level", "compression.level"},
    {"ssl.truststore.certificates", "ssl.ca.pem"},
    {"ssl.keystore.certificate.chain", "ssl.certificate.pem"},
    {"ssl.keystore.key", "ssl.key.pem"},
};

Translated refused(std::string_view why, std::string_view hint) {
  return {.settings = {}, .fault = std::string(why), .hint = std::string(hint)};
}

Translated own(const Own& rule, const std::string& value) {
  const std::string given = rule.value == "all" && value == "-1" ? "all" : lower_case(value);
  if (!rule.value.empty() && given == rule.value) return {};
  const std::string to = rule.value.empty() ? "" : " to " + std::string(rule.value);
  return refused("is set by ouzel itself" + to + ": " + std::string(rule.why), "remove it");
}

Translated renamed(const Renamed& rule, const std::string& value) {
  if (rule.per == 1) return {.settings = {{std::string(rule.to), value}}, .fault = {}, .hint = {}};
  std::uint64_t number = 0;
  const char* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return refused("must be a whole number", "");
  number = std::max<std::uint64_t>(number / rule.per, 1);
  return {.settings = {{std::string(rule.to), std::to_string(number)}}, .fault = {}, .hint = {}};
}

/// A line of a JAAS file, `MODULE required name="value" …;`, as module and options.
struct Jaas {
  std::string module;
  Settings options;
};

/// Takes the next word, quoted or not, off the front; quotes are left out, `\"` in them stays.
std::string take_word(std::string_view& rest) {
  std::string out;
  char quote = '\0';
  while (!rest.empty()) {
    const char c = rest.front();
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';';
    if (quote == '\0' && blank) break;
    rest.remove_prefix(1);
    if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote && quote != '\0') {
      quote = '\0';
    } else if (c == '\\' && quote != '\0' && !rest.empty()) {
      out += rest.front();
      rest.remove_prefix(1);
    } else {
      out += c;
    }
  }
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n\r;"), rest.size()));
  return out;
}

Jaas read_jaas(std::string_view text) {
  Jaas out;
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\r"), text.size()));
  out.module = take_word(text);
  while (!text.empty()) {
    const std::string word = take_word(text);
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) continue;  // required, sufficient, …
    out.options.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return out;
}

Translated from_jaas(const std::string& value) {
  const Jaas jaas = read_jaas(value);
  const std::string module = jaas.module.substr(jaas.module.rfind('.') + 1);
  const bool login = module == "PlainLoginModule" || module == "ScramLoginModule";
  constexpr std::array kLogin = {std::pair{"username", "sasl.username"},
                                 std::pair{"password", "sasl.password"}};
  constexpr std::array kToken = {std::pair{"clientId", "sasl.oauthbearer.client.id"},
                                 std::pair{"clientSecret", "sasl.oauthbearer.client.secret"},
                                 std::pair{"scope", "sasl.oauthbearer.scope"}};
  if (!login && module != "OAuthBearerLoginModule") {
    return refused("names a login module that is not known here",
                   "known: PlainLoginModule, ScramLoginModule, OAuthBearerLoginModule");
  }
  Translated out;
  const auto take = [&](const auto& names) {
    for (const auto& [option, name] : names) {
      if (const auto found = setting_of(jaas.options, option)) {
        out.settings.emplace_back(name, *found);
      } else if (option != std::string_view("scope")) {
        out.fault = "has no " + std::string(option);
        out.hint = "as in: " + module + " required " + option + "=\"…\";";
      }
    }
  };
  if (login) take(kLogin);
  if (!login) take(kToken);
  return out;
}

/// Of a truststore or keystore: PEM, PKCS12 or JKS, as said or by the file's name.
std::string store_type(std::string_view kind, const std::string& path, const Settings& all) {
  const auto said = setting_of(all, std::string(kind) + ".type");
  if (said) return lower_case(*said);
  const std::string name = lower_case(path);
  for (const char* end : {".pem", ".crt", ".cer"}) {
    if (name.ends_with(end)) return "pem";
  }
  return name.ends_with(".p12") || name.ends_with(".pfx") ? "pkcs12" : "jks";
}

Translated truststore(const std::string& path, const Settings& all) {
  const std::string type = store_type("ssl.truststore", path, all);
  if (type == "pem") return {.settings = {{"ssl.ca.location", path}}, .fault = {}, .hint = {}};
  if (type == "pkcs12") {
    return refused("is a PKCS#12 file; certificate authorities are read from PEM",
                   "openssl pkcs12 -in " + path +
                       " -nokeys -out ca.pem, then ssl.ca.location: "
                       "ca.pem in its place");
  }
  return refused("is a Java key store; certificate authorities are read from PEM",
                 "keytool -importkeystore -srckeystore " + path +
                     " -destkeystore ca.p12 "
                     "-deststoretype PKCS12; openssl pkcs12 -in ca.p12 -nokeys -out ca.pem; then "
                     "ssl.ca.location: ca.pem in its place");
}

Translated keystore(const std::string& path, const Settings& all) {
  const std::string type = store_type("ssl.keystore", path, all);
  if (type == "pkcs12") {
    return {.settings = {{"ssl.keystore.location", path}}, .fault = {}, .hint = {}};
  }
  if (type == "pem") {
    return {.settings = {{"ssl.certificate.location", path}, {"ssl.key.location", path}},
            .fault = {},
            .hint = {}};
  }
  return refused("is a Java key store; certificate and key are read from PKCS#12 or PEM",
                 "keytool -importkeystore -srckeystore " + path +
                     " -destkeystore client.p12 -deststoretype PKCS12, then ssl.keystore.location: "
                     "client.p12");
}

Translated store_password(std::string_view kind, const std::string& name, const std::string& value,
                          const Settings& all) {
  const std::string path(setting_of(all, std::string(kind) + ".location").value_or(""));
  if (kind == "ssl.keystore" && store_type(kind, path, all) == "pkcs12") {
    return {.settings = {{name, value}}, .fault = {}, .hint = {}};
  }
  if (path.empty()) return refused("is of no use without " + std::string(kind) + ".location", "");
  if (store_type(kind, path, all) != "pem") return {};  // The location is refused.
  return refused("is of no use: PEM files have no password of their own",
                 "a key's password is ssl.key.password");
}

Translated callback_handler(const std::string& value) {
  if (value.ends_with("OAuthBearerLoginCallbackHandler")) {
    return {.settings = {{"sasl.oauthbearer.method", "oidc"}}, .fault = {}, .hint = {}};
  }
  return refused("names a Java class, and ouzel runs none",
                 "sasl.oauthbearer.method: oidc gets tokens from an endpoint");
}

/// What needs a look at more than a name.
std::optional<Translated> special(const std::string& name, const std::string& value,
                                  const Settings& all) {
  if (name == "sasl.jaas.config") return from_jaas(value);
  if (name == "ssl.truststore.location") return truststore(value, all);
  if (name == "ssl.keystore.location") return keystore(value, all);
  if (name == "ssl.truststore.type" || name == "ssl.keystore.type") return Translated{};
  if (name == "ssl.truststore.password") return store_password("ssl.truststore", name, value, all);
  if (name == "ssl.keystore.password") return store_password("ssl.keystore", name, value, all);
  if (name == "sasl.login.callback.handler.class") return callback_handler(value);
  if (name == "ssl.endpoint.identification.algorithm" && value.empty()) {
    return Translated{.settings = {{name, "none"}}, .fault = {}, .hint = {}};
  }
  const bool java = name.ends_with(".class") || name.ends_with(".classes") ||
                    name == "metric.reporters" || name.starts_with("metrics.");
  if (java) return refused("is for Java classes, and ouzel runs none", "remove it");
  return std::nullopt;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::optional<std::string_view> setting_of(const Settings& settings, std::string_view name) {
  for (const auto& [known, value] : settings) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::optional<Translated> translate_setting(const std::string& name, const std::string& value,
                                            const Settings& all) {
  for (const Own& rule : kOwn) {
    if (rule.name == name) return own(rule, value);
  }
  for (const Elsewhere& rule : kElsewhere) {
    if (rule.name == name) return refused(rule.why, rule.hint);
  }
  for (const Renamed& rule : kRenamed) {
    if (rule.name == name) return renamed(rule, value);
  }
  return special(name, value, all);
}

}  // namespace ouzel
