#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ouzel/app/commands.h"
#include "ouzel/base/file_system.h"
#include "ouzel/model/onnx_file.h"
#include "ouzel/model/onnx_plan.h"
#include "ouzel/spec/finding.h"
#include "ouzel/tool/model_card.h"

namespace ouzel {
namespace {

struct ModelOptions {
  std::string action;
  std::string model;
  std::string name;
  std::string features;
  double threshold = 0;
  std::string reference;
  std::uint32_t version = 0;  ///< 0: as it is.
  std::string out;
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    out.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

Result<std::string> read_at_most(FileSystem& fs, const std::string& path, std::uint64_t most) {
  OUZEL_TRY(const auto file, fs.open(path, OpenMode::read));
  OUZEL_TRY(const std::uint64_t size, file->size());
  if (size > most) {
    return fail(ErrorCode::config, path + ": at most " + std::to_string(most) +
                                       " bytes expected, got " + std::to_string(size));
  }
  return read_file(fs, path);
}

Result<void> show(FileSystem& fs, const ModelOptions& options) {
  OUZEL_TRY(const std::string bytes, read_at_most(fs, options.model, kOnnxBytesMax));
  OUZEL_TRY(const OnnxFile file, read_onnx_file(bytes));
  std::string out =
      "producer: " + file.producer + "\nversion: " + std::to_string(file.model_version) + "\n";
  for (const OnnxValue& value : file.inputs) out += "input: " + describe(value) + "\n";
  for (const OnnxValue& value : file.outputs) out += "output: " + describe(value) + "\n";
  for (const auto& [domain, version] : file.opsets) {
    out += "opset: " + (domain.empty() ? "ai.onnx" : domain) + " " + std::to_string(version) + "\n";
  }
  out += "nodes: " + std::to_string(file.nodes) + "\n";
  for (const auto& [key, value] : file.metadata) {
    out += key + ": ";
    // The model's author chose these bytes: no control characters for a terminal.
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c >= 0 && c < 32 && c != '\n'; }, ' ');
    append_json_string(out, value);
    out += "\n";
  }
  std::fputs(out.c_str(), stdout);
  const auto card = read_card(file);
  if (!card) return tl::unexpected(card.error());
  return {};
}

Result<void> write_card(FileSystem& fs, const ModelOptions& options) {
  OUZEL_TRY(const std::string bytes, read_at_most(fs, options.model, kOnnxBytesMax));
  OUZEL_TRY(const OnnxFile file, read_onnx_file(bytes));
  ModelCard card;
  if (options.features.empty()) {
    OUZEL_TRY(card, read_card(file));
  } else {
    card.features = split(options.features);
  }
  if (!options.name.empty()) card.name = options.name;
  if (options.threshold > 0) card.threshold = options.threshold;
  const std::size_t columns = columns_of(file);
  if (columns > 0 && !card.features.empty() && columns != card.features.size()) {
    return fail(ErrorCode::config, "the model takes " + std::to_string(columns) + " columns (" +
                                       describe(file.inputs) + "), --features names " +
                                       std::to_string(card.features.size()));
  }
  if (!options.reference.empty()) card.reference.clear();
  if (!options.reference.empty()) {
    if (card.features.empty()) {
      return fail(ErrorCode::config, "--features: which columns of the reference go in, in order");
    }
    OUZEL_TRY(const std::string csv, read_at_most(fs, options.reference, kReferenceBytesMax));
    OUZEL_TRY(card.reference, reference_of(csv, card.features));
  }
  std::string written = with_metadata(bytes, card_entries(card));
  if (options.version > 0) written = with_version(written, options.version);
  OUZEL_TRY(const OnnxFile again, read_onnx_file(written));
  OUZEL_TRY(card, read_card(again));
  const std::size_t slash = options.out.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : options.out.substr(0, slash + 1);
  return replace_file(fs, folder, options.out.substr(slash + 1), written);
}

int model(const ModelOptions& options) {
  if (options.action == "card" && options.out.empty()) {
    std::fprintf(stderr,
                 "ouzel model: card needs --out FILE, where the model with its card goes\n");
    return kExitUsage;
  }
  const auto fs = make_posix_file_system();
  const auto done = options.action == "show" ? show(*fs, options) : write_card(*fs, options);
  if (done) return kExitDone;
  std::fprintf(stderr, "ouzel model %s: %s: %s\n", options.action.c_str(), options.model.c_str(),
               done.error().message.c_str());
  return done.error().code == ErrorCode::config ? kExitConfig : kExitFailed;
}

}  // namespace

void add_model(CommandLine& line) {
  auto options = std::make_shared<ModelOptions>();
  line.add(
      "model", "Shows what an ONNX model takes, gives and says of itself; writes its card",
      [&](Options& flags) {
        flags
            .positional(
                "ACTION", into_word(options->action, {"show", "card"}),
                {.help = "show, or card: writes --out, MODEL with its card", .required = true})
            .positional("MODEL", into(options->model), {.help = "ONNX file", .required = true})
            .option("--features", into(options->features),
                    {.value = "A,B,…", .help = "Names of the inputs, in the model's order"})
            .option("--threshold", into(options->threshold, 0, 1e300),
                    {.value = "NUMBER",
                     .help = "Score, or error of an autoencoder, from which a row is odd"})
            .option("--reference", into(options->reference),
                    {.value = "FILE",
                     .help = "Training rows as CSV with a column a feature: their means and "
                             "quantiles go into the card"})
            .option("--name", into(options->name), {.value = "NAME", .help = "Name of the model"})
            .option("--version", into(options->version, 1, 4294967295),
                    {.value = "N", .help = "Version of the model, in outcomes and metrics"})
            .option("--out", into(options->out),
                    {.value = "FILE", .help = "Where the model with its card goes"})
            .example("ouzel model show press.onnx")
            .example(
                "ouzel model card press.onnx --features temperature,vibration "
                "--reference day.csv --version 2 --out press-2.onnx");
      },
      [options] { return model(*options); });
}

}  // namespace ouzel
