#include "ouzel/tool/tap_printer.h"

#include <cstdio>
#include <utility>
#include <vector>

namespace ouzel {
namespace {

std::vector<std::string> columns_of(const TapOptions& options) {
  if (!options.columns.empty()) return options.columns;
  if (options.topic == "events") return {"id", "source", "type", "time", "data"};
  if (options.topic == "rejects") return {"id", "time", "event.key", "reason", "detail"};
  return {"id",
          "time",
          "event.key",
          "status",
          "score",
          "confidence",
          "label",
          "route",
          "reason",
          "detail",
          "flags",
          "reasons.0.feature",
          "reasons.0.weight"};
}

}  // namespace

TapPrinter::TapPrinter(const TapOptions& options)
    : filter_(options.where),
      columns_(columns_of(options)),
      limit_(options.limit),
      csv_(options.format == "csv"),
      array_(options.format == "json") {}

/// With the first line, or at the end: who fails before that has printed nothing.
void TapPrinter::begin() {
  if (std::exchange(begun_, true)) return;
  if (csv_) put(columns_.header() + "\n");
  if (array_) put("[");
}

bool TapPrinter::print(const std::string& line) {
  if (!filter_.fits(line)) return true;
  begin();
  if (array_) {
    put((printed_ > 0 ? ",\n" : "") + line);
  } else {
    put((csv_ ? columns_.row(line) : line) + "\n");
  }
  done_ = done_ || ++printed_ == limit_;
  return !done_;
}

void TapPrinter::finish() {
  begin();
  if (array_) put("]\n");
}

void TapPrinter::put(const std::string& text) {
  const bool all = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!all || std::ferror(stdout) != 0) done_ = true;
}

}  // namespace ouzel
