#include "ouzel/spec/table.h"

#include "ouzel/base/check.h"
#include "ouzel/spec/reader.h"

namespace ouzel {

const TableField* Table::find(std::string_view field) const {
  for (const TableField& candidate : fields) {
    if (candidate.name == field) return &candidate;
  }
  return nullptr;
}

std::vector<std::string> Table::names() const {
  std::vector<std::string> out;
  for (const TableField& field : fields) {
    if (field.kind != FieldKind::absent) out.push_back(field.name);
  }
  return out;
}

void check_field(const Table& table, const TableField& field) {
  OUZEL_CHECK(!field.name.empty());
  OUZEL_CHECK(table.find(field.name) == nullptr);
  OUZEL_CHECK(!field.text.required || field.text.initial.empty());
  OUZEL_CHECK(!field.text.help.empty() || field.table != nullptr);
  if (field.table != nullptr || field.kind == FieldKind::absent) return;
  const FieldText& text = field.text;
  if (!text.initial.empty()) OUZEL_CHECK(read_value(field, make_scalar(text.initial, {})));
  if (text.example.empty()) return;
  Findings findings;
  const auto example = parse_document(text.example, findings.add_source("example"), findings);
  OUZEL_CHECK(example.has_value() && read_value(field, *example).has_value());
}

}  // namespace ouzel
