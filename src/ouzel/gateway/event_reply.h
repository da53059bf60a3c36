/// EventReply: what a receiver answered to `POST /events`. Reads the fixed form that CONTRACT.md
/// gives the reply, not JSON at large; a body of another form counts as nothing accepted.
#pragma once

#include <cstdint>
#include <string_view>

namespace ouzel {

struct EventReply {
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  bool retry = false;              ///< Some refusal may pass later: send the same again.
  std::string_view first_refusal;  ///< View into the body: the first refused entry, or empty.
};

EventReply read_event_reply(int status, std::string_view body);

}  // namespace ouzel
