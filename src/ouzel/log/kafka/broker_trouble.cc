#include "ouzel/log/kafka/broker_trouble.h"

#include <algorithm>
#include <utility>

namespace ouzel {
namespace {

constexpr auto npos = std::string_view::npos;

/// A line taken apart: who, what, and in which state of the connection.
struct Line {
  std::string_view broker, what, state;
};

Line take_apart(std::string_view line) {
  constexpr std::string_view kAfter = " (after ";
  Line out{.what = line};
  if (line.starts_with("[thrd:")) {
    const std::size_t end = line.find("]: ");
    if (end != npos) line.remove_prefix(end + 3);
  }
  // Which client, or what the broker is to it: "ouzel#producer-4: …", "GroupCoordinator: …".
  for (std::size_t end = 0; (end = line.find(": ")) != npos; line.remove_prefix(end + 2)) {
    const std::string_view who = line.substr(0, end);
    if (who.find(' ') != npos || (who.find('#') == npos && !who.ends_with("Coordinator"))) break;
  }
  // "ssl://host:9092/bootstrap: …", "host:9092/1: …", "host:9092: …"
  const std::size_t scheme = line.find("://");
  const std::size_t begin = scheme == npos || scheme > 16 ? 0 : scheme + 3;
  const std::size_t colon = line.find(": ", begin);
  if (colon != npos) {
    const std::string_view who = line.substr(begin, colon - begin);
    if (who.find(' ') == npos && who.find(':') != npos) {
      out.broker = who.substr(0, who.find('/'));
      line.remove_prefix(colon + 2);
    }
  }
  if (const std::size_t after = line.rfind(kAfter); after != npos) {
    const std::size_t state = line.find("in state ", after);
    if (state != npos) out.state = line.substr(state + 9);
    line = line.substr(0, after);
  }
  out.what = line;
  return out;
}

/// What follows `mark`; empty: it is not there.
std::string_view behind(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  return at == npos ? std::string_view() : text.substr(at + mark.size());
}

Error settings_wrong(std::string_view broker, std::string_view what, std::string_view advice) {
  return {ErrorCode::config,
          std::string(broker) + std::string(what) + " (" + std::string(advice) + ")"};
}

Error explain_login(const Line& line) {
  const std::string_view refused = behind(line.what, "SASL authentication error: ");
  if (!refused.empty()) {
    return settings_wrong(line.broker, " refuses the login: " + std::string(refused),
                          "check kafka.sasl.username, sasl.password and sasl.mechanism");
  }
  const std::string_view known = behind(line.what, "supported mechanisms: ");
  if (known.empty()) {
    return settings_wrong(line.broker, " takes no login at this port: " + std::string(line.what),
                          "another port, or kafka.security.protocol: plaintext or ssl");
  }
  return settings_wrong(line.broker, " does not take this sasl.mechanism",
                        "kafka.sasl.mechanism is one of: " + std::string(known));
}

/// `"https://…": what it said (its status, or -1 where there was no answer)`.
Error explain_token(std::string_view text) {
  const std::size_t quote = text.find("\": ");
  const std::size_t open = text.rfind(" (");
  if (!text.starts_with('"') || quote == npos || open == npos || open < quote + 3) {
    return {ErrorCode::unavailable, "no token: " + std::string(text)};
  }
  const std::string_view endpoint = text.substr(1, quote - 1);
  const std::string said(text.substr(quote + 3, open - quote - 3));
  const std::string status(text.substr(open + 2, text.find(')', open) - open - 2));
  if (status.size() == 3 && status[0] == '4') {
    return settings_wrong(endpoint, " gives no token: HTTP " + status + ": " + said,
                          "check kafka.sasl.oauthbearer.client.id, client.secret and scope");
  }
  return {ErrorCode::unavailable, std::string(endpoint) + " gives no token: " + said +
                                      " (check kafka.sasl.oauthbearer.token.endpoint.url)"};
}

}  // namespace

std::string certificate_fault(int code) {
  // Numbers of OpenSSL's X509_V_ERR_….
  switch (code) {
    case 9: return "it is not valid yet";
    case 10: return "it has expired";
    case 18: return "it is self-signed";
    case 19: return "an authority in its chain is self-signed and not known here";
    case 2:
    case 20: return "the authority that signed it is not known here";
    case 21: return "its chain is not complete";
    case 23: return "it was revoked";
    case 62:
    case 64: return "it is another host's";
    default: return "OpenSSL's verification code " + std::to_string(code);
  }
}

Error explain_trouble(std::string_view text) {
  const Line line = take_apart(text);
  const auto says = [&](std::string_view words) { return line.what.find(words) != npos; };
  const std::string who(line.broker);
  const std::string_view token = behind(line.what, "Failed to retrieve OIDC token from ");
  if (!token.empty()) return explain_token(token);
  if (says("Failed to resolve")) {
    return {ErrorCode::unavailable, who +
                                        ": its name cannot be resolved (check the names in "
                                        "kafka.bootstrap.servers, and DNS)"};
  }
  if (says("Connection refused")) {
    return {ErrorCode::unavailable,
            who + " refuses the connection (does a broker listen at that port?)"};
  }
  if (says("SASL")) return explain_login(line);
  if (says("certificate verify failed")) {
    return settings_wrong(who, ": its certificate is not trusted",
                          "kafka.ssl.ca.location names the authorities to trust");
  }
  if (says("connecting to a PLAINTEXT broker listener") || says("wrong version number") ||
      says("packet length too long")) {
    return settings_wrong(who, " speaks no TLS at this port",
                          "another port, or kafka.security.protocol: plaintext or sasl_plaintext");
  }
  if (says("alert bad certificate") || says("alert certificate required") ||
      says("alert number 116") || says("alert unknown ca")) {
    return settings_wrong(who, " does not accept this client's certificate, or wants one",
                          "kafka.ssl.certificate.location and ssl.key.location, or "
                          "ssl.keystore.location");
  }
  if (says("Disconnected") && line.state.starts_with("APIVERSION_QUERY")) {
    return {ErrorCode::unavailable, who +
                                        " closes the connection at once (does that port want TLS? "
                                        "kafka.security.protocol: ssl or sasl_ssl)"};
  }
  return {ErrorCode::unavailable,
          who.empty() ? std::string(line.what) : who + ": " + std::string(line.what)};
}

void BrokerTrouble::note(std::string_view line) {
  if (line.find("brokers are down") != npos) return;  // Says less than what came before it.
  Error error = explain_trouble(line);
  const std::lock_guard lock(mutex_);
  constexpr std::string_view kUntrusted = "certificate is not trusted";
  const std::size_t at = error.message.find(kUntrusted);
  if (at != npos && !certificate_.empty()) {
    error.message.insert(at + kUntrusted.size(), ": " + certificate_);
  }
  const bool worse = error.code == ErrorCode::config || gravest_.code != ErrorCode::config;
  if (worse || gravest_.message.empty()) gravest_ = std::move(error);
}

void BrokerTrouble::note_certificate(int code) {
  const std::lock_guard lock(mutex_);
  certificate_ = certificate_fault(code);
}

Error BrokerTrouble::gravest() const {
  const std::lock_guard lock(mutex_);
  return gravest_;
}

void BrokerTrouble::forget() {
  const std::lock_guard lock(mutex_);
  gravest_ = {ErrorCode::unavailable, {}};
}

}  // namespace ouzel
