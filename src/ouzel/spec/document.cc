#include "ouzel/spec/document.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <istream>
#include <map>
#include <streambuf>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "ouzel/spec/document_text.h"

namespace ouzel {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const NodeEntry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

/// Builds the tree from the parser's events. After the first finding that ends the reading, further
/// events are passed by.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, std::uint16_t source, Findings& findings)
      : source_(source), findings_(findings) {
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      lines_.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  bool failed() const { return failed_; }
  Node take_root() { return std::move(root_); }

  /// The parser counts bytes from 0. Places come mostly in order, so most are counted on from the
  /// one before.
  Mark mark(const YAML::Mark& at) {
    const auto line = static_cast<std::size_t>(std::max(at.line, 0));
    const auto column = static_cast<std::size_t>(std::max(at.column, 0));
    const std::string_view text = line < lines_.size() ? lines_[line] : std::string_view();
    if (line != counted_line_ || column < counted_bytes_) {
      counted_line_ = line;
      counted_bytes_ = 0;
      counted_ = 0;
    }
    const std::size_t known = std::min(counted_bytes_, text.size());
    counted_ += code_points(text.substr(known), column - counted_bytes_);
    counted_bytes_ = column;
    return {static_cast<std::uint32_t>(line + 1), counted_ + 1, source_};
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override {
    Node node;
    // The parser names the place behind; a key without a value is at the key.
    const bool value = !open_.empty() && open_.back().has_key;
    node.at = value ? open_.back().key_at : mark(at);
    add(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return stop(mark(at), "yaml", "an alias stands in its own anchor");
    nodes_ += count_nodes(found->second) - 1;
    if (nodes_ > kDocumentNodesMax) return stop_too_many(mark(at));
    add(found->second, 0);
  }
  void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(at, tag);
    Node node = make_scalar(value, mark(at));
    node.quoted = tag == "!";
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::sequence, at, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, at, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    Mark key_at;
  };

  void stop(Mark at, std::string rule, std::string message, std::string hint = {}) {
    if (failed_) return;
    failed_ = true;
    findings_.add(at, std::move(rule), std::move(message), std::move(hint));
  }
  void stop_too_many(Mark at) {
    stop(at, "too_many_nodes",
         "the file holds too many values: at most " + std::to_string(kDocumentNodesMax),
         "aliases count as what they stand for");
  }
  void check_tag(const YAML::Mark& at, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    stop(mark(at), "yaml_tag", "the tag " + tag + " is not understood", "remove it");
  }
  void open(Node::Kind kind, const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(at, tag);
    if (failed_) return;
    if (open_.size() >= kDocumentDepthMax) {
      return stop(mark(at), "too_deep",
                  "too deep: at most " + std::to_string(kDocumentDepthMax) + " levels");
    }
    Open level;
    level.node.kind = kind;
    level.node.at = mark(at);
    level.anchor = anchor;
    open_.push_back(std::move(level));
  }
  void close() {
    if (failed_) return;
    Open level = std::move(open_.back());
    open_.pop_back();
    add(std::move(level.node), level.anchor);
  }
  void add(Node node, YAML::anchor_t anchor) {
    if (failed_) return;
    if (++nodes_ > kDocumentNodesMax) return stop_too_many(node.at);
    if (anchor != 0) {
      nodes_ += count_nodes(node);
      if (nodes_ > kDocumentNodesMax) return stop_too_many(node.at);
      anchors_[anchor] = node;
    }
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& level = open_.back();
    if (level.node.kind == Node::Kind::sequence) {
      level.node.items.push_back(std::move(node));
    } else if (!level.has_key) {
      take_key(level, std::move(node));
    } else {
      level.has_key = false;
      put(level, std::move(node));
    }
  }
  void take_key(Open& level, Node node) {
    if (node.kind != Node::Kind::scalar) {
      return stop(node.at, "yaml", "a key must be a word, got " + describe(node));
    }
    level.has_key = true;
    level.key = std::move(node.text);
    level.key_at = node.at;
  }
  void put(Open& level, Node node) {
    const auto same = [&](const NodeEntry& entry) { return entry.key == level.key; };
    const auto first = std::find_if(level.node.entries.begin(), level.node.entries.end(), same);
    if (first != level.node.entries.end()) {
      findings_.add(level.key_at, "duplicate_key", "the key '" + level.key + "' stands here twice",
                    "first in line " + std::to_string(first->key_at.line));
      return;
    }
    level.node.entries.push_back({std::move(level.key), level.key_at, std::move(node)});
  }

  std::uint16_t source_;
  Findings& findings_;
  std::vector<std::string_view> lines_;
  std::size_t counted_line_ = 0;
  std::size_t counted_bytes_ = 0;
  std::uint32_t counted_ = 0;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t nodes_ = 0;
  bool failed_ = false;
  Node root_;
};

/// Lets the library read a text in place.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const NodeEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Node make_scalar(std::string text, Mark at) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.at = at;
  node.text = std::move(text);
  return node;
}

Node make_map(Mark at) {
  Node node;
  node.kind = Node::Kind::map;
  node.at = at;
  return node;
}

std::string describe(const Node& node) {
  constexpr std::size_t kShown = 60;
  switch (node.kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::sequence: return "a list";
    case Node::Kind::map: return "a map";
    case Node::Kind::scalar: break;
  }
  if (node.text.size() <= kShown) return "'" + node.text + "'";
  std::size_t cut = kShown;
  while (cut > 0 && (static_cast<unsigned char>(node.text[cut]) & 0xc0) == 0x80) --cut;
  return "'" + node.text.substr(0, cut) + "…'";
}

const Node& nearest_node(const Node& root, std::string_view path) {
  const Node* node = &root;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const std::string_view step = path.substr(0, dot);
    path.remove_prefix(std::min(dot + 1, path.size()));
    const Node* next = node->find(step);
    std::size_t index = 0;
    const auto read = std::from_chars(step.data(), step.data() + step.size(), index);
    if (next == nullptr && read.ec == std::errc() && index < node->items.size()) {
      next = &node->items[index];
    }
    if (next == nullptr) break;
    node = next;
  }
  return *node;
}

std::optional<Node> parse_document(std::string_view text, std::uint16_t source,
                                   Findings& findings) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!check_document_text(text, source, findings)) return std::nullopt;
  TreeBuilder builder(text, source, findings);
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    TreeBuilder second(text, source, findings);
    if (!builder.failed() && parser.HandleNextDocument(second)) {
      findings.add({0, 0, source}, "yaml", "the file holds more than one document",
                   "one file is one pipeline");
      return std::nullopt;
    }
  } catch (const YAML::Exception& error) {
    if (!builder.failed()) findings.add(builder.mark(error.mark), "yaml", error.msg);
    return std::nullopt;
  } catch (const std::exception& error) {
    findings.add({0, 0, source}, "yaml", error.what());
    return std::nullopt;
  }
  if (builder.failed()) return std::nullopt;
  return builder.take_root();
}

}  // namespace ouzel
