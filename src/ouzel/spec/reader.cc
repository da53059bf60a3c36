#include "ouzel/spec/reader.h"

#include <algorithm>
#include <cctype>
#include <span>
#include <utility>

#include "ouzel/base/check.h"
#include "ouzel/spec/nearest.h"
#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

using Read = tl::expected<Value, ValueFault>;

tl::unexpected<ValueFault> fault(const Node& node, std::string rule, std::string message,
                                 std::string hint = {}) {
  return tl::unexpected(ValueFault{std::move(rule), std::move(message), std::move(hint), node.at});
}

std::string bounds_text(const FieldText& text) {
  if (text.max.empty()) return "at least " + text.min;
  if (text.min.empty()) return "at most " + text.max;
  return text.min + " to " + text.max;
}

/// Reads one scalar with `parse`, and its bounds likewise.
template <class N, class Parse>
Read read_quantity(const TableField& field, const Node& node, Parse parse, std::string_view rule) {
  Result<N> value = parse(node.text);
  if (!value) {
    return fault(node, std::string(rule), describe(node) + " is " + value.error().message);
  }
  const FieldText& text = field.text;
  const bool low = !text.min.empty() && *value < *parse(text.min);
  const bool high = !text.max.empty() && *parse(text.max) < *value;
  if (low || high) {
    return fault(node, "range", "must be " + bounds_text(text) + ", got " + node.text);
  }
  return Value(*value);
}

Read read_boolean(const Node& node) {
  if (node.text == "true") return Value(true);
  if (node.text == "false") return Value(false);
  return fault(node, "type", "must be true or false, got " + describe(node));
}

/// How a finding names a value: a secret one not at all.
std::string shown(const TableField& field, const Node& node) {
  return field.text.secret ? "the value (a secret)" : describe(node);
}

tl::expected<std::string, ValueFault> read_text(const TableField& field, const Node& node) {
  if (node.kind != Node::Kind::scalar) {
    return fault(node, "type", "must be a text, got " + shown(field, node));
  }
  if (field.text.check) {
    std::string wrong = field.text.check(node.text);
    if (!wrong.empty()) return fault(node, "value", shown(field, node) + " " + wrong);
  }
  return node.text;
}

/// The first word whose meaning has `text` as a word, such as `median` in that of `quantile`.
std::string word_that_means(const std::string& text, const std::vector<Word>& words) {
  const auto letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  if (text.empty()) return text;
  for (const Word& word : words) {
    const std::string help = " " + word.help + " ";
    for (std::size_t at = help.find(text); at != std::string::npos; at = help.find(text, at + 1)) {
      if (at > 0 && !letter(help[at - 1]) && !letter(help[at + text.size()])) return word.name;
    }
  }
  return text;
}

tl::expected<std::size_t, ValueFault> read_word(const TableField& field, const Node& node) {
  std::vector<std::string> names;
  for (const Word& word : field.words) names.push_back(word.name);
  if (node.kind == Node::Kind::scalar) {
    const auto found = std::find(names.begin(), names.end(), node.text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  return fault(node, "unknown_value", describe(node) + " is not known here",
               suggest(word_that_means(node.text, field.words), names));
}

/// The items of a list; a scalar is a list of one.
std::span<const Node> items_of(const Node& node) {
  if (node.kind == Node::Kind::scalar) return {&node, 1};
  return node.items;
}

/// Reads every item with `one`, and bounds how many there are.
template <class Out, class One>
Read read_items(const TableField& field, const Node& node, One one) {
  if (node.kind != Node::Kind::scalar && node.kind != Node::Kind::sequence) {
    return fault(node, "type", "must be a list, got " + describe(node));
  }
  Out out;
  for (const Node& item : items_of(node)) {
    auto value = one(field, item);
    if (!value) return tl::unexpected(std::move(value).error());
    if (std::find(out.begin(), out.end(), *value) != out.end()) {
      return fault(item, "duplicate_value", shown(field, item) + " stands here twice",
                   "remove one");
    }
    out.push_back(std::move(*value));
  }
  const FieldText& text = field.text;
  const bool few = !text.min.empty() && out.size() < *parse_integer(text.min);
  const bool many = !text.max.empty() && out.size() > *parse_integer(text.max);
  if (few || many) {
    return fault(node, "range",
                 "must have " + bounds_text(text) + " items, got " + std::to_string(out.size()));
  }
  return Value(std::move(out));
}

bool takes_plain_scalar(FieldKind kind) {
  return kind == FieldKind::boolean || kind == FieldKind::number || kind == FieldKind::integer ||
         kind == FieldKind::duration || kind == FieldKind::size;
}

/// Takes a map of settings apart; see FieldKind::settings.
class SettingsReader {
 public:
  ReadSettings read(const TableField& field, const Node& node) {
    map(node, "");
    if (!out_.faults.empty() || !field.rules.check) return std::move(out_);
    for (SettingFault& wrong : field.rules.check(out_.values)) {
      const std::string name = std::move(wrong.name);
      const auto found = std::find_if(out_.values.begin(), out_.values.end(),
                                      [&](const auto& value) { return value.first == name; });
      OUZEL_CHECK(found != out_.values.end());
      fault(name, marks_[static_cast<std::size_t>(found - out_.values.begin())],
            std::move(wrong.rule), std::move(wrong.message), std::move(wrong.hint));
    }
    return std::move(out_);
  }

 private:
  void map(const Node& node, const std::string& prefix) {
    for (const NodeEntry& entry : node.entries) {
      const std::string name = prefix.empty() ? entry.key : prefix + "." + entry.key;
      switch (entry.value.kind) {
        case Node::Kind::map: map(entry.value, name); break;
        case Node::Kind::sequence: sequence(name, entry); break;
        case Node::Kind::scalar: setting(name, entry, entry.value.text); break;
        case Node::Kind::null: fault(name, entry.key_at, "type", "has no value"); break;
      }
    }
  }

  void fault(const std::string& name, Mark at, std::string rule, std::string message,
             std::string hint = {}) {
    out_.faults.push_back({name, {std::move(rule), std::move(message), std::move(hint), at}});
  }

  void sequence(const std::string& name, const NodeEntry& entry) {
    std::string text;
    for (const Node& item : entry.value.items) {
      if (item.kind != Node::Kind::scalar) {
        return fault(name, item.at, "type", "must be a text or a list of texts");
      }
      text += (text.empty() ? "" : ",") + item.text;
    }
    setting(name, entry, text);
  }

  void setting(const std::string& name, const NodeEntry& entry, const std::string& text) {
    for (const auto& [known, value] : out_.values) {
      if (known == name) return fault(name, entry.key_at, "duplicate_key", "stands here twice");
    }
    out_.values.emplace_back(name, text);
    marks_.push_back(entry.key_at);
  }

  ReadSettings out_;
  std::vector<Mark> marks_;  ///< In step with the values.
};

std::string kind_text(FieldKind kind) {
  switch (kind) {
    case FieldKind::boolean: return "true or false";
    case FieldKind::number: return "a number";
    case FieldKind::integer: return "a whole number";
    case FieldKind::duration: return "a duration";
    case FieldKind::size: return "a size";
    default: return "a value";
  }
}

/// Walks a table and a tree side by side.
class Reader {
 public:
  explicit Reader(Findings& findings) : findings_(findings) {}

  void table(const Table& table, const Node& given, void* out, const std::string& path) {
    const Node node = expand_shorthand(table, given);
    if (node.kind != Node::Kind::map && node.kind != Node::Kind::null) {
      add(node.at, "type", path, "must be a map of keys, got " + describe(node), known(table));
      return;
    }
    for (const NodeEntry& entry : node.entries) check_known(table, entry, path);
    check_groups(table, node, path);
    for (const TableField& field : table.fields) {
      const Node* value = node.find(field.name);
      const std::string field_path = path.empty() ? field.name : path + "." + field.name;
      if (value != nullptr) {
        present(field, *value, out, field_path);
      } else {
        missing(table, field, node, out, field_path);
      }
    }
  }

 private:
  void add(Mark at, std::string rule, const std::string& path, std::string message,
           std::string hint = {}) {
    findings_.add(at, std::move(rule), path.empty() ? message : path + ": " + message,
                  std::move(hint));
  }

  static std::string known(const Table& table) { return suggest("", table.names()); }

  void check_known(const Table& table, const NodeEntry& entry, const std::string& path) {
    const TableField* field = table.find(entry.key);
    const std::string where = path.empty() ? "the pipeline" : path;
    if (field == nullptr) {
      findings_.add(entry.key_at, "unknown_key", where + " has no key '" + entry.key + "'",
                    suggest(entry.key, table.names()));
    } else if (field->kind == FieldKind::absent) {
      const std::string has = suggest("", table.names());
      findings_.add(entry.key_at, "not_in_build",
                    field->text.help + " ('" + entry.key + "') is not in this build", has);
    }
  }

  void check_groups(const Table& table, const Node& node, const std::string& path) {
    for (const std::vector<std::string>& group : table.one_of) {
      std::size_t count = 0;
      bool explained = false;  // By a finding about a key that may be the one meant.
      for (const NodeEntry& entry : node.entries) {
        const bool member = std::find(group.begin(), group.end(), entry.key) != group.end();
        count += member ? 1 : 0;
        const TableField* field = table.find(entry.key);
        explained = explained || field == nullptr || field->kind == FieldKind::absent;
      }
      if (count == 1 || (count == 0 && explained)) continue;
      std::string names;
      for (const std::string& name : group) names += (names.empty() ? "" : " or ") + name;
      add(node.at, "one_of", path,
          "needs just one of " + names + ", got " + (count == 0 ? "none" : std::to_string(count)));
    }
  }

  void missing(const Table& table, const TableField& field, const Node& parent, void* out,
               const std::string& path) {
    if (field.kind == FieldKind::absent) return;
    if (field.text.required) {
      const std::string example = field.text.example.empty() ? "" : " " + field.text.example;
      const std::string& help = field.table ? field.table->help : field.text.help;
      add(parent.at, "missing", path, "must be given",
          "add '" + field.name + ":" + example + "'; " + help);
      return;
    }
    if (field.kind == FieldKind::table) {
      if (in_group(table, field.name)) return;
      this->table(*field.table, default_node(field, parent.at), field.open(out, {}), path);
    } else if (!field.text.initial.empty()) {
      present(field, default_node(field, parent.at), out, path);
    }
  }

  /// A member of a group that is not there has no default: another one stands for it.
  static bool in_group(const Table& table, const std::string& name) {
    for (const std::vector<std::string>& group : table.one_of) {
      if (std::find(group.begin(), group.end(), name) != group.end()) return true;
    }
    return false;
  }

  void present(const TableField& field, const Node& node, void* out, const std::string& path) {
    const auto unknown = [](const Node& one) { return one.unknown; };
    if (unknown(node) || std::any_of(node.items.begin(), node.items.end(), unknown)) return;
    switch (field.kind) {
      case FieldKind::absent: return;
      case FieldKind::table: return table(*field.table, node, field.open(out, {}), path);
      case FieldKind::list: return list(field, node, out, path);
      case FieldKind::map: return map(field, node, out, path);
      case FieldKind::settings: return settings(field, node, out, path);
      default: break;
    }
    auto value = read_value(field, node);
    if (value) {
      field.store(out, *value);
    } else {
      const ValueFault& wrong = value.error();
      add(wrong.at, wrong.rule, path, wrong.message, wrong.hint);
    }
  }

  void settings(const TableField& field, const Node& node, void* out, const std::string& path) {
    ReadSettings read = read_settings(field, node);
    for (const auto& [name, wrong] : read.faults) {
      add(wrong.at, wrong.rule, name.empty() ? path : path + "." + name, wrong.message, wrong.hint);
    }
    field.store(out, Value(std::move(read.values)));
  }

  void list(const TableField& field, const Node& node, void* out, const std::string& path) {
    if (node.kind != Node::Kind::sequence) {
      add(node.at, "type", path, "must be a list, got " + describe(node), "start each item with -");
      return;
    }
    check_count(field, node, node.items.size(), path);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      table(*field.table, node.items[i], field.open(out, {}), path + "[" + std::to_string(i) + "]");
    }
  }

  void map(const TableField& field, const Node& node, void* out, const std::string& path) {
    if (node.kind != Node::Kind::map) {
      add(node.at, "type", path, "must be a map of names, got " + describe(node));
      return;
    }
    check_count(field, node, node.entries.size(), path);
    for (const NodeEntry& entry : node.entries) {
      if (field.text.check) {
        const std::string wrong = field.text.check(entry.key);
        if (!wrong.empty()) add(entry.key_at, "value", path, "'" + entry.key + "' " + wrong);
      }
      table(*field.table, entry.value, field.open(out, entry.key), path + "." + entry.key);
    }
  }

  void check_count(const TableField& field, const Node& node, std::size_t count,
                   const std::string& path) {
    const FieldText& text = field.text;
    const bool few = !text.min.empty() && count < *parse_integer(text.min);
    const bool many = !text.max.empty() && count > *parse_integer(text.max);
    if (!few && !many) return;
    add(node.at, "range", path,
        "must have " + bounds_text(text) + " entries, got " + std::to_string(count));
  }

  Findings& findings_;
};

}  // namespace

ReadSettings read_settings(const TableField& field, const Node& node) {
  if (node.kind == Node::Kind::map || node.kind == Node::Kind::null) {
    return SettingsReader().read(field, node);
  }
  ValueFault wrong{"type", "must be a map of settings, got " + shown(field, node), "", node.at};
  return {.values = {}, .faults = {{"", std::move(wrong)}}};
}

Read read_value(const TableField& field, const Node& node) {
  if (node.kind == Node::Kind::null) return fault(node, "type", "has no value");
  if (takes_plain_scalar(field.kind)) {
    if (node.kind != Node::Kind::scalar) {
      return fault(node, "type", "must be " + kind_text(field.kind) + ", got " + describe(node));
    }
    if (node.quoted) {
      return fault(node, "type",
                   "must be " + kind_text(field.kind) + ", got the text \"" + node.text + "\"",
                   "remove the quotes");
    }
  }
  switch (field.kind) {
    case FieldKind::boolean: return read_boolean(node);
    case FieldKind::number: return read_quantity<double>(field, node, parse_number, "type");
    case FieldKind::integer:
      return read_quantity<std::uint64_t>(field, node, parse_integer, "type");
    case FieldKind::duration:
      return read_quantity<std::chrono::nanoseconds>(field, node, parse_duration, "unit");
    case FieldKind::size: return read_quantity<std::uint64_t>(field, node, parse_size, "unit");
    case FieldKind::text:
      return read_text(field, node).map([](std::string text) { return Value(std::move(text)); });
    case FieldKind::texts: return read_items<std::vector<std::string>>(field, node, read_text);
    case FieldKind::word:
      return read_word(field, node).map([](std::size_t n) { return Value(WordNumbers{n}); });
    case FieldKind::words: return read_items<WordNumbers>(field, node, read_word);
    case FieldKind::settings: {
      ReadSettings read = read_settings(field, node);
      if (read.faults.empty()) return Value(std::move(read.values));
      auto& [name, wrong] = read.faults.front();
      if (!name.empty()) wrong.message = name + " " + wrong.message;
      return tl::unexpected(std::move(wrong));
    }
    default: break;
  }
  OUZEL_CHECK(!"a table, list or map is not one value");
}

Node expand_shorthand(const Table& table, const Node& node) {
  if (node.kind != Node::Kind::scalar || table.shorthand.empty()) return node;
  Node map = make_map(node.at);
  if (table.shorthand == "*") {
    map.entries.push_back({node.text, node.at, make_map(node.at)});
  } else {
    map.entries.push_back({table.shorthand, node.at, node});
  }
  return map;
}

Node default_node(const TableField& field, Mark at) {
  const bool nested = field.kind == FieldKind::table;
  if (nested && field.text.initial.empty()) return make_map(at);
  return make_scalar(field.text.initial, at);
}

void read_erased(const Table& table, const Node& node, void* out, Findings& findings) {
  Reader(findings).table(table, node, out, "");
}

}  // namespace ouzel
