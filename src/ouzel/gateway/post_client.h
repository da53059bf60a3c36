/// PostClient: one kept HTTP/1.1 connection that posts bodies and reads the answers, one after the
/// other. For load: two system calls a request, no allocation once it is warm.
///
/// One thread, but `abort` may come from any. Errors: config (not a URL that it can use),
/// unavailable (nobody there, or the connection was lost; the next call connects anew).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "ouzel/base/error.h"

namespace ouzel {

struct PostUrl {
  std::string host;
  std::uint16_t port = 80;
  std::string path;        ///< Begins with a slash.
};
/// http only. Without a path it is `/events`.
Result<PostUrl> read_post_url(std::string_view url);

struct PostReply {
  int status = 0;
  std::uint32_t retry_after_s = 0;   ///< 0: not given.
  std::string_view body;             ///< Until the next call.
};

class PostClient {
 public:
  explicit PostClient(PostUrl url) : url_(std::move(url)) {}
  PostClient(const PostClient&) = delete;
  PostClient& operator=(const PostClient&) = delete;
  ~PostClient();

  Result<void> connect();
  /// Connects first where needed. Waits for the answer for at most `answer_max`.
  Result<PostReply> post(std::string_view content_type, std::string_view body);
  /// Ends a call that waits, and all later ones.
  void abort();

  static constexpr std::chrono::seconds answer_max{30};

 private:
  void close();
  Result<void> send_all(std::string_view head, std::string_view body);
  Result<PostReply> read_reply();
  Result<std::size_t> read_more();

  PostUrl url_;
  std::atomic<int> socket_ = -1;
  std::atomic<bool> aborted_ = false;
  std::string head_;
  std::string in_;         ///< The answer as it came.
};

}  // namespace ouzel
