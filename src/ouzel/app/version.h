/// What this build is.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ouzel {

/// "0.1.0"
std::string version();
/// The source it was built from, as git describes it; "unknown" without git.
std::string revision();
/// Features by name, and whether they are in.
std::vector<std::pair<std::string, bool>> build_features();
/// One JSON object: version, revision, compiler, features. `GET /version` answers it too.
std::string version_json();

}  // namespace ouzel
