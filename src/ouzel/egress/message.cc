#include "ouzel/egress/message.h"

#include "ouzel/base/check.h"

namespace ouzel {
namespace {

/// The text behind `mark` up to the next quote. Our own rendering escapes quotes inside texts, and
/// none of these attributes can hold one.
std::string_view behind(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + mark.size());
  return text.substr(0, text.find('"'));
}

}  // namespace

std::string idempotency_key(std::string_view pipeline, std::string_view sink,
                            const Message& message) {
  std::string out(pipeline);
  out += "/" + std::to_string(message.partition.value()) + "/";
  out += std::to_string(message.first.value());
  if (message.events > 1) out += "-" + std::to_string(message.last.value());
  return out.append("/").append(sink);
}

EventParts split_event(std::string_view line) {
  constexpr std::string_view kData = ",\"data\":";
  while (line.ends_with('\n')) line.remove_suffix(1);
  const std::size_t at = line.find(kData);
  OUZEL_CHECK(at != std::string_view::npos && line.ends_with('}'));
  const std::string_view head = line.substr(0, at);
  EventParts out{.id = behind(head, "\"id\":\""),
                 .source = behind(head, "\"source\":\""),
                 .type = behind(head, "\"type\":\""),
                 .time = behind(head, "\"time\":\""),
                 .data = line.substr(at + kData.size())};
  out.data.remove_suffix(1);
  return out;
}

}  // namespace ouzel
