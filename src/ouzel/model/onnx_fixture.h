/// Small ONNX models for tests, written field by field.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/model/onnx_model.h"
#include "ouzel/model/protobuf.h"

namespace ouzel::fixture {

inline constexpr std::int64_t kAny = -1;

/// A graph in the making. Names of values are as in ONNX; "x" in, "y" out by custom.
class OnnxBuilder {
 public:
  OnnxBuilder& input(const std::string& name, std::vector<std::int64_t> dims,
                     OnnxElement element = OnnxElement::float32) {
    ProtoWriter(graph_).put_bytes(11, value(name, dims, element));
    return *this;
  }
  OnnxBuilder& output(const std::string& name, std::vector<std::int64_t> dims,
                      OnnxElement element = OnnxElement::float32) {
    ProtoWriter(graph_).put_bytes(12, value(name, dims, element));
    return *this;
  }
  /// An output of a ZipMap: a sequence of maps.
  OnnxBuilder& maps(const std::string& name) {
    std::string out;
    ProtoWriter(out).put_bytes(1, name);
    ProtoWriter(out).put_bytes(2, message(4, message(1, message(5, ""))));
    ProtoWriter(graph_).put_bytes(12, out);
    return *this;
  }
  OnnxBuilder& floats(const std::string& name, std::vector<std::int64_t> dims,
                      const std::vector<float>& numbers) {
    return tensor(
        name, dims, 1,
        std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)));
  }
  OnnxBuilder& integers(const std::string& name, std::vector<std::int64_t> dims,
                        const std::vector<std::int64_t>& numbers) {
    return tensor(name, dims, 7,
                  std::string(reinterpret_cast<const char*>(numbers.data()),
                              numbers.size() * sizeof(std::int64_t)));
  }
  /// `attributes`: AttributeProtos.
  OnnxBuilder& node(const std::string& kind, const std::vector<std::string>& inputs,
                    const std::vector<std::string>& outputs,
                    const std::vector<std::string>& attributes = {},
                    const std::string& domain = "") {
    std::string out;
    ProtoWriter writer(out);
    for (const std::string& name : inputs) writer.put_bytes(1, name);
    for (const std::string& name : outputs) writer.put_bytes(2, name);
    writer.put_bytes(4, kind);
    for (const std::string& one : attributes) writer.put_bytes(5, one);
    if (!domain.empty()) writer.put_bytes(7, domain);
    ProtoWriter(graph_).put_bytes(1, out);
    return *this;
  }
  /// Any field of the graph.
  OnnxBuilder& raw(std::uint32_t id, const std::string& bytes) {
    ProtoWriter(graph_).put_bytes(id, bytes);
    return *this;
  }
  OnnxBuilder& metadata(const std::string& key, const std::string& text) {
    metadata_.emplace_back(key, text);
    return *this;
  }
  std::string graph() const { return graph_; }
  std::string bytes() const {
    std::string out;
    ProtoWriter writer(out);
    writer.put_varint(1, 8);
    writer.put_bytes(2, "fixture");
    writer.put_varint(5, 3);
    writer.put_bytes(7, graph_);
    for (const auto& [domain, version] : {std::pair{"", 13}, std::pair{"ai.onnx.ml", 3}}) {
      std::string set;
      ProtoWriter(set).put_bytes(1, domain);
      ProtoWriter(set).put_varint(2, static_cast<std::uint64_t>(version));
      writer.put_bytes(8, set);
    }
    return with_metadata(out, metadata_);
  }

  static std::string message(std::uint32_t id, const std::string& bytes) {
    std::string out;
    ProtoWriter(out).put_bytes(id, bytes);
    return out;
  }
  static std::string attribute(const std::string& name, std::int64_t number) {
    std::string out = message(1, name);
    ProtoWriter(out).put_varint(3, static_cast<std::uint64_t>(number));
    ProtoWriter(out).put_varint(20, 2);
    return out;
  }
  static std::string attribute(const std::string& name, const std::string& text) {
    std::string out = message(1, name) + message(4, text);
    ProtoWriter(out).put_varint(20, 3);
    return out;
  }
  static std::string attribute(const std::string& name, const std::vector<float>& numbers) {
    std::string out = message(1, name);
    for (const float number : numbers) ProtoWriter(out).put_float(7, number);
    ProtoWriter(out).put_varint(20, 6);
    return out;
  }
  static std::string integers_attribute(const std::string& name,
                                        const std::vector<std::int64_t>& numbers) {
    std::string out = message(1, name);
    for (const std::int64_t number : numbers) {
      ProtoWriter(out).put_varint(8, static_cast<std::uint64_t>(number));
    }
    ProtoWriter(out).put_varint(20, 7);
    return out;
  }
  static std::string graph_attribute(const std::string& name, const std::string& graph) {
    std::string out = message(1, name) + message(6, graph);
    ProtoWriter(out).put_varint(20, 5);
    return out;
  }

 private:
  static std::string value(const std::string& name, const std::vector<std::int64_t>& dims,
                           OnnxElement element) {
    std::string shape;
    for (const std::int64_t dim : dims) {
      std::string one;
      if (dim >= 0) ProtoWriter(one).put_varint(1, static_cast<std::uint64_t>(dim));
      if (dim < 0) ProtoWriter(one).put_bytes(2, "n");
      ProtoWriter(shape).put_bytes(1, one);
    }
    std::string type;
    ProtoWriter(type).put_varint(1, static_cast<std::uint64_t>(element));
    ProtoWriter(type).put_bytes(2, shape);
    return message(1, name) + message(2, message(1, type));
  }
  OnnxBuilder& tensor(const std::string& name, const std::vector<std::int64_t>& dims,
                      std::uint64_t element, const std::string& bytes) {
    std::string out;
    ProtoWriter writer(out);
    for (const std::int64_t dim : dims) writer.put_varint(1, static_cast<std::uint64_t>(dim));
    writer.put_varint(2, element);
    writer.put_bytes(8, name);
    writer.put_bytes(9, bytes);
    ProtoWriter(graph_).put_bytes(5, out);
    return *this;
  }

  std::string graph_ = message(2, "g");
  std::vector<std::pair<std::string, std::string>> metadata_;
};

/// y = sigmoid(a + 2 b - 1), of the fields a and b.
inline OnnxBuilder logistic() {
  OnnxBuilder out;
  out.input("x", {kAny, 2})
      .floats("w", {2, 1}, {1, 2})
      .floats("b", {1}, {-1})
      .node("Gemm", {"x", "w", "b"}, {"z"})
      .node("Sigmoid", {"z"}, {"y"})
      .output("y", {kAny, 1});
  return out;
}

/// As skl2onnx writes a classifier: label, and a ZipMap of the probabilities of "bad" (1) and
/// "good" (0): P(bad) = sigmoid(a - b).
inline OnnxBuilder zip_map() {
  using B = OnnxBuilder;
  OnnxBuilder out;
  out.input("x", {kAny, 2})
      .node("LinearClassifier", {"x"}, {"label", "probs"},
            {B::attribute("coefficients", std::vector<float>{-1, 1, 1, -1}),
             B::attribute("intercepts", std::vector<float>{0, 0}),
             B::integers_attribute("classlabels_ints", {4, 7}), B::attribute("multi_class", 1),
             B::attribute("post_transform", "LOGISTIC")},
            "ai.onnx.ml")
      .node("ZipMap", {"probs"}, {"probabilities"},
            {B::integers_attribute("classlabels_int64s", {4, 7})}, "ai.onnx.ml")
      .output("label", {kAny}, OnnxElement::int64)
      .maps("probabilities");
  return out;
}

/// y = x / 2: its error is x² / 4.
inline OnnxBuilder half(std::int64_t width) {
  OnnxBuilder out;
  out.input("x", {kAny, width})
      .floats("h", {1}, {0.5F})
      .node("Mul", {"x", "h"}, {"y"})
      .output("y", {kAny, width});
  return out;
}

/// Of the last 3 vectors of a and b: 100 a₀ + 10 a₁ + a₂ (a₂ is the newest), b unused.
inline OnnxBuilder last_three() {
  OnnxBuilder out;
  out.input("x", {kAny, 3, 2})
      .floats("w", {6, 1}, {100, 0, 10, 0, 1, 0})
      .node("Flatten", {"x"}, {"flat"})
      .node("MatMul", {"flat", "w"}, {"y"})
      .output("y", {kAny, 1});
  return out;
}

/// y = x minus the mean of the *batch*: what no row may depend on.
inline OnnxBuilder company_dependent() {
  using B = OnnxBuilder;
  OnnxBuilder out;
  out.input("x", {kAny, 1})
      .node("ReduceMean", {"x"}, {"m"},
            {B::integers_attribute("axes", {0}), B::attribute("keepdims", 1)})
      .node("Sub", {"x", "m"}, {"y"})
      .output("y", {kAny, 1});
  return out;
}

/// y = x plus chance.
inline OnnxBuilder random() {
  OnnxBuilder out;
  out.input("x", {kAny, 1})
      .node("RandomUniformLike", {"x"}, {"r"})
      .node("Add", {"x", "r"}, {"y"})
      .output("y", {kAny, 1});
  return out;
}

/// y = table[x] for a whole number x in [0, 4): a run fails as a whole for any other.
inline OnnxBuilder table_of_four() {
  OnnxBuilder out;
  out.input("x", {kAny, 1}, OnnxElement::int64)
      .floats("t", {4}, {0.0F, 0.25F, 0.5F, 0.75F})
      .node("Gather", {"t", "x"}, {"y"})
      .output("y", {kAny, 1});
  return out;
}

/// A schema of numeric fields.
inline Schema numbers(const std::vector<std::string>& names) {
  Schema schema;
  for (const std::string& name : names) {
    Field field;
    field.name = name;
    schema.fields.push_back(field);
  }
  return schema;
}

inline OnnxSource source(const OnnxBuilder& model, const std::vector<std::string>& fields,
                         OnnxSpec spec = {}) {
  return {.name = "m",
          .bytes = model.bytes(),
          .spec = std::move(spec),
          .schema = numbers(fields),
          .features = {}};
}

}  // namespace ouzel::fixture
