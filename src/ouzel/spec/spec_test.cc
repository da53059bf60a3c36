#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "ouzel/spec/document.h"
#include "ouzel/spec/echo.h"
#include "ouzel/spec/expand.h"
#include "ouzel/spec/json_schema.h"
#include "ouzel/spec/nearest.h"
#include "ouzel/spec/override.h"
#include "ouzel/spec/reader.h"
#include "ouzel/spec/reference.h"
#include "ouzel/spec/spec_test_component.h"

namespace ouzel {
namespace {

std::string all_of(const Findings& findings) {
  std::string out;
  for (const Finding& finding : findings.all()) out += to_string(finding) + "\n";
  return out;
}

/// All findings of a file, in its order.
std::string lint(std::string_view text, Gadget* out = nullptr) {
  Findings findings;
  const std::uint16_t source = findings.add_source("f.yaml");
  Gadget gadget;
  static const TableOf<Gadget> fields = gadget_fields();
  const auto root = parse_document(text, source, findings);
  if (root) read(fields, *root, out == nullptr ? gadget : *out, findings);
  findings.sort();
  return all_of(findings);
}

TEST(Spec, FillsEveryKindOfField) {
  Gadget g;
  EXPECT_EQ(lint("on: false\nlevel: 0.25\ncount: 7\nwait: PT2S\nroom: 64KiB\nlabel: 12\n"
                 "tags: [a, b]\ncolour: green\ncolours: red\nmain: 4\nparts: [{low: 1}, 2]\n"
                 "named: {x: {low: 3}, y: }\n",
                 &g),
            "");
  EXPECT_FALSE(g.on);
  EXPECT_EQ(g.level, 0.25);
  EXPECT_EQ(g.count, 7);
  EXPECT_EQ(g.wait, std::chrono::seconds(2));
  EXPECT_EQ(g.room, 65536U);
  EXPECT_EQ(g.label, "12");
  EXPECT_EQ(g.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(g.colour, Colour::green);
  EXPECT_EQ(g.colours, std::vector<Colour>{Colour::red});
  EXPECT_EQ(g.main.low, 4);
  ASSERT_EQ(g.parts.size(), 2U);
  EXPECT_EQ(g.parts[1].low, 2);
  ASSERT_EQ(g.named.size(), 2U);
  EXPECT_EQ(g.named[0].name, "x");
  EXPECT_EQ(g.named[1].low, 0);
}

TEST(Spec, DefaultsStandInTheTable) {
  Gadget g;
  EXPECT_EQ(lint("label: x", &g), "");
  EXPECT_TRUE(g.on);
  EXPECT_EQ(g.level, 0.5);
  EXPECT_EQ(g.count, 3);
  EXPECT_EQ(g.wait, std::chrono::seconds(5));
  EXPECT_EQ(g.colour, Colour::red);
  EXPECT_EQ(g.main.low, 0);
}

struct Case {
  const char* text;
  const char* findings;
};

class SpecFindings : public testing::TestWithParam<Case> {};

TEST_P(SpecFindings, SayWhereAndWhat) { EXPECT_EQ(lint(GetParam().text), GetParam().findings); }

INSTANTIATE_TEST_SUITE_P(
    Bad, SpecFindings,
    testing::Values(
        Case{"",
             "f.yaml: empty: the file says nothing (`ouzel create` prints a pipeline to start "
             "from)\n"},
        Case{"# only words\n\n  \n",
             "f.yaml: empty: the file says nothing (`ouzel create` prints "
             "a pipeline to start from)\n"},
        Case{"label: x\nlevle: 1\n",
             "f.yaml:2:1: unknown_key: the pipeline has no key 'levle' (did you mean 'level'?)\n"},
        Case{"label: x\nlevel: 1.5\ncount: 0\n",
             "f.yaml:2:8: range: level: must be 0 to 1, got 1.5\n"
             "f.yaml:3:8: range: count: must be 1 to 65535, got 0\n"},
        Case{"label: x\nlevel: high\n", "f.yaml:2:8: type: level: 'high' is not a number\n"},
        Case{"label: x\nlevel: \"0.5\"\n",
             "f.yaml:2:8: type: level: must be a number, got the text \"0.5\" (remove the "
             "quotes)\n"},
        Case{"label: x\nlevel: [1]\n", "f.yaml:2:8: type: level: must be a number, got a list\n"},
        Case{"label: x\nlevel:\n", "f.yaml:2:1: type: level: has no value\n"},
        Case{"label: x\nwait: 5\n",
             "f.yaml:2:7: unit: wait: '5' is a duration without a unit; write 5s or 5ms\n"},
        Case{"label: x\nwait: 5 parsec\n",
             "f.yaml:2:7: unit: wait: '5 parsec' is not a duration such as 5ms, 60s, 1h, 7d or "
             "PT1S\n"},
        Case{"label: x\nroom: 2GiB\n", "f.yaml:2:7: range: room: must be at most 1GiB, got 2GiB\n"},
        Case{"level: 1\n",
             "f.yaml:1:1: missing: label: must be given (add 'label: hi'; What "
             "it says)\n"},
        Case{"label: x\non: yes\n", "f.yaml:2:5: type: on: must be true or false, got 'yes'\n"},
        Case{"label: x\ncolour: gren\n",
             "f.yaml:2:9: unknown_value: colour: 'gren' is not known "
             "here (did you mean 'green'?)\n"},
        Case{"label: x\ncolours: [red, pink]\n",
             "f.yaml:2:16: unknown_value: colours: 'pink' is not known here (known: red, green)\n"},
        Case{"label: x\ntags: [a, b, a]\n",
             "f.yaml:2:14: duplicate_value: tags: 'a' stands here twice (remove one)\n"},
        Case{"label: x\ntags: [a, b, c, d]\n",
             "f.yaml:2:7: range: tags: must have at most 3 items, got 4\n"},
        Case{"label: x\nparts: {low: 1}\n",
             "f.yaml:2:8: type: parts: must be a list, got a map (start each item with -)\n"},
        Case{"label: x\nparts:\n  - low: 1\n  - {lwo: 1}\n",
             "f.yaml:4:6: unknown_key: parts[1] has no key 'lwo' (did you mean 'low'?)\n"},
        Case{"label: x\nmotor: {speed: 3}\n",
             "f.yaml:2:1: not_in_build: a motor ('motor') is not in this build (known: on, level, "
             "count, wait, room, label, password, tags, colour, colours, main, parts, named, "
             "engine)\n"},
        Case{"label: x\nengine: [a]\n",
             "f.yaml:2:9: type: engine: must be a map of settings, got a list\n"},
        Case{"label: x\nengine:\n  fule: 1\n  fuel: coal\n",
             "f.yaml:3:3: unknown_key: engine.fule: is not known\n"
             "f.yaml:4:3: value: engine.fuel: must not be coal (it smokes)\n"},
        Case{"label: x\nengine:\n  start: {code: }\n  a: [[b]]\n",
             "f.yaml:3:11: type: engine.start.code: has no value\n"
             "f.yaml:4:7: type: engine.a: must be a text or a list of texts\n"},
        Case{"label: x\nengine: {start.code: 1, start: {code: 2}}\n",
             "f.yaml:2:33: duplicate_key: engine.start.code: stands here twice\n"},
        Case{"label: x\nlabel: y\n",
             "f.yaml:2:1: duplicate_key: the key 'label' stands here twice (first in line 1)\n"},
        Case{"- a\n",
             "f.yaml:1:1: type: must be a map of keys, got a list (known: on, level, "
             "count, wait, room, label, password, tags, colour, colours, main, parts, "
             "named, engine)\n"},
        Case{"label: x\nmain:\n\tlow: 1\n",
             "f.yaml:3:1: yaml_tab: a tab indents this line (YAML indents with spaces)\n"},
        Case{"label: [x\n", "f.yaml:2:1: yaml: end of sequence flow not found\n"},
        Case{"label: caf\xc3\xa9 \xff\n",
             "f.yaml:1:13: utf8: the file is not valid UTF-8 (save it as UTF-8)\n"},
        Case{"label: \xed\xa0\x80\n",
             "f.yaml:1:8: utf8: the file is not valid UTF-8 (save it as UTF-8)\n"},
        Case{"label: a\x01\n",
             "f.yaml:1:9: utf8: a control character stands in the file (remove it)\n"},
        Case{"label: é\nnamed: {é: {lo: 1}}\n",
             "f.yaml:2:13: unknown_key: named.é has no key 'lo' (did you mean 'low'?)\n"},
        Case{"label: !!str x\n",
             "f.yaml:1:8: yaml_tag: the tag tag:yaml.org,2002:str is not "
             "understood (remove it)\n"},
        Case{"label: x\n---\nlabel: y\n",
             "f.yaml: yaml: the file holds more than one document (one file is one pipeline)\n"},
        Case{"{[a]: 1}\n", "f.yaml:1:2: yaml: a key must be a word, got a list\n"}));

TEST(Spec, ReportsEveryFindingOfAFile) {
  EXPECT_EQ(lint("level: 2\nfoo: 1\nwait: 9h\n"),
            "f.yaml:1:1: missing: label: must be given (add 'label: hi'; What it says)\n"
            "f.yaml:1:8: range: level: must be 0 to 1, got 2\n"
            "f.yaml:2:1: unknown_key: the pipeline has no key 'foo' (known: on, level, count, "
            "wait, room, label, password, tags, colour, colours, main, parts, named, engine)\n"
            "f.yaml:3:7: range: wait: must be 1ms to 1h, got 9h\n");
}

TEST(Spec, BoundsWhatAFileMayCost) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i)
      bomb += std::string(i == 0 ? "*" : ", *") + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  EXPECT_NE(lint(bomb).find("too_many_nodes"), std::string::npos);
  EXPECT_NE(lint(std::string(100, '[')).find("too_deep"), std::string::npos);
  EXPECT_NE(lint(std::string(100'000, '[')).find("too_deep"), std::string::npos);
  EXPECT_NE(lint(std::string(kDocumentBytesMax + 1, 'x')).find("too_large"), std::string::npos);
  EXPECT_NE(lint("label: &a [*a]\n").find("yaml"), std::string::npos);
  EXPECT_NE(lint("label: *nowhere\n").find("yaml"), std::string::npos);
}

TEST(Spec, NeverFailsOnAnyPrefixOrFlippedByte) {
  const std::string good =
      "label: \"a\\n${x}\"\nparts: [{low: 1}, &a {low: 2}, *a]\nmain: {low: 3}\n";
  for (std::size_t i = 0; i < good.size(); ++i) {
    lint(good.substr(0, i));
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      lint(bad);
    }
  }
}

Lookup make_lookup(std::map<std::string, std::string> known) {
  const auto look = [known](const std::string& name) -> std::optional<std::string> {
    const auto found = known.find(name);
    if (found == known.end()) return std::nullopt;
    return found->second;
  };
  return {look, look};
}

TEST(Expand, IsTextNeverStructure) {
  Findings findings;
  const auto source = findings.add_source("f.yaml");
  auto root =
      parse_document("label: 'x ${env:A} $${env:A}'\nlevel: \"${file:n}\"\n", source, findings);
  ASSERT_TRUE(root);
  expand(*root, make_lookup({{"A", "{on: false}"}, {"n", "0.75\n"}}), findings);
  Gadget g;
  read(gadget_fields(), *root, g, findings);
  EXPECT_EQ(all_of(findings), "");
  EXPECT_EQ(g.label, "x {on: false} ${env:A}");
  EXPECT_EQ(g.level, 0.75);
  EXPECT_TRUE(g.on);
}

TEST(Expand, UnsetIsAFinding) {
  Findings findings;
  const auto source = findings.add_source("f.yaml");
  auto root = parse_document("a: ${env:A}\nb: ${file:b}\nc: ${C}\nd: '${env:A'\ne: ${env:bad}\n",
                             source, findings);
  ASSERT_TRUE(root);
  expand(*root, make_lookup({{"bad", "\xff"}}), findings);
  EXPECT_EQ(all_of(findings),
            "f.yaml:1:4: expand: the environment variable A is not set\n"
            "f.yaml:2:4: expand: the file b cannot be read\n"
            "f.yaml:3:4: expand: ${C} is not understood (write ${env:NAME} or ${file:PATH}; $${ "
            "stands for ${ itself)\n"
            "f.yaml:4:4: expand: ${ without its } ($${ stands for ${ itself)\n"
            "f.yaml:5:4: expand: ${env:bad} is not valid UTF-8\n");
}

TEST(Expand, WhatIsNotKnownIsSaidOnce) {
  Findings findings;
  const auto source = findings.add_source("f.yaml");
  auto root = parse_document("level: ${env:L}\ntags: [a, '${env:T}']\nlabel: '${env:M}'\n", source,
                             findings);
  ASSERT_TRUE(root);
  expand(*root, make_lookup({}), findings);
  Gadget g;
  read(gadget_fields(), *root, g, findings);
  EXPECT_EQ(all_of(findings),
            "f.yaml:1:8: expand: the environment variable L is not set\n"
            "f.yaml:2:11: expand: the environment variable T is not set\n"
            "f.yaml:3:8: expand: the environment variable M is not set\n");
}

TEST(Override, ChangesAddsAndSaysWhatItCannot) {
  Findings findings;
  const auto source = findings.add_source("f.yaml");
  auto root = parse_document("label: x\nparts: [1]\n", source, findings);
  ASSERT_TRUE(root);
  for (const char* text : {"label=y", "parts.0.low=5", "parts[1]=6", "parts[2].low=8", "parts[x]=1",
                           "main.low=7", "level=2"}) {
    Override change;
    ASSERT_TRUE(parse_override(text, change));
    apply(*root, change, findings);
  }
  Gadget g;
  read(gadget_fields(), *root, g, findings);
  EXPECT_EQ(all_of(findings),
            "--set parts.0.low: override: the path 'parts.0.low' cannot go to 'low' (a path is "
            "keys and item numbers with dots: features.0.last)\n"
            "--set parts[x]: unknown_key: the pipeline has no key 'parts[x]' (known: on, level, "
            "count, wait, room, label, password, tags, colour, colours, main, parts, named, "
            "engine)\n"
            "--set level:1:1: range: level: must be 0 to 1, got 2\n");
  EXPECT_EQ(g.label, "y");
  ASSERT_EQ(g.parts.size(), 3U);
  EXPECT_EQ(g.parts[1].low, 6);
  EXPECT_EQ(g.parts[2].low, 8);
  EXPECT_EQ(g.main.low, 7);
  Override change;
  EXPECT_FALSE(parse_override("level", change));
  EXPECT_FALSE(parse_override("=1", change));
}

TEST(Echo, IsCompleteMaskedAndReadsBack) {
  Findings findings;
  const auto source = findings.add_source("f.yaml");
  const std::string text =
      "label: \"a: ${b} #\"\nwait: PT60S\npassword: secret\nparts: [1, {low: 2}]\n"
      "named: {x: }\ntags: [a b, c]\n";
  auto root = parse_document(text, source, findings);
  ASSERT_TRUE(root);
  const Table table = gadget_fields().table();
  const std::string once = echo(table, *root);
  EXPECT_EQ(once,
            "on: true\nlevel: 0.5\ncount: 3\nwait: 1m\nroom: 1MiB\nlabel: \"a: $${b} #\"\n"
            "password: \"***\"\ntags: [\"a b\", c]\ncolour: red\nmain:\n  low: 0\nparts:\n"
            "  - low: 1\n  - low: 2\nnamed:\n  x:\n    low: 0\n");
  auto again = parse_document(once, source, findings);
  ASSERT_TRUE(again);
  expand(*again, make_lookup({}), findings);
  EXPECT_EQ(echo(table, *again), once);
  EXPECT_EQ(all_of(findings), "");
}

TEST(Settings, KeepTheirNamesOrderAndSecrets) {
  Findings findings;
  const auto source = findings.add_source("f.yaml");
  auto root = parse_document(
      "label: x\nengine:\n  fuel.tank: 09\n  start: {code: abc}\n  use: [a, b]\n  spare: \"\"\n",
      source, findings);
  ASSERT_TRUE(root);
  Override change;
  ASSERT_TRUE(parse_override("engine.fuel.tank=1e3", change));  // What stands there is replaced.
  apply(*root, change, findings);
  ASSERT_TRUE(parse_override("engine.fuel.kind=gas", change));
  apply(*root, change, findings);
  apply(*root, {.origin = "ENV", .path = "engine.start.code", .value = "${a: #", .literal = true},
        findings);
  apply(*root, {.origin = "BAD", .path = "engine.use", .value = "\xff", .literal = true}, findings);
  expand(*root, make_lookup({}), findings);
  Gadget g;
  read(gadget_fields(), *root, g, findings);
  EXPECT_EQ(all_of(findings), "BAD: utf8: the value is not valid UTF-8\n");
  EXPECT_EQ(g.engine, (Settings{{"fuel.tank", "1e3"},
                                {"start.code", "${a: #"},
                                {"use", "a,b"},
                                {"spare", ""},
                                {"fuel.kind", "gas"}}));
  const std::string text = echo(gadget_fields().table(), *root);
  EXPECT_NE(text.find("engine:\n  fuel.tank: 1e3\n  start.code: \"***\"\n  use: \"a,b\"\n  "
                      "spare: \"\"\n  fuel.kind: gas\n"),
            std::string::npos)
      << text;
}

TEST(Nearest, FindsWhatWasMeant) {
  const std::vector<std::string> known = {"threshold", "review", "hold_off"};
  EXPECT_EQ(nearest("treshold", known), "threshold");
  EXPECT_EQ(nearest("hold-off", known), "hold_off");
  EXPECT_EQ(nearest("reveiw", known), "review");
  EXPECT_EQ(nearest("banana", known), "");
  EXPECT_EQ(edit_distance("ab", "ba"), 1U);
}

TEST(Reference, ShowsEveryField) {
  const Table table = gadget_fields().table();
  for (const std::string& text : {reference_text(table), reference_markdown(table)}) {
    for (const std::string& name : table.names()) EXPECT_NE(text.find(name), std::string::npos);
    EXPECT_EQ(text.find("motor"), std::string::npos);
    EXPECT_NE(text.find("duration, 1ms to 1h, default 5s"), std::string::npos);
  }
}

TEST(JsonSchema, HasEveryFieldAndBalances) {
  const std::string text = json_schema(gadget_fields().table(), "gadget");
  int depth = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && text[i - 1] != '\\') inside = !inside;
    if (!inside) depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
  }
  EXPECT_EQ(depth, 0);
  EXPECT_NE(text.find("\"required\": [\"label\"]"), std::string::npos);
  EXPECT_NE(text.find("\"maximum\": 1"), std::string::npos);
}

}  // namespace
}  // namespace ouzel
