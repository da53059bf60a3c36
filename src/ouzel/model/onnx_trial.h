/// The trial of a model before it is trusted: opened and run in a child process with limits, so
/// that a file that crashes, hangs or eats memory is refused with a sentence instead of taking the
/// engine along.
///
/// Random rows are run alone and in company and compared bit by bit; a few sizes of batch are
/// timed. Any thread. Errors: config.
#pragma once

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/model/onnx_model.h"

namespace ouzel {

/// In this process.
Result<OnnxVerdict> try_model(const OnnxSource& source, const Clock& clock);
/// In a child, within the limits of fenced_call.h.
Result<OnnxVerdict> try_in_child(const OnnxSource& source, const Clock& clock);

}  // namespace ouzel
