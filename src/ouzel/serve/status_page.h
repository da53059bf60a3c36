/// The page at `/`: a plain view of a running engine, until the dashboard comes. It loads nothing
/// from elsewhere and polls /api/v1.
#pragma once

#include "ouzel/http/router.h"

namespace ouzel {

void add_status_page(http::Router& router);

}  // namespace ouzel
