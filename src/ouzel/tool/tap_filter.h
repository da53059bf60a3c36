/// What `tap` reads from a line of JSON: the terms of `--where`, the cells of `--format csv`.
/// One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ouzel/tool/tap.h"

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

/// Lines as rows of CSV (RFC 4180, but lines end with a newline alone). A column is a path as in a
/// TapTerm; a number in it is a place in an array. What a line lacks is an empty cell, words of an
/// array are joined by `;`, other arrays and objects stay JSON.
class TapColumns {
 public:
  explicit TapColumns(std::vector<std::string> paths);
  ~TapColumns();
  TapColumns(const TapColumns&) = delete;
  TapColumns& operator=(const TapColumns&) = delete;
  std::string header() const;
  std::string row(const std::string& line);

 private:
  struct Parser;
  const std::vector<std::string> paths_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace ouzel
