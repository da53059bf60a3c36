#include "ouzel/decode/split.h"

#include <array>
#include <cstring>

namespace ouzel {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

/// Bytes at which a scan outside of strings has to look.
constexpr std::array<bool, 256> kStops = [] {
  std::array<bool, 256> out{};
  for (const unsigned char c : {'"', '[', ']', '{', '}', ','}) out[c] = true;
  return out;
}();

/// The end of the string whose opening quote stands at `at`; the text's end if it has none.
const char* behind_string(const char* at, const char* end) {
  const char* const begin = at + 1;
  for (at = begin; at < end; ++at) {
    at = static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(end - at)));
    if (at == nullptr) return end;
    const char* before = at;
    while (before > begin && before[-1] == '\\') --before;
    if ((at - before) % 2 == 0) return at + 1;
  }
  return end;
}

}  // namespace

void split_lines(std::string_view body,
                 const std::function<void(std::size_t, std::string_view)>& each) {
  for (std::size_t number = 0; !body.empty(); ++number) {
    const std::size_t end = body.find('\n');
    std::string_view line = body.substr(0, end);
    body.remove_prefix(end == body.npos ? body.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!trimmed(line).empty()) each(number, line);
  }
}

Result<std::size_t> split_array(std::string_view body,
                                const std::function<void(std::size_t, std::string_view)>& each) {
  const std::string_view text = trimmed(body);
  if (!text.starts_with('[')) return fail(ErrorCode::config, "not a JSON array: [ expected first");
  const char* const end = text.data() + text.size();
  const char* begin = text.data() + 1;
  std::size_t depth = 1;
  std::size_t count = 0;
  for (const char* at = begin; at < end;) {
    const char c = *at;
    if (!kStops[static_cast<unsigned char>(c)]) {
      ++at;
    } else if (c == '"') {
      at = behind_string(at, end);
    } else if (c == ',') {
      if (depth == 1) {
        each(count++, trimmed({begin, at}));
        begin = at + 1;
      }
      ++at;
    } else if (c == '[' || c == '{') {
      ++depth;
      ++at;
    } else {
      ++at;
      if (--depth > 0) continue;
      if (c != ']' || at != end) break;
      const std::string_view last = trimmed({begin, at - 1});
      if (count > 0 || !last.empty()) each(count++, last);
      return count;
    }
  }
  return fail(ErrorCode::config, "not a JSON array: its brackets do not match, after element " +
                                     std::to_string(count));
}

bool is_one_json_value(std::string_view text) {
  text = trimmed(text);
  const char* const end = text.data() + text.size();
  std::size_t depth = 0;
  for (const char* at = text.data(); at < end;) {
    const char c = *at;
    if (c == '"') {
      at = behind_string(at, end);
      continue;
    }
    ++at;
    if (!kStops[static_cast<unsigned char>(c)]) continue;
    if (c == ',') {
      if (depth == 0) return false;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (depth-- == 0) {
      return false;
    }
  }
  return depth == 0 && !text.empty();
}

bool looks_like_cloudevent(std::string_view line) {
  constexpr std::string_view kName = "\"specversion\"";
  line = trimmed(line);
  // Most lines are sorted out here: a search is as fast as its first byte is rare.
  if (!line.starts_with('{') || line.find("version\"") == line.npos) return false;
  const char* const end = line.data() + line.size();
  std::size_t depth = 1;
  for (const char* at = line.data() + 1; at < end && depth > 0;) {
    const char c = *at;
    if (c == '"') {
      const char* const behind = behind_string(at, end);
      if (depth == 1 && std::string_view(at, behind) == kName) {
        const std::string_view rest = trimmed({behind, end});
        if (rest.starts_with(':')) return true;
      }
      at = behind;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
  }
  return false;
}

}  // namespace ouzel
