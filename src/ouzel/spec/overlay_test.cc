#include "ouzel/spec/overlay.h"

#include <gtest/gtest.h>

#include "ouzel/spec/echo.h"
#include "ouzel/spec/reader.h"

namespace ouzel {
namespace {

struct Limits {
  std::uint64_t keys = 0;
  std::uint64_t memory = 0;
};
struct Model {
  std::string file;
  double rate = 0;
};
struct Top {
  std::string name;
  std::string port;
  std::string note;
  Limits limits;
  Model model;
};

TableOf<Top> table() {
  TableOf<Limits> limits("limits", "x");
  limits.integer("keys", &Limits::keys, {.help = "x", .initial = "5"})
      .integer("memory", &Limits::memory, {.help = "x", .initial = "7", .operational = true});
  TableOf<Model> model("model", "x");
  model.text("file", &Model::file, {.help = "x", .initial = "none"})
      .number("rate", &Model::rate, {.help = "x", .initial = "1"})
      .shorthand("file");
  TableOf<Top> top("top", "x");
  top.text("name", &Top::name, {.help = "x", .required = true})
      .text("port", &Top::port, {.help = "x", .initial = "any", .operational = true})
      .text("note", &Top::note, {.help = "x", .example = "y"})
      .section("limits", &Top::limits, limits)
      .section("model", &Top::model, model);
  return top;
}

std::string laid_over(const std::string& own, const std::string& upper) {
  Findings findings;
  const auto parse = [&](const std::string& text) {
    return *parse_document(text, findings.add_source("it"), findings);
  };
  Node root = parse(own);
  lay_over(root, parse(upper), table().table());
  Top unused;
  read(table(), root, unused, findings);
  std::string out = echo(table().table(), root);
  for (const Finding& finding : findings.all()) out += to_string(finding);
  return out;
}

TEST(Overlay, WhatDecidesComesFromAboveAndTheRestStays) {
  EXPECT_EQ(
      laid_over("name: a\nport: mine\nlimits: {keys: 2, memory: 3}\nmodel: a.onnx\n",
                "name: b\nport: theirs\nlimits: {keys: 8, memory: 9}\nmodel: {rate: 4}\n"),
      "name: b\nport: mine\nlimits:\n  keys: 8\n  memory: 3\nmodel:\n  file: none\n  rate: 4\n");
}

TEST(Overlay, WhatIsNotAboveIsNotThere) {
  EXPECT_EQ(
      laid_over("name: a\nnote: mine\nlimits: {keys: 2}\nmodel: {rate: 3}\n", "name: b\n"),
      "name: b\nport: any\nlimits:\n  keys: 5\n  memory: 7\nmodel:\n  file: none\n  rate: 1\n");
}

TEST(Overlay, WhatIsNotBelowComesFromAbove) {
  EXPECT_EQ(laid_over("name: a\n", "name: b\nnote: theirs\nlimits: {keys: 8}\nmodel: b.onnx\n"),
            "name: b\nport: any\nnote: theirs\nlimits:\n  keys: 8\n  memory: 7\nmodel:\n"
            "  file: b.onnx\n  rate: 1\n");
}

}  // namespace
}  // namespace ouzel
