/// The table of `ouzel bench`: figures as they come, on stdout, and in the end as JSON.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/tool/bench/bench_options.h"

namespace ouzel {

[[gnu::format(printf, 1, 2)]] std::string text(const char* form, ...);

double ms_of(std::chrono::nanoseconds time);

/// One line of the table. Floor and aim 0: only for information.
struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  double floor = 0, aim = 0;
  bool more_is_better = false;
  std::string beside;  ///< What belongs beside it: CPU, syncs.

  bool meets(double bound) const { return more_is_better ? value >= bound : value <= bound; }
  const char* verdict() const;
};

class FigureTable {
 public:
  /// `options` must outlive it.
  explicit FigureTable(const BenchOptions& options) : options_(options) {}
  /// Prints on which machine, of what, and the head. `what`: pipeline and durability.
  void begin(const std::string& what) const;
  /// Floors and aims are those of the built-in pipeline; with another one they are left out.
  void add(Figure figure);
  /// To options.json, if that names a file.
  Result<void> write_json(FileSystem& fs) const;

 private:
  const BenchOptions& options_;
  std::vector<Figure> figures_;
};

}  // namespace ouzel
