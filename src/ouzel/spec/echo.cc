#include "ouzel/spec/echo.h"

#include <string_view>
#include <utility>

#include "ouzel/spec/expand.h"
#include "ouzel/spec/quantity.h"
#include "ouzel/spec/reader.h"

namespace ouzel {
namespace {

constexpr std::string_view kMask = "\"***\"";

/// A text that reads back as the same text, whatever is in it.
std::string quoted_if_needed(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./%";
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string::npos &&
                     text.front() != '-' && text.front() != '%';
  const bool null = text == "null" || text == "Null" || text == "NULL";
  if (plain && !null) return text;
  std::string out;
  append_json_string(out, text);
  return without_references(std::move(out));  // It goes through expand() again when it is read.
}

std::string join(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (std::size_t i = 0; i < texts.size(); ++i) out += (i == 0 ? "" : ", ") + texts[i];
  return out + "]";
}

struct FormatValue {
  const TableField& field;
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(double value) const { return format_number(value); }
  std::string operator()(std::uint64_t value) const {
    return field.kind == FieldKind::size ? format_size(value) : std::to_string(value);
  }
  std::string operator()(std::chrono::nanoseconds value) const { return format_duration(value); }
  std::string operator()(const std::string& value) const { return quoted_if_needed(value); }
  std::string operator()(const std::vector<std::string>& values) const {
    std::vector<std::string> texts;
    for (const std::string& value : values) texts.push_back(quoted_if_needed(value));
    return join(texts);
  }
  std::string operator()(const Settings&) const { return {}; }  // On lines of their own.
  std::string operator()(const WordNumbers& numbers) const {
    if (field.kind == FieldKind::word) return field.words[numbers.front()].name;
    std::vector<std::string> texts;
    for (const std::size_t number : numbers) texts.push_back(field.words[number].name);
    return join(texts);
  }
};

class Echo {
 public:
  explicit Echo(EchoPart part) : part_(part) {}
  std::string take() { return std::move(out_); }

  /// Writes the table's keys, each on its own line. False if there was nothing to write.
  bool table(const Table& table, const Node& given, std::size_t indent) {
    const Node node = expand_shorthand(table, given);
    const std::size_t before = out_.size();
    for (const TableField& field : table.fields) this->field(table, field, node, indent);
    return out_.size() != before;
  }

 private:
  void key(const std::string& name, std::size_t indent) {
    if (!skip_indent_) out_.append(indent, ' ');
    skip_indent_ = false;
    out_ += name + ":";
  }

  void field(const Table& table, const TableField& field, const Node& node, std::size_t indent) {
    const Node* value = node.find(field.name);
    if (field.kind == FieldKind::absent) return;
    if (part_ != EchoPart::all && field.text.operational) return;
    if (part_ == EchoPart::state && field.text.stateless) return;
    if (value == nullptr) {
      bool grouped = false;
      for (const auto& group : table.one_of) {
        for (const std::string& name : group) grouped = grouped || name == field.name;
      }
      if (field.text.initial.empty() && (field.kind != FieldKind::table || grouped)) return;
    }
    const Node effective = value != nullptr ? *value : default_node(field, node.at);
    key(field.name, indent);
    switch (field.kind) {
      case FieldKind::table: return nested(*field.table, effective, indent + 2);
      case FieldKind::list: return list(field, effective, indent + 2);
      case FieldKind::map: return map(field, effective, indent + 2);
      case FieldKind::settings: return settings(field, effective, indent + 2);
      default: break;
    }
    const auto read = read_value(field, effective);
    const std::string text =
        field.text.secret ? std::string(kMask) : std::visit(FormatValue{field}, *read);
    out_ += " " + text + "\n";
  }

  void nested(const Table& table, const Node& node, std::size_t indent) {
    out_ += "\n";
    if (this->table(table, node, indent)) return;
    out_.pop_back();
    out_ += " {}\n";
  }

  void list(const TableField& field, const Node& node, std::size_t indent) {
    if (node.items.empty()) {
      out_ += " []\n";
      return;
    }
    out_ += "\n";
    for (const Node& item : node.items) {
      out_.append(indent, ' ').append("- ");
      skip_indent_ = true;
      table(*field.table, item, indent + 2);
    }
  }

  void map(const TableField& field, const Node& node, std::size_t indent) {
    out_ += "\n";
    for (const NodeEntry& entry : node.entries) {
      key(quoted_if_needed(entry.key), indent);
      nested(*field.table, entry.value, indent + 2);
    }
  }

  void settings(const TableField& field, const Node& node, std::size_t indent) {
    const Settings values = read_settings(field, node).values;
    out_ += values.empty() ? " {}\n" : "\n";
    for (const auto& [name, value] : values) {
      const bool secret = field.rules.secret && field.rules.secret(name);
      key(quoted_if_needed(name), indent);
      out_ += " " + (secret ? std::string(kMask) : quoted_if_needed(value)) + "\n";
    }
  }

  const EchoPart part_;
  std::string out_;
  bool skip_indent_ = false;
};

}  // namespace

std::string echo(const Table& table, const Node& node, EchoPart part) {
  Echo out(part);
  out.table(table, node, 0);
  return out.take();
}

}  // namespace ouzel
