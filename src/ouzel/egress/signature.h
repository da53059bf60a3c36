/// The signature of a webhook: Standard Webhooks 1.0 (symmetric, `v1`), and what it is made of.
///
/// Sources: FIPS 180-4 (SHA-256), RFC 2104 (HMAC), RFC 4648 (base64), the Standard Webhooks
/// specification. Values; no thread rules.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ouzel {

using Digest256 = std::array<std::uint8_t, 32>;
Digest256 sha256(std::string_view bytes);
Digest256 hmac_sha256(std::string_view key, std::string_view bytes);

std::string base64(std::string_view bytes);
/// nullopt: not base64 with its padding.
std::optional<std::string> from_base64(std::string_view text);

/// The key of `whsec_<base64>`, 24 to 64 bytes; nullopt: it is not one.
std::optional<std::string> webhook_key(std::string_view secret);

struct WebhookStamp {
  std::string_view id;
  std::int64_t seconds = 0;  ///< Since 1970, of this try.
};
/// `v1,<base64>` of each key, separated by spaces. `secrets` have been checked by `webhook_key`.
std::string webhook_signature(const std::vector<std::string>& secrets, const WebhookStamp& stamp,
                              std::string_view body);

}  // namespace ouzel
