#include "ouzel/batch/batch.h"

#include <algorithm>

namespace ouzel {

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::live: return "live";
    case Fate::schema: return "schema";
    case Fate::clock_ahead: return "clock_ahead";
    case Fate::too_late: return "too_late";
    case Fate::unknown_key: return "unknown_key";
    case Fate::model_failed: return "model_failed";
    case Fate::malformed: return "malformed";
    case Fate::no_key: return "no_key";
    case Fate::too_large: return "too_large";
    case Fate::envelope: return "envelope";
  }
  return "live";
}

namespace {

/// Appends the decode columns of row `row` of `from`.
void append_row(Batch& to, const Batch& from, std::size_t row) {
  to.fate.push_back(from.fate[row]);
  to.identity.push_back(from.identity[row]);
  to.source.append(from.source[row]);
  to.id.append(from.id[row]);
  to.key.append(from.key[row]);
  to.trace.append(from.trace[row]);
  to.key_hash.push_back(from.key_hash[row]);
  to.time.push_back(from.time[row]);
  to.detail.append(from.detail[row]);
  std::copy_n(from.values.row(row), from.values.width(), to.values.append_row());
  for (std::size_t i = 0; i < from.strings.size(); ++i) {
    to.strings[i].append(from.strings[i][row]);
  }
  to.flags.push_back(from.flags[row]);
  if (!from.accepted.empty()) to.accepted.push_back(from.accepted[row]);
}

Batch shaped_like(const Batch& batch) {
  Batch out;
  out.values.set_width(batch.values.width());
  out.strings.resize(batch.strings.size());
  return out;
}

}  // namespace

void NumberTable::widen(std::size_t rows, std::size_t width) {
  if (width == width_) return;
  std::vector<double> wider(rows * width, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < rows; ++i) {
    std::copy_n(row(i), width_, wider.data() + i * width);
  }
  numbers_ = std::move(wider);
  width_ = width;
}

void Batch::explain(const std::vector<Explained>& explained) {
  StringColumn column;
  std::size_t at = 0;
  for (std::size_t row = 0; row < rows(); ++row) {
    const bool mine = at < explained.size() && explained[at].row == row;
    column.append(mine ? std::string_view(explained[at].detail) : detail[row]);
    at += mine ? 1 : 0;
  }
  detail = std::move(column);
}

Batch slice(const Batch& batch, std::size_t begin, std::size_t end) {
  Batch out = shaped_like(batch);
  for (std::size_t row = begin; row < end; ++row) append_row(out, batch, row);
  return out;
}

Batch without(const Batch& batch, const std::vector<std::uint8_t>& marks) {
  Batch out = shaped_like(batch);
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (marks[row] == 0) append_row(out, batch, row);
  }
  return out;
}

std::string_view to_string(Label label) { return label == Label::anomaly ? "anomaly" : "normal"; }

std::string_view to_string(Route route) {
  switch (route) {
    case Route::pass: return "pass";
    case Route::review: return "review";
    case Route::alert: return "alert";
  }
  return "pass";
}

}  // namespace ouzel
