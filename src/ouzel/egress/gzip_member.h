/// gzip (RFC 1952), by zlib.
#pragma once

#include <string>
#include <string_view>

namespace ouzel {

/// One whole member. Members may stand one behind the other.
std::string gzip_member(std::string_view bytes);

}  // namespace ouzel
