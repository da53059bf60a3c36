#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

#include "ouzel/base/check.h"
#include "ouzel/egress/address_guard.h"
#include "ouzel/egress/poster.h"
#include "ouzel/egress/sink_spec.h"
#include "ouzel/gateway/broken_pipe.h"
#include "ouzel/http/message.h"

namespace ouzel {
namespace {

/// An answer that says more than this is cut off: its status is known by then.
constexpr std::size_t kReadBytesMax = 256 << 10;

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiDeleter {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// One request under way, and what the library calls back with.
struct Transfer {
  std::size_t tag = 0;
  PostRequest request;
  bool guarded = true;
  std::unique_ptr<CURL, EasyDeleter> easy;
  std::unique_ptr<curl_slist, ListDeleter> headers;
  std::array<char, CURL_ERROR_SIZE> error{};
  std::string refused;  ///< By the guard.
  PostAnswer answer;
  std::size_t read = 0;

  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* user) {
    auto& self = *static_cast<Transfer*>(user);
    const std::size_t got = size * count;
    const std::size_t room = kAnswerBytesMax - self.answer.body.size();
    self.answer.body.append(bytes, std::min(room, got));
    self.read += got;
    return self.read > kReadBytesMax ? CURL_WRITEFUNC_ERROR : got;
  }

  /// Called with the resolved address, for each connection: a name cannot change under it.
  static curl_socket_t open_socket(void* user, curlsocktype, struct curl_sockaddr* to) {
    auto& self = *static_cast<Transfer*>(user);
    std::string_view bytes;
    if (to->family == AF_INET) {
      const auto* address = reinterpret_cast<const sockaddr_in*>(&to->addr);
      bytes = {reinterpret_cast<const char*>(&address->sin_addr), 4};
    } else if (to->family == AF_INET6) {
      const auto* address = reinterpret_cast<const sockaddr_in6*>(&to->addr);
      bytes = {reinterpret_cast<const char*>(&address->sin6_addr), 16};
    }
    const std::string why = self.guarded ? refused_address(bytes) : "";
    if (!why.empty()) {
      std::array<char, INET6_ADDRSTRLEN> text{};
      ::inet_ntop(to->family, bytes.data(), text.data(), text.size());
      self.refused = std::string(text.data()) + " is " + why;
      return CURL_SOCKET_BAD;
    }
    return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
  }
};

class CurlPoster final : public Poster {
 public:
  explicit CurlPoster(CurlPosterOptions options) : options_(std::move(options)) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    OUZEL_CHECK(ready == CURLE_OK);
    multi_.reset(curl_multi_init());
    OUZEL_CHECK(multi_ != nullptr);
  }
  ~CurlPoster() override {
    for (const auto& transfer : transfers_) {
      curl_multi_remove_handle(multi_.get(), transfer->easy.get());
    }
  }
  CurlPoster(const CurlPoster&) = delete;
  CurlPoster& operator=(const CurlPoster&) = delete;

  void start(std::size_t tag, PostRequest request) override {
    ignore_broken_pipe();
    if (!add_token(request)) {
      unsent_.push_back({.tag = tag, .error = "cannot read the token in " + request.token_file});
      return;
    }
    auto transfer = std::make_unique<Transfer>();
    transfer->tag = tag;
    transfer->request = std::move(request);
    const std::string host = host_of(transfer->request.url);
    transfer->guarded =
        std::find(options_.allow.begin(), options_.allow.end(), host) == options_.allow.end();
    transfer->easy.reset(curl_easy_init());
    OUZEL_CHECK(transfer->easy != nullptr);
    set_request(*transfer);
    set_rules(*transfer);
    OUZEL_CHECK(curl_multi_add_handle(multi_.get(), transfer->easy.get()) == CURLM_OK);
    transfers_.push_back(std::move(transfer));
  }

  std::vector<PostAnswer> wait(std::chrono::nanoseconds limit) override {
    std::vector<PostAnswer> out = std::exchange(unsent_, {});
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    take_answers(out);
    if (!out.empty()) return out;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
    curl_multi_poll(multi_.get(), nullptr, 0,
                    static_cast<int>(std::clamp<std::int64_t>(ms, 0, 3'600'000)), nullptr);
    curl_multi_perform(multi_.get(), &running);
    take_answers(out);
    return out;
  }

  void wake() override { curl_multi_wakeup(multi_.get()); }

 private:
  /// Such tokens live for minutes, and their file is replaced in time.
  bool add_token(PostRequest& request) const {
    if (request.token_file.empty()) return true;
    const auto text = read_file(*options_.files, request.token_file);
    if (!text) return false;
    const std::string_view token = http::trim(std::string_view(*text).substr(0, text->find('\n')));
    const bool good = !token.empty() && token.find_first_of(" \r\t") == std::string_view::npos;
    if (good) request.headers.emplace_back("Authorization", "Bearer " + std::string(token));
    return good;
  }

  static void set_request(Transfer& transfer) {
    CURL* easy = transfer.easy.get();
    const PostRequest& request = transfer.request;
    curl_slist* list = nullptr;
    const auto add = [&](const std::string& line) {
      curl_slist* longer = curl_slist_append(list, line.c_str());
      OUZEL_CHECK(longer != nullptr);
      list = longer;
    };
    add("Expect:");
    for (const auto& [name, value] : request.headers) {
      add(value.empty() ? name + ";" : name + ": " + value);
    }
    transfer.headers.reset(list);
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(
        easy, CURLOPT_TIMEOUT_MS,
        static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(request.timeout).count()));
  }

  void set_rules(Transfer& transfer) const {
    CURL* easy = transfer.easy.get();
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // One from the environment would undo the guard.
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "ouzel");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    }
    if (!options_.ca_pem.empty()) {
      curl_blob blob{const_cast<char*>(options_.ca_pem.data()), options_.ca_pem.size(),
                     CURL_BLOB_NOCOPY};
      curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
    }
  }

  void take_answers(std::vector<PostAnswer>& out) {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      const CURLcode code = message->data.result;
      finish(*transfer, code);
      out.push_back(std::move(transfer->answer));
      curl_multi_remove_handle(multi_.get(), transfer->easy.get());
      std::erase_if(transfers_, [&](const auto& one) { return one.get() == transfer; });
    }
  }

  static void finish(Transfer& transfer, CURLcode code) {
    transfer.answer.tag = transfer.tag;
    long status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RETRY_AFTER, &retry_after);
    // An endless answer was cut off by us.
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && transfer.read > kReadBytesMax)) {
      transfer.answer.status = static_cast<int>(status);
      constexpr curl_off_t kDay = 86'400;
      transfer.answer.retry_after =
          std::chrono::seconds(std::clamp<curl_off_t>(retry_after, 0, kDay));
    } else if (!transfer.refused.empty()) {
      transfer.answer.error = transfer.refused + "; name the host in allow if that is meant";
    } else {
      transfer.answer.error =
          transfer.error[0] != 0 ? transfer.error.data() : curl_easy_strerror(code);
      if (code == CURLE_PEER_FAILED_VERIFICATION) {
        transfer.answer.error += "; one that is private names its authority in ca_file";
      }
    }
  }

  const CurlPosterOptions options_;
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<PostAnswer> unsent_;  ///< Of requests that could not be started.
};

}  // namespace

std::unique_ptr<Poster> make_curl_poster(CurlPosterOptions options) {
  return std::make_unique<CurlPoster>(std::move(options));
}

}  // namespace ouzel
