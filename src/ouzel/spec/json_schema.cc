#include "ouzel/spec/json_schema.h"

#include <optional>
#include <string_view>
#include <utility>

#include "ouzel/spec/finding.h"
#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

/// Writes indented JSON; values are given as finished JSON text.
class JsonWriter {
 public:
  std::string take() { return std::move(out_) + "\n"; }
  void open(char bracket) {
    out_ += bracket;
    indent_ += 2;
    first_ = true;
  }
  void close(char bracket) {
    indent_ -= 2;
    if (!first_) line();
    out_ += bracket;
    first_ = false;
  }
  void key(std::string_view name) {
    item();
    append_json_string(out_, name);
    out_ += ": ";
  }
  void item() {
    if (!first_) out_ += ',';
    line();
    first_ = false;
  }
  void text(std::string_view value) { append_json_string(out_, value); }
  void raw(std::string_view json) { out_ += json; }
  void member(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  void member_raw(std::string_view name, std::string_view json) {
    key(name);
    raw(json);
  }

 private:
  void line() {
    out_ += '\n';
    out_.append(indent_, ' ');
  }
  std::string out_;
  std::size_t indent_ = 0;
  bool first_ = true;
};

constexpr std::string_view kReference = R"(\\$\\{(env|file):[^}]+\\})";

class SchemaWriter {
 public:
  std::string document(const Table& table, const std::string& title) {
    json_.open('{');
    json_.member("$schema", "https://json-schema.org/draft/2020-12/schema");
    json_.member("title", title);
    table_members(table);
    json_.close('}');
    return json_.take();
  }

 private:
  void table_members(const Table& table) {
    json_.member("description", table.help);
    if (table.shorthand.empty()) return map_members(table);
    json_.key("anyOf");
    json_.open('[');
    json_.item();
    json_.open('{');
    shorthand_members(table);
    json_.close('}');
    json_.item();
    json_.open('{');
    map_members(table);
    json_.close('}');
    json_.close(']');
  }

  void shorthand_members(const Table& table) {
    if (table.shorthand != "*") return value_members(*table.find(table.shorthand));
    json_.key("enum");
    json_.open('[');
    for (const std::string& name : table.names()) {
      json_.item();
      json_.text(name);
    }
    json_.close(']');
  }

  void map_members(const Table& table) {
    json_.member_raw("type", R"(["object", "null"])");
    json_.key("properties");
    json_.open('{');
    for (const TableField& field : table.fields) {
      if (field.kind == FieldKind::absent) continue;
      json_.key(field.name);
      json_.open('{');
      field_members(field);
      json_.close('}');
    }
    json_.close('}');
    json_.member_raw("additionalProperties", "false");
    required(table);
    groups(table);
  }

  void required(const Table& table) {
    std::string names;
    for (const TableField& field : table.fields) {
      if (!field.text.required) continue;
      if (!names.empty()) names += ", ";
      append_json_string(names, field.name);
    }
    if (!names.empty()) json_.member_raw("required", "[" + names + "]");
  }

  void groups(const Table& table) {
    if (table.one_of.empty()) return;
    json_.key("allOf");
    json_.open('[');
    for (const auto& group : table.one_of) {
      json_.item();
      std::string text = R"({"oneOf": [)";
      for (std::size_t i = 0; i < group.size(); ++i) {
        text += i == 0 ? R"({"required": [)" : R"(, {"required": [)";
        append_json_string(text, group[i]);
        text += "]}";
      }
      json_.raw(text + "]}");
    }
    json_.close(']');
  }

  void field_members(const TableField& field) {
    if (field.table == nullptr || !field.text.help.empty()) {
      if (field.kind != FieldKind::table) json_.member("description", field.text.help);
    }
    switch (field.kind) {
      case FieldKind::table: return table_members(*field.table);
      case FieldKind::list:
        json_.member("type", "array");
        json_.key("items");
        json_.open('{');
        table_members(*field.table);
        return json_.close('}');
      case FieldKind::map:
        json_.member("type", "object");
        json_.key("additionalProperties");
        json_.open('{');
        table_members(*field.table);
        return json_.close('}');
      case FieldKind::settings: return json_.member("type", "object");
      default: break;
    }
    if (!field.text.initial.empty()) initial_member(field);
    value_members(field);
  }

  void initial_member(const TableField& field) {
    const bool bare = field.kind == FieldKind::number || field.kind == FieldKind::integer ||
                      field.kind == FieldKind::boolean;
    if (bare) {
      json_.member_raw("default", field.text.initial);
    } else {
      json_.member("default", field.text.initial);
    }
  }

  void value_members(const TableField& field) {
    switch (field.kind) {
      case FieldKind::boolean: return one_or_reference("boolean", field);
      case FieldKind::number: return one_or_reference("number", field);
      case FieldKind::integer: return one_or_reference("integer", field);
      case FieldKind::size: return json_.member_raw("type", R"(["integer", "string"])");
      case FieldKind::duration: return json_.member_raw("type", R"(["string", "integer"])");
      case FieldKind::texts:
      case FieldKind::words: return items_or_one(field);
      case FieldKind::word: return words_member(field);
      default: return json_.member_raw("type", R"(["string", "number", "boolean"])");
    }
  }

  /// A number or boolean may also be given as ${env:NAME}.
  void one_or_reference(std::string_view type, const TableField& field) {
    std::string text = R"([{"type": ")" + std::string(type) + "\"";
    const FieldText& bounds = field.text;
    if (!bounds.min.empty()) text += R"(, "minimum": )" + bounds.min;
    if (!bounds.max.empty()) text += R"(, "maximum": )" + bounds.max;
    text += R"(}, {"type": "string", "pattern": ")" + std::string(kReference) + "\"}]";
    json_.member_raw("anyOf", text);
  }

  void words_member(const TableField& field) {
    json_.key("enum");
    json_.open('[');
    for (const Word& word : field.words) {
      json_.item();
      json_.text(word.name);
    }
    json_.close(']');
  }

  void items_or_one(const TableField& field) {
    json_.key("anyOf");
    json_.open('[');
    json_.item();
    json_.open('{');
    one_item(field);
    json_.close('}');
    json_.item();
    json_.open('{');
    json_.member("type", "array");
    json_.key("items");
    json_.open('{');
    one_item(field);
    json_.close('}');
    if (!field.text.min.empty()) json_.member_raw("minItems", field.text.min);
    if (!field.text.max.empty()) json_.member_raw("maxItems", field.text.max);
    json_.close('}');
    json_.close(']');
  }

  void one_item(const TableField& field) {
    if (field.kind == FieldKind::words) return words_member(field);
    json_.member_raw("type", R"(["string", "number", "boolean"])");
  }

  JsonWriter json_;
};

}  // namespace

std::string json_schema(const Table& table, const std::string& title) {
  return SchemaWriter().document(table, title);
}

}  // namespace ouzel
