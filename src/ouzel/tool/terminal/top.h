/// `ouzel top`: a live view of a running engine in the terminal, and a summary at the end.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace ouzel {

struct TopOptions {
  std::string url = "http://127.0.0.1:8080";
  std::chrono::nanoseconds interval{std::chrono::seconds(1)};  ///< Between two pictures.
  std::chrono::nanoseconds duration{0};                        ///< 0: until interrupted.
  std::vector<std::string> truth;  ///< Files of ground truth: shows precision and recall.
  bool colour = true;              ///< stdout is a terminal and NO_COLOR is not set.
  bool live = true;                ///< stdout is a terminal: redraw; else a line each time.
  bool once = false;               ///< `--once`: ask once, print the summary, end.
  /// `--all`: judge all outcomes that the engine keeps and all of the truth, not only what comes
  /// from now on; the summary counts from the first event.
  bool all = false;
};

/// Returns the exit code: 69 if `url` cannot be reached.
int top(const TopOptions& options);

}  // namespace ouzel
