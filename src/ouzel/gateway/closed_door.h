/// What `POST /events` answers where events come another way, from Kafka or a file: 404 with `why`,
/// so that whoever sends there learns where to. Handlers run on the server's I/O threads.
#pragma once

#include <string>

#include "ouzel/http/router.h"

namespace ouzel {

void add_closed_door(http::Router& router, const std::string& why);

}  // namespace ouzel
