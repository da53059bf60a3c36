#include "ouzel/tool/tap_filter.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace ouzel {
namespace {

using simdjson::dom::element;

std::optional<double> number_in(std::string_view text) {
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<element> walk(element from, std::string_view path) {
  element at = from;
  while (true) {
    const std::size_t dot = path.find('.');
    const std::string_view name = path.substr(0, dot);
    element next;
    if (simdjson::dom::array list; at.get(list) == simdjson::SUCCESS) {
      const auto place = number_in(name);
      if (!place || *place < 0 || list.at(static_cast<std::size_t>(*place)).get(next)) {
        return std::nullopt;
      }
    } else if (at[name].get(next) != simdjson::SUCCESS) {
      return std::nullopt;
    }
    if (dot == path.npos) return next;
    at = next;
    path.remove_prefix(dot + 1);
  }
}

template <class T>
bool compare(TapTerm::Compare how, const T& left, const T& right) {
  switch (how) {
    case TapTerm::Compare::eq: return left == right;
    case TapTerm::Compare::ne: return left != right;
    case TapTerm::Compare::lt: return left < right;
    case TapTerm::Compare::le: return left <= right;
    case TapTerm::Compare::gt: return left > right;
    case TapTerm::Compare::ge: return left >= right;
  }
  return false;
}

/// In the line's `data`, else in the line itself.
std::optional<element> find(element line, std::string_view path) {
  std::optional<element> found;
  if (element data; line["data"].get(data) == simdjson::SUCCESS) found = walk(data, path);
  return found ? found : walk(line, path);
}

/// Whether a word of the list is `wanted`; nullopt: it is no list.
std::optional<bool> any_word(element from, std::string_view wanted) {
  simdjson::dom::array list;
  if (from.get(list) != simdjson::SUCCESS) return std::nullopt;
  return std::any_of(list.begin(), list.end(), [&](element one) {
    std::string_view word;
    return one.get(word) == simdjson::SUCCESS && word == wanted;
  });
}

bool holds(const TapTerm& term, element line) {
  const std::optional<element> found = find(line, term.path);
  if (!found) return term.compare == TapTerm::Compare::ne;
  const bool equal = term.compare == TapTerm::Compare::eq;
  if (equal || term.compare == TapTerm::Compare::ne) {
    if (const auto any = any_word(*found, term.value)) return *any == equal;
  }
  double number = 0;
  if (const auto wanted = number_in(term.value);
      wanted && found->get(number) == simdjson::SUCCESS) {
    return compare(term.compare, number, *wanted);
  }
  std::string_view text;
  if (found->get(text) == simdjson::SUCCESS) {
    return compare(term.compare, text, std::string_view(term.value));
  }
  return compare(term.compare, simdjson::minify(*found), term.value);
}

/// Words of an array joined by `;`; nullopt: it is no array, or holds something else.
std::optional<std::string> joined(element from) {
  simdjson::dom::array list;
  if (from.get(list) != simdjson::SUCCESS) return std::nullopt;
  std::string out;
  for (const element one : list) {
    std::string_view word;
    if (one.get(word) != simdjson::SUCCESS) return std::nullopt;
    out.append(out.empty() ? "" : ";").append(word);
  }
  return out;
}

std::string cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

}  // namespace

struct TapFilter::Parser {
  simdjson::dom::parser json;
};

TapFilter::TapFilter(std::vector<TapTerm> terms)
    : terms_(std::move(terms)), parser_(std::make_unique<Parser>()) {}
TapFilter::~TapFilter() = default;

bool TapFilter::fits(const std::string& line) {
  if (terms_.empty()) return true;
  element root;
  if (parser_->json.parse(line).get(root) != simdjson::SUCCESS) return false;
  return std::all_of(terms_.begin(), terms_.end(),
                     [&](const TapTerm& term) { return holds(term, root); });
}

struct TapColumns::Parser {
  simdjson::dom::parser json;
};

TapColumns::TapColumns(std::vector<std::string> paths)
    : paths_(std::move(paths)), parser_(std::make_unique<Parser>()) {}
TapColumns::~TapColumns() = default;

std::string TapColumns::header() const {
  std::string out;
  for (const std::string& path : paths_) out.append(out.empty() ? "" : ",").append(cell(path));
  return out;
}

std::string TapColumns::row(const std::string& line) {
  element root;
  const bool good = parser_->json.parse(line).get(root) == simdjson::SUCCESS;
  std::string out;
  for (const std::string& path : paths_) {
    if (&path != &paths_.front()) out += ',';
    const auto found = good ? find(root, path) : std::nullopt;
    std::string_view text;
    if (!found || found->is_null()) continue;
    if (found->get(text) == simdjson::SUCCESS) {
      out += cell(text);
    } else if (const auto words = joined(*found)) {
      out += cell(*words);
    } else {
      out += cell(simdjson::minify(*found));
    }
  }
  return out;
}

}  // namespace ouzel
