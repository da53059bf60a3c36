#include "ouzel/run/version.h"

#include "ouzel/log/kafka/kafka_library.h"
#include "ouzel/model/onnx_runtime.h"
#include "ouzel/pipeline/catalog.h"
#include "ouzel/spec/finding.h"

#ifndef OUZEL_VERSION
#define OUZEL_VERSION "0.0.0"
#endif
#ifndef OUZEL_REVISION
#define OUZEL_REVISION "unknown"
#endif

namespace ouzel {

std::string version() { return OUZEL_VERSION; }
std::string revision() { return OUZEL_REVISION; }

std::vector<std::pair<std::string, bool>> build_features() {
  std::vector<std::pair<std::string, bool>> out;
  for (const Component& one : components()) {
    const std::string name = one.kind == one.name ? one.kind : one.kind + "." + one.name;
    const bool in = name == "model.onnx"     ? onnx_built_in()
                    : name == "source.kafka" ? kafka_built_in()
                                             : true;
    out.emplace_back(name, in);
  }
  out.emplace_back("kafka", kafka_built_in());
#ifdef OUZEL_TEST_HOOKS
  out.emplace_back("test_hooks", true);
#else
  out.emplace_back("test_hooks", false);
#endif
  return out;
}

std::vector<std::pair<std::string, std::string>> build_libraries() {
  if (!kafka_built_in()) return {};
  return {{"librdkafka", kafka_library_version()}};
}

std::string version_json() {
  std::string out = "{\"version\":";
  append_json_string(out, version());
  out += ",\"revision\":";
  append_json_string(out, revision());
  out += ",\"compiler\":";
  append_json_string(out, __VERSION__);
  out += ",\"features\":{";
  bool first = true;
  for (const auto& [name, in] : build_features()) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, name);
    out += in ? ":true" : ":false";
  }
  out += "},\"libraries\":{";
  first = true;
  for (const auto& [name, its_version] : build_libraries()) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, name);
    out += ':';
    append_json_string(out, its_version);
  }
  return out + "}}";
}

}  // namespace ouzel
