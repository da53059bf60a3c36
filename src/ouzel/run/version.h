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
/// Libraries that are linked in and whose version matters to users, with it.
std::vector<std::pair<std::string, std::string>> build_libraries();
/// One JSON object: version, revision, compiler, features, libraries. `GET /version` answers it.
std::string version_json();

}  // namespace ouzel
