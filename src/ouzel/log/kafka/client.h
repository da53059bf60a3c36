/// Client: a librdkafka handle for those who ask, read or write without a group, and what keeps it
/// from its brokers. For the files of this folder that are compiled with librdkafka.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ouzel/base/error.h"
#include "ouzel/log/kafka/broker_trouble.h"
#include "ouzel/log/kafka/handles.h"

namespace ouzel::kafka {

class Client {
 public:
  /// `conf` gets its callbacks for errors and logs, and its opaque pointer, from here.
  static Result<std::unique_ptr<Client>> open(rd_kafka_type_t type, Conf conf);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* handle() const { return handle_.get(); }
  const BrokerTrouble& trouble() const { return trouble_; }
  /// What to say of a call that failed: the trouble with the brokers if that explains it.
  tl::unexpected<Error> failed(std::string_view what, rd_kafka_resp_err_t error) const;
  /// How many partitions a topic has; waits up to `limit` for a broker. Error config: there is no
  /// such topic, or only other settings or rights help.
  Result<std::uint32_t> partitions_of(const std::string& topic,
                                      std::chrono::milliseconds limit) const;
  /// No more than `trouble`; for calls that wait and should not wait on.
  bool hopeless() const { return trouble_.gravest().code == ErrorCode::config; }

 private:
  Client() = default;
  BrokerTrouble trouble_;
  Handle handle_;  ///< Last: its threads speak to what stands above.
};

/// An error that says who must do what about a refusal of the brokers.
Error explain(std::string_view what, rd_kafka_resp_err_t error);

}  // namespace ouzel::kafka
