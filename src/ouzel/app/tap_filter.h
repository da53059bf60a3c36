/// The terms of `tap --where`, judged on a line of JSON. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ouzel/app/tap.h"

namespace ouzel {

class TapFilter {
 public:
  explicit TapFilter(std::vector<TapTerm> terms);
  ~TapFilter();
  TapFilter(const TapFilter&) = delete;
  TapFilter& operator=(const TapFilter&) = delete;
  /// All terms hold. A line that is not JSON fits only if there are no terms.
  bool fits(const std::string& line);

 private:
  struct Parser;
  const std::vector<TapTerm> terms_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace ouzel
