#include <curl/curl.h>

#include <array>
#include <utility>

#include "ouzel/base/check.h"
#include "ouzel/gateway/broken_pipe.h"
#include "ouzel/gateway/registry_client.h"

namespace ouzel {
namespace {

constexpr std::size_t kAnswerBytesMax = 4 << 20;

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& body = *static_cast<std::string*>(user);
  const std::size_t got = size * count;
  if (body.size() + got > kAnswerBytesMax) return CURL_WRITEFUNC_ERROR;
  body.append(bytes, got);
  return got;
}

class CurlRegistryClient final : public RegistryClient {
 public:
  explicit CurlRegistryClient(RegistryClientOptions options) : options_(std::move(options)) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    OUZEL_CHECK(ready == CURLE_OK);
    easy_.reset(curl_easy_init());
    OUZEL_CHECK(easy_ != nullptr);
    headers_.reset(curl_slist_append(
        nullptr, "Accept: application/vnd.schemaregistry.v1+json, application/json"));
    OUZEL_CHECK(headers_ != nullptr);
    set_rules();
  }

  RegistryAnswer get(const std::string& path) override {
    ignore_broken_pipe();
    RegistryAnswer answer;
    error_[0] = 0;
    const std::string url = std::string(without_slash(options_.url)) + path;
    curl_easy_setopt(easy_.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEDATA, &answer.body);
    const CURLcode code = curl_easy_perform(easy_.get());
    if (code != CURLE_OK) {
      answer.error = error_[0] != 0 ? error_.data() : curl_easy_strerror(code);
      answer.untrusted = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
      if (code == CURLE_WRITE_ERROR) answer.error = "an answer of more than 4 MiB";
      answer.body.clear();
      return answer;
    }
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    return answer;
  }

 private:
  void set_rules() {
    CURL* easy = easy_.get();
    const auto milliseconds = [](std::chrono::milliseconds limit) {
      return static_cast<long>(limit.count());
    };
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "ouzel");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options_.connect_max));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(options_.answer_max));
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    }
    if (!options_.login.empty()) {
      curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
      curl_easy_setopt(easy, CURLOPT_USERPWD, options_.login.c_str());
    }
  }

  const RegistryClientOptions options_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::unique_ptr<curl_slist, ListDeleter> headers_;
  std::unique_ptr<CURL, EasyDeleter> easy_;
};

}  // namespace

std::unique_ptr<RegistryClient> make_registry_client(RegistryClientOptions options) {
  return std::make_unique<CurlRegistryClient>(std::move(options));
}

}  // namespace ouzel
