/// The outcome as the answer to its event: Knative's reply events (`Prefer: reply`, RFC 7240), in
/// binary mode, or structured for who accepts that. Stateless.
/// Source: Knative Eventing data plane, "Event reply"; CloudEvents HTTP protocol binding.
#pragma once

#include <cstdint>
#include <string>

#include "ouzel/http/message.h"

namespace ouzel {

enum class ReplyForm : std::uint8_t { none, binary, structured };
/// What the sender asks for.
ReplyForm reply_form(const http::Request& request);
/// 200 with the outcome, which is its JSON line (outcome.h).
http::Response reply_event(std::string outcome, ReplyForm form);

}  // namespace ouzel
