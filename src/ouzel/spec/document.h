/// A configuration file as a tree: the YAML library stays behind it (document.cc).
///
/// Values; no thread rules. Every node and key knows where it stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/spec/finding.h"

namespace ouzel {

struct NodeEntry;

struct Node {
  enum class Kind : std::uint8_t { null, scalar, sequence, map } kind = Kind::null;
  Mark at;
  bool quoted = false;             ///< A scalar in quotes: never a number.
  bool unknown = false;            ///< A scalar whose text could not be had; a finding says so.
  std::string text;                ///< Of a scalar.
  std::vector<Node> items;         ///< Of a sequence.
  std::vector<NodeEntry> entries;  ///< Of a map, in the order of the file, each key once.

  /// The value of a map's key, or nullptr.
  const Node* find(std::string_view key) const;
};

struct NodeEntry {
  std::string key;
  Mark key_at;
  Node value;
};

Node make_scalar(std::string text, Mark at);
Node make_map(Mark at);

/// "a map", "a list", "nothing", or the scalar's text in quotes, shortened.
std::string describe(const Node& node);

/// The deepest node on the way `features.0.of` that exists: where to point a finding.
const Node& nearest_node(const Node& root, std::string_view path);

inline constexpr std::size_t kDocumentBytesMax = 1 << 20;
inline constexpr std::size_t kDocumentNodesMax = 50'000;  ///< Aliases count as what they copy.
inline constexpr std::size_t kDocumentDepthMax = 32;

/// Reads one YAML document. Findings: utf8, empty, too_large, too_deep, too_many_nodes, yaml (its
/// grammar), yaml_tab, yaml_tag, duplicate_key. nullopt if the tree cannot be used.
std::optional<Node> parse_document(std::string_view text, std::uint16_t source, Findings& findings);

}  // namespace ouzel
