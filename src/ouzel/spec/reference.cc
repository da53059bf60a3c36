#include "ouzel/spec/reference.h"

#include <algorithm>
#include <string_view>

namespace ouzel {
namespace {

constexpr std::size_t kHelpColumn = 28;

std::string_view kind_name(FieldKind kind) {
  switch (kind) {
    case FieldKind::boolean: return "true or false";
    case FieldKind::number: return "number";
    case FieldKind::integer: return "whole number";
    case FieldKind::duration: return "duration";
    case FieldKind::size: return "size";
    case FieldKind::text: return "text";
    case FieldKind::texts: return "list of texts, or one";
    case FieldKind::word: return "one of";
    case FieldKind::words: return "list, or one, of";
    case FieldKind::table: return "map";
    case FieldKind::list: return "list of maps";
    case FieldKind::map: return "map of names to maps";
    case FieldKind::settings: return "map of settings";
    case FieldKind::absent: return "not in this build";
  }
  return "";
}

std::string join_words(const TableField& field) {
  std::string out;
  for (const Word& word : field.words) out += (out.empty() ? "" : ", ") + word.name;
  return out;
}

/// Lines of the fields, nested ones deeper.
void append_text(std::string& out, const Table& table, std::size_t indent) {
  for (const TableField& field : table.fields) {
    if (field.kind == FieldKind::absent) continue;
    std::string line(indent, ' ');
    line += field.name;
    line.resize(std::max(line.size() + 1, kHelpColumn), ' ');
    const bool nested = field.kind == FieldKind::table;
    const std::string& help = nested ? field.table->help : field.text.help;
    out += line + help + (nested ? "" : " [" + describe_kind(field) + "]") + "\n";
    for (const Word& word : field.words) {
      if (word.help.empty()) continue;
      std::string item(indent + 2, ' ');
      item += word.name;
      item.resize(std::max(item.size() + 1, kHelpColumn), ' ');
      out += item + "  " + word.help + "\n";
    }
    if (field.table != nullptr) append_text(out, *field.table, indent + 2);
  }
}

std::string escaped(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
    text.insert(at, 1, '\\');
  }
  return text;
}

/// A page of docs/ as a link from docs/reference/.
std::string linked(std::string text) {
  const std::size_t at = text.find("docs/");
  const std::size_t end = at == std::string::npos ? at : text.find(".md", at);
  if (end == std::string::npos) return text;
  const std::string page = text.substr(at + 5, end + 3 - at - 5);
  return text.replace(at, end + 3 - at, "[" + page + "](../" + page + ")");
}

void append_markdown(std::string& out, const Table& table, const std::string& path) {
  out +=
      "## " + (path.empty() ? table.name : "`" + path + "`") + "\n" + linked(table.help) + "\n\n";
  if (!table.fields.empty()) out += "| key | takes | |\n|---|---|---|\n";
  for (const TableField& field : table.fields) {
    if (field.kind == FieldKind::absent) continue;
    const std::string& help = field.text.help.empty() ? field.table->help : field.text.help;
    out +=
        "| `" + field.name + "` | " + escaped(describe_kind(field)) + " | " + linked(escaped(help));
    for (const Word& word : field.words) {
      if (!word.help.empty()) out += "; `" + word.name + "` " + escaped(word.help);
    }
    out += " |\n";
  }
  out += "\n";
  for (const std::string& example : table.examples) out += "```yaml\n" + example + "\n```\n\n";
  for (const TableField& field : table.fields) {
    if (field.table == nullptr || field.table->fields.empty()) continue;
    std::string nested = path.empty() ? field.name : path + "." + field.name;
    if (field.kind == FieldKind::list) nested += "[]";
    if (field.kind == FieldKind::map) nested += ".<name>";
    append_markdown(out, *field.table, nested);
  }
}

}  // namespace

std::string describe_kind(const TableField& field) {
  std::string out(kind_name(field.kind));
  if (!field.words.empty()) out += " " + join_words(field);
  const FieldText& text = field.text;
  const bool many = field.kind == FieldKind::texts || field.kind == FieldKind::words ||
                    field.kind == FieldKind::list || field.kind == FieldKind::map;
  if (!text.min.empty() || !text.max.empty()) {
    out += ", ";
    if (text.max.empty()) out += "at least " + text.min;
    if (text.min.empty()) out += "at most " + text.max;
    if (!text.min.empty() && !text.max.empty()) out += text.min + " to " + text.max;
    if (many) out += " of them";
  }
  if (text.required) out += ", required";
  if (!text.initial.empty()) out += ", default " + text.initial;
  if (text.secret) out += ", secret";
  return out;
}

std::string reference_text(const Table& table) {
  std::string out;
  append_text(out, table, 0);
  return out;
}

std::string reference_markdown(const Table& table) {
  std::string out;
  append_markdown(out, table, "");
  return out;
}

}  // namespace ouzel
