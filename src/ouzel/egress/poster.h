/// Poster: sends POST requests, several at a time, and hears what became of each. CurlPoster does
/// it over the network; a test has its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ouzel/base/file_system.h"

namespace ouzel {

struct PostRequest {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  ///< Without line ends in them.
  std::string body;
  std::chrono::nanoseconds timeout{};
  std::string token_file;  ///< Of a bearer token, read when the request starts; empty: none.
};

inline constexpr std::size_t kAnswerBytesMax = 1024;

struct PostAnswer {
  std::size_t tag = 0;
  int status = 0;  ///< 0: no whole answer came; `error` says why.
  std::string error;
  std::string body;                        ///< At most kAnswerBytesMax; the rest is not kept.
  std::chrono::nanoseconds retry_after{};  ///< As the receiver asks; 0: it does not.
};

/// `start` and `wait` belong to one thread, `wake` to any.
class Poster {
 public:
  virtual ~Poster() = default;
  virtual void start(std::size_t tag, PostRequest request) = 0;
  /// Waits for at most `limit`, less if an answer comes; returns those that came.
  virtual std::vector<PostAnswer> wait(std::chrono::nanoseconds limit) = 0;
  /// Ends a `wait`.
  virtual void wake() = 0;
};

struct CurlPosterOptions {
  FileSystem* files = nullptr;     ///< For the token; must outlive the poster.
  std::string ca_file;             ///< PEM; empty: the system's.
  std::string ca_pem;              ///< Its text instead; empty: none.
  std::vector<std::string> allow;  ///< Hosts that the guard lets pass.
};

/// Over HTTP and HTTPS (certificates are verified); follows no redirect, knows no proxy, and
/// connects to no address that address_guard.h refuses. Keeps connections open between requests.
std::unique_ptr<Poster> make_curl_poster(CurlPosterOptions options);

}  // namespace ouzel
