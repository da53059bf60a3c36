/// The request that carries a message to a receiver: CloudEvents 1.0.2 over HTTP (binary,
/// structured or batched), the idempotency key, and the signature of Standard Webhooks.
/// Values; no thread rules.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/base/types.h"
#include "ouzel/egress/message.h"
#include "ouzel/egress/poster.h"
#include "ouzel/egress/sink_spec.h"

namespace ouzel {

/// Name and value of CloudEvents attributes that are added to each event.
using Extensions = std::vector<std::pair<std::string, std::string>>;

struct RequestForm {
  std::string pipeline;
  std::string sink;
  ReceiverSpec receiver;
  bool webhook = false;  ///< With webhook-id, webhook-timestamp and, if there is a secret, signed.
};

/// `more`: extensions of this message alone. `now`: of this try.
PostRequest make_request(const RequestForm& form, const Message& message, const Extensions& more,
                         WallTime now);

/// Percent-encoded as the HTTP binding asks (3.1.3.2).
std::string encode_header_value(std::string_view value);

}  // namespace ouzel
