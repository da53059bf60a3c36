#include "ouzel/log/kafka/outcome_records.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "ouzel/base/hash.h"
#include "ouzel/log/kafka/reject_headers.h"

namespace ouzel {
namespace {

constexpr std::size_t kTraceBytes = 32;

template <class Integer>
void set_number(std::string& out, Integer number) {
  std::array<char, 24> text{};
  out.assign(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

std::optional<std::string_view> find(const Record& record, std::string_view name) {
  for (const RecordHeader& header : record.headers) {
    if (header.name == name && header.value) return header.value;
  }
  return std::nullopt;
}

/// How often the record was rejected before.
std::uint32_t attempts_before(const Record& record) {
  constexpr std::uint32_t kMost = 1'000'000;
  const std::string_view text = find(record, reject_header::kAttempts).value_or("");
  std::uint32_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return std::min(count, kMost);
}

std::uint64_t size(std::optional<std::string_view> text) { return text.value_or("").size(); }

/// The id of a span that is the same for the same text: 16 hexadecimal digits, never all zero.
void append_span(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const std::uint64_t bits = hash128(text).low | 1;
  for (int shift = 60; shift >= 0; shift -= 4) out += kHex[bits >> shift & 15];
}

/// Which step of a connector would have failed.
std::string_view stage_of(Fate fate) {
  switch (fate) {
    case Fate::clock_ahead:
    case Fate::too_late:
    case Fate::unknown_key:
    case Fate::model_failed: return "TRANSFORMATION";
    default: return "VALUE_CONVERTER";
  }
}

}  // namespace

OutcomeRecords::OutcomeRecords(Options options) : options_(std::move(options)) {}

Result<void> OutcomeRecords::open(PartitionId partition, std::string_view body, Original original) {
  rejected_.reset();
  OUZEL_TRY(reader_, CommitReader::open(body));
  partition_ = partition;
  set_number(partition_text_, partition.value());
  source_.assign("/ouzel/").append(reader_->in_force().pipeline);
  original_ = std::move(original);
  return {};
}

Result<const OutcomeRecord*> OutcomeRecords::next() {
  if (rejected_) {
    const OutcomeRow row = *std::exchange(rejected_, std::nullopt);
    OUZEL_TRY_VOID(write_reject(row, original_(row.offset)));
    return &record_;
  }
  const auto row = reader_->next();
  if (!row) {
    if (!reader_->damaged()) return nullptr;
    return fail(ErrorCode::corrupt, "outcome frame: its rows do not fit its length");
  }
  write_outcome(*row, row->trace.size() == kTraceBytes ? original_(row->offset) : nullptr);
  if (row->fate != Fate::live) rejected_ = row;
  return &record_;
}

void OutcomeRecords::write_outcome(const OutcomeRow& row, const Record* original) {
  set_number(offset_text_, row.offset.value());
  id_.assign(partition_text_).append(1, ':').append(offset_text_);
  value_.clear();
  render_data(value_, partition_, reader_->in_force(), row);
  headers_.clear();
  add("ce_specversion", "1.0");
  add("ce_type", kOutcomeType);
  add("ce_source", source_);
  add("ce_id", id_);
  if (row.time != kNoTime) {
    time_.clear();
    render_time(time_, row.time);
    add("ce_time", time_);
  }
  add("content-type", "application/json");
  if (row.trace.size() == kTraceBytes) add_trace(row, original);
  record_ = {.kind = OutcomeRecord::Kind::outcome, .offset = row.offset, .value = value_};
  if (!row.key.empty()) record_.key = row.key;
  record_.headers = headers_;
}

void OutcomeRecords::add_trace(const OutcomeRow& row, const Record* original) {
  constexpr std::size_t kBefore = 3;  // "00-"
  const auto given = original == nullptr ? std::nullopt : find(*original, "traceparent");
  if (given && given->size() > kBefore + kTraceBytes &&
      given->substr(kBefore, kTraceBytes) == row.trace) {
    add("traceparent", *given);
    if (const auto state = find(*original, "tracestate")) add("tracestate", *state);
    return;
  }
  traceparent_.assign("00-").append(row.trace).append(1, '-');
  append_span(traceparent_, id_);
  traceparent_.append("-01");
  add("traceparent", traceparent_);
}

bool OutcomeRecords::ours(std::string_view name) const {
  return name.starts_with(reject_header::kPrefix) ||
         (options_.connect_headers && name.starts_with(reject_header::kConnectPrefix));
}

Result<void> OutcomeRecords::write_reject(const OutcomeRow& row, const Record* original) {
  if (original == nullptr) {
    return fail(ErrorCode::unavailable, "the record of rejected event " + partition_text_ + ":" +
                                            std::to_string(row.offset.value()) + " is not at hand");
  }
  headers_.clear();
  for (const RecordHeader& header : original->headers) {
    if (!ours(header.name)) headers_.push_back(header);
  }
  const auto theirs = static_cast<std::ptrdiff_t>(headers_.size());
  add_errors(row, *original);
  if (options_.connect_headers) add_connect_errors(row);
  record_ = {.kind = OutcomeRecord::Kind::reject,
             .offset = row.offset,
             .key = original->key,
             .value = original->value};
  const std::uint64_t whole = size(record_.key) + size(record_.value) + bytes_of(headers_);
  if (whole > reject_bytes_max_) leave_out(whole, theirs);
  record_.headers = headers_;
  return {};
}

/// Of a reject of `whole` bytes, whose first headers are the original's.
void OutcomeRecords::leave_out(std::uint64_t whole, std::ptrdiff_t theirs) {
  std::uint64_t out = size(record_.value);
  record_.value.reset();
  set_number(left_out_, whole);  // The most digits that it can have.
  const std::uint64_t said = reject_header::kLeftOut.size() + left_out_.size();
  if (whole - out + said > reject_bytes_max_) {
    const auto end = headers_.begin() + theirs;
    out += size(record_.key) + bytes_of({headers_.begin(), end});
    record_.key.reset();
    headers_.erase(headers_.begin(), end);
  }
  set_number(left_out_, out);
  add(reject_header::kLeftOut, left_out_);
}

void OutcomeRecords::add_errors(const OutcomeRow& row, const Record& original) {
  using std::chrono::milliseconds;
  set_number(offset_text_, row.offset.value());
  set_number(timestamp_,
             std::chrono::floor<milliseconds>(original.timestamp).time_since_epoch().count());
  set_number(attempts_, attempts_before(original) + 1);
  add(reject_header::kTopic, options_.topic);
  add(reject_header::kPartition, partition_text_);
  add(reject_header::kOffset, offset_text_);
  add(reject_header::kTimestamp, timestamp_);
  add(reject_header::kPipeline, reader_->in_force().pipeline);
  add(reject_header::kReason, to_string(row.fate));
  add(reject_header::kDetail, row.detail);
  add(reject_header::kAttempts, attempts_);
}

void OutcomeRecords::add_connect_errors(const OutcomeRow& row) {
  exception_.assign("dev.ouzel.rejected.").append(to_string(row.fate));
  add("__connect.errors.topic", options_.topic);
  add("__connect.errors.partition", partition_text_);
  add("__connect.errors.offset", offset_text_);
  add("__connect.errors.connector.name", reader_->in_force().pipeline);
  add("__connect.errors.task.id", partition_text_);
  add("__connect.errors.stage", stage_of(row.fate));
  add("__connect.errors.class.name", "dev.ouzel.pipeline");
  add("__connect.errors.exception.class.name", exception_);
  add("__connect.errors.exception.message", row.detail);
}

}  // namespace ouzel
