#include "ouzel/model/onnx_plan.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace ouzel {
namespace {

constexpr std::size_t kListedMax = 64;

std::string listed(const std::vector<std::string>& names) {
  std::string out = "[";
  for (std::size_t i = 0; i < std::min(names.size(), kListedMax); ++i) {
    out += (i > 0 ? ", " : "") + names[i];
  }
  if (names.size() > kListedMax) out += ", … " + std::to_string(names.size()) + " in all";
  return out + "]";
}

std::vector<std::string> numeric_names(const Schema& schema) {
  std::vector<std::string> out;
  for (const Field& field : schema.fields) {
    if (field.type != FieldType::string) out.push_back(field.name);
  }
  return out;
}

/// The columns of a pipeline by name.
class Columns {
 public:
  Columns(const Schema& schema, const std::vector<std::string>& features)
      : fields_(numeric_names(schema)), features_(features) {}

  std::vector<std::string> all() const {
    std::vector<std::string> out = fields_;
    out.insert(out.end(), features_.begin(), features_.end());
    return out;
  }
  /// What a model without any list of names is given.
  const std::vector<std::string>& usual() const { return features_.empty() ? fields_ : features_; }

  std::optional<OnnxColumn> find(const std::string& name) const {
    for (const auto* names : {&features_, &fields_}) {
      const auto at = std::find(names->begin(), names->end(), name);
      if (at == names->end()) continue;
      return OnnxColumn{.name = name,
                        .feature = names == &features_,
                        .index = static_cast<std::uint32_t>(at - names->begin())};
    }
    return std::nullopt;
  }

 private:
  std::vector<std::string> fields_;
  const std::vector<std::string>& features_;
};

class InputPlanner {
 public:
  InputPlanner(const OnnxFile& file, const ModelCard& card, const OnnxSpec& spec,
               const Columns& columns)
      : file_(file), card_(card), spec_(spec), columns_(columns) {}

  Result<OnnxPlan> make() {
    OUZEL_TRY_VOID(check_inputs());
    OUZEL_TRY_VOID(choose_names());
    OUZEL_TRY_VOID(make_ports());
    if (width_ != names_.size()) return mismatch();
    for (const std::string& name : names_) {
      auto column = columns_.find(name);
      if (!column) return mismatch(name);
      const CardReference* reference = card_.find(name);
      column->mean =
          reference != nullptr ? reference->mean : std::numeric_limits<double>::quiet_NaN();
      plan_.columns.push_back(std::move(*column));
    }
    if (plan_.numbers() > kOnnxRowNumbersMax) {
      return fail(ErrorCode::config, "the model takes too many numbers a row: at most " +
                                         std::to_string(kOnnxRowNumbersMax) + ", got " +
                                         std::to_string(plan_.numbers()));
    }
    return std::move(plan_);
  }

 private:
  Result<void> check_inputs() {
    if (file_.inputs.empty()) return fail(ErrorCode::config, "the model has no input");
    for (const OnnxValue& input : file_.inputs) {
      const std::size_t rank = input.dims.size();
      const bool tensor = bytes_of(input.element) > 0 && input.shaped && rank >= 1;
      const bool good = tensor && (rank <= 2 || (rank == 3 && file_.inputs.size() == 1));
      if (good) continue;
      return fail(ErrorCode::config,
                  "an input of numbers (float, double or int64) shaped [rows], [rows, columns] or, "
                  "alone, [rows, events, columns] expected, got " +
                      describe(input));
    }
    return {};
  }

  /// The names in the order of the model's columns.
  Result<void> choose_names() {
    const bool one_each = file_.inputs.size() > 1;
    if (!spec_.inputs.empty()) {
      names_ = spec_.inputs;
      return check_order();
    }
    if (!card_.features.empty()) {
      names_ = card_.features;
    } else if (one_each) {
      for (const OnnxValue& input : file_.inputs) names_.push_back(input.name);
    } else {
      names_ = columns_.usual();
    }
    return {};
  }

  /// Other names than the card's are the user's; the same in another order are a mistake that would
  /// only show in the scores.
  Result<void> check_order() const {
    const std::vector<std::string>& card = card_.features;
    if (names_ == card ||
        !std::is_permutation(names_.begin(), names_.end(), card.begin(), card.end())) {
      return {};
    }
    return fail(ErrorCode::config,
                "model.onnx.inputs has the features of the model's card in "
                "another order: the card has " +
                    listed(card) + ", the pipeline " + listed(names_) +
                    "; remove inputs, or write the card anew");
  }

  /// Columns of an input: as it says, and where it leaves that open, as many as there are names.
  std::size_t width_of(const OnnxValue& input) const {
    if (input.dims.size() == 1) return 1;
    const std::int64_t last = input.dims.back();
    if (last > 0) return static_cast<std::size_t>(last);
    return file_.inputs.size() == 1 ? names_.size() : 1;
  }

  Result<void> make_ports() {
    for (const OnnxValue& input : file_.inputs) {
      OnnxPort port{.name = input.name, .element = input.element, .row_shape = {}};
      const std::size_t width = width_of(input);
      width_ += width;
      if (width_ > kOnnxColumnsMax) {
        return fail(ErrorCode::config,
                    "the model takes too many columns: at most " + std::to_string(kOnnxColumnsMax));
      }
      if (input.dims.size() == 3) {
        OUZEL_TRY_VOID(choose_steps(input.dims[1]));
        port.row_shape.push_back(static_cast<std::int64_t>(plan_.steps));
      }
      if (input.dims.size() >= 2) port.row_shape.push_back(static_cast<std::int64_t>(width));
      if (input.dims[0] > 0) plan_.batch = static_cast<std::size_t>(input.dims[0]);
      plan_.inputs.push_back(std::move(port));
    }
    if (spec_.sequence > 0 && !plan_.sequence) {
      return fail(ErrorCode::config,
                  "sequence is for a model that takes [rows, events, columns], "
                  "this one takes " +
                      describe(file_.inputs));
    }
    return {};
  }

  Result<void> choose_steps(std::int64_t said) {
    const auto wanted = static_cast<std::int64_t>(spec_.sequence);
    if (said <= 0 && wanted == 0) {
      return fail(ErrorCode::config,
                  "the model leaves open how many events it takes: say so with "
                  "sequence; it takes " +
                      describe(file_.inputs));
    }
    if (said > 0 && wanted > 0 && said != wanted) {
      return fail(ErrorCode::config, "sequence is " + std::to_string(wanted) +
                                         ", the model takes " + std::to_string(said) + " events");
    }
    plan_.sequence = true;
    plan_.steps = static_cast<std::size_t>(said > 0 ? said : wanted);
    return {};
  }

  /// What the model takes, with the names that its own file gives them.
  std::string model_side() const {
    std::string out =
        "The model takes " + std::to_string(width_) + " columns (" + describe(file_.inputs) + ")";
    if (!card_.features.empty()) {
      const std::size_t count = card_.features.size();
      return out + ", and its card names " + std::to_string(count) + ": " + listed(card_.features);
    }
    return file_.inputs.size() > 1 ? out : out + " and does not name them";
  }

  /// `unknown`: a name that the pipeline has no column for; empty: their number is wrong.
  tl::unexpected<Error> mismatch(const std::string& unknown = "") const {
    std::string pipeline_side;
    if (!spec_.inputs.empty()) {
      pipeline_side = "model.onnx.inputs names " + std::to_string(spec_.inputs.size()) + ": " +
                      listed(spec_.inputs) + ". ";
    }
    const bool chosen = !spec_.inputs.empty() || !card_.features.empty() || file_.inputs.size() > 1;
    const std::vector<std::string> has = chosen ? columns_.all() : columns_.usual();
    pipeline_side += "The pipeline has ";
    if (!unknown.empty()) pipeline_side += "no '" + unknown + "', it has ";
    pipeline_side += std::to_string(has.size()) + ": " + listed(has);
    if (!chosen) pipeline_side += "; name the inputs with model.onnx.inputs";
    return fail(ErrorCode::config,
                "the model and the pipeline do not fit. " + model_side() + ". " + pipeline_side);
  }

  const OnnxFile& file_;
  const ModelCard& card_;
  const OnnxSpec& spec_;
  const Columns& columns_;
  std::vector<std::string> names_;
  std::size_t width_ = 0;
  OnnxPlan plan_;
};

bool numeric(const OnnxPort& port) {
  return port.element == OnnxElement::float32 || port.element == OnnxElement::float64;
}

std::string shapes(const std::vector<OnnxPort>& outputs) {
  std::string out;
  for (const OnnxPort& port : outputs) {
    out += (out.empty() ? "" : ", ") + port.name + ": " + to_string(port.element) + "[rows";
    for (const std::int64_t dim : port.row_shape) out += "," + std::to_string(dim);
    out += "]";
  }
  return out;
}

/// What an output can mean, if nobody says.
OnnxKind guess(const OnnxPort& port, const OnnxPlan& plan, const OnnxFile& file) {
  const std::size_t width = port.width();
  if (width == 1) return OnnxKind::score;
  if (!file.classes.empty() && width == file.classes.size()) return OnnxKind::classifier;
  const bool again = width == plan.numbers();
  if (width == 2 && !again) return OnnxKind::classifier;
  return again && width > 2 ? OnnxKind::autoencoder : OnnxKind::any;
}

class OutputPlanner {
 public:
  OutputPlanner(const OnnxFile& file, const ModelCard& card, const OnnxSpec& spec,
                const std::vector<OnnxPort>& outputs, OnnxPlan& plan)
      : file_(file), card_(card), spec_(spec), outputs_(outputs), plan_(plan) {}

  Result<void> make() {
    OUZEL_TRY_VOID(choose_output());
    const std::size_t width = plan_.output.width();
    if (width == 0 || width > kOnnxRowNumbersMax) return unclear("no usable width");
    switch (plan_.kind) {
      case OnnxKind::any: break;
      case OnnxKind::classifier: return choose_class(width);
      case OnnxKind::score:
        if (width != 1) return unclear("kind is score: one number a row expected");
        if (spec_.anomaly == OnnxAnomaly::low) plan_.sign = -1;
        return {};
      case OnnxKind::autoencoder: return choose_threshold(width);
    }
    return unclear("what they mean cannot be told");
  }

 private:
  tl::unexpected<Error> unclear(const std::string& why) const {
    return fail(ErrorCode::config, "the model's outputs: " + why +
                                       "; choose with model.onnx.output and model.onnx.kind. It "
                                       "has " +
                                       shapes(outputs_));
  }

  Result<void> choose_output() {
    std::vector<const OnnxPort*> candidates;
    for (const OnnxPort& port : outputs_) {
      if (!spec_.output.empty() && port.name != spec_.output) continue;
      if (numeric(port) &&
          (spec_.kind != OnnxKind::any || guess(port, plan_, file_) != OnnxKind::any)) {
        candidates.push_back(&port);
      }
    }
    if (candidates.empty()) return unclear("none that fits");
    if (candidates.size() > 1) return unclear("more than one fits");
    plan_.output = *candidates.front();
    plan_.kind = spec_.kind != OnnxKind::any ? spec_.kind : guess(plan_.output, plan_, file_);
    return {};
  }

  Result<void> choose_class(std::size_t width) {
    std::vector<std::string> classes = file_.classes;
    if (classes.size() != width) {
      classes.clear();
      for (std::size_t i = 0; i < width; ++i) classes.push_back(std::to_string(i));
    }
    if (spec_.positive.empty()) {
      if (width > 2) {
        return fail(ErrorCode::config, "the model knows " + std::to_string(width) + " classes " +
                                           listed(classes) +
                                           ": name the one to look for with model.onnx.positive");
      }
      plan_.positive = width - 1;
      return {};
    }
    const auto at = std::find(classes.begin(), classes.end(), spec_.positive);
    if (at == classes.end()) {
      return fail(ErrorCode::config, "positive: one of " + listed(classes) + " expected, got '" +
                                         spec_.positive + "'");
    }
    plan_.positive = static_cast<std::size_t>(at - classes.begin());
    return {};
  }

  Result<void> choose_threshold(std::size_t width) {
    if (width != plan_.numbers()) {
      return unclear("an autoencoder gives as many numbers as it takes, " +
                     std::to_string(plan_.numbers()));
    }
    plan_.error_threshold = spec_.error_threshold > 0 ? spec_.error_threshold : card_.threshold;
    if (plan_.error_threshold > 0) return {};
    return fail(ErrorCode::config,
                "an autoencoder needs to know which error is too large: "
                "ouzel.threshold in its card, or model.onnx.error_threshold");
  }

  const OnnxFile& file_;
  const ModelCard& card_;
  const OnnxSpec& spec_;
  const std::vector<OnnxPort>& outputs_;
  OnnxPlan& plan_;
};

}  // namespace

std::size_t columns_of(const OnnxFile& file) {
  std::size_t out = 0;
  for (const OnnxValue& input : file.inputs) {
    if (!input.shaped || input.dims.empty() || (input.dims.size() > 1 && input.dims.back() < 0)) {
      return 0;
    }
    out += input.dims.size() == 1 ? 1 : static_cast<std::size_t>(input.dims.back());
  }
  return out;
}

Result<OnnxPlan> plan_inputs(const OnnxFile& file, const ModelCard& card, const OnnxSpec& spec,
                             const Schema& schema, const std::vector<std::string>& features) {
  const Columns columns(schema, features);
  OUZEL_TRY(OnnxPlan plan, InputPlanner(file, card, spec, columns).make());
  plan.missing = spec.missing;
  plan.reasons_from = spec.reasons_from;
  const bool means = std::none_of(plan.columns.begin(), plan.columns.end(),
                                  [](const OnnxColumn& one) { return one.mean != one.mean; });
  if (spec.missing == OnnxMissing::mean && !means) {
    return fail(ErrorCode::config,
                "missing: mean needs the mean of each input in the model's card "
                "(ouzel.reference; `ouzel model card` writes it)");
  }
  plan.explains = means;
  return plan;
}

Result<void> plan_output(const OnnxFile& file, const ModelCard& card, const OnnxSpec& spec,
                         const std::vector<OnnxPort>& outputs, OnnxPlan& plan) {
  OUZEL_TRY_VOID(OutputPlanner(file, card, spec, outputs, plan).make());
  plan.explains = plan.explains || plan.kind == OnnxKind::autoencoder;
  return {};
}

}  // namespace ouzel
