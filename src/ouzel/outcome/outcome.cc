#include "ouzel/outcome/outcome.h"

#include <numeric>

namespace ouzel {
namespace {

constexpr std::uint8_t kVersion = 2;
/// Without the total of review_overflow.
constexpr std::uint8_t kVersionBefore = 1;
constexpr std::uint8_t kHasFeatures = 1;
/// fate, label|route, flags, reasons, time, score, confidence.
constexpr std::size_t kFixedBytes = 4 + 8 + 4 + 4;

void put_in_force(ByteWriter& writer, const InForce& in_force) {
  writer.put_string(in_force.pipeline);
  writer.put_string(in_force.model_name);
  writer.put(in_force.model_version);
  writer.put(in_force.threshold);
  writer.put(in_force.plan.low);
  writer.put(in_force.plan.high);
  writer.put(in_force.control);
}

void put_totals(ByteWriter& writer, const Totals& totals) {
  for (const std::uint64_t total :
       {totals.scored, totals.late, totals.alerts, totals.reviews, totals.review_overflow}) {
    writer.put_varint(total);
  }
  for (const std::uint64_t total : totals.rejected) writer.put_varint(total);
}

}  // namespace

std::uint64_t Totals::rejected_total() const {
  return std::accumulate(rejected.begin(), rejected.end(), std::uint64_t{0});
}

Totals& Totals::operator+=(const Totals& other) {
  scored += other.scored;
  late += other.late;
  alerts += other.alerts;
  reviews += other.reviews;
  review_overflow += other.review_overflow;
  for (std::size_t i = 0; i < rejected.size(); ++i) rejected[i] += other.rejected[i];
  return *this;
}

Totals& Totals::operator-=(const Totals& other) {
  scored -= other.scored;
  late -= other.late;
  alerts -= other.alerts;
  reviews -= other.reviews;
  review_overflow -= other.review_overflow;
  for (std::size_t i = 0; i < rejected.size(); ++i) rejected[i] -= other.rejected[i];
  return *this;
}

void CommitWriter::begin(Offset first) {
  first_ = first;
  rows_ = 0;
  fixed_.clear();
  text_.clear();
  dictionary_.clear();
  dictionary_of_.clear();
  features_ = 0;
}

void CommitWriter::add(const Batch& batch, bool include_features,
                       std::span<const std::string> reason_names) {
  ByteWriter fixed(fixed_);
  ByteWriter text(text_);
  features_ = include_features ? static_cast<std::uint16_t>(batch.features.width()) : 0;
  dictionary_of_.resize(reason_names.size());
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const bool live = batch.live(row);
    const Reasons& reasons = batch.reasons[row];
    fixed.put(static_cast<std::uint8_t>(batch.fate[row]));
    fixed.put(static_cast<std::uint8_t>(static_cast<unsigned>(batch.label[row]) |
                                        static_cast<unsigned>(batch.route[row]) << 4));
    fixed.put(batch.flags[row]);
    fixed.put(live ? reasons.count : std::uint8_t{0});
    fixed.put(static_cast<std::int64_t>(batch.time[row].time_since_epoch().count()));
    fixed.put(live ? batch.score[row] : 0.0F);
    fixed.put(live ? batch.confidence[row] : 0.0F);
    text.put_string(batch.source[row]);
    text.put_string(batch.id[row]);
    text.put_string(batch.key[row]);
    text.put_string(batch.trace[row]);
    if (!live) {
      text.put_string(batch.detail[row]);
      continue;
    }
    for (std::uint8_t i = 0; i < reasons.count; ++i) {
      std::uint16_t& index = dictionary_of_[reasons.column[i]];
      if (index == 0) {
        dictionary_.push_back(reason_names[reasons.column[i]]);
        index = static_cast<std::uint16_t>(dictionary_.size());
      }
      text.put_varint(index - 1U);
      text.put(reasons.weight[i]);
    }
    if (features_ > 0) {
      text.put_array(std::span<const double>(batch.features.row(row), features_));
    }
  }
  rows_ += static_cast<std::uint32_t>(batch.rows());
}

std::string CommitWriter::finish(const InForce& in_force, const Totals& totals) {
  std::string body;
  body.reserve(256 + fixed_.size() + text_.size());
  ByteWriter writer(body);
  writer.put(kVersion);
  writer.put(features_ > 0 ? kHasFeatures : std::uint8_t{0});
  writer.put(features_);
  writer.put(rows_);
  writer.put(first_.value());
  put_in_force(writer, in_force);
  put_totals(writer, totals);
  writer.put_varint(dictionary_.size());
  for (const std::string& name : dictionary_) writer.put_string(name);
  if (features_ > 0) {
    OUZEL_CHECK(in_force.feature_names.size() == features_);
    for (const std::string& name : in_force.feature_names) writer.put_string(name);
  }
  writer.put_bytes(fixed_);
  writer.put_bytes(text_);
  return body;
}

Result<CommitReader> CommitReader::open(std::string_view body) {
  ByteReader reader(body);
  CommitReader out;
  const auto version = reader.get<std::uint8_t>();
  if (version != kVersion && version != kVersionBefore) {
    return fail(ErrorCode::corrupt, "outcome frame of version " + std::to_string(version) +
                                        ", this program reads 1 and 2");
  }
  const bool has_features = (reader.get<std::uint8_t>() & kHasFeatures) != 0;
  const auto features = reader.get<std::uint16_t>();
  out.rows_ = reader.get<std::uint32_t>();
  out.first_ = Offset(reader.get<std::uint64_t>());
  InForce& in_force = out.in_force_;
  in_force.pipeline = reader.get_string();
  in_force.model_name = reader.get_string();
  in_force.model_version = reader.get<std::uint32_t>();
  in_force.threshold = reader.get<double>();
  in_force.plan.low = reader.get<std::uint64_t>();
  in_force.plan.high = reader.get<std::uint64_t>();
  in_force.control = reader.get<std::uint64_t>();
  Totals& totals = out.totals_;
  for (std::uint64_t* total : {&totals.scored, &totals.late, &totals.alerts, &totals.reviews}) {
    *total = reader.get_varint();
  }
  if (version != kVersionBefore) totals.review_overflow = reader.get_varint();
  for (std::uint64_t& total : totals.rejected) total = reader.get_varint();
  const std::uint64_t words = reader.get_varint();
  for (std::uint64_t i = 0; i < words && reader.ok(); ++i) {
    out.dictionary_.push_back(reader.get_string());
  }
  for (std::uint16_t i = 0; has_features && i < features && reader.ok(); ++i) {
    in_force.feature_names.emplace_back(reader.get_string());
  }
  out.fixed_ = reader.get_bytes(std::size_t{out.rows_} * kFixedBytes);
  if (!reader.ok()) return fail(ErrorCode::corrupt, "outcome frame too short");
  out.text_ = ByteReader(reader.get_bytes(reader.left()));
  return out;
}

std::optional<OutcomeRow> CommitReader::next() {
  if (at_ == rows_ || damaged_) return std::nullopt;
  ByteReader fixed(fixed_.substr(std::size_t{at_} * kFixedBytes, kFixedBytes));
  OutcomeRow row;
  row.offset = first_ + at_;
  const auto fate = fixed.get<std::uint8_t>();
  const auto label_route = fixed.get<std::uint8_t>();
  row.flags = fixed.get<std::uint8_t>();
  row.reasons = fixed.get<std::uint8_t>();
  row.time = EventTime(std::chrono::nanoseconds(fixed.get<std::int64_t>()));
  row.score = fixed.get<float>();
  row.confidence = fixed.get<float>();
  damaged_ = fate >= kFates || (label_route & 0x0f) > 1 || (label_route >> 4) > 2 ||
             row.reasons > kReasonsMax;
  if (damaged_) return std::nullopt;
  row.fate = static_cast<Fate>(fate);
  row.label = static_cast<Label>(label_route & 0x0f);
  row.route = static_cast<Route>(label_route >> 4);
  row.source = text_.get_string();
  row.id = text_.get_string();
  row.key = text_.get_string();
  row.trace = text_.get_string();
  if (row.fate != Fate::live) row.detail = text_.get_string();
  for (std::uint8_t i = 0; i < row.reasons; ++i) {
    const std::uint64_t word = text_.get_varint();
    row.reason_weight[i] = text_.get<float>();
    if (word >= dictionary_.size()) damaged_ = true;
    if (!damaged_) row.reason_name[i] = dictionary_[word];
  }
  if (row.fate == Fate::live) {
    row.features = text_.get_bytes(in_force_.feature_names.size() * sizeof(double));
  }
  damaged_ = damaged_ || !text_.ok();
  if (damaged_) return std::nullopt;
  ++at_;
  return row;
}

}  // namespace ouzel
