/// References between schemas: RFC 3986, sections 5.2 and 5.3. Pure functions; nothing is fetched.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ouzel {

/// `reference` as seen from `base`, which may be empty; without its fragment.
std::string resolve_uri(std::string_view base, std::string_view reference);
/// What stands behind the `#`; empty if there is none.
std::string_view fragment_of(std::string_view uri);
/// Resolves %XX; nullopt: a percent sign without two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace ouzel
