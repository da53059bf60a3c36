#include "ouzel/spec/document_text.h"

#include <string>

#include "ouzel/spec/document.h"

namespace ouzel {
namespace {

/// Length of the valid code point at the front of `text`, 0 if there is none.
std::size_t code_point_bytes(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char next = byte(1);
  const bool overlong = (lead == 0xe0 && next < 0xa0) || (lead == 0xf0 && next < 0x90);
  const bool outside = (lead == 0xed && next > 0x9f) || (lead == 0xf4 && next > 0x8f);
  return overlong || outside ? 0 : size;
}

/// False at the first byte that no editor would have written.
bool check_line(std::string_view line, Mark at, Findings& findings) {
  at.column = 0;
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t size = code_point_bytes(line.substr(i));
    ++at.column;
    if (size == 0) {
      findings.add(at, "utf8", "the file is not valid UTF-8", "save it as UTF-8");
      return false;
    }
    const char c = line[i];
    if ((c >= 0 && c < 0x20 && c != '\t' && c != '\r') || c == 0x7f) {
      findings.add(at, "utf8", "a control character stands in the file", "remove it");
      return false;
    }
    i += size;
  }
  const std::size_t indent = line.find_first_not_of(" \t");
  const std::size_t tab = line.find('\t');
  if (indent != std::string_view::npos && tab < indent) {
    at.column = code_points(line, tab) + 1;
    findings.add(at, "yaml_tab", "a tab indents this line", "YAML indents with spaces");
    return false;
  }
  return true;
}

}  // namespace

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = code_point_bytes(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::uint32_t code_points(std::string_view line, std::size_t bytes) {
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < bytes && i < line.size(); ++i) {
    count += (static_cast<unsigned char>(line[i]) & 0xc0) != 0x80 ? 1 : 0;
  }
  return count;
}

bool check_document_text(std::string_view text, std::uint16_t source, Findings& findings) {
  if (text.size() > kDocumentBytesMax) {
    findings.add({0, 0, source}, "too_large",
                 "the file is too large: at most " + std::to_string(kDocumentBytesMax) +
                     " bytes, got " + std::to_string(text.size()));
    return false;
  }
  bool blank = true;
  Mark at{1, 1, source};
  for (std::size_t begin = 0; begin < text.size(); ++at.line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (!check_line(line, at, findings)) return false;
    const std::size_t first = line.find_first_not_of(" \t\r");
    blank = blank && (first == std::string_view::npos || line[first] == '#');
    begin = end + 1;
  }
  if (blank) {
    findings.add({0, 0, source}, "empty", "the file says nothing",
                 "`ouzel create` prints a pipeline to start from");
  }
  return !blank;
}

}  // namespace ouzel
