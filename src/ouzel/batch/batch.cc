#include "ouzel/batch/batch.h"

namespace ouzel {

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::live: return "live";
    case Fate::schema: return "schema";
    case Fate::clock_ahead: return "clock_ahead";
    case Fate::too_late: return "too_late";
    case Fate::unknown_key: return "unknown_key";
    case Fate::model_failed: return "model_failed";
    case Fate::malformed: return "malformed";
    case Fate::no_key: return "no_key";
    case Fate::too_large: return "too_large";
    case Fate::envelope: return "envelope";
  }
  return "live";
}

std::string_view to_string(Label label) { return label == Label::anomaly ? "anomaly" : "normal"; }

std::string_view to_string(Route route) {
  switch (route) {
    case Route::pass: return "pass";
    case Route::review: return "review";
    case Route::alert: return "alert";
  }
  return "pass";
}

}  // namespace ouzel
