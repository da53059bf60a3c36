#include "ouzel/model/onnx_stage.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ouzel/model/onnx_fixture.h"
#include "ouzel/model/onnx_trial.h"
#include "ouzel/stage/stage_conformance.h"

namespace ouzel {
namespace {

using fixture::kAny;
using fixture::OnnxBuilder;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

std::shared_ptr<const OnnxModel> loaded(const OnnxSource& source) {
  auto model = OnnxModel::load(source, SystemClock());
  EXPECT_TRUE(model) << model.error().message;
  return model ? *model : nullptr;
}

std::string refusal(const OnnxSource& source) {
  const auto model = OnnxModel::load(source, SystemClock());
  return model ? "it was taken" : model.error().message;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// One key's rows through a stage.
class Lane {
 public:
  explicit Lane(std::shared_ptr<const OnnxModel> model)
      : stage_(std::move(model)), key_(stage_.state_need().key_bytes / 8 + 1) {}

  Batch run(const std::vector<std::vector<double>>& rows) {
    Batch batch;
    batch.fate.assign(rows.size(), Fate::live);
    batch.flags.assign(rows.size(), 0);
    batch.values.reset(rows.size(), rows.front().size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      batch.detail.append("");
      std::copy(rows[row].begin(), rows[row].end(), batch.values.row(row));
    }
    std::vector<std::byte*> keys(rows.size(), reinterpret_cast<std::byte*>(key_.data()));
    stage_.run(batch, StateView(keys.data(), 0, nullptr));
    return batch;
  }

 private:
  OnnxStage stage_;
  std::vector<std::uint64_t> key_;
};

/// For models that a build or machine without the runtime cannot run.
class OnnxStageTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto found = onnx_runtime_found(); !found) GTEST_SKIP() << found.error().message;
  }
};

TEST_F(OnnxStageTest, TheScoreIsTheModelsNumber) {
  Lane lane(loaded(fixture::source(fixture::logistic(), {"a", "b"})));
  const Batch batch = lane.run({{0, 0}, {1, 0.5}, {-3, 2}});
  EXPECT_NEAR(batch.score[0], sigmoid(-1), 1e-6);
  EXPECT_NEAR(batch.score[1], sigmoid(1), 1e-6);
  EXPECT_NEAR(batch.score[2], sigmoid(0), 1e-6);
}

TEST_F(OnnxStageTest, ColumnsGoInByNameNotByPlace) {
  const auto named = fixture::logistic().metadata("ouzel.features", R"(["b", "a"])");
  Lane by_card(loaded(fixture::source(named, {"z", "a", "b"})));
  EXPECT_NEAR(by_card.run({{9, 2, 1}}).score[0], sigmoid(1 + 4 - 1), 1e-6);
  OnnxSpec spec;
  spec.inputs = {"z", "b"};
  Lane by_pipeline(loaded(fixture::source(named, {"z", "a", "b"}, spec)));
  EXPECT_NEAR(by_pipeline.run({{9, 2, 1}}).score[0], sigmoid(9 + 2 - 1), 1e-6);
}

TEST_F(OnnxStageTest, AClassifierGivesThePositiveClass) {
  Lane second(loaded(fixture::source(fixture::zip_map(), {"a", "b"})));
  EXPECT_NEAR(second.run({{2, 1}}).score[0], sigmoid(1), 1e-6);
  OnnxSpec spec;
  spec.positive = "4";
  Lane first(loaded(fixture::source(fixture::zip_map(), {"a", "b"}, spec)));
  EXPECT_NEAR(first.run({{2, 1}}).score[0], sigmoid(-1), 1e-6);
  spec.positive = "5";
  EXPECT_EQ(refusal(fixture::source(fixture::zip_map(), {"a", "b"}, spec)),
            "positive: one of [4, 7] expected, got '5'");
}

TEST_F(OnnxStageTest, AnAutoencodersErrorIsTheScore) {
  OnnxSpec spec;
  spec.error_threshold = 2;
  Lane lane(loaded(fixture::source(fixture::half(3), {"a", "b", "c"}, spec)));
  const Batch batch = lane.run({{0, 0, 0}, {4, 2, 2}, {40, 0, 30}});
  EXPECT_EQ(batch.score[0], 0);
  EXPECT_NEAR(batch.score[1], 0.9, 1e-6);  // (4 + 1 + 1) / 3 = 2, the threshold.
  ASSERT_EQ(batch.reasons[2].count, 2);
  EXPECT_EQ(batch.reasons[2].column[0], 0);
  EXPECT_NEAR(batch.reasons[2].weight[0], 0.64, 1e-6);
  EXPECT_EQ(batch.reasons[2].column[1], 2);
  EXPECT_NE(refusal(fixture::source(fixture::half(3), {"a", "b", "c"})).find("error_threshold"),
            std::string::npos);
}

TEST_F(OnnxStageTest, ASequenceBeginsWithItsFirstVector) {
  Lane lane(loaded(fixture::source(fixture::last_three(), {"a", "b"})));
  const Batch one = lane.run({{1, 0}, {2, 0}});
  EXPECT_EQ(one.score[0], 111);
  EXPECT_EQ(one.score[1], 112);
  EXPECT_NE(one.flags[1] & kFlagWarming, 0);
  const Batch two = lane.run({{3, 0}, {4, 0}, {5, 0}});
  EXPECT_EQ(two.score[0], 123);
  EXPECT_EQ(two.score[1], 234);
  EXPECT_EQ(two.score[2], 345);
  EXPECT_EQ(two.flags[0] & kFlagWarming, 0);
}

TEST_F(OnnxStageTest, OneInputAColumn) {
  OnnxBuilder sum;
  sum.input("b", {kAny, 1})
      .input("a", {kAny}, OnnxElement::float64)
      .integers("to", {2}, {-1, 1})
      .node("Cast", {"a"}, {"af"}, {OnnxBuilder::attribute("to", 1)})
      .node("Reshape", {"af", "to"}, {"ac"})
      .node("Sub", {"ac", "b"}, {"y"})
      .output("y", {kAny, 1});
  Lane lane(loaded(fixture::source(sum, {"a", "b"})));
  EXPECT_EQ(lane.run({{5, 3}}).score[0], 2);
  EXPECT_EQ(refusal(fixture::source(sum, {"a", "c"})),
            "the model and the pipeline do not fit. The model takes 2 columns (b: float[?,1], a: "
            "double[?]). The pipeline has no 'b', it has 2: [a, c]");
}

TEST_F(OnnxStageTest, WhatIsMissing) {
  const auto model =
      fixture::logistic().metadata("ouzel.reference", R"({"a": {"mean": 2}, "b": {"mean": 0.5}})");
  OnnxSpec spec;
  Lane nan(loaded(fixture::source(model, {"a", "b"}, spec)));
  const Batch failed = nan.run({{1, 1}, {kMissing, 1}});
  EXPECT_EQ(failed.fate[0], Fate::live);
  EXPECT_EQ(failed.fate[1], Fate::model_failed);
  EXPECT_EQ(failed.detail[1], "score: a finite number expected, the model gave NaN (missing: a)");
  spec.missing = OnnxMissing::reject;
  Lane reject(loaded(fixture::source(model, {"a", "b"}, spec)));
  EXPECT_EQ(reject.run({{1, kMissing}}).detail[0], "b: missing, and the model needs it");
  spec.missing = OnnxMissing::mean;
  Lane mean(loaded(fixture::source(model, {"a", "b"}, spec)));
  EXPECT_NEAR(mean.run({{kMissing, 1}}).score[0], sigmoid(3), 1e-6);
  EXPECT_NE(
      refusal(fixture::source(fixture::logistic(), {"a", "b"}, spec)).find("ouzel model card"),
      std::string::npos);
}

TEST_F(OnnxStageTest, OcclusionNamesWhatDroveTheScore) {
  OnnxSpec spec;
  spec.reasons_from = 0.9;
  Lane lane(loaded(fixture::source(
      fixture::logistic().metadata("ouzel.reference", R"({"a": {"mean": 0}, "b": {"mean": 0}})"),
      {"a", "b"}, spec)));
  const Batch batch = lane.run({{0, 3}, {-1, 3}, {0, 0}});
  ASSERT_EQ(batch.reasons[0].count, 1);
  EXPECT_EQ(batch.reasons[0].column[0], 1);
  EXPECT_EQ(batch.reasons[0].weight[0], 1);
  EXPECT_EQ(batch.reasons[1].count, 1);
  EXPECT_EQ(batch.reasons[2].count, 0);
}

TEST_F(OnnxStageTest, OneRowsFaultIsItsOwn) {
  Lane lane(loaded(fixture::source(fixture::table_of_four(), {"a"})));
  const Batch batch = lane.run({{1}, {9}, {0.5}, {3}, {kMissing}});
  EXPECT_EQ(batch.score[0], 0.25F);
  EXPECT_EQ(batch.score[3], 0.75F);
  EXPECT_EQ(batch.fate[0], Fate::live);
  EXPECT_EQ(batch.fate[3], Fate::live);
  EXPECT_EQ(batch.fate[1], Fate::model_failed);
  EXPECT_TRUE(batch.detail[1].starts_with("the model failed: ")) << batch.detail[1];
  EXPECT_EQ(batch.detail[2], "a: a whole number expected, got 0.500000");
  EXPECT_EQ(batch.detail[4], "a: missing, and the model needs it");
}

TEST_F(OnnxStageTest, RefusesWhatDoesNotFitWithBothLists) {
  EXPECT_EQ(refusal(fixture::source(fixture::logistic(), {"a", "b", "c"})),
            "the model and the pipeline do not fit. The model takes 2 columns (x: float[?,2]) and "
            "does not name them. The pipeline has 3: [a, b, c]; name the inputs with "
            "model.onnx.inputs");
  EXPECT_EQ(refusal(fixture::source(
                fixture::logistic().metadata("ouzel.features", R"(["a", "gone"])"), {"a", "b"})),
            "the model and the pipeline do not fit. The model takes 2 columns (x: float[?,2]), and "
            "its card names 2: [a, gone]. The pipeline has no 'gone', it has 2: [a, b]");
  OnnxSpec three;
  three.inputs = {"a", "b", "c"};
  EXPECT_EQ(refusal(fixture::source(fixture::logistic().metadata("ouzel.features", R"(["u", "v"])"),
                                    {"a", "b", "c"}, three)),
            "the model and the pipeline do not fit. The model takes 2 columns (x: float[?,2]), and "
            "its card names 2: [u, v]. model.onnx.inputs names 3: [a, b, c]. The pipeline has 3: "
            "[a, b, c]");
  OnnxSpec swapped;
  swapped.inputs = {"b", "a"};
  EXPECT_EQ(refusal(fixture::source(fixture::logistic().metadata("ouzel.features", R"(["a", "b"])"),
                                    {"a", "b"}, swapped)),
            "model.onnx.inputs has the features of the model's card in another order: the card has "
            "[a, b], the pipeline [b, a]; remove inputs, or write the card anew");
  OnnxBuilder text;
  text.input("x", {kAny, 1}, OnnxElement::text);
  EXPECT_NE(refusal(fixture::source(text, {"a"})).find("got x: string[?,1]"), std::string::npos);
}

TEST_F(OnnxStageTest, ABrokenModelIsARefusalNotAnEnd) {
  OnnxBuilder unknown;
  unknown.input("x", {kAny, 1}).node("NoSuchOperator", {"x"}, {"y"}).output("y", {kAny, 1});
  EXPECT_NE(refusal(fixture::source(unknown, {"a"})).find("refuses the model"), std::string::npos);
  OnnxBuilder greedy;
  greedy.input("x", {kAny, 1})
      .integers("s", {2}, {1 << 20, 1 << 20})
      .node("ConstantOfShape", {"s"}, {"big"})
      .node("Add", {"x", "big"}, {"y"})
      .output("y", {kAny, 1});
  const std::string why = refusal(fixture::source(greedy, {"a"}));
  EXPECT_TRUE(why.starts_with("a first run of the model: ") ||
              why.starts_with("loading and trying the model: "))
      << why;
}

TEST_F(OnnxStageTest, TheTrialSeesWhatDependsOnCompany) {
  const SystemClock clock;
  const auto alone = try_model(fixture::source(fixture::company_dependent(), {"a"}), clock);
  ASSERT_TRUE(alone);
  EXPECT_FALSE(alone->equal);
  const auto dense = try_model(fixture::source(fixture::logistic(), {"a", "b"}), clock);
  ASSERT_TRUE(dense);
  EXPECT_TRUE(dense->equal);
  EXPECT_GE(dense->rows_max, 8U);
}

TEST_F(OnnxStageTest, RefusesAModelThatIsLeftToChance) {
  const std::string why = refusal(fixture::source(fixture::random(), {"a"}));
  EXPECT_NE(why.find("answers the same row otherwise each time"), std::string::npos) << why;
}

TEST_F(OnnxStageTest, AModelOfAFixedBatch) {
  OnnxBuilder fixed;
  fixed.input("x", {4, 1}).floats("h", {1}, {2}).node("Mul", {"x", "h"}, {"y"}).output("y", {4, 1});
  Lane lane(loaded(fixture::source(fixed, {"a"})));
  const Batch batch = lane.run({{1}, {2}, {3}, {4}, {5}});
  EXPECT_EQ(batch.score[0], 2);
  EXPECT_EQ(batch.score[4], 10);
}

TEST_F(OnnxStageTest, Conforms) {
  OnnxSpec encoder;
  encoder.error_threshold = 1;
  encoder.missing = OnnxMissing::reject;
  for (const OnnxSource& source :
       {fixture::source(fixture::logistic().metadata("ouzel.reference",
                                                     R"({"a": {"mean": 50}, "b": {"mean": 50}})"),
                        {"a", "b"}),
        fixture::source(fixture::zip_map(), {"a", "b"}),
        fixture::source(fixture::half(2), {"a", "b"},
                        [&] {
                          OnnxSpec spec = encoder;
                          spec.kind = OnnxKind::autoencoder;
                          return spec;
                        }()),
        fixture::source(fixture::last_three(), {"a", "b"}),
        fixture::source(fixture::table_of_four(), {"a"}),
        fixture::source(fixture::company_dependent(), {"a"})}) {
    const auto model = loaded(source);
    ASSERT_NE(model, nullptr);
    conformance::expect_conforms({.make = [&] { return std::make_unique<OnnxStage>(model); },
                                  .value_columns = source.schema.fields.size()});
  }
}

}  // namespace
}  // namespace ouzel
