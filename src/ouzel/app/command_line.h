/// The command line: commands with their flags. A thin layer over the parsing library, which stays
/// in command_line.cc. One thread.
///
/// A command's file describes itself: `add_run(CommandLine&)` names the flags, each with the place
/// its value goes to, and what to do then.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/base/exit_code.h"

namespace ouzel {

/// Takes a value over; returns what is wrong with it, or nothing.
class TakeValue {
 public:
  TakeValue() = default;
  template <class F>
    requires(!std::same_as<F, TakeValue> && std::invocable<F, const std::string&>)
  TakeValue(F take, std::vector<std::string> words = {})
      : take_(std::move(take)), words_(std::move(words)) {}
  std::string operator()(const std::string& text) const { return take_(text); }
  /// All values that it takes, if these are few; else empty.
  const std::vector<std::string>& words() const { return words_; }

 private:
  std::function<std::string(const std::string&)> take_;
  std::vector<std::string> words_;
};

TakeValue into(std::string& out);
TakeValue into(std::vector<std::string>& out);  ///< Adds to it.
TakeValue into(double& out, double min, double max);
TakeValue into_integer(std::function<void(std::uint64_t)> out, std::uint64_t min,
                       std::uint64_t max);
template <std::unsigned_integral N>
TakeValue into(N& out, std::uint64_t min, std::uint64_t max) {
  return into_integer([&out](std::uint64_t value) { out = static_cast<N>(value); }, min, max);
}
TakeValue into(std::chrono::nanoseconds& out);
/// One of `words`.
TakeValue into_word(std::string& out, std::vector<std::string> words);
TakeValue into_words(std::vector<std::string>& out, std::vector<std::string> words);  ///< Adds.

struct OptionText {
  std::string value = "";  ///< What stands for the value in the help: "DIR".
  std::string help;
  std::string initial = "";  ///< Default, as the help shows it.
  std::string env = "";      ///< Environment twin; the flag wins.
  bool required = false;
  bool repeatable = false;
};

/// The flags of one command, while they are described.
class Options {
 public:
  class Impl;
  explicit Options(Impl& impl) : impl_(impl) {}
  Options& flag(const std::string& name, bool& out, const std::string& help);
  Options& option(const std::string& name, TakeValue take, OptionText text);
  Options& positional(const std::string& name, TakeValue take, OptionText text);
  Options& example(const std::string& line);

 private:
  Impl& impl_;
};

/// A flag, an option with a value, or a positional, as it was described.
struct OptionView {
  std::string name;  ///< `--data-dir`; a positional has no dashes: `FILE`.
  OptionText text;
  std::vector<std::string> words;  ///< All values that it takes, if these are few.
  bool takes_value = true;

  bool positional() const { return !name.starts_with('-'); }
};

/// A command as it was described: what completion and the man page are made of.
struct CommandView {
  std::string name;
  std::string help;
  std::vector<OptionView> options;
  std::vector<std::string> examples;
};

class CommandLine {
 public:
  CommandLine(std::string program, std::string about);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// `describe` is called once, at once; `run` after a parse that chose this command. It returns
  /// the exit code.
  void add(const std::string& name, const std::string& help,
           const std::function<void(Options&)>& describe, std::function<int()> run);
  /// Names of all commands, in the order in which they were added.
  std::vector<std::string> names() const;
  /// All commands, likewise.
  std::vector<CommandView> commands() const;
  const std::string& about() const;
  /// Help of a command, or of the program if `name` is empty; empty if there is no such command.
  std::string help(const std::string& name) const;
  /// Parses and runs. Errors of use go to stderr, with the nearest known word; exit code 2.
  int run(const std::vector<std::string>& arguments);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ouzel
