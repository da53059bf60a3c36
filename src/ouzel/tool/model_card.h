/// What `ouzel model card` writes: the reference of a model's features, from rows of training data.
///
/// A pure function of bytes; memory: 8 bytes a number kept. Errors config: what, in which line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/model/onnx_card.h"

namespace ouzel {

inline constexpr std::uint64_t kReferenceBytesMax = 1ULL << 30;

/// Mean, deviation and quantiles of each feature's column of `csv`, whose first record has the
/// names. An empty cell is missing.
Result<std::vector<CardReference>> reference_of(std::string_view csv,
                                                const std::vector<std::string>& features);

}  // namespace ouzel
