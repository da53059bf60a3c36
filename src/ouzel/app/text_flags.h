/// The flags that say how a file of events is written; `score` and `send` have them.
#pragma once

#include <string>

#include "ouzel/app/command_line.h"
#include "ouzel/gateway/event_text_spec.h"

namespace ouzel {

class TextFlags {
 public:
  void describe(Options& flags);
  /// `spec` with what the flags say.
  EventTextSpec over(EventTextSpec spec) const;

 private:
  std::string format_, delimiter_, decimal_, columns_, utc_offset_;  ///< Empty: not said.
};

}  // namespace ouzel
