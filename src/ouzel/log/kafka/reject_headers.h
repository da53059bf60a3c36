/// The headers that a reject has besides its own: outcome_records.h says what each holds.
/// Constants.
#pragma once

#include <string_view>

namespace ouzel::reject_header {

inline constexpr std::string_view kPrefix = "__ouzel.errors.";
inline constexpr std::string_view kConnectPrefix = "__connect.errors.";  ///< Kafka Connect's own.

inline constexpr std::string_view kTopic = "__ouzel.errors.topic";
inline constexpr std::string_view kPartition = "__ouzel.errors.partition";
inline constexpr std::string_view kOffset = "__ouzel.errors.offset";
inline constexpr std::string_view kTimestamp = "__ouzel.errors.timestamp";
inline constexpr std::string_view kPipeline = "__ouzel.errors.pipeline";
inline constexpr std::string_view kReason = "__ouzel.errors.reason";
inline constexpr std::string_view kDetail = "__ouzel.errors.detail";
inline constexpr std::string_view kAttempts = "__ouzel.errors.attempts";
inline constexpr std::string_view kLeftOut = "__ouzel.errors.left_out";

}  // namespace ouzel::reject_header
