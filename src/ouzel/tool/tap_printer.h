/// What `tap` prints its lines with. One thread; stdout is its own.
#pragma once

#include <cstdint>
#include <string>

#include "ouzel/tool/tap.h"
#include "ouzel/tool/tap_filter.h"

namespace ouzel {

/// Prints lines that fit, up to the limit, in the form that was asked for.
class TapPrinter {
 public:
  explicit TapPrinter(const TapOptions& options);
  /// False: enough, or nobody reads any more.
  bool print(const std::string& line);
  bool done() const { return done_; }
  /// What a topic without lines looks like too. Not after a failure.
  void finish();

 private:
  void begin();
  void put(const std::string& text);

  TapFilter filter_;
  TapColumns columns_;
  const std::uint64_t limit_;  ///< 0: none.
  const bool csv_, array_;
  std::uint64_t printed_ = 0;
  bool begun_ = false;
  bool done_ = false;
};

}  // namespace ouzel
