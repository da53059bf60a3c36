/// Pipelines to start from, as `ouzel create` prints them. Each runs as it is (a test lints all).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ouzel {

struct Template {
  std::string name;
  std::string help;
  std::string_view text;
};

/// The first one is the default.
const std::vector<Template>& templates();

}  // namespace ouzel
