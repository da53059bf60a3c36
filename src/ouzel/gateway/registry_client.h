/// RegistryClient: asks a schema registry over HTTP, and that is all it knows of one.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace ouzel {

/// `http://registry:8081/` is `http://registry:8081`.
inline std::string_view without_slash(std::string_view url) {
  return url.substr(0, url.find_last_not_of('/') + 1);
}

struct RegistryAnswer {
  int status = 0;          ///< 0: there was no answer.
  std::string body;        ///< As it came, up to what the client takes.
  std::string error;       ///< Why there was no answer.
  bool untrusted = false;  ///< There was none because its certificate is not trusted.
};

class RegistryClient {
 public:
  virtual ~RegistryClient() = default;
  /// GET of the registry's URL with `path` behind it. Waits for the answer, within a bound. One
  /// thread at a time.
  virtual RegistryAnswer get(const std::string& path) = 0;
};

struct RegistryClientOptions {
  std::string url;      ///< Without a login.
  std::string login;    ///< `user:password`, for Basic; empty: none. Never printed.
  std::string ca_file;  ///< PEM; empty: the system's authorities.
  std::chrono::milliseconds connect_max{2'000};
  std::chrono::milliseconds answer_max{5'000};  ///< In all.
};
/// Speaks HTTP and HTTPS; follows no redirect and uses no proxy, so that the login goes nowhere
/// else. An answer of more than 4 MiB is an error.
std::unique_ptr<RegistryClient> make_registry_client(RegistryClientOptions options);

}  // namespace ouzel
