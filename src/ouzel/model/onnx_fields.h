/// Field table of `model: {onnx: …}`.
#pragma once

#include "ouzel/model/onnx_spec.h"
#include "ouzel/spec/table.h"

namespace ouzel {

TableOf<OnnxSpec> onnx_fields();

}  // namespace ouzel
