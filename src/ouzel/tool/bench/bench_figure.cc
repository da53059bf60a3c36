#include "ouzel/tool/bench/bench_figure.h"

#include <cstdarg>
#include <cstdio>
#include <utility>

#include "ouzel/tool/bench/bench_engine.h"

namespace ouzel {
namespace {

constexpr double kQuietLoad = 0.5;  ///< Beyond it the machine is busy.

std::string short_number(double value) {
  if (value >= 1000) return text("%.0f", value);
  return text(value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
}

std::string line_of(const Figure& f) {
  const char* sign = f.more_is_better ? ">=" : "<=";
  const std::string bounds = f.floor == 0
                                 ? std::string(20, ' ')
                                 : text("%s %-7s %s %-7s", sign, short_number(f.floor).c_str(),
                                        sign, short_number(f.aim).c_str());
  return text("%-32s %9s %-5s %-22s %-6s %s", f.name.c_str(), short_number(f.value).c_str(),
              f.unit.c_str(), bounds.c_str(), f.verdict(), f.beside.c_str());
}

}  // namespace

std::string text(const char* form, ...) {
  char buffer[512];
  std::va_list arguments;
  va_start(arguments, form);
  std::vsnprintf(buffer, sizeof(buffer), form, arguments);
  va_end(arguments);
  return buffer;
}

double ms_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

const char* Figure::verdict() const {
  if (floor == 0) return "";
  if (meets(aim)) return "aim";
  return meets(floor) ? "floor" : "SHORT";
}

void FigureTable::begin(const std::string& what) const {
  std::printf("%s\n", machine_text().c_str());
  if (const double load = load_average(); load > kQuietLoad) {
    std::printf(
        "load average %.1f: other work goes on, so the figures are worse than they could be\n",
        load);
  }
  std::printf("%u devices, %.0f s a measure, %s\n\n", options_.devices,
              ms_of(options_.duration) / 1000, what.c_str());
  std::printf("%-32s %9s %-5s %-10s %-11s %s\n", "measure", "value", "", "floor", "aim", "");
}

void FigureTable::add(Figure figure) {
  if (!options_.pipeline.empty()) figure.floor = figure.aim = 0;
  std::printf("%s\n", line_of(figure).c_str());
  std::fflush(stdout);
  figures_.push_back(std::move(figure));
}

Result<void> FigureTable::write_json(FileSystem& fs) const {
  if (options_.json.empty()) return {};
  std::string out = "{\"machine\":\"" + machine_text() +
                    "\",\"devices\":" + std::to_string(options_.devices) + ",\"figures\":[";
  for (const Figure& f : figures_) {
    out += text(
        "%s\n{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"floor\":%.6g,"
        "\"aim\":%.6g,\"reached\":\"%s\",\"beside\":\"%s\"}",
        &f == figures_.data() ? "" : ",", f.name.c_str(), f.value, f.unit.c_str(), f.floor, f.aim,
        f.verdict(), f.beside.c_str());
  }
  out += "\n]}\n";
  OUZEL_TRY(const std::unique_ptr<File> file, fs.open(options_.json, OpenMode::create));
  OUZEL_TRY_VOID(file->truncate(0));
  return file->write(0, out);
}

}  // namespace ouzel
