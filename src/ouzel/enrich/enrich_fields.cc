#include "ouzel/enrich/enrich_fields.h"

namespace ouzel {
namespace {

TableOf<EnrichDefault> default_fields() {
  TableOf<EnrichDefault> table("default", "What stands in for an unknown key.");
  table
      .text("value", &EnrichDefault::value,
            {.help = "Text, or a number for a column of numbers",
             .required = true,
             .example = "elsewhere"})
      .shorthand("value")
      .example("elsewhere");
  return table;
}

std::string check_name(std::string_view name) {
  return name.empty() || name.size() > 256 ? "is not a name of 1 to 256 bytes" : "";
}

}  // namespace

TableOf<EnrichSpec> enrich_fields() {
  TableOf<EnrichSpec> table("enrich", "Looks a key up in a table and adds columns of its row.");
  table
      .text(
          "table", &EnrichSpec::table,
          {.help = "CSV file with a header, or JSON: an array of objects, or an object of objects "
                   "by key; relative to the pipeline file",
           .required = true,
           .example = "devices.csv",
           .check = check_name})
      .text("key", &EnrichSpec::key,
            {.help = "What is looked up: a field of the payload, schema.key, ce.source or ce.id",
             .required = true,
             .example = "device_id",
             .check = check_name})
      .text("column", &EnrichSpec::column,
            {.help = "Column of the table that holds the keys; left out: named like `key`",
             .example = "id",
             .check = check_name})
      .texts("add", &EnrichSpec::add,
             {.help = "Columns to add. A column is of numbers if every cell is a number or empty",
              .required = true,
              .min = "1",
              .max = "64",
              .example = "[site, kind]",
              .check = check_name})
      .texts("text", &EnrichSpec::text,
             {.help = "Those of `add` that are texts even where every cell is a number",
              .max = "64",
              .example = "[zip]",
              .check = check_name})
      .text("valid_from", &EnrichSpec::valid_from,
            {.help = "Column with the time from which a row holds (RFC 3339 or epoch): of the rows "
                     "of a key, the newest not after the event's time is taken",
             .example = "since",
             .check = check_name})
      .word("unknown", &EnrichSpec::unknown,
            {{UnknownKey::fill, {"default", "`defaults` stand in; without one: missing"}},
             {UnknownKey::flag, {"flag", "the same, and the outcome is flagged unknown_key"}},
             {UnknownKey::reject, {"reject", "the event is rejected: unknown_key"}}},
            {.help = "What becomes of an event whose key the table lacks",
             .initial = "default",
             .stateless = true})
      .map("defaults", &EnrichSpec::defaults, &EnrichDefault::column, default_fields(),
           {.help = "Value of a column for an unknown key",
            .example = "{site: elsewhere}",
            .stateless = true})
      .boolean("reload", &EnrichSpec::reload,
               {.help = "Take a change of the file over while the engine runs (it looks once a "
                        "second; replace the file by renaming another to its name)",
                .initial = "true",
                .operational = true})
      .example("{table: devices.csv, key: device_id, add: [site, kind]}")
      .example(
          "{table: limits.json, key: device_id, add: [max_load], valid_from: since, unknown: "
          "reject}");
  return table;
}

}  // namespace ouzel
