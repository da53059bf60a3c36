/// What `model: detector` (or `model: {detector: {…}}`) says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ouzel {

struct DetectorSpec {
  std::vector<std::string> of;  ///< Numeric fields to watch; empty: all of the schema
                                ///< (that a table adds: only where there are no others).
  std::uint32_t warm_up = 30;   ///< Events of a key before it is judged.
};

}  // namespace ouzel
