#include "ouzel/model/onnx_file.h"

#include <algorithm>
#include <set>

#include "ouzel/model/protobuf.h"

namespace ouzel {
namespace {

constexpr std::int64_t kIrMin = 3;      // The first that names operator sets.
constexpr std::int64_t kIrMax = 1'000;  // Nothing near: a number beyond is damage.
constexpr std::size_t kClassesMax = 10'000;
constexpr std::int64_t kExternal = 1;  // TensorProto.DataLocation

class FileReader {
 public:
  Result<OnnxFile> read(std::string_view bytes) {
    if (bytes.size() > kOnnxBytesMax) {
      return fail(ErrorCode::config, "the model is too large: at most " +
                                         std::to_string(kOnnxBytesMax) + " bytes, got " +
                                         std::to_string(bytes.size()));
    }
    model(bytes);
    if (why_.empty()) finish();
    if (!why_.empty()) return fail(ErrorCode::config, why_);
    return std::move(file_);
  }

 private:
  /// Keeps the first reason.
  bool refuse(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }
  bool damaged(const char* where) {
    return refuse(std::string("not an ONNX model, or a damaged one: ") + where);
  }
  bool name_fits(std::string_view name) {
    if (name.size() <= kOnnxNameMax) return true;
    return refuse("a name in the model is too long: at most " + std::to_string(kOnnxNameMax) +
                  " bytes, got " + std::to_string(name.size()));
  }

  bool model(std::string_view bytes) {
    ProtoReader reader(bytes);
    ProtoField field;
    std::string producer_version;
    while (reader.next(field)) {
      bool good = true;
      if (field.is_varint(1)) file_.ir_version = static_cast<std::int64_t>(field.number);
      if (field.is_bytes(2)) good = text(field.bytes, file_.producer);
      if (field.is_bytes(3)) good = text(field.bytes, producer_version);
      if (field.is_varint(5)) file_.model_version = static_cast<std::int64_t>(field.number);
      if (field.is_bytes(7)) good = main_graph(field.bytes);
      if (field.is_bytes(8)) good = opset(field.bytes);
      if (field.is_bytes(14)) good = metadata(field.bytes);
      if (field.is_bytes(25)) good = function(field.bytes);
      if (!good) return false;
    }
    if (!producer_version.empty()) file_.producer += " " + producer_version;
    return reader.ok() || damaged("its fields cannot be read");
  }

  bool text(std::string_view bytes, std::string& out) {
    out = bytes;
    return name_fits(bytes);
  }

  void finish() {
    if (graphs_ != 1) {
      damaged("no graph in it");
    } else if (file_.ir_version < kIrMin || file_.ir_version > kIrMax) {
      refuse("ir_version: " + std::to_string(kIrMin) + " or later expected, got " +
             std::to_string(file_.ir_version));
    } else if (file_.opsets.empty()) {
      damaged("it names no operator set");
    }
    std::erase_if(file_.inputs,
                  [&](const OnnxValue& value) { return initialised_.contains(value.name); });
  }

  bool opset(std::string_view bytes) {
    ProtoReader reader(bytes);
    ProtoField field;
    std::pair<std::string, std::int64_t> out{"", 0};
    while (reader.next(field)) {
      if (field.is_bytes(1)) out.first = field.bytes;
      if (field.is_varint(2)) out.second = static_cast<std::int64_t>(field.number);
    }
    if (!reader.ok() || !name_fits(out.first)) return damaged("opset_import");
    if (out.second < 1 || out.second > kIrMax || file_.opsets.size() >= 64) {
      return refuse("opset_import: a version of 1 or later expected, got " +
                    std::to_string(out.second));
    }
    file_.opsets.push_back(std::move(out));
    return true;
  }

  bool metadata(std::string_view bytes) {
    ProtoReader reader(bytes);
    ProtoField field;
    std::string_view key;
    std::string_view value;
    while (reader.next(field)) {
      if (field.is_bytes(1)) key = field.bytes;
      if (field.is_bytes(2)) value = field.bytes;
    }
    if (!reader.ok()) return damaged("metadata_props");
    metadata_bytes_ += key.size() + value.size();
    if (metadata_bytes_ > kOnnxMetadataMax) {
      return refuse("metadata_props: at most " + std::to_string(kOnnxMetadataMax) +
                    " bytes in all");
    }
    if (!keys_.insert(std::string(key)).second) {
      return refuse("metadata_props: the key '" + std::string(key) + "' is there twice");
    }
    file_.metadata.emplace_back(key, value);
    return true;
  }

  /// A message field that stands twice would be merged by the runtime; here it is refused, so that
  /// both see the same.
  bool main_graph(std::string_view bytes) {
    if (++graphs_ > 1) return damaged("two graphs in it");
    return graph(bytes, 1);
  }

  bool graph(std::string_view bytes, std::size_t depth) {
    if (depth > kOnnxDepthMax) {
      return refuse("graphs in graphs: at most " + std::to_string(kOnnxDepthMax) + " levels");
    }
    ProtoReader reader(bytes);
    ProtoField field;
    while (reader.next(field)) {
      bool good = true;
      if (field.is_bytes(1)) good = node(field.bytes, depth);
      if (field.is_bytes(5)) good = tensor(field.bytes, depth == 1);
      if (field.is_bytes(15)) good = sparse(field.bytes, depth == 1);
      if (depth == 1 && field.is_bytes(11)) good = value(field.bytes, file_.inputs);
      if (depth == 1 && field.is_bytes(12)) good = value(field.bytes, file_.outputs);
      if (!good) return false;
    }
    return reader.ok() || damaged("a graph");
  }

  bool function(std::string_view bytes) {
    ProtoReader reader(bytes);
    ProtoField field;
    while (reader.next(field)) {
      if (field.is_bytes(7) && !node(field.bytes, 1)) return false;
      if (field.is_bytes(11) && !attribute(field.bytes, 1)) return false;
    }
    return reader.ok() || damaged("a function");
  }

  bool node(std::string_view bytes, std::size_t depth) {
    if (++file_.nodes > kOnnxNodesMax) {
      return refuse("too many nodes: at most " + std::to_string(kOnnxNodesMax));
    }
    ProtoReader reader(bytes);
    ProtoField field;
    while (reader.next(field)) {
      if (field.is_bytes(5) && !attribute(field.bytes, depth)) return false;
    }
    return reader.ok() || damaged("a node");
  }

  bool attribute(std::string_view bytes, std::size_t depth) {
    ProtoReader reader(bytes);
    ProtoField field;
    std::string_view name;
    std::vector<std::string> classes;
    while (reader.next(field)) {
      bool good = true;
      if (field.is_bytes(1)) name = field.bytes;
      if (field.is_bytes(5) || field.is_bytes(10)) good = tensor(field.bytes, false);
      if (field.is_bytes(6) || field.is_bytes(11)) good = graph(field.bytes, depth + 1);
      if (field.is_bytes(22) || field.is_bytes(23)) good = sparse(field.bytes, false);
      if (name.starts_with("classlabels_")) good = good && class_label(field, classes);
      if (!good) return false;
    }
    if (!classes.empty()) file_.classes = std::move(classes);
    return reader.ok() || damaged("an attribute");
  }

  /// AttributeProto.ints (one a field, or packed) and .strings.
  bool class_label(const ProtoField& field, std::vector<std::string>& out) {
    if (field.is_bytes(9)) out.emplace_back(field.bytes);
    if (field.is_varint(8)) out.push_back(std::to_string(static_cast<std::int64_t>(field.number)));
    if (field.is_bytes(8)) {
      ByteReader packed(field.bytes);
      while (packed.left() > 0 && packed.ok() && out.size() <= kClassesMax) {
        out.push_back(std::to_string(static_cast<std::int64_t>(packed.get_varint())));
      }
      if (!packed.ok()) return damaged("class labels");
    }
    if (out.size() > kClassesMax || (!out.empty() && out.back().size() > kOnnxNameMax)) {
      return refuse("too many class labels, or too long ones");
    }
    return true;
  }

  bool sparse(std::string_view bytes, bool initialises) {
    ProtoReader reader(bytes);
    ProtoField field;
    while (reader.next(field)) {
      if ((field.is_bytes(1) || field.is_bytes(2)) && !tensor(field.bytes, initialises)) {
        return false;
      }
    }
    return reader.ok() || damaged("a sparse tensor");
  }

  bool tensor(std::string_view bytes, bool initialises) {
    ProtoReader reader(bytes);
    ProtoField field;
    while (reader.next(field)) {
      if (initialises && field.is_bytes(8)) {
        if (!name_fits(field.bytes)) return false;
        initialised_.insert(std::string(field.bytes));
      }
      const bool external = field.id == 13 || (field.is_varint(14) && field.number == kExternal);
      if (external) {
        return refuse(
            "the model keeps weights in other files (external data): save it as one "
            "file");
      }
    }
    return reader.ok() || damaged("a tensor");
  }

  bool value(std::string_view bytes, std::vector<OnnxValue>& out) {
    ProtoReader reader(bytes);
    ProtoField field;
    OnnxValue made;
    while (reader.next(field)) {
      if (field.is_bytes(1)) made.name = field.bytes;
      if (field.is_bytes(2) && !type(field.bytes, made)) return false;
    }
    if (!reader.ok()) return damaged("an input or output");
    if (!name_fits(made.name)) return false;
    if (out.size() >= kOnnxValuesMax) {
      return refuse("too many inputs or outputs: at most " + std::to_string(kOnnxValuesMax));
    }
    out.push_back(std::move(made));
    return true;
  }

  bool type(std::string_view bytes, OnnxValue& out) {
    ProtoReader reader(bytes);
    ProtoField field;
    while (reader.next(field)) {
      if (field.is_bytes(1) && !tensor_type(field.bytes, out)) return false;
    }
    return reader.ok() || damaged("a type");
  }

  bool tensor_type(std::string_view bytes, OnnxValue& out) {
    ProtoReader reader(bytes);
    ProtoField field;
    while (reader.next(field)) {
      if (field.is_varint(1)) {
        out.element = static_cast<OnnxElement>(std::min<std::uint64_t>(field.number, 255));
      }
      if (field.is_bytes(2) && !shape(field.bytes, out)) return false;
    }
    return reader.ok() || damaged("a tensor's type");
  }

  bool shape(std::string_view bytes, OnnxValue& out) {
    out.shaped = true;
    ProtoReader reader(bytes);
    ProtoField field;
    while (reader.next(field)) {
      if (!field.is_bytes(1)) continue;
      std::int64_t dim = -1;
      ProtoReader inner(field.bytes);
      ProtoField part;
      while (inner.next(part)) {
        if (part.is_varint(1)) dim = static_cast<std::int64_t>(part.number);
      }
      if (!inner.ok() || out.dims.size() >= 16) return damaged("a shape");
      out.dims.push_back(dim < 0 ? -1 : dim);
    }
    return reader.ok() || damaged("a shape");
  }

  OnnxFile file_;
  std::string why_;
  std::size_t graphs_ = 0;
  std::size_t metadata_bytes_ = 0;
  std::set<std::string> keys_;
  std::set<std::string, std::less<>> initialised_;
};

/// The first bytes field `id` of a message; empty: none.
std::string_view bytes_field(std::string_view message, std::uint32_t id) {
  ProtoReader reader(message);
  ProtoField field;
  while (reader.next(field)) {
    if (field.is_bytes(id)) return field.bytes;
  }
  return {};
}

/// A float matrix's ValueInfo.
std::string matrix(std::string_view name) {
  std::string shape;
  ProtoWriter(shape).put_bytes(1, "");
  ProtoWriter(shape).put_bytes(1, "");
  std::string tensor;
  ProtoWriter(tensor).put_varint(1, static_cast<std::uint64_t>(OnnxElement::float32));
  ProtoWriter(tensor).put_bytes(2, shape);
  std::string type;
  ProtoWriter(type).put_bytes(1, tensor);
  std::string value;
  ProtoWriter(value).put_bytes(1, name);
  ProtoWriter(value).put_bytes(2, type);
  return value;
}

/// The ZipMap becomes an Identity of the same name and output, which is then a matrix.
std::string identity(std::string_view from, std::string_view to) {
  std::string node;
  ProtoWriter out(node);
  out.put_bytes(1, from);
  out.put_bytes(2, to);
  out.put_bytes(4, "Identity");
  return node;
}

std::string graph_without_zip_map(std::string_view graph) {
  std::string out;
  std::set<std::string_view> changed;
  ProtoReader nodes(graph);
  ProtoField field;
  while (nodes.next(field)) {
    if (field.is_bytes(1) && bytes_field(field.bytes, 4) == "ZipMap") {
      changed.insert(bytes_field(field.bytes, 2));
    }
  }
  ProtoReader all(graph);
  while (all.next(field)) {
    if (field.is_bytes(1) && bytes_field(field.bytes, 4) == "ZipMap") {
      ProtoWriter(out).put_bytes(
          1, identity(bytes_field(field.bytes, 1), bytes_field(field.bytes, 2)));
    } else if (field.is_bytes(12) && changed.contains(bytes_field(field.bytes, 1))) {
      ProtoWriter(out).put_bytes(12, matrix(bytes_field(field.bytes, 1)));
    } else {
      out.append(field.whole);
    }
  }
  return out;
}

}  // namespace

std::string to_string(OnnxElement element) {
  switch (element) {
    case OnnxElement::none: return "no tensor";
    case OnnxElement::float32: return "float";
    case OnnxElement::int64: return "int64";
    case OnnxElement::text: return "string";
    case OnnxElement::float64: return "double";
  }
  return "type " + std::to_string(static_cast<int>(element));
}

std::size_t bytes_of(OnnxElement element) {
  if (element == OnnxElement::float32) return 4;
  return element == OnnxElement::float64 || element == OnnxElement::int64 ? 8 : 0;
}

std::string describe(const OnnxValue& value) {
  std::string out = value.name + ": " + to_string(value.element);
  if (!value.shaped) return out;
  out += '[';
  for (std::size_t i = 0; i < value.dims.size(); ++i) {
    if (i > 0) out += ',';
    out += value.dims[i] < 0 ? "?" : std::to_string(value.dims[i]);
  }
  return out + ']';
}

std::string describe(const std::vector<OnnxValue>& values) {
  std::string out;
  for (const OnnxValue& value : values) out += (out.empty() ? "" : ", ") + describe(value);
  return out.empty() ? "none" : out;
}

Result<OnnxFile> read_onnx_file(std::string_view bytes) { return FileReader().read(bytes); }

std::string without_zip_map(std::string_view bytes) {
  if (bytes.find("ZipMap") == std::string_view::npos) return std::string(bytes);
  std::string out;
  ProtoReader reader(bytes);
  ProtoField field;
  while (reader.next(field)) {
    if (field.is_bytes(7)) {
      ProtoWriter(out).put_bytes(7, graph_without_zip_map(field.bytes));
    } else {
      out.append(field.whole);
    }
  }
  return out;
}

std::string with_metadata(std::string_view bytes,
                          const std::vector<std::pair<std::string, std::string>>& entries) {
  std::set<std::string_view> keys;
  for (const auto& [key, value] : entries) keys.insert(key);
  std::string out;
  ProtoReader reader(bytes);
  ProtoField field;
  while (reader.next(field)) {
    if (field.is_bytes(14) && keys.contains(bytes_field(field.bytes, 1))) continue;
    out.append(field.whole);
  }
  for (const auto& [key, value] : entries) {
    std::string entry;
    ProtoWriter(entry).put_bytes(1, key);
    ProtoWriter(entry).put_bytes(2, value);
    ProtoWriter(out).put_bytes(14, entry);
  }
  return out;
}

std::string with_version(std::string_view bytes, std::uint32_t version) {
  std::string out;
  ProtoReader reader(bytes);
  ProtoField field;
  while (reader.next(field)) {
    if (!field.is_varint(5)) out.append(field.whole);
  }
  ProtoWriter(out).put_varint(5, version);
  return out;
}

}  // namespace ouzel
