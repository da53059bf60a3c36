/// Keeps web pages of other sites away from a server that only this machine shall reach.
///
/// A browser on this machine can reach a loopback port for any page it shows: by a cross-site POST
/// (told by `Origin`), or by a host name that its owner points at 127.0.0.1 (DNS rebinding; told by
/// `Host`). Programs are not touched: they send no Origin, and localhost or an address as Host.
#pragma once

#include <string>
#include <string_view>

#include "ouzel/http/message.h"

namespace ouzel::http {

/// `localhost`, a name below `.localhost`, 127.x.x.x or [::1]; with or without a port.
bool is_loopback_host(std::string_view host);
/// True if `host` is an address and not a name, so that nobody can point it elsewhere.
bool is_address_host(std::string_view host);

/// Why a request to a loopback server is refused with 403; empty: it is not.
std::string refusal_on_loopback(Method method, std::string_view host,
                                std::optional<std::string_view> origin);

}  // namespace ouzel::http
