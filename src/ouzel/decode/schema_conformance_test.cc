// The JSON Schema test suite (draft 2020-12), through the compiler and the validator that run.
// Writes docs/conformance/json-schema.md if OUZEL_WRITE_DOCS is set; otherwise checks that it
// holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "ouzel/decode/decode_fixture.h"
#include "ouzel/decode/json_document.h"
#include "ouzel/decode/schema_compiler.h"
#include "ouzel/decode/schema_validator.h"
#include "ouzel/spec/finding.h"

namespace ouzel {
namespace {

using Kind = JsonValue::Kind;

struct Verdicts {
  std::size_t cases = 0, right = 0, refused = 0, wrong = 0;
  void add(const Verdicts& other) {
    cases += other.cases;
    right += other.right;
    refused += other.refused;
    wrong += other.wrong;
  }
};

struct Report {
  std::map<std::string, Verdicts> by_file;
  std::map<std::string, std::size_t> refusals;  ///< By what was refused: how many cases.
  std::vector<std::string> wrong;
  Verdicts total() const {
    Verdicts out;
    for (const auto& [file, verdicts] : by_file) out.add(verdicts);
    return out;
  }
};

/// The value as JSON again: the suite's schemas stand inside of its files.
void append_json(std::string& out, const JsonNode& node) {
  const bool object = node.is(Kind::object);
  if (!object && !node.is(Kind::array)) return void(out.append(node.value.token));
  out.push_back(object ? '{' : '[');
  const JsonNode* at = node.first();
  for (std::uint32_t i = 0; i < node.count; ++i, at = at->next()) {
    if (i > 0) out.push_back(',');
    if (object) append_json_string(out, at->name);
    if (object) out.push_back(':');
    append_json(out, *at);
  }
  out.push_back(object ? '}' : ']');
}

std::string json_of(const JsonNode& node) {
  std::string out;
  append_json(out, node);
  return out;
}

void run_group(const JsonNode& group, const std::string& file, Report& report) {
  const JsonNode& tests = *group.find("tests");
  Verdicts& verdicts = report.by_file[file];
  verdicts.cases += tests.count;
  const auto program = compile_schema(json_of(*group.find("schema")));
  if (!program) {
    verdicts.refused += tests.count;
    std::string why = program.error().message;
    report.refusals[why.substr(why.find(": ") + 2)] += tests.count;
    return;
  }
  NameTable names;
  SchemaValidator validator(**program, names);
  const JsonNode* test = tests.first();
  for (std::uint32_t i = 0; i < tests.count; ++i, test = test->next()) {
    JsonDocument instance;
    const std::string text = json_of(*test->find("data"));
    const auto parsed = instance.parse(text, 512, names);
    const bool expected = test->find("valid")->value.number != 0;
    std::string detail;
    const bool good = parsed && validator.valid(instance.root(), detail) == expected &&
                      detail.empty() == expected;
    (good ? verdicts.right : verdicts.wrong) += 1;
    if (good) continue;
    report.wrong.push_back(file + ": " + std::string(group.find("description")->value.text) + ": " +
                           std::string(test->find("description")->value.text) + ": " +
                           (parsed ? detail : parsed.error().message));
  }
}

Report run_folder(const std::filesystem::path& folder) {
  Report report;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    JsonDocument suite;
    NameTable names;
    const auto parsed = suite.parse(read_whole(path), 512, names);
    EXPECT_TRUE(parsed) << path << ": " << parsed.error().message;
    if (!parsed) continue;
    const JsonNode* group = suite.root().first();
    for (std::uint32_t i = 0; i < suite.root().count; ++i, group = group->next()) {
      run_group(*group, path.stem().string(), report);
    }
  }
  return report;
}

std::string row(const std::string& name, const Verdicts& of) {
  return "| " + name + " | " + std::to_string(of.cases) + " | " + std::to_string(of.right) + " | " +
         std::to_string(of.refused) + " | " + std::to_string(of.wrong) + " |\n";
}

std::string table(const Report& report, const std::string& wrong = "wrong verdict") {
  std::string out = "| file | cases | right verdict | schema refused at load | " + wrong +
                    " |\n|---|---:|---:|---:|---:|\n";
  for (const auto& [file, verdicts] : report.by_file) out += row(file, verdicts);
  return out + row("**all**", report.total());
}

std::string page(const Report& required, const Report& optional, const Report& formats) {
  std::string out =
      "# JSON Schema 2020-12: verdicts\n"
      "Every case of the JSON Schema test suite, through the compiler and the validator that run "
      "in the engine.\n"
      "`OUZEL_WRITE_DOCS=1 build/decode_test --gtest_filter=SchemaConformance.*` writes this page; "
      "without the variable the\n"
      "same test fails where the page no longer holds. What the schema may hold is in "
      "[how-to: bring a schema](../howto/bring-a-schema.md).\n\n"
      "## Required\n" +
      table(required) +
      "\nRefused when the pipeline is loaded, with the place in the schema, and why:\n\n"
      "| why | cases |\n|---|---:|\n";
  for (const auto& [why, cases] : required.refusals) {
    out += "| " + why + " | " + std::to_string(cases) + " |\n";
  }
  out += "\n## Optional\n" + table(optional);
  if (!optional.wrong.empty()) out += "\nWrong verdicts:\n\n";
  for (const std::string& wrong : optional.wrong) out += "- " + wrong + "\n";
  out +=
      "\n## Formats\n`format` is an annotation, as 2020-12 has it by default: it never rejects. "
      "The suite's cases for\nthose who let it reject are therefore not met where they ask for "
      "a rejection.\n\n" +
      table(formats);
  return out;
}

TEST(SchemaConformance, SuiteOfDraft202012) {
  const auto folder = shared_folder() / "conformance/json-schema/tests/draft2020-12";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "NOT RUN: the JSON Schema test suite is not at " << folder;
  }
  const Report required = run_folder(folder);
  const Report optional = run_folder(folder / "optional");
  const Report formats = run_folder(folder / "optional/format");
  EXPECT_EQ(required.total().cases, 1299u);
  EXPECT_EQ(required.total().wrong, 0u);
  for (const std::string& wrong : required.wrong) ADD_FAILURE() << wrong;
  const std::string wanted = page(required, optional, formats);
  std::printf("%s", table(required).c_str());
  const auto path = std::filesystem::path(OUZEL_SOURCE_DIR) / "docs/conformance/json-schema.md";
  if (std::getenv("OUZEL_WRITE_DOCS") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << wanted;
  }
  EXPECT_EQ(read_whole(path), wanted) << "stale; the first lines of the page say how to write it";
}

}  // namespace
}  // namespace ouzel
