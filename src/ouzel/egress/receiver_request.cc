#include "ouzel/egress/receiver_request.h"

#include "ouzel/base/hash.h"
#include "ouzel/egress/signature.h"
#include "ouzel/http/message.h"

namespace ouzel {
namespace {

/// One structured event with further attributes in it.
void append_event(std::string& out, std::string_view line, const Extensions& extensions) {
  if (extensions.empty()) {
    out.append(line);
    return;
  }
  out += '{';
  for (const auto& [name, value] : extensions) {
    http::append_json(out, name);
    out += ':';
    http::append_json(out, value);
    out += ',';
  }
  out.append(line.substr(1));
}

/// The events of a message, separated by commas.
std::string structured_body(const Message& message, const Extensions& extensions) {
  std::string out;
  std::string_view left = message.lines;
  while (!left.empty()) {
    const std::size_t end = left.find('\n');
    if (!out.empty()) out += ',';
    append_event(out, left.substr(0, end), extensions);
    left.remove_prefix(end + 1);
  }
  return out;
}

void set_binary(PostRequest& request, const Message& message, const Extensions& extensions) {
  const EventParts parts = split_event(message.lines);
  request.headers.emplace_back("Content-Type", "application/json");
  const auto attribute = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    request.headers.emplace_back("ce-" + std::string(name), encode_header_value(value));
  };
  attribute("specversion", "1.0");
  attribute("id", parts.id);
  attribute("source", parts.source);
  attribute("type", parts.type);
  attribute("time", parts.time);
  for (const auto& [name, value] : extensions) attribute(name, value);
  request.body = std::string(parts.data);
}

}  // namespace

std::string encode_header_value(std::string_view value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '%') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

PostRequest make_request(const RequestForm& form, const Message& message, const Extensions& more,
                         WallTime now) {
  PostRequest out{.url = form.receiver.url,
                  .timeout = form.receiver.timeout,
                  .token_file = form.receiver.token_file};
  Extensions extensions = form.receiver.extensions;
  extensions.insert(extensions.end(), more.begin(), more.end());
  switch (form.receiver.mode) {
    case EventMode::binary: set_binary(out, message, extensions); break;
    case EventMode::structured:
      out.headers.emplace_back("Content-Type", "application/cloudevents+json; charset=UTF-8");
      out.body = structured_body(message, extensions);
      break;
    case EventMode::batched:
      out.headers.emplace_back("Content-Type", "application/cloudevents-batch+json; charset=UTF-8");
      out.body = "[" + structured_body(message, extensions) + "]";
      break;
  }
  const std::string key = idempotency_key(form.pipeline, form.sink, message);
  out.headers.emplace_back("Idempotency-Key", key);
  if (form.webhook) {
    // Not the key itself: a full stop in an id would make what is signed ambiguous.
    const std::string id = "msg_" + to_string(hash128(key));
    const std::int64_t seconds =
        std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    out.headers.emplace_back("webhook-id", id);
    out.headers.emplace_back("webhook-timestamp", std::to_string(seconds));
    if (!form.receiver.secrets.empty()) {
      out.headers.emplace_back("webhook-signature",
                               webhook_signature(form.receiver.secrets, {id, seconds}, out.body));
    }
  }
  for (const HeaderSpec& header : form.receiver.headers) {
    out.headers.emplace_back(header.name, header.value);
  }
  return out;
}

}  // namespace ouzel
