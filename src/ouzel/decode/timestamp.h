/// Timestamps: text to nanoseconds UTC. Pure functions, any thread, no allocation.
///
/// RFC 3339: any offset; `T`, `t` or a blank between date and time; `Z` or `z`; a fraction of any
/// length, of which nine digits count and the rest is cut off. Without an offset it is no time. A
/// leap second, which there only is at 23:59:60 UTC, is read as 23:59:59.999999999, so that the
/// order of events is kept.
///
/// Epoch: a number counts seconds, ms, µs or ns since 1970, in the coarsest of these units in which
/// it lies within what 64 bits of nanoseconds hold (1677-09-21 to 2262-04-11). So |n| up to
/// 9,223,372,035 is seconds, to a thousand times that ms, to a million times that µs, above it ns.
/// That is right for every time after 17 April 1970; a clock near 1970 in a finer unit is taken for
/// seconds, and so still for one that is decades wrong. A decimal fraction or an exponent is
/// allowed and read exactly; what is below a nanosecond is cut off.
#pragma once

#include <cstdint>
#include <string_view>

#include "ouzel/base/types.h"
#include "ouzel/batch/batch.h"

namespace ouzel {

struct Timestamp {
  enum class State : std::uint8_t {
    good,
    not_a_time,    ///< Not of the form, or no such day or hour.
    out_of_range,  ///< Well formed, but not within 1677-09-21 to 2262-04-11.
  };
  State state = State::not_a_time;
  EventTime time = kNoTime;
};

Timestamp parse_rfc3339(std::string_view text);
/// `text` is a decimal number as JSON writes it; leading zeros are allowed too.
Timestamp parse_epoch(std::string_view text);
/// Either of the two.
Timestamp parse_timestamp(std::string_view text);

}  // namespace ouzel
