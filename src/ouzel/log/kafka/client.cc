#ifdef OUZEL_WITH_KAFKA

#include "ouzel/log/kafka/client.h"

#include <algorithm>
#include <string>
#include <utility>

namespace ouzel::kafka {
namespace {

Client& client_of(void* opaque) { return *static_cast<Client*>(opaque); }

}  // namespace

Error explain(std::string_view what, rd_kafka_resp_err_t error) {
  const std::string begin = "kafka: " + std::string(what) + ": ";
  switch (error) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return {ErrorCode::config,
              begin + rd_kafka_err2str(error) + " (an access rule for this user must allow it)"};
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return {ErrorCode::config, begin +
                                     "there is no such topic (ouzel topics create FILE makes "
                                     "those of a pipeline)"};
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      return {ErrorCode::unavailable, begin + "no answer from a broker"};
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      return {ErrorCode::unavailable,
              begin + "no broker has taken a record in time (is the topic still there?)"};
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return {ErrorCode::config, begin + rd_kafka_err2str(error)};
    default: return {ErrorCode::unavailable, begin + rd_kafka_err2str(error)};
  }
}

Result<std::unique_ptr<Client>> Client::open(rd_kafka_type_t type, Conf conf) {
  std::unique_ptr<Client> client(new Client);
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_log_cb(
      conf.get(), [](const rd_kafka_t* handle, int, const char* facility, const char* line) {
        const std::string_view about = facility;
        if (handle == nullptr || (about != "FAIL" && about != "OIDC")) return;
        client_of(rd_kafka_opaque(handle)).trouble_.note(line);
      });
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int, const char* reason, void* opaque) {
    client_of(opaque).trouble_.note(reason);
  });
  rd_kafka_conf_set_ssl_cert_verify_cb(
      conf.get(), [](rd_kafka_t*, const char*, std::int32_t, int* verified, int, const char*,
                     std::size_t, char*, std::size_t, void* opaque) {
        if (*verified == 0) return 1;
        client_of(opaque).trouble_.note_certificate(*verified);
        return 0;  // As OpenSSL judged.
      });
  OUZEL_TRY(client->handle_, make_handle(type, std::move(conf)));
  return client;
}

tl::unexpected<Error> Client::failed(std::string_view what, rd_kafka_resp_err_t error) const {
  Error out = explain(what, error);
  const Error trouble = trouble_.gravest();
  const bool unreached =
      error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__TIMED_OUT ||
      error == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE || error == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT ||
      error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
  if (unreached && !trouble.message.empty()) out = {trouble.code, "kafka: " + trouble.message};
  return tl::unexpected(std::move(out));
}

Result<std::uint32_t> Client::partitions_of(const std::string& topic,
                                            std::chrono::milliseconds limit) const {
  const Topic named(rd_kafka_topic_new(handle_.get(), topic.c_str(), nullptr));
  auto error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  // Longer each time, so that a slow broker's answer is waited for; short ones to give up early.
  std::chrono::milliseconds slice{250};
  for (std::chrono::milliseconds waited{0}; waited < limit && !hopeless(); slice *= 2) {
    slice = std::min(slice, limit - waited);
    waited += slice;
    const rd_kafka_metadata_t* raw = nullptr;
    error = rd_kafka_metadata(handle_.get(), 0, named.get(), &raw, static_cast<int>(slice.count()));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const std::unique_ptr<const rd_kafka_metadata_t, Destroyed<rd_kafka_metadata_destroy>> found(
        raw);
    if (found->topic_cnt != 1) return failed("topic " + topic, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
    error = found->topics[0].err;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) break;
    return static_cast<std::uint32_t>(found->topics[0].partition_cnt);
  }
  return failed("topic " + topic, error);
}

}  // namespace ouzel::kafka

#endif
