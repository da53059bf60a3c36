#include "ouzel/decode/json_walker.h"

#include <cstring>
#include <limits>

namespace ouzel {
namespace {

using Kind = JsonValue::Kind;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether `text` is a JSON number and nothing else (RFC 8259, section 6).
bool is_number(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto digits = [&] {
    const char* const begin = at;
    while (at < end && is_digit(*at)) ++at;
    return at - begin;
  };
  if (at < end && *at == '-') ++at;
  const bool zero = at < end && *at == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (at < end && *at == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end && (*at == '+' || *at == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == end;
}

/// In our words, not in the library's: they stand in outcomes.
std::string_view what_is_wrong(error_code error) {
  switch (error) {
    case simdjson::EMPTY: return "nothing there";
    case simdjson::UNCLOSED_STRING: return "a string is not closed";
    case simdjson::UNESCAPED_CHARS: return "a control character stands in a string";
    case simdjson::STRING_ERROR: return "a bad escape in a string";
    case simdjson::NUMBER_ERROR: return "a bad number";
    case simdjson::T_ATOM_ERROR: return "expected a value";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT: return "a bracket is not closed";
    case simdjson::TRAILING_CONTENT: return "something behind the value";
    case simdjson::MEMALLOC: return "no memory to parse it";
    default: return "expected a comma, a colon, a name or a bracket";
  }
}

}  // namespace

std::string_view trimmed_json(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

error_code JsonWalker::open(std::string_view bytes) {
  if (copy_.size() < bytes.size() + kDecodePadding) copy_.resize(bytes.size() + kDecodePadding);
  std::memcpy(copy_.data(), bytes.data(), bytes.size());
  std::memset(copy_.data() + bytes.size(), ' ', kDecodePadding);
  size_ = bytes.size();
  at_ = copy_.data();
  return parser_.iterate(copy_.data(), size_, size_ + kDecodePadding).get(document_);
}

error_code JsonWalker::root_value(JsonValue& out) {
  out = {};
  out.token = trimmed_json(text());
  at_ = out.token.data();
  if (out.token.front() == '[') {
    out.kind = Kind::array;
    out.token = out.token.substr(0, 1);
    ondemand::array array;
    if (const auto error = document_.get_array().get(array)) return error;
    if (const auto error = skip_array(array, 1)) return error;
    return at_end() ? SUCCESS : simdjson::TRAILING_CONTENT;
  }
  if (out.token.front() == '"') {
    out.kind = Kind::string;
    if (const auto error = document_.get_string().get(out.text)) return error;
    return at_end() ? SUCCESS : simdjson::TRAILING_CONTENT;
  }
  if (out.token.front() != '-' && !is_digit(out.token.front())) return read_atom(out);
  out.kind = Kind::number;
  return is_number(out.token) ? SUCCESS : simdjson::NUMBER_ERROR;
}

error_code JsonWalker::read(ondemand::value& value, std::size_t depth, JsonValue& out) {
  out.token = value.raw_json_token();
  at_ = out.token.data();
  while (is_blank(out.token.back())) out.token.remove_suffix(1);
  switch (out.token.front()) {
    case '"': out.kind = Kind::string; return value.get_string().get(out.text);
    case '{':
    case '[':
      out.kind = out.token.front() == '{' ? Kind::object : Kind::array;
      out.token = out.token.substr(0, 1);
      return skip(value, depth);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return read_number(value, out);
    default: return read_atom(out);
  }
}

error_code JsonWalker::read_number(ondemand::value& value, JsonValue& out) {
  out.kind = Kind::number;
  const auto error = value.get_double().get(out.number);
  if (error == SUCCESS) return SUCCESS;
  // A number that is well formed but beyond a double is wrong for a field, not for the parser.
  if (!is_number(out.token)) return simdjson::NUMBER_ERROR;
  out.number = std::numeric_limits<double>::infinity();
  if (out.token.front() == '-') out.number = -out.number;
  return SUCCESS;
}

error_code JsonWalker::read_atom(JsonValue& out) {
  out.kind = out.token == "null" ? Kind::null : Kind::boolean;
  out.number = out.token == "true" ? 1 : 0;
  const bool known = out.token == "true" || out.token == "false" || out.token == "null";
  return known ? SUCCESS : simdjson::T_ATOM_ERROR;
}

error_code JsonWalker::skip(ondemand::value& value, std::size_t depth) {
  std::string_view token = value.raw_json_token();
  at_ = token.data();
  while (is_blank(token.back())) token.remove_suffix(1);
  switch (token.front()) {
    case '"': {
      // The parser has checked UTF-8, control characters and the end of every string already.
      // It is taken off all the same: behind one that is left, a `:` would pass as behind a name.
      if (token.find('\\') == token.npos) {
        simdjson::ondemand::raw_json_string raw;
        return value.get_raw_json_string().get(raw);
      }
      std::string_view text;
      return value.get_string().get(text);
    }
    case '{': {
      if (too_deep(depth)) return simdjson::DEPTH_ERROR;
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      return skip_object(object, depth + 1);
    }
    case '[': {
      if (too_deep(depth)) return simdjson::DEPTH_ERROR;
      ondemand::array array;
      if (const auto error = value.get_array().get(array)) return error;
      return skip_array(array, depth + 1);
    }
    case 't':
    case 'f':
    case 'n': {
      const bool known = token == "true" || token == "false" || token == "null";
      return known ? SUCCESS : simdjson::T_ATOM_ERROR;
    }
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return is_number(token) ? SUCCESS : simdjson::NUMBER_ERROR;
    default: return simdjson::T_ATOM_ERROR;
  }
}

error_code JsonWalker::grow(ondemand::value& value, std::size_t depth, NameTable& names,
                            JsonTree& tree) {
  if (tree.full()) return skip(value, depth);
  const char first = value.raw_json_token().front();
  if (first == '{') return grow_object(value, depth, names, tree);
  if (first == '[') return grow_array(value, depth, names, tree);
  JsonValue read_value;
  const auto error = read(value, depth, read_value);
  if (error == SUCCESS) tree.open(read_value);
  return error;
}

error_code JsonWalker::grow_array(ondemand::value& value, std::size_t depth, NameTable& names,
                                  JsonTree& tree) {
  if (too_deep(depth)) return simdjson::DEPTH_ERROR;
  const std::string_view token = value.raw_json_token().substr(0, 1);
  at_ = token.data();
  const std::size_t place = tree.open({.kind = Kind::array, .token = token});
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) return error;
  std::size_t count = 0;
  for (auto item : array) {
    ondemand::value inner;
    if (const auto error = std::move(item).get(inner)) return error;
    tree.named({}, NameTable::kNone);
    if (const auto error = grow(inner, depth + 1, names, tree)) return error;
    ++count;
  }
  tree.close(place, count);
  return SUCCESS;
}

error_code JsonWalker::grow_object(ondemand::value& value, std::size_t depth, NameTable& names,
                                   JsonTree& tree) {
  if (too_deep(depth)) return simdjson::DEPTH_ERROR;
  const std::string_view token = value.raw_json_token().substr(0, 1);
  at_ = token.data();
  const std::size_t place = tree.open({.kind = Kind::object, .token = token});
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  std::size_t count = 0;
  const auto error =
      members(object, names, [&](std::uint32_t slot, std::string_view name, ondemand::value inner) {
        tree.named(slot == NameTable::kNone ? name : names.name(slot), slot);
        ++count;
        return grow(inner, depth + 1, names, tree);
      });
  if (error == SUCCESS) tree.close(place, count);
  return error;
}

error_code JsonWalker::skip_array(ondemand::array& array, std::size_t depth) {
  for (auto item : array) {
    ondemand::value value;
    if (const auto error = std::move(item).get(value)) return error;
    if (const auto error = skip(value, depth)) return error;
  }
  return SUCCESS;
}

error_code JsonWalker::skip_object(ondemand::object& object, std::size_t depth) {
  for (auto item : object) {
    ondemand::field field;
    if (const auto error = std::move(item).get(field)) return error;
    std::string_view name;
    if (const auto error = field.unescaped_key().get(name)) return error;
    if (const auto error = skip(field.value(), depth)) return error;
  }
  return SUCCESS;
}

void JsonWalker::explain(error_code error, std::string& out) const {
  const bool utf8 = error == simdjson::UTF8_ERROR;  // Also where the text was a line of CSV.
  out.assign(utf8 ? "not valid UTF-8" : "not valid JSON: ");
  if (utf8) return;
  if (text().starts_with("\xef\xbb\xbf")) {
    out.append("it starts with a byte order mark");
    return;
  }
  if (error == simdjson::DEPTH_ERROR) {
    out.append("nested deeper than ").append(std::to_string(depth_max_));
  } else {
    out.append(what_is_wrong(error));
  }
  if (at_ != copy_.data()) out.append(", near byte ").append(std::to_string(at_ - copy_.data()));
}

}  // namespace ouzel
