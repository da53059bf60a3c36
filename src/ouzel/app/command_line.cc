#include "ouzel/app/command_line.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "ouzel/spec/nearest.h"
#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

constexpr std::size_t kHelpColumn = 34;

}  // namespace

TakeValue into(std::string& out) {
  return [&out](const std::string& text) {
    out = text;
    return std::string();
  };
}

TakeValue into(std::vector<std::string>& out) {
  return [&out](const std::string& text) {
    out.push_back(text);
    return std::string();
  };
}

TakeValue into(double& out, double min, double max) {
  return [&out, min, max](const std::string& text) {
    const auto value = parse_number(text);
    if (!value || *value < min || *value > max) {
      return "must be a number of " + format_number(min) + " to " + format_number(max);
    }
    out = *value;
    return std::string();
  };
}

TakeValue into_integer(std::function<void(std::uint64_t)> out, std::uint64_t min,
                       std::uint64_t max) {
  return [out = std::move(out), min, max](const std::string& text) {
    const auto value = parse_integer(text);
    if (!value || *value < min || *value > max) {
      return "must be a whole number of " + std::to_string(min) + " to " + std::to_string(max);
    }
    out(*value);
    return std::string();
  };
}

TakeValue into(std::chrono::nanoseconds& out) {
  return [&out](const std::string& text) {
    const auto value = parse_duration(text);
    if (!value) return "is " + value.error().message;
    out = *value;
    return std::string();
  };
}

namespace {

/// What is wrong with a word that is none of `words`.
std::string unknown_word(const std::string& text, const std::vector<std::string>& words) {
  if (std::find(words.begin(), words.end(), text) != words.end()) return "";
  const std::string near = suggest(text, words);
  return "is not known here" + (near.empty() ? "" : "; " + near);
}

}  // namespace

TakeValue into_word(std::string& out, std::vector<std::string> words) {
  auto take = [&out, words](const std::string& text) {
    std::string wrong = unknown_word(text, words);
    if (wrong.empty()) out = text;
    return wrong;
  };
  return {std::move(take), std::move(words)};
}

TakeValue into_words(std::vector<std::string>& out, std::vector<std::string> words) {
  auto take = [&out, words](const std::string& text) {
    std::string wrong = unknown_word(text, words);
    if (wrong.empty()) out.push_back(text);
    return wrong;
  };
  return {std::move(take), std::move(words)};
}

/// A flag, an option with a value, or a positional, of one command.
struct Described {
  std::string name;
  OptionText text;
  TakeValue take;  ///< Empty: a flag.
  bool* flag = nullptr;
  CLI::Option* parsed = nullptr;

  bool positional() const { return !name.starts_with('-'); }
};

class Options::Impl {
 public:
  std::string program;
  std::string name;
  std::string help;
  std::function<int()> run;
  CLI::App* app = nullptr;
  std::vector<Described> described;
  std::vector<std::string> examples;

  void add(Described one) {
    one.parsed = app->add_option(one.name, [](const CLI::results_t&) { return true; });
    one.parsed->take_last();
    if (one.text.repeatable && one.positional()) {
      one.parsed->expected(-1);
    } else {
      one.parsed->expected(1);
    }
    described.push_back(std::move(one));
  }

  /// Hands every value over. False: what is wrong was said.
  bool take_values() const {
    for (const Described& one : described) {
      if (one.flag != nullptr) {
        *one.flag = one.parsed->count() > 0;
        continue;
      }
      std::vector<std::string> values = one.parsed->results();
      std::string called = one.name;
      if (values.empty() && !one.text.env.empty()) {
        called = one.text.env;
        values = from_environment(one);
      }
      if (values.empty() && one.text.required) {
        return complain(one.name + " is missing (" + one.text.help + ")");
      }
      if (!one.text.repeatable && values.size() > 1) values.erase(values.begin(), values.end() - 1);
      for (const std::string& value : values) {
        const std::string wrong = one.take(value);
        if (!wrong.empty()) return complain(called + ": '" + value + "' " + wrong);
      }
    }
    return true;
  }

  std::vector<std::string> flags() const {
    std::vector<std::string> out = {"--help"};
    for (const Described& one : described) {
      if (!one.positional()) out.push_back(one.name);
    }
    return out;
  }

  /// In our words what the parsing library says: `--dir: 1 required …`, `fast was given a …`.
  bool complain_of_parse(const std::string& message) const {
    for (const Described& one : described) {
      if (one.flag != nullptr && message.starts_with(one.name.substr(2) + " ")) {
        return complain(one.name + " takes no value");
      }
      if (one.flag == nullptr && message.starts_with(one.name + ":")) return needs_value(one);
    }
    return complain(message);
  }

  /// The parsing library takes `--dir --fast` for a folder of that name. False: that was said.
  bool judge_values() const {
    const std::vector<std::string> known = flags();
    for (const Described& one : described) {
      for (const std::string& value : one.parsed->results()) {
        const bool flag = std::find(known.begin(), known.end(), value) != known.end();
        if (flag && one.flag == nullptr) return needs_value(one);
      }
    }
    return true;
  }

  bool needs_value(const Described& one) const {
    return complain(one.name + " needs a value: " + one.text.value);
  }

  bool complain(const std::string& message) const {
    const std::string called = program + " " + name;
    std::fprintf(stderr, "%s: %s\nSee `%s --help`.\n", called.c_str(), message.c_str(),
                 called.c_str());
    return false;
  }

 private:
  /// A repeatable one holds a value a line.
  static std::vector<std::string> from_environment(const Described& one) {
    const char* text = std::getenv(one.text.env.c_str());
    if (text == nullptr || *text == '\0') return {};
    std::vector<std::string> out = {text};
    while (one.text.repeatable && out.back().find('\n') != std::string::npos) {
      const std::size_t end = out.back().find('\n');
      std::string rest = out.back().substr(end + 1);
      out.back().resize(end);
      if (rest.empty()) break;
      out.push_back(std::move(rest));
    }
    return out;
  }
};

Options& Options::flag(const std::string& name, bool& out, const std::string& help) {
  Described one{.name = name, .text = {.help = help}, .take = {}, .flag = &out};
  one.parsed = impl_.app->add_flag(name)->disable_flag_override();
  impl_.described.push_back(std::move(one));
  return *this;
}

Options& Options::option(const std::string& name, TakeValue take, OptionText text) {
  impl_.add({.name = name, .text = std::move(text), .take = std::move(take)});
  return *this;
}

Options& Options::positional(const std::string& name, TakeValue take, OptionText text) {
  return option(name, std::move(take), std::move(text));
}

Options& Options::example(const std::string& line) {
  impl_.examples.push_back(line);
  return *this;
}

struct CommandLine::Impl {
  CLI::App app;
  std::string program;
  std::string about;
  std::vector<std::unique_ptr<Options::Impl>> commands;

  const Options::Impl* find(const std::string& name) const {
    for (const auto& command : commands) {
      if (command->name == name) return command.get();
    }
    return nullptr;
  }
};

namespace {

void append_row(std::string& out, const std::string& left, const std::string& right) {
  std::string row = "  " + left;
  row.resize(std::max(row.size() + 2, kHelpColumn), ' ');
  out += row + right + "\n";
}

std::string command_help(const Options::Impl& command) {
  std::string usage = command.program + " " + command.name;
  std::string rows;
  for (const Described& one : command.described) {
    if (one.positional()) {
      const std::string word = one.name + (one.text.repeatable ? "…" : "");
      usage += one.text.required ? " " + word : " [" + word + "]";
    }
    std::string right = one.text.help;
    if (!one.text.initial.empty()) right += " [" + one.text.initial + "]";
    if (!one.text.env.empty()) right += " (" + one.text.env + ")";
    append_row(rows, one.name + (one.text.value.empty() ? "" : " " + one.text.value), right);
  }
  append_row(rows, "-h, --help", "This text");
  std::string out = command.help + "\n\nUsage: " + usage + " [flags]\n\n" + rows;
  if (!command.examples.empty()) out += "\nExamples:\n";
  for (const std::string& line : command.examples) out += "  " + line + "\n";
  return out;
}

}  // namespace

CommandLine::CommandLine(std::string program, std::string about) : impl_(new Impl) {
  impl_->program = std::move(program);
  impl_->about = std::move(about);
  impl_->app.require_subcommand(0, 1);  // A value may be called like a command: `help run`.
}

CommandLine::~CommandLine() = default;

void CommandLine::add(const std::string& name, const std::string& help,
                      const std::function<void(Options&)>& describe, std::function<int()> run) {
  auto command = std::make_unique<Options::Impl>();
  command->program = impl_->program;
  command->name = name;
  command->help = help;
  command->run = std::move(run);
  command->app = impl_->app.add_subcommand(name, help);
  command->app->allow_extras();
  Options options(*command);
  describe(options);
  impl_->commands.push_back(std::move(command));
}

std::vector<std::string> CommandLine::names() const {
  std::vector<std::string> out;
  for (const auto& command : impl_->commands) out.push_back(command->name);
  return out;
}

std::vector<CommandView> CommandLine::commands() const {
  std::vector<CommandView> out;
  for (const auto& command : impl_->commands) {
    CommandView& view = out.emplace_back();
    view.name = command->name;
    view.help = command->help;
    view.examples = command->examples;
    for (const Described& one : command->described) {
      view.options.push_back({one.name, one.text, one.take.words(), one.flag == nullptr});
    }
  }
  return out;
}

const std::string& CommandLine::about() const { return impl_->about; }

std::string CommandLine::help(const std::string& name) const {
  if (!name.empty()) {
    const Options::Impl* command = impl_->find(name);
    return command == nullptr ? std::string() : command_help(*command);
  }
  std::string out = impl_->about + "\n\nUsage: " + impl_->program + " COMMAND [flags]\n\n";
  for (const auto& command : impl_->commands) append_row(out, command->name, command->help);
  return out + "\n`" + impl_->program + " COMMAND --help` says more about one; `" + impl_->program +
         " help exit-codes` lists the exit codes.\n";
}

int CommandLine::run(const std::vector<std::string>& arguments) {
  const std::string first = arguments.empty() ? "" : arguments.front();
  if (first == "-h" || first == "--help") {
    std::fputs(help("").c_str(), stdout);
    return kExitDone;
  }
  const Options::Impl* command = impl_->find(first);
  if (command == nullptr) {
    const std::string what =
        first.empty() ? "a command is missing" : "there is no command '" + first + "'";
    std::fprintf(stderr, "%s: %s; %s\nSee `%s --help`.\n", impl_->program.c_str(), what.c_str(),
                 suggest(first, names()).c_str(), impl_->program.c_str());
    return kExitUsage;
  }
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    impl_->app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    std::fputs(command_help(*command).c_str(), stdout);
    return kExitDone;
  } catch (const CLI::ParseError& error) {
    command->complain_of_parse(error.what());
    return kExitUsage;
  }
  if (!command->judge_values()) return kExitUsage;
  for (const std::string& extra : command->app->remaining()) {
    const bool flag = extra.size() > 1 && extra.starts_with('-');
    const std::string word = extra.substr(0, extra.find('='));
    command->complain(flag ? "there is no flag '" + word + "'; " + suggest(word, command->flags())
                           : "'" + extra + "' is one word too many");
    return kExitUsage;
  }
  return command->take_values() ? command->run() : kExitUsage;
}

}  // namespace ouzel
