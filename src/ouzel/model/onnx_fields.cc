#include "ouzel/model/onnx_fields.h"

#include <utility>

namespace ouzel {
namespace {

const std::vector<std::pair<OnnxKind, Word>>& kinds() {
  static const std::vector<std::pair<OnnxKind, Word>> words = {
      {OnnxKind::any, {"any", "told from the outputs"}},
      {OnnxKind::classifier, {"classifier", "the score is the positive class's probability"}},
      {OnnxKind::score, {"score", "one number a row: the score as it is"}},
      {OnnxKind::autoencoder,
       {"autoencoder",
        "gives its input again: the score is 0.9 where the error is the threshold"}}};
  return words;
}

const std::vector<std::pair<OnnxAnomaly, Word>>& anomalies() {
  static const std::vector<std::pair<OnnxAnomaly, Word>> words = {
      {OnnxAnomaly::high, {"high", "the score is the number"}},
      {OnnxAnomaly::low, {"low", "the score is its negative, as for an isolation forest"}}};
  return words;
}

const std::vector<std::pair<OnnxMissing, Word>>& missing() {
  static const std::vector<std::pair<OnnxMissing, Word>> words = {
      {OnnxMissing::nan, {"nan", "passed on as NaN, as models of trees expect"}},
      {OnnxMissing::reject, {"reject", "the event is rejected: model_failed"}},
      {OnnxMissing::mean, {"mean", "the mean that the model's card has"}}};
  return words;
}

}  // namespace

TableOf<OnnxSpec> onnx_fields() {
  TableOf<OnnxSpec> table("onnx", "A model of your own, as an ONNX file.");
  table
      .text("file", &OnnxSpec::file,
            {.help = "The model; relative to the pipeline file",
             .required = true,
             .example = "press.onnx",
             .stateless = true})
      .texts("inputs", &OnnxSpec::inputs,
             {.help = "Fields and features in the order in which the model takes them; left out: "
                      "those of its card, or else all features (without features: all numeric "
                      "fields) if there are just as many",
              .min = "1",
              .max = "4096",
              .example = "[temperature, vibration_std_64]"})
      .text("output", &OnnxSpec::output,
            {.help = "The output to use; left out: told from names and shapes",
             .example = "probabilities",
             .stateless = true})
      .word("kind", &OnnxSpec::kind, kinds(), {.help = "What the output means", .initial = "any"})
      .text("positive", &OnnxSpec::positive,
            {.help = "Class whose probability is the score; left out: the second of two",
             .example = "\"1\"",
             .stateless = true})
      .word(
          "anomaly", &OnnxSpec::anomaly, anomalies(),
          {.help = "Which numbers of a score model are odd", .initial = "high", .stateless = true})
      .word("missing", &OnnxSpec::missing, missing(),
            {.help = "What to give the model for a number that is missing", .initial = "nan"})
      .integer("sequence", &OnnxSpec::sequence,
               {.help = "Events of a key that a sequence model takes; 0: as the model says",
                .initial = "0",
                .max = "4096"})
      .number("error_threshold", &OnnxSpec::error_threshold,
              {.help = "Mean squared error of an autoencoder at which the score is 0.9; 0: as the "
                       "card says",
               .initial = "0",
               .min = "0",
               .stateless = true})
      .number(
          "reasons_from", &OnnxSpec::reasons_from,
          {.help = "Score from which reasons are worked out; except for autoencoders that takes a "
                   "card with a reference, and each such event costs as many further runs as "
                   "the model has inputs",
           .initial = "0.6",
           .stateless = true})
      .shorthand("file")
      .example("press.onnx")
      .example("{file: press.onnx, inputs: [temperature, vibration], kind: classifier}");
  return table;
}

}  // namespace ouzel
