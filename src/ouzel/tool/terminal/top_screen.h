/// What `ouzel top` shows, as text. Pure functions of a TopModel; any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "ouzel/tool/terminal/engine_view.h"
#include "ouzel/tool/terminal/terminal.h"
#include "ouzel/tool/terminal/top_look.h"
#include "ouzel/tool/truth.h"

namespace ouzel {

struct TopModel {
  std::string url;
  StatusView status;
  std::string lost;                   ///< Not empty: why the engine cannot be asked now.
  std::deque<double> rates;           ///< Accepted events a second, of each picture; newest last.
  std::deque<OutcomeView> anomalies;  ///< Newest first.
  double now_s = 0;                   ///< Wall clock of the last answer, since the epoch.
  bool has_truth = false;
  TruthScore truth;
  /// As the first picture found them: a summary is about what happened since.
  StatusView before;

  double rate() const { return rates.empty() ? 0 : rates.back(); }
};
inline constexpr std::size_t kTopRatesMax = 240;
inline constexpr std::size_t kTopAnomaliesMax = 200;

/// A whole picture: `size.rows` lines without the last line's end, none wider than the screen.
/// Takes look.scroll back to the last row that there is.
std::string top_picture(const TopModel& model, TopLook& look, TerminalSize size, bool colour);
/// One line, for where there is no screen.
std::string top_line(const TopModel& model);
/// What happened since the first picture, `name value` a line.
std::string top_summary(const TopModel& model);

}  // namespace ouzel
