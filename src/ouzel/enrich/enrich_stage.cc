#include "ouzel/enrich/enrich_stage.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace ouzel {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// The text of a key in a message: its beginning, cut between characters.
std::string shown(std::string_view key) {
  constexpr std::size_t kShownMax = 60;
  if (key.size() <= kShownMax) return "'" + std::string(key) + "'";
  std::size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(key[end]) & 0xc0U) == 0x80U) --end;
  return "'" + std::string(key.substr(0, end)) + "…'";
}

std::string key_text(const LookupKey& key, const Batch& batch, std::size_t row) {
  switch (key.kind) {
    case LookupKey::Kind::key: return shown(batch.key[row]);
    case LookupKey::Kind::source: return shown(batch.source[row]);
    case LookupKey::Kind::id: return shown(batch.id[row]);
    case LookupKey::Kind::text: return shown(batch.strings[key.column][row]);
    case LookupKey::Kind::number: break;
  }
  const double number = batch.values.row(row)[key.column];
  return std::isnan(number) ? "no number" : "that number";
}

const EnrichDefault* default_of(const EnrichSpec& spec, const std::string& column) {
  for (const EnrichDefault& one : spec.defaults) {
    if (one.column == column) return &one;
  }
  return nullptr;
}

Result<void> check_defaults(const EnrichSpec& spec, const LookupTable& table) {
  for (const EnrichDefault& one : spec.defaults) {
    const auto at = std::find(spec.add.begin(), spec.add.end(), one.column);
    if (at == spec.add.end()) {
      return fail(ErrorCode::config,
                  "enrich: defaults." + one.column + ": `add` has no such column");
    }
    const Field& field = table.added()[static_cast<std::size_t>(at - spec.add.begin())];
    if (field.type != FieldType::string && !cell_number(one.value)) {
      return fail(ErrorCode::config, "enrich: defaults." + one.column + ": the column of " +
                                         spec.table + " holds numbers, got '" + one.value + "'");
    }
  }
  return {};
}

}  // namespace

Result<LookupKey> lookup_key(const Schema& schema, const std::string& key) {
  const std::string own =
      (schema.key.kind == FieldSource::Kind::attribute ? "ce." : "") + schema.key.name;
  if (key == own) return LookupKey{.kind = LookupKey::Kind::key};
  if (key == "ce.source") return LookupKey{.kind = LookupKey::Kind::source};
  if (key == "ce.id") return LookupKey{.kind = LookupKey::Kind::id};
  LookupKey numbers{.kind = LookupKey::Kind::number};
  LookupKey texts{.kind = LookupKey::Kind::text};
  for (const Field& field : schema.fields) {
    LookupKey& at = field.type == FieldType::string ? texts : numbers;
    if (field.name == key) return at;
    ++at.column;
  }
  return fail(ErrorCode::config, "enrich: key: '" + key +
                                     "' is no field of the schema, not its key " + own +
                                     ", nor ce.source or ce.id");
}

Result<Schema> enriched_schema(const Schema& schema, const std::vector<EnrichSpec>& specs,
                               const LookupTables& tables) {
  Schema out = schema;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    OUZEL_TRY_VOID(check_defaults(specs[i], *tables[i]));
    for (const Field& added : tables[i]->added()) {
      for (const Field& field : out.fields) {
        if (field.name != added.name) continue;
        return fail(ErrorCode::config, "enrich: '" + added.name + "' of " + specs[i].table +
                                           " is a field that is there already");
      }
      out.fields.push_back(added);
    }
  }
  return out;
}

Result<std::unique_ptr<EnrichStage>> EnrichStage::make(const Schema& schema,
                                                       const std::vector<EnrichSpec>& specs,
                                                       const LookupTables& tables) {
  OUZEL_CHECK(specs.size() == tables.size());
  OUZEL_TRY_VOID(enriched_schema(schema, specs, tables));
  auto stage = std::make_unique<EnrichStage>();
  std::size_t numbers = schema.number_columns();
  std::size_t texts = schema.string_columns();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const EnrichSpec& spec = specs[i];
    OUZEL_TRY(const LookupKey key, lookup_key(schema, spec.key));
    const bool own = key.kind == LookupKey::Kind::key;
    Lookup lookup{.table = tables[i],
                  .key = key,
                  .name = spec.table,
                  .key_name = spec.key,
                  .reads = own                           ? "key"
                           : spec.key.starts_with("ce.") ? spec.key.substr(3)
                                                         : spec.key,
                  .timed = !spec.valid_from.empty(),
                  .unknown = spec.unknown,
                  .first_number = numbers,
                  .first_text = texts,
                  .numbers = {},
                  .texts = {}};
    for (const Field& field : tables[i]->added()) {
      const EnrichDefault* given = default_of(spec, field.name);
      stage->adds_.push_back(field.name);
      if (field.type == FieldType::string) {
        lookup.texts.push_back(given == nullptr ? "" : given->value);
      } else {
        lookup.numbers.push_back(given == nullptr ? kMissing
                                                  : cell_number(given->value).value_or(kMissing));
      }
    }
    numbers += lookup.numbers.size();
    texts += lookup.texts.size();
    stage->lookups_.push_back(std::move(lookup));
  }
  stage->values_ = numbers;
  return stage;
}

Wiring EnrichStage::wiring() const {
  Wiring out{.reads = {"time"}, .adds = adds_};
  for (const Lookup& lookup : lookups_) out.reads.push_back(lookup.reads);
  return out;
}

void EnrichStage::run(Batch& batch, const StateView&) {
  batch.values.widen(batch.rows(), values_);
  for (const Lookup& lookup : lookups_) {
    find_rows(lookup, batch);
    judge_unknown(lookup, batch);
    add_numbers(lookup, batch);
    add_texts(lookup, batch);
  }
}

void EnrichStage::find_rows(const Lookup& lookup, const Batch& batch) {
  found_.assign(batch.rows(), kNone);
  const LookupTable& table = *lookup.table;
  const auto each = [&](auto key_of) {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      if (batch.live(row)) found_[row] = table.find(key_of(row), batch.time[row]).value_or(kNone);
    }
  };
  const std::size_t column = lookup.key.column;
  switch (lookup.key.kind) {
    case LookupKey::Kind::key: return each([&](std::size_t row) { return batch.key[row]; });
    case LookupKey::Kind::source: return each([&](std::size_t row) { return batch.source[row]; });
    case LookupKey::Kind::id: return each([&](std::size_t row) { return batch.id[row]; });
    case LookupKey::Kind::text:
      return each([&](std::size_t row) { return batch.strings[column][row]; });
    case LookupKey::Kind::number:
      return each([&](std::size_t row) { return batch.values.row(row)[column]; });
  }
}

void EnrichStage::judge_unknown(const Lookup& lookup, Batch& batch) {
  if (lookup.unknown == UnknownKey::fill) return;
  std::vector<Batch::Explained> rejected;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (!batch.live(row) || found_[row] != kNone) continue;
    if (lookup.unknown == UnknownKey::flag) {
      batch.flags[row] |= kFlagUnknownKey;
      continue;
    }
    batch.fate[row] = Fate::unknown_key;
    rejected.push_back({row, lookup.key_name + ": " + lookup.name + " has no row for " +
                                 key_text(lookup.key, batch, row) +
                                 (lookup.timed ? " that holds at the event's time" : "")});
  }
  if (!rejected.empty()) batch.explain(rejected);
}

void EnrichStage::add_numbers(const Lookup& lookup, Batch& batch) const {
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (!batch.live(row)) continue;
    double* to = batch.values.row(row) + lookup.first_number;
    const std::size_t from = found_[row];
    for (std::size_t i = 0; i < lookup.numbers.size(); ++i) {
      to[i] = from == kNone ? lookup.numbers[i] : lookup.table->number(from, i);
    }
  }
}

void EnrichStage::add_texts(const Lookup& lookup, Batch& batch) const {
  for (std::size_t i = 0; i < lookup.texts.size(); ++i) {
    StringColumn& column = batch.strings.emplace_back();
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      const std::size_t from = found_[row];
      std::string_view text;
      if (from != kNone) text = lookup.table->text(from, i);
      if (from == kNone && batch.live(row)) text = lookup.texts[i];
      column.append(text);
    }
  }
}

}  // namespace ouzel
