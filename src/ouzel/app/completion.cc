#include "ouzel/app/completion.h"

#include <string_view>

namespace ouzel {
namespace {

enum class Values : std::uint8_t { unknown, words, files, directories };

/// What an option's value, or a positional, is: told by its name, as the help shows it.
Values values_of(const OptionView& option) {
  const std::string_view name = option.positional() ? option.name : option.text.value;
  if (!option.words.empty()) return Values::words;
  if (name == "FILE" || name.starts_with("FILE|")) return Values::files;
  return name == "DIR" ? Values::directories : Values::unknown;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

/// Within single quotes of a shell, with a backslash before each of `special`.
std::string quoted(std::string_view text, std::string_view special = "") {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out + "'";
}

std::string bash_words(const std::string& words) {
  return "mapfile -t COMPREPLY < <(compgen -W " + quoted(words) + " -- \"$current\")";
}

/// The command that fills COMPREPLY with an option's values.
std::string bash_values(const OptionView& option) {
  switch (values_of(option)) {
    case Values::words: return bash_words(joined(option.words));
    case Values::files: return "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")";
    case Values::directories: return "mapfile -t COMPREPLY < <(compgen -d -- \"$current\")";
    case Values::unknown: return ":";
  }
  return ":";
}

constexpr std::string_view kBashHead =
    R"(# ouzel: completion for bash, printed by `ouzel completion bash`
_ouzel() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD-2]}
  fi
)";

std::string zsh_values(const OptionView& option) {
  const std::string name = option.positional() ? option.name : option.text.value;
  switch (values_of(option)) {
    case Values::words: return ":" + name + ":(" + joined(option.words) + ")";
    case Values::files: return ":" + name + ":_files";
    case Values::directories: return ":" + name + ":_directories";
    case Values::unknown: return ":" + name + ":";
  }
  return "";
}

/// One specification of zsh's _arguments.
std::string zsh_argument(const OptionView& option) {
  constexpr std::string_view kSpecial = "[]:\\";
  if (option.positional()) {
    return quoted((option.text.repeatable ? "*" : "") + zsh_values(option));
  }
  const std::string help = quoted(option.text.help, kSpecial);
  const std::string repeat = option.text.repeatable ? "*" : "";
  return quoted(repeat + option.name) + (option.takes_value ? "'=['" : "'['") + help + "']'" +
         (option.takes_value ? quoted(zsh_values(option)) : "");
}

std::string fish_values(const OptionView& option) {
  const std::string need = option.positional() ? "" : " -x";
  switch (values_of(option)) {
    case Values::words: return need + " -a " + quoted(joined(option.words));
    case Values::files: return option.positional() ? " -F" : " -r -F";
    case Values::directories: return need + " -a '(__fish_complete_directories)'";
    case Values::unknown: return need;
  }
  return "";
}

}  // namespace

std::string bash_completion(const std::vector<CommandView>& commands) {
  std::vector<std::string> names;
  std::string values;
  std::string rest;
  for (const CommandView& command : commands) {
    names.push_back(command.name);
    std::string flags = "--help";
    std::string first = ":";
    for (const OptionView& option : command.options) {
      if (option.positional()) {
        first = bash_values(option);
        continue;
      }
      flags += " " + option.name;
      if (!option.takes_value) continue;
      values +=
          "    " + command.name + ":" + option.name + ") " + bash_values(option) + "; return ;;\n";
    }
    rest += "    " + command.name + ")\n      if [[ $current == -* ]]; then " + bash_words(flags) +
            "; else " + first + "; fi ;;\n";
  }
  return std::string(kBashHead) + "  if ((COMP_CWORD == 1)); then\n    " +
         bash_words(joined(names)) + "\n    return\n  fi\n" +
         "  case ${COMP_WORDS[1]}:$before in\n" + values + "  esac\n" +
         "  case ${COMP_WORDS[1]} in\n" + rest + "  esac\n}\n" +
         "complete -o filenames -F _ouzel ouzel\n";
}

std::string zsh_completion(const std::vector<CommandView>& commands) {
  std::string out =
      "#compdef ouzel\n# ouzel: completion for zsh, printed by `ouzel completion zsh`\n"
      "_ouzel() {\n  if ((CURRENT == 2)); then\n    local -a commands=(\n";
  std::string cases;
  for (const CommandView& command : commands) {
    out += "      " + quoted(command.name) + ":" + quoted(command.help) + "\n";
    cases += "    " + command.name + ") _arguments '--help[This text]'";
    for (const OptionView& option : command.options) cases += " \\\n      " + zsh_argument(option);
    cases += " ;;\n";
  }
  return out +
         "    )\n    _describe command commands\n    return\n  fi\n"
         "  shift words\n  ((CURRENT--))\n  case $words[1] in\n" +
         cases +
         "  esac\n}\n"
         "if [[ $funcstack[1] == _ouzel ]]; then _ouzel \"$@\"; else compdef _ouzel ouzel; fi\n";
}

std::string fish_completion(const std::vector<CommandView>& commands) {
  std::string out =
      "# ouzel: completion for fish, printed by `ouzel completion fish`\ncomplete -c ouzel -f\n";
  for (const CommandView& command : commands) {
    out += "complete -c ouzel -n __fish_use_subcommand -a " + command.name + " -d " +
           quoted(command.help, "\\") + "\n";
    const std::string here =
        "complete -c ouzel -n '__fish_seen_subcommand_from " + command.name + "'";
    for (const OptionView& option : command.options) {
      out += here;
      if (!option.positional()) out += " -l " + option.name.substr(2);
      if (option.takes_value) out += fish_values(option);
      if (!option.positional()) out += " -d " + quoted(option.text.help, "\\");
      out += "\n";
    }
  }
  return out;
}

}  // namespace ouzel
