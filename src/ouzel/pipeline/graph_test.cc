#include "ouzel/pipeline/graph.h"

#include <gtest/gtest.h>

namespace ouzel {
namespace {

std::vector<GraphStep> steps() {
  const auto pipeline = parse_pipeline(
      "name: ab\nschema: {key: k, time: ts, fields: {x: number, y: {type: string}}}\n"
      "features: [{of: x, take: [mean, max], last: 8}]\nmodel: detector\n");
  EXPECT_TRUE(pipeline) << (pipeline ? "" : pipeline.error().message);
  auto out = graph_steps(*pipeline);
  EXPECT_TRUE(out);
  return *out;
}

TEST(Graph, StepsInTheOrderInWhichAnEventPasses) {
  std::vector<std::string> names;
  for (const GraphStep& step : steps()) names.push_back(step.name);
  EXPECT_EQ(names, (std::vector<std::string>{"source", "decode", "log", "feature", "detector",
                                             "decide", "commit"}));
  EXPECT_EQ(steps()[1].reads, (std::vector<std::string>{"k", "ts", "x", "y"}));
  EXPECT_EQ(steps()[3].adds, (std::vector<std::string>{"x_mean_8", "x_max_8"}));
}

TEST(Graph, TextKeepsToItsWidth) {
  for (const std::size_t columns : {20U, 40U, 100U}) {
    const std::string text = graph_text(steps(), columns);
    EXPECT_NE(text.find("x_mean_8"), std::string::npos);
    if (columns < 100U) continue;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      EXPECT_LE(end - at, columns);
      at = end + 1;
    }
  }
}

TEST(Graph, DotNamesTheColumnsOfAnEdge) {
  const std::string dot = graph_dot("a\"b", steps());
  EXPECT_EQ(dot.find("digraph \"a\\\"b\" {\n"), 0U);
  EXPECT_NE(dot.find("\"decode\" -> \"feature\" [label=\"time, x\"];"), std::string::npos) << dot;
  EXPECT_NE(dot.find("\"detector\" -> \"decide\" [label=\"score\"];"), std::string::npos) << dot;
}

TEST(Graph, EveryColumnThatIsReadHasAnEdge) {
  const auto all = steps();
  const std::string dot = graph_dot("g", all);
  for (std::size_t i = 3; i < all.size(); ++i) {
    const std::string into = "-> \"" + all[i].name + "\" [label=\"";
    EXPECT_NE(dot.find(into), std::string::npos) << all[i].name;
  }
}

}  // namespace
}  // namespace ouzel
