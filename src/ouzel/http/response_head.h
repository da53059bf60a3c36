/// The bytes before a response's body.
#pragma once

#include <string>
#include <string_view>

#include "ouzel/base/types.h"
#include "ouzel/http/message.h"

namespace ouzel::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, IMF-fixdate).
std::string http_date(WallTime time);

struct HeadOptions {
  std::string_view date;
  bool keep_alive = true;
  bool http_1_0 = false;
};
/// Appends status line and header fields, the empty line included. A body that is a stream comes in
/// chunks; in HTTP/1.0 the end of the connection is its end.
void write_head(std::string& out, const Response& response, const HeadOptions& options);

}  // namespace ouzel::http
