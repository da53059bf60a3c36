#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "ouzel/decode/pattern.h"

namespace ouzel {
namespace {

// The insides of a character class. White space is ECMA-262's WhiteSpace and LineTerminator.
constexpr std::string_view kSpace =
    R"(\x{9}-\x{d}\x{20}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f})"
    R"(\x{3000}\x{feff})";
constexpr std::string_view kNotSpace =
    R"(\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027})"
    R"(\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff})";
constexpr std::string_view kAnyButLineEnd = R"([^\n\r\x{2028}\x{2029}])";
constexpr std::string_view kAnything = R"([\x{0}-\x{10ffff}])";
constexpr std::string_view kNothing = R"([^\x{0}-\x{10ffff}])";

/// Long names of general categories (Unicode, PropertyValueAliases.txt).
constexpr std::pair<std::string_view, std::string_view> kCategories[] = {
    {"Letter", "L"},
    {"Cased_Letter", "LC"},
    {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
    {"Private_Use", "Co"},
};

/// Rewrites one expression from left to right.
class EcmaPattern {
 public:
  explicit EcmaPattern(std::string_view text) : rest_(text) {}

  Result<std::string> rewrite() {
    while (!rest_.empty() && fault_.empty()) {
      const char c = rest_.front();
      if (c == '\\') {
        escape(false);
      } else if (c == '[') {
        character_class();
      } else if (c == '(') {
        group();
      } else {
        rest_.remove_prefix(1);
        out_.append(c == '.' ? kAnyButLineEnd : std::string_view(&c, 1));
      }
    }
    if (!fault_.empty()) return fail(ErrorCode::config, std::move(fault_));
    return std::move(out_);
  }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void refuse(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
  }

  void group() {
    if (take("(?:")) {
      out_.append("(?:");
    } else if (rest_.starts_with("(?=") || rest_.starts_with("(?!")) {
      refuse("lookahead (?= and (?! is not supported");
    } else if (rest_.starts_with("(?<=") || rest_.starts_with("(?<!")) {
      refuse("lookbehind (?<= and (?<! is not supported");
    } else if (take("(?<")) {
      out_.append("(?P<");
    } else if (rest_.starts_with("(?")) {
      refuse("(? with flags is not supported");
    } else {
      take("(");
      out_.push_back('(');
    }
  }

  void character_class() {
    if (take("[]")) return void(out_.append(kNothing));
    if (take("[^]")) return void(out_.append(kAnything));
    out_.append(take("[^") ? "[^" : (take("["), "["));
    while (!rest_.empty() && fault_.empty()) {
      if (take("]")) return void(out_.push_back(']'));
      if (rest_.front() == '\\') {
        escape(true);
      } else if (take("[")) {
        out_.append("\\[");
      } else {
        out_.push_back(rest_.front());
        rest_.remove_prefix(1);
      }
    }
    refuse("a character class is not closed");
  }

  /// What stands behind a backslash, inside or outside of a class.
  void escape(bool in_class) {
    rest_.remove_prefix(1);
    if (rest_.empty()) return refuse("a backslash stands at the end");
    const char c = rest_.front();
    rest_.remove_prefix(1);
    const auto set = [&](std::string_view inside) {
      out_.append(in_class ? "" : "[").append(inside).append(in_class ? "" : "]");
    };
    switch (c) {
      case 's': return set(kSpace);
      case 'S': return set(kNotSpace);
      case 'b':
        if (in_class) return code_point(8);
        [[fallthrough]];
      case 'B':
        if (in_class) return refuse("\\B is not supported in a character class");
        [[fallthrough]];
      case 'd':
      case 'D':
      case 'w':
      case 'W':
      case 'f':
      case 'n':
      case 'r':
      case 't':
      case 'v': return void(out_.append("\\").push_back(c));
      case 'p':
      case 'P': return property(c);
      case 'c': return control();
      case 'x': return hexadecimal(2);
      case 'u': return unicode();
      case '0': return code_point(0);
      case 'k': return refuse("a reference to a group is not supported");
      default: return identity(c);
    }
  }

  void identity(char c) {
    if (c >= '1' && c <= '9') return refuse("a reference to a group is not supported");
    if (std::string_view("^$\\.*+?()[]{}|/-").find(c) == std::string_view::npos) {
      return refuse(std::string("\\") + c + " is no escape of ECMA-262 (Unicode mode)");
    }
    out_.push_back('\\');
    out_.push_back(c);
  }

  void property(char c) {
    const std::size_t end = rest_.find('}');
    if (!rest_.starts_with('{') || end == std::string_view::npos) {
      return refuse("\\p has no {property}");
    }
    std::string_view name = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    for (const std::string_view prefix :
         {"General_Category=", "gc=", "Script=", "sc=", "Script_Extensions=", "scx="}) {
      if (!name.starts_with(prefix)) continue;
      if (prefix.starts_with("Script_E") || prefix == "scx=") {
        return refuse("\\p{" + std::string(name) + "} is not supported");
      }
      name.remove_prefix(prefix.size());
      break;
    }
    for (const auto& [from, to] : kCategories) {
      if (name == from) name = to;
    }
    if (name == "LC") return refuse("\\p{LC} is not supported");
    out_.append("\\").append(1, c).append("{").append(name).append("}");
  }

  void control() {
    const char letter = rest_.empty() ? '\0' : rest_.front();
    const bool known = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    if (!known) return refuse("\\c is not followed by a letter");
    rest_.remove_prefix(1);
    code_point(static_cast<std::uint32_t>(letter) % 32);
  }

  bool read_hexadecimal(std::size_t digits, std::uint32_t& out) {
    if (rest_.size() < digits) return false;
    const char* const end = rest_.data() + digits;
    const auto read = std::from_chars(rest_.data(), end, out, 16);
    if (read.ec != std::errc() || read.ptr != end) return false;
    rest_.remove_prefix(digits);
    return true;
  }

  void hexadecimal(std::size_t digits) {
    std::uint32_t code = 0;
    if (!read_hexadecimal(digits, code)) return refuse("\\x and \\u need hexadecimal digits");
    code_point(code);
  }

  void unicode() {
    std::uint32_t code = 0;
    if (take("{")) {
      const std::size_t end = rest_.find('}');
      if (end == std::string_view::npos || end > 8 || !read_hexadecimal(end, code)) {
        return refuse("\\u{ has no code point");
      }
      take("}");
      return code_point(code);
    }
    if (!read_hexadecimal(4, code)) return refuse("\\x and \\u need hexadecimal digits");
    std::uint32_t low = 0;
    if (code >= 0xd800 && code < 0xdc00 && take("\\u") && read_hexadecimal(4, low) &&
        low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    code_point(code);
  }

  void code_point(std::uint32_t code) {
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      return refuse("\\u names no character");
    }
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "\\x{%x}", code);
    out_.append(text.data());
  }

  std::string_view rest_;
  std::string out_;
  std::string fault_;
};

}  // namespace

Result<std::string> re2_from_ecma(std::string_view pattern) {
  return EcmaPattern(pattern).rewrite();
}

}  // namespace ouzel
