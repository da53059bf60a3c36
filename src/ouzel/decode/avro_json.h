/// AvroJson: Avro's binary encoding of one value becomes JSON, for the decoder, which knows JSON.
///
/// | Avro | JSON |
/// |---|---|
/// | int, long · float, double | a number; the shortest that reads back. Not finite: "NaN", … |
/// | string, enum · bytes, fixed | a string · base64 |
/// | record, map · array · union | an object · an array · the value of its branch alone |
/// | decimal | a number, with as many digits behind the point as its scale |
/// | timestamp-… | "2026-03-01T08:00:00.120Z", with 3, 6 or 9 digits; local-…: without Z |
/// | date · time-… · duration | "2026-03-01" · "08:00:00.120" · "P1M2DT3.004S" |
/// | uuid | its text |
///
/// The writer's schema is followed to the last byte: too few or too many are a fault. Whatever the
/// bytes, it ends: what is written is bounded, and so is the depth.
///
/// Stateless, any thread.
/// Source: Apache Avro specification 1.12, "Binary Encoding", "Logical Types".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ouzel/batch/batch.h"
#include "ouzel/decode/avro_schema.h"

namespace ouzel {

struct AvroLimits {
  std::size_t bytes_max = 1 << 20;  ///< Of the JSON.
  std::size_t depth_max = 64;
};

/// Why there is no JSON: malformed, or too_large.
struct AvroFault {
  Fate fate = Fate::malformed;
  std::string detail;
};

/// Sets `out` to the JSON, unless there is a fault.
std::optional<AvroFault> avro_to_json(std::string& out, const AvroSchema& schema,
                                      std::string_view bytes, const AvroLimits& limits);

}  // namespace ouzel
