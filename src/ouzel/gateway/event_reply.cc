#include "ouzel/gateway/event_reply.h"

#include <charconv>

namespace ouzel {
namespace {

/// A quote inside a JSON string is escaped, so `"name":` cannot stand in the text of a detail.
std::uint64_t number_of(std::string_view body, std::string_view name) {
  const std::size_t at = body.find(name);
  if (at == std::string_view::npos) return 0;
  std::uint64_t out = 0;
  const char* begin = body.data() + at + name.size();
  const char* end = body.data() + body.size();
  while (begin < end && *begin == ' ') ++begin;
  std::from_chars(begin, end, out);
  return out;
}

}  // namespace

EventReply read_event_reply(int status, std::string_view body) {
  EventReply reply;
  reply.accepted = number_of(body, "\"accepted\":");
  reply.duplicates = number_of(body, "\"duplicates\":");
  reply.retry = status == 429 || status == 502 || status == 503 || status == 504 ||
                body.find("\"retry\":true") != std::string_view::npos;
  constexpr std::string_view kRefused = "\"refused\":[{";
  const std::size_t at = body.find(kRefused);
  if (at != std::string_view::npos) {
    const std::size_t begin = at + kRefused.size() - 1;
    reply.first_refusal = body.substr(begin, body.find('}', begin) + 1 - begin);
  } else if (status >= 300) {
    reply.first_refusal = body.substr(0, 300);
  }
  return reply;
}

}  // namespace ouzel
