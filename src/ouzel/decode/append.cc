#include "ouzel/base/hash.h"
#include "ouzel/decode/decoder.h"

namespace ouzel {

void reset(Batch& batch, const Schema& schema) {
  batch.fate.clear();
  batch.identity.clear();
  for (StringColumn* column : {&batch.source, &batch.id, &batch.key, &batch.trace, &batch.detail}) {
    column->clear();
  }
  batch.key_hash.clear();
  batch.time.clear();
  batch.values.reset(0, schema.number_columns());
  batch.strings.resize(schema.string_columns());
  for (StringColumn& column : batch.strings) column.clear();
  batch.flags.clear();
  batch.features.reset(0, batch.features.width());
  batch.score.clear();
  batch.confidence.clear();
  batch.label.clear();
  batch.route.clear();
  batch.reasons.clear();
}

void append(Batch& batch, const DecodedRow& row) {
  OUZEL_CHECK(row.numbers.size() == batch.values.width());
  OUZEL_CHECK(row.strings.size() == batch.strings.size());
  batch.fate.push_back(row.fate);
  batch.identity.push_back(event_identity(row.source, row.id));
  batch.source.append(row.source);
  batch.id.append(row.id);
  batch.key.append(row.key);
  batch.trace.append(row.trace);
  batch.key_hash.push_back(hash128(row.key));
  batch.time.push_back(row.time);
  batch.detail.append(row.detail);
  double* const values = batch.values.append_row();
  for (std::size_t i = 0; i < row.numbers.size(); ++i) values[i] = row.numbers[i];
  for (std::size_t i = 0; i < row.strings.size(); ++i) batch.strings[i].append(row.strings[i]);
  batch.flags.push_back(0);
}

}  // namespace ouzel
