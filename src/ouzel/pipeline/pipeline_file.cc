#include "ouzel/pipeline/pipeline_file.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "ouzel/engine/plan_archive.h"
#include "ouzel/pipeline/kafka_target.h"
#include "ouzel/spec/document.h"

namespace ouzel {
namespace {

/// All of it, or one byte more than a pipeline may have.
std::string read_stream(std::FILE* stream) {
  std::string out;
  char buffer[4096];
  while (out.size() <= kDocumentBytesMax) {
    const std::size_t count = std::fread(buffer, 1, sizeof(buffer), stream);
    if (count == 0) break;
    out.append(buffer, count);
  }
  return out;
}

/// With its last slash; empty: the current one.
std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

Lookup make_lookup(FileSystem& fs, const std::string& folder) {
  Lookup lookup;
  lookup.env = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  lookup.file = [&fs, folder](const std::string& path) -> std::optional<std::string> {
    auto content = read_file(fs, path.starts_with('/') ? path : folder + path);
    if (!content) return std::nullopt;
    return std::move(*content);
  };
  return lookup;
}

/// The plan whose kept text the file is, if it is one.
std::optional<Hash128> kept_plan(const std::string& path) {
  return hash_of_plan_name(path.substr(path.rfind('/') + 1));
}

/// The text of a kept plan names its files by their content.
std::vector<PlanFile> kept_files(FileSystem& fs, const std::string& text, std::string root) {
  const PlanArchive archive(fs, std::move(root));
  std::vector<PlanFile> out = named_files(text);
  for (PlanFile& file : out) file.path = archive.file_path(file.hash);
  return out;
}

Result<std::string> read_pipeline(FileSystem& fs, const std::string& path) {
  if (path == "-") return read_stream(stdin);
  std::error_code none;
  if (std::filesystem::is_fifo(path, none)) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(std::fopen(path.c_str(), "r"),
                                                               std::fclose);
    if (!pipe) return fail(ErrorCode::unavailable, path + ": " + std::strerror(errno));
    return read_stream(pipe.get());
  }
  const auto plan = kept_plan(path);
  if (!plan) return read_file(fs, path);
  auto text = read_by_hash(fs, path, *plan);
  if (text || text.error().code != ErrorCode::corrupt) return text;
  return fail(ErrorCode::corrupt,
              text.error().message + "; to change a kept plan, copy it under another name");
}

}  // namespace

std::optional<LoadedPipeline> load_pipeline_file(FileSystem& fs, const PipelineFile& file,
                                                 Findings& findings) {
  PipelineInput input;
  input.file = file.path == "-" ? "stdin" : file.path;
  auto text = read_pipeline(fs, file.path);
  if (!text) {
    const std::uint16_t source = findings.add_source(input.file);
    findings.add({0, 0, source}, "file", text.error().message);
    return std::nullopt;
  }
  input.text = std::move(*text);
  for (KafkaVariable& one : kafka_variables()) {
    input.overrides.push_back({.origin = std::move(one.variable),
                               .path = "kafka." + one.setting,
                               .value = std::move(one.value),
                               .literal = true});
  }
  if (!file.listen.empty()) {
    input.overrides.push_back({"--listen " + file.listen, "serve.listen", "'" + file.listen + "'"});
  }
  for (const std::string& set : file.sets) {
    Override change;
    if (parse_override(set, change)) {
      input.overrides.push_back(std::move(change));
    } else {
      const std::uint16_t source = findings.add_source("--set " + set);
      findings.add({0, 0, source}, "override", "is not path=value", "--set decide.threshold=0.95");
    }
  }
  input.directory = directory_of(file.path);
  input.lookup = make_lookup(fs, input.directory);
  if (kept_plan(file.path)) {
    input.kept = kept_files(fs, input.text, input.directory + "..");
    // A flag that names another goes first.
    for (const Override& change : input.overrides) {
      std::erase_if(input.kept, [&](const PlanFile& kept) {
        return (kept.key + ".").starts_with(change.path + ".");
      });
    }
  }
  input.stop_fd = file.stop_fd;
  if (!file.plan.empty()) {
    input.laid_over = file.plan;
    input.kept = kept_files(fs, file.plan, file.archive);
  }
  return load_pipeline(input, findings);
}

std::optional<LoadedPipeline> load_or_print(const PipelineFile& file) {
  const auto fs = make_posix_file_system();
  Findings findings;
  auto loaded = load_pipeline_file(*fs, file, findings);
  if (loaded) return loaded;
  for (const Finding& finding : findings.all()) {
    std::fprintf(stderr, "%s\n", to_string(finding).c_str());
  }
  return std::nullopt;
}

}  // namespace ouzel
