#include "ouzel/model/onnx_card.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "ouzel/base/hash.h"
#include "ouzel/spec/document.h"
#include "ouzel/spec/finding.h"
#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

tl::unexpected<Error> wrong(const std::string& key, const std::string& what) {
  return fail(ErrorCode::config, "the model's card: " + key + ": " + what);
}

/// JSON, read as the YAML that it is, with that reader's bounds.
Result<Node> parse(const std::string& key, const std::string& text) {
  Findings findings;
  const std::uint16_t source = findings.add_source(key);
  std::optional<Node> node = parse_document(text, source, findings);
  if (!node || !findings.empty()) {
    return wrong(key, "JSON expected" + (findings.empty() ? std::string()
                                                          : ": " + findings.all().front().message));
  }
  return std::move(*node);
}

std::optional<double> number(std::string_view text) {
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

Result<std::vector<std::string>> read_names(const std::string& key, const std::string& text) {
  OUZEL_TRY(const Node node, parse(key, text));
  if (node.kind != Node::Kind::sequence) return wrong(key, "a list of names expected");
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const Node& item : node.items) {
    if (item.kind != Node::Kind::scalar || item.text.empty()) {
      return wrong(key, "a list of names expected, got " + describe(item));
    }
    if (!seen.insert(item.text).second) return wrong(key, "'" + item.text + "' is there twice");
    out.push_back(item.text);
  }
  if (out.empty()) return wrong(key, "a list of names expected, got an empty one");
  return out;
}

Result<std::vector<CardReference>> read_reference(const std::string& key, const std::string& text) {
  OUZEL_TRY(const Node node, parse(key, text));
  if (node.kind != Node::Kind::map) return wrong(key, "an object with a key a feature expected");
  std::vector<CardReference> out;
  for (const NodeEntry& entry : node.entries) {
    const Node* mean = entry.value.find("mean");
    const auto value = mean == nullptr ? std::nullopt : number(mean->text);
    if (!value || !std::isfinite(*value)) {
      return wrong(key, "'" + entry.key + "': a finite number \"mean\" expected");
    }
    out.push_back({.feature = entry.key, .mean = *value});
  }
  return out;
}

std::string reference_json(const std::vector<CardReference>& reference) {
  std::string out;
  for (const CardReference& one : reference) {
    out += out.empty() ? "{" : ",";
    append_json_string(out, one.feature);
    out += ":{\"mean\":" + format_number(one.mean) + ",\"std\":" + format_number(one.std) +
           ",\"min\":" + format_number(one.min) + ",\"max\":" + format_number(one.max) +
           ",\"missing\":" + format_number(one.missing) + ",\"quantiles\":{";
    for (std::size_t i = 0; i < one.quantiles.size(); ++i) {
      out += (i > 0 ? ",\"" : "\"") + format_number(kCardQuantiles[i]) +
             "\":" + format_number(one.quantiles[i]);
    }
    out += "}}";
  }
  return out + "}";
}

}  // namespace

const CardReference* ModelCard::find(std::string_view feature) const {
  for (const CardReference& one : reference) {
    if (one.feature == feature) return &one;
  }
  return nullptr;
}

Result<ModelCard> read_card(const OnnxFile& file) {
  ModelCard card;
  for (const auto& [key, value] : file.metadata) {
    if (key == "ouzel.name") card.name = value;
    if (key == "ouzel.features") {
      OUZEL_TRY(card.features, read_names(key, value));
    }
    if (key == "ouzel.reference") {
      OUZEL_TRY(card.reference, read_reference(key, value));
    }
    if (key == "ouzel.threshold") {
      const auto threshold = number(value);
      if (!threshold || !std::isfinite(*threshold) || *threshold <= 0) {
        return wrong(key, "a number above 0 expected, got '" + value.substr(0, 64) + "'");
      }
      card.threshold = *threshold;
    }
  }
  for (const auto& [key, value] : file.metadata) {
    if (key == "ouzel.feature_hash" && value != feature_hash(card.features)) {
      return wrong(key, feature_hash(card.features) + " expected for its ouzel.features, got '" +
                            value.substr(0, 64) + "' (write the card anew: ouzel model card)");
    }
  }
  return card;
}

std::string feature_hash(const std::vector<std::string>& features) {
  std::string text;
  for (const std::string& name : features) text += name + "\n";
  return to_string(hash128(text));
}

std::vector<std::pair<std::string, std::string>> card_entries(const ModelCard& card) {
  std::vector<std::pair<std::string, std::string>> out;
  if (!card.name.empty()) out.emplace_back("ouzel.name", card.name);
  if (!card.features.empty()) {
    std::string names;
    for (const std::string& name : card.features) {
      names += names.empty() ? "[" : ",";
      append_json_string(names, name);
    }
    out.emplace_back("ouzel.features", names + "]");
    out.emplace_back("ouzel.feature_hash", feature_hash(card.features));
  }
  if (card.threshold > 0) out.emplace_back("ouzel.threshold", format_number(card.threshold));
  if (!card.reference.empty()) out.emplace_back("ouzel.reference", reference_json(card.reference));
  return out;
}

}  // namespace ouzel
