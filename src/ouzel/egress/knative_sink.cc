#include "ouzel/egress/knative_sink.h"

#include <algorithm>
#include <utility>

#include "ouzel/egress/sink_fields.h"
#include "ouzel/spec/reader.h"

namespace ouzel {
namespace {

bool is_extension_name(const std::string& name) {
  constexpr std::string_view kGood = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (const std::string_view ours : {"specversion", "id", "source", "type", "time", "subject",
                                      "data", "datacontenttype", "dataschema"}) {
    if (name == ours) return false;
  }
  return !name.empty() && name.find_first_not_of(kGood) == std::string::npos;
}

/// JSON is YAML, so the reader of configuration reads it.
Result<void> read_overrides(const std::string& text, ReceiverSpec& receiver) {
  Findings findings;
  const auto root = parse_document(text, findings.add_source("K_CE_OVERRIDES"), findings);
  if (!root) return fail(ErrorCode::config, to_string(findings.all().front()));
  const Node* extensions = root->find("extensions");
  if (extensions == nullptr) return {};
  for (const NodeEntry& entry : extensions->entries) {
    if (!is_extension_name(entry.key) || entry.value.kind != Node::Kind::scalar) {
      return fail(ErrorCode::config, "K_CE_OVERRIDES: extensions." + entry.key +
                                         " is not the name of an extension with a text");
    }
    receiver.extensions.emplace_back(entry.key, entry.value.text);
  }
  return {};
}

}  // namespace

Result<std::optional<SinkSpec>> knative_sink(const KnativeEnvironment& environment) {
  if (environment.sink.empty()) return std::nullopt;
  Findings findings;
  const Mark at{.source = findings.add_source("K_SINK")};
  Node http = make_map(at);
  http.entries.push_back({"url", at, make_scalar(environment.sink, at)});
  Node node = make_map(at);
  node.entries.push_back({"http", at, std::move(http)});
  node.entries.push_back({"name", at, make_scalar(kKnativeSinkName, at)});
  node.entries.push_back({"when", at, make_scalar("all", at)});
  SinkSpec spec;
  read(sink_fields(), node, spec, findings);
  if (!findings.empty()) return fail(ErrorCode::config, to_string(findings.all().front()));
  spec.http.ca_pem = environment.ca_certs;
  spec.http.token_file = environment.token_file;
  if (!environment.ce_overrides.empty()) {
    OUZEL_TRY_VOID(read_overrides(environment.ce_overrides, spec.http));
  }
  return spec;
}

}  // namespace ouzel
