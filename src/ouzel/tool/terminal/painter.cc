#include "ouzel/tool/terminal/painter.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace ouzel {
namespace {

constexpr std::size_t kLabelColumns = 12;

/// The line cut to `columns`.
std::string cut(const std::string& line, std::size_t columns) {
  if (columns_of(line) <= columns) return line;
  std::string out;
  std::size_t at = 0;
  for (std::size_t used = 0; at < line.size();) {
    std::size_t end = at + 1;
    const bool escape = line[at] == '\x1b';
    if (escape) end = line.find('m', at) + 1;
    while (!escape && end < line.size() && (line[end] & 0xc0) == 0x80) ++end;
    if (!escape && ++used > columns) break;
    out.append(line, at, end - at);
    at = end;
  }
  return out + "\x1b[0m";
}

}  // namespace

std::string printed(const char* form, ...) {
  char buffer[512];
  std::va_list arguments;
  va_start(arguments, form);
  const int size = std::vsnprintf(buffer, sizeof(buffer), form, arguments);
  va_end(arguments);
  return {buffer, std::min(static_cast<std::size_t>(std::max(size, 0)), sizeof(buffer) - 1)};
}

std::string clean(std::string_view from) {
  std::string out(from);
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

std::size_t columns_of(std::string_view line) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      while (i < line.size() && line[i] != 'm') ++i;
    } else if ((line[i] & 0xc0) != 0x80) {
      ++out;
    }
  }
  return out;
}

void Painter::line(const std::string& what) {
  if (left() > 0) lines_.push_back(cut(what, size_.columns));
}

void Painter::items(std::string_view label, const std::vector<std::string>& items) {
  std::string padded = " " + std::string(label);
  padded.resize(std::max(padded.size(), kLabelColumns), ' ');
  std::string row = dim(padded);
  bool empty = true;
  for (const std::string& item : items) {
    if (!empty && columns_of(row) + 2 + columns_of(item) > size_.columns) {
      line(row);
      row.assign(kLabelColumns, ' ');
      empty = true;
    }
    row += (empty ? "" : "  ") + item;
    empty = false;
  }
  line(row);
}

std::string Painter::item(std::string_view name, std::string_view value) const {
  return dim(std::string(name) + " ") + std::string(value);
}

std::string Painter::picture(const std::string& foot) const {
  std::string out;
  for (std::size_t i = 0; i + 1 < size_.rows; ++i) {
    if (i < lines_.size()) out += lines_[i];
    out += "\x1b[K\r\n";
  }
  return out + cut(foot, size_.columns) + "\x1b[K";
}

std::string Painter::wrap(const char* code, std::string_view what) const {
  if (!colour_) return std::string(what);
  return std::string("\x1b[") + code + "m" + std::string(what) + "\x1b[0m";
}

}  // namespace ouzel
