/// BrokerTrouble: what keeps a client from its brokers, as an error that says what to do. Made from
/// what librdkafka says of a connection, in its log or to its error callback.
///
/// Thread-safe: librdkafka speaks on threads of its own.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "ouzel/base/error.h"

namespace ouzel {

/// One such line: `sasl_ssl://host:9093/bootstrap: SASL authentication error: … (after 3ms in
/// state AUTH_REQ)`. Code config where only a change of settings helps, else unavailable.
Error explain_trouble(std::string_view line);

/// Why a broker's certificate is not trusted, by OpenSSL's code.
std::string certificate_fault(int code);

class BrokerTrouble {
 public:
  void note(std::string_view line);
  void note_certificate(int code);
  /// The gravest, and of these the newest: what settings must mend goes before what time may.
  /// Without one an empty message.
  Error gravest() const;
  void forget();

 private:
  mutable std::mutex mutex_;
  Error gravest_{ErrorCode::unavailable, {}};
  std::string certificate_;
};

}  // namespace ouzel
