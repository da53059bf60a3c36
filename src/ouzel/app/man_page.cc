#include "ouzel/app/man_page.h"

namespace ouzel {
namespace {

/// Text that roff shows as it is.
std::string escaped(std::string_view text) {
  std::string out;
  if (text.starts_with('.') || text.starts_with('\'')) out += "\\&";
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

void append_option(std::string& out, const OptionView& option) {
  out += ".TP\n\\fB" + escaped(option.name) + "\\fR";
  if (!option.text.value.empty()) out += " \\fI" + escaped(option.text.value) + "\\fR";
  out += "\n" + escaped(option.text.help);
  if (!option.text.initial.empty()) out += " [" + escaped(option.text.initial) + "]";
  if (!option.text.env.empty()) out += " (" + escaped(option.text.env) + ")";
  out += "\n";
}

void append_command(std::string& out, const CommandView& command) {
  out += ".SS ouzel " + escaped(command.name);
  for (const OptionView& option : command.options) {
    if (!option.positional()) continue;
    const std::string word = escaped(option.name) + (option.text.repeatable ? "..." : "");
    out += option.text.required ? " " + word : " [" + word + "]";
  }
  out += "\n" + escaped(command.help) + ".\n";
  for (const OptionView& option : command.options) append_option(out, option);
  if (command.examples.empty()) return;
  out += ".PP\nExamples:\n.PP\n.nf\n";
  for (const std::string& example : command.examples) out += "  " + escaped(example) + "\n";
  out += ".fi\n";
}

}  // namespace

std::string man_page(const CommandLine& line, std::string_view version,
                     std::string_view exit_codes) {
  std::string out = ".TH OUZEL 1 \"\" \"ouzel " + escaped(version) + "\" \"User Commands\"\n";
  const std::string_view about = line.about();
  out += ".SH NAME\nouzel \\- " + escaped(about.substr(about.find(": ") + 2)) + "\n";
  out += ".SH SYNOPSIS\n.B ouzel\n\\fICOMMAND\\fR [flags]\n.SH COMMANDS\n";
  for (const CommandView& command : line.commands()) append_command(out, command);
  out += ".SH EXIT STATUS\n.nf\n";
  for (std::size_t at = 0; at < exit_codes.size();) {
    const std::size_t end = exit_codes.find('\n', at);
    out += escaped(exit_codes.substr(at, end - at)) + "\n";
    at = end == std::string_view::npos ? exit_codes.size() : end + 1;
  }
  return out +
         ".fi\n.SH OUTPUT\nData goes to stdout, logs and progress to stderr. Colour and progress "
         "bars only on a\nterminal and without the environment variable NO_COLOR.\n";
}

}  // namespace ouzel
