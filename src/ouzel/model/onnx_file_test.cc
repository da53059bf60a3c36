#include "ouzel/model/onnx_file.h"

#include <gtest/gtest.h>

#include "ouzel/base/random.h"
#include "ouzel/model/onnx_fixture.h"

namespace ouzel {
namespace {

using fixture::kAny;
using fixture::OnnxBuilder;

std::string refusal(const std::string& bytes) {
  const auto file = read_onnx_file(bytes);
  return file ? "" : file.error().message;
}

TEST(OnnxFile, SaysWhatAModelTakesAndGives) {
  const auto file = read_onnx_file(fixture::zip_map().metadata("k", "v").bytes());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(describe(file->inputs), "x: float[?,2]");
  EXPECT_EQ(describe(file->outputs), "label: int64[?], probabilities: no tensor");
  EXPECT_EQ(file->classes, (std::vector<std::string>{"4", "7"}));
  EXPECT_EQ(file->nodes, 2U);
  EXPECT_EQ(file->model_version, 3);
  EXPECT_EQ(file->producer, "fixture");
  EXPECT_EQ(file->metadata, (std::vector<std::pair<std::string, std::string>>{{"k", "v"}}));
}

TEST(OnnxFile, AnInitialisedInputIsNone) {
  const auto file = read_onnx_file(
      OnnxBuilder().input("w", {1}).input("x", {kAny}).floats("w", {1}, {1}).bytes());
  ASSERT_TRUE(file);
  EXPECT_EQ(describe(file->inputs), "x: float[?]");
}

TEST(OnnxFile, RefusesWeightsInOtherFilesWhereverTheyStand) {
  std::string tensor = OnnxBuilder::message(8, "w") + OnnxBuilder::message(13, "/etc/passwd");
  std::string flagged = OnnxBuilder::message(8, "w");
  ProtoWriter(flagged).put_varint(14, 1);
  for (const std::string& external : {tensor, flagged}) {
    const std::string attribute = OnnxBuilder::message(5, external);
    const std::string graph = OnnxBuilder().raw(5, external).graph();
    for (const std::string& bytes :
         {OnnxBuilder().raw(5, external).bytes(),
          OnnxBuilder().raw(15, OnnxBuilder::message(1, external)).bytes(),
          OnnxBuilder().node("Constant", {}, {"c"}, {attribute}).bytes(),
          OnnxBuilder()
              .node("If", {"c"}, {"y"}, {OnnxBuilder::graph_attribute("then_branch", graph)})
              .bytes()}) {
      EXPECT_NE(refusal(bytes).find("external data"), std::string::npos) << refusal(bytes);
    }
  }
}

TEST(OnnxFile, BoundsNestingAndCounts) {
  std::string graph = OnnxBuilder().graph();
  for (std::size_t i = 0; i < kOnnxDepthMax; ++i) {
    graph =
        OnnxBuilder().node("If", {"c"}, {"y"}, {OnnxBuilder::graph_attribute("g", graph)}).graph();
  }
  EXPECT_NE(refusal(OnnxBuilder()
                        .node("If", {"c"}, {"y"}, {OnnxBuilder::graph_attribute("g", graph)})
                        .bytes())
                .find("levels"),
            std::string::npos);
  OnnxBuilder many;
  for (std::size_t i = 0; i <= kOnnxValuesMax; ++i) many.input("x" + std::to_string(i), {kAny});
  EXPECT_NE(refusal(many.bytes()).find("too many inputs"), std::string::npos);
  EXPECT_NE(refusal(OnnxBuilder().input(std::string(2000, 'x'), {1}).bytes()).find("too long"),
            std::string::npos);
  EXPECT_NE(refusal(OnnxBuilder().metadata("k", std::string(kOnnxMetadataMax, 'x')).bytes())
                .find("metadata_props"),
            std::string::npos);
}

TEST(OnnxFile, RefusesWhatIsNoModel) {
  for (const std::string& bytes :
       {std::string(), std::string("PK\x03\x04 zip"), std::string(1000, '\0'),
        std::string(1000, '\xff'), std::string("{\"json\": 1}"), OnnxBuilder().graph()}) {
    EXPECT_FALSE(refusal(bytes).empty());
  }
}

TEST(OnnxFile, TwoGraphsAreNotMerged) {
  const std::string one = fixture::logistic().bytes();
  EXPECT_NE(refusal(one + OnnxBuilder::message(7, OnnxBuilder().graph())).find("two graphs"),
            std::string::npos);
}

/// Whatever is done to a file, the answer is a value or an error, and the other functions bear it.
TEST(OnnxFile, BearsFlipsAndCuts) {
  const std::string whole = fixture::zip_map().metadata("ouzel.features", "[\"a\"]").bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    if (read_onnx_file(cut)) without_zip_map(cut);
  }
  Random random(11);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = whole;
    for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    const auto file = read_onnx_file(bytes);
    EXPECT_TRUE(file || !file.error().message.empty());
    without_zip_map(bytes);
    with_metadata(bytes, {{"k", "v"}});
    with_version(bytes, 7);
  }
}

TEST(OnnxFile, AZipMapBecomesItsMatrix) {
  const std::string bytes = without_zip_map(fixture::zip_map().bytes());
  const auto file = read_onnx_file(bytes);
  ASSERT_TRUE(file);
  EXPECT_EQ(describe(file->outputs), "label: int64[?], probabilities: float[?,?]");
  EXPECT_EQ(bytes.find("ZipMap"), std::string::npos);
  const std::string plain = fixture::logistic().bytes();
  EXPECT_EQ(without_zip_map(plain), plain);
}

TEST(OnnxFile, MetadataIsReplacedNotDoubled) {
  const std::string bytes = fixture::logistic().metadata("a", "1").metadata("b", "2").bytes();
  const auto file = read_onnx_file(with_metadata(bytes, {{"a", "3"}}));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->metadata,
            (std::vector<std::pair<std::string, std::string>>{{"b", "2"}, {"a", "3"}}));
}

TEST(OnnxFile, AVersionIsSetAndNothingElse) {
  const std::string bytes = fixture::logistic().bytes();
  const std::string seventh = with_version(with_version(bytes, 300), 7);
  const auto file = read_onnx_file(seventh);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->model_version, 7);
  EXPECT_EQ(with_version(bytes, 7), seventh);
  EXPECT_EQ(file->metadata, read_onnx_file(bytes)->metadata);
}

}  // namespace
}  // namespace ouzel
