#include "ouzel/egress/binary_outcome.h"

#include <charconv>

#include "ouzel/outcome/outcome.h"
#include "ouzel/outcome/outcome_line.h"

namespace ouzel {
namespace {

template <class Integer>
bool take_number(std::string_view& text, Integer& out) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return read.ec == std::errc();
}

/// `partition:offset`
bool read_id(std::string_view id, BinaryOutcome& out) {
  std::uint16_t partition = 0;
  std::uint64_t offset = 0;
  if (!take_number(id, partition) || !id.starts_with(':')) return false;
  id.remove_prefix(1);
  if (!take_number(id, offset) || !id.empty()) return false;
  out.partition = PartitionId(partition);
  out.offset = Offset(offset);
  return true;
}

/// The text of the first member of this name. The order of members is fixed, and within a text a
/// quote is escaped, so no value can look like a name.
std::optional<std::string_view> member(std::string_view data, std::string_view mark) {
  const std::size_t at = data.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  data.remove_prefix(at + mark.size());
  return data.substr(0, data.find('"'));
}

}  // namespace

std::optional<BinaryOutcome> read_binary_outcome(const Record& record) {
  if (!record.value) return std::nullopt;
  BinaryOutcome out{.data = *record.value};
  std::string_view type;
  for (const RecordHeader& header : record.headers) {
    const std::string_view value = header.value.value_or("");
    if (header.name == "ce_id") out.id = value;
    if (header.name == "ce_source") out.source = value;
    if (header.name == "ce_time") out.time = value;
    if (header.name == "ce_type") type = value;
  }
  if (type != kOutcomeType || !read_id(out.id, out)) return std::nullopt;
  const auto status = member(out.data, R"(},"status":")");
  if (!status) return std::nullopt;
  out.rejected = *status == "rejected";
  if (!out.rejected) out.route = member(out.data, R"(,"route":")").value_or("");
  return out;
}

bool BinaryOutcome::is_wanted(const FeedOptions& options) const {
  if (options.all) return true;
  if (rejected) return options.rejects;
  return (options.alerts && route == to_string(Route::alert)) ||
         (options.reviews && route == to_string(Route::review));
}

void BinaryOutcome::render(std::string& out) const {
  render_line(out, {.id = id, .source = source, .time = time}, data);
}

}  // namespace ouzel
