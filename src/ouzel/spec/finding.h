/// Findings: what is wrong with a configuration, and where. All of them are collected, so that one
/// run of `lint` shows everything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ouzel {

/// A place in a source of configuration. Lines and columns count from 1, columns in code points;
/// line 0 is the source as a whole.
struct Mark {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint16_t source = 0;  ///< Number given by Findings::add_source.
};

struct Finding {
  std::string source;      ///< A file's path as it was given, or "--set limits.keys", ….
  std::uint32_t line = 0;  ///< 0: the source as a whole.
  std::uint32_t column = 0;
  std::string rule;  ///< Stable word to search for: unknown_key, range, ….
  std::string message;
  std::string hint;  ///< How to put it right; may be empty.
};

/// "file:line:col: rule: message (hint)".
std::string to_string(const Finding& finding);
/// One JSON object with the keys file, line, column, rule, message, hint.
std::string to_json(const Finding& finding);
/// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

inline constexpr std::size_t kFindingsMax = 100;

/// Beyond kFindingsMax further findings are dropped: the first ones explain the rest.
class Findings {
 public:
  std::uint16_t add_source(std::string name);
  void add(Mark at, std::string rule, std::string message, std::string hint = {});
  bool empty() const { return found_.empty(); }
  const std::vector<Finding>& all() const { return found_; }
  /// Puts them in the order of the file.
  void sort();

 private:
  std::vector<std::string> sources_;
  std::vector<Finding> found_;
};

}  // namespace ouzel
