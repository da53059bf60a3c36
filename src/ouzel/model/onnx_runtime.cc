#include "ouzel/model/onnx_runtime.h"

#include <array>
#include <cstdlib>
#include <functional>
#include <utility>

#ifdef OUZEL_WITH_ONNX
#include <dlfcn.h>
#include <onnxruntime_c_api.h>
#include <unistd.h>
#endif

namespace ouzel {

std::size_t OnnxPort::width() const {
  std::size_t out = 1;
  for (const std::int64_t dim : row_shape) out *= static_cast<std::size_t>(dim);
  return out;
}

#ifndef OUZEL_WITH_ONNX

namespace {
constexpr const char* kNotBuiltIn =
    "this build has no ONNX Runtime: its header was missing (run scripts/setup build, build again)";
}

bool onnx_built_in() { return false; }
Result<std::string> onnx_runtime_found() { return fail(ErrorCode::config, kNotBuiltIn); }
Result<std::unique_ptr<OnnxSession>> open_onnx(std::string_view) {
  return fail(ErrorCode::config, kNotBuiltIn);
}

#else

namespace {

constexpr const char* kLibrary = "libonnxruntime.so.1";

/// Frees an object of the runtime by the function that belongs to it.
template <class T>
using Owned = std::unique_ptr<T, std::function<void(T*)>>;

std::string program_directory() {
  std::string path(4096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return "";
  path.resize(static_cast<std::size_t>(size));
  return path.substr(0, path.rfind('/') + 1);
}

struct Library {
  const OrtApi* api = nullptr;
  std::string version;
  std::string path;
};

Result<Library> use(void* handle, const std::string& path) {
  using Base = const OrtApiBase*(ORT_API_CALL*)();
  const auto base = reinterpret_cast<Base>(::dlsym(handle, "OrtGetApiBase"));
  if (base == nullptr) return fail(ErrorCode::config, path + " is not ONNX Runtime");
  Library out{
      .api = base()->GetApi(ORT_API_VERSION), .version = base()->GetVersionString(), .path = path};
  if (out.api == nullptr) {
    return fail(ErrorCode::config, "ONNX Runtime 1." + std::to_string(ORT_API_VERSION) +
                                       " or later needed, got " + out.version + " (" + path + ")");
  }
  return out;
}

/// The library stays open for good: sessions come and go, and it has threads of its own.
Result<Library> open_library() {
  std::vector<std::string> places;
  const char* named = std::getenv("OUZEL_ONNXRUNTIME");
  if (named != nullptr && *named != '\0') {
    places = {named};
  } else {
    const std::string beside = program_directory();
    if (!beside.empty()) places = {beside + kLibrary, beside + "../lib/ouzel/" + kLibrary};
    places.emplace_back(kLibrary);
  }
  std::string why;
  for (const std::string& place : places) {
    void* handle = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) return use(handle, place);
    why = ::dlerror();
  }
  return fail(ErrorCode::config,
              "no ONNX Runtime found beside the program or on this system (scripts/setup build "
              "fetches it; OUZEL_ONNXRUNTIME names another): " +
                  why);
}

ONNXTensorElementDataType type_of(OnnxElement element) {
  return static_cast<ONNXTensorElementDataType>(element);  // The same numbers as in ONNX files.
}

void ORT_API_CALL ignore(void*, OrtLoggingLevel, const char*, const char*, const char*,
                         const char*) {}

class Session final : public OnnxSession {
 public:
  static Result<std::unique_ptr<OnnxSession>> open(std::string_view model) {
    auto session = std::make_unique<Session>();
    OUZEL_TRY(session->library_, open_library());
    OUZEL_TRY_VOID(session->load(model));
    return session;
  }

  Result<void> run(std::size_t rows, std::span<const OnnxPort> inputs,
                   std::span<const void* const> data, const OnnxPort& output,
                   void* out) const override {
    OUZEL_TRY(const Value result, wrap(rows, output, out));
    OUZEL_TRY(const Value same, call(rows, inputs, data, output.name, result.get()));
    return {};
  }

  Result<OnnxPort> shape_of(std::size_t rows, std::span<const OnnxPort> inputs,
                            std::span<const void* const> data,
                            const std::string& output) const override {
    OUZEL_TRY(const Value result, call(rows, inputs, data, output, nullptr));
    OnnxPort port{.name = output, .element = OnnxElement::none, .row_shape = {}};
    int is_tensor = 0;
    OUZEL_TRY_VOID(check(api().IsTensor(result.get(), &is_tensor)));
    if (is_tensor == 0) return port;
    OrtTensorTypeAndShapeInfo* raw = nullptr;
    OUZEL_TRY_VOID(check(api().GetTensorTypeAndShape(result.get(), &raw)));
    const Owned<OrtTensorTypeAndShapeInfo> info(raw, api().ReleaseTensorTypeAndShapeInfo);
    ONNXTensorElementDataType type{};
    OUZEL_TRY_VOID(check(api().GetTensorElementType(raw, &type)));
    std::size_t rank = 0;
    OUZEL_TRY_VOID(check(api().GetDimensionsCount(raw, &rank)));
    std::vector<std::int64_t> dims(rank);
    OUZEL_TRY_VOID(check(api().GetDimensions(raw, dims.data(), rank)));
    if (dims.empty() || dims[0] != static_cast<std::int64_t>(rows)) {
      return fail(ErrorCode::config, "output '" + output + "': " + std::to_string(rows) +
                                         " rows expected for as many, got " +
                                         (dims.empty() ? "one number" : std::to_string(dims[0])));
    }
    port.element = static_cast<OnnxElement>(type);
    port.row_shape.assign(dims.begin() + 1, dims.end());
    return port;
  }

 private:
  using Value = Owned<OrtValue>;

  const OrtApi& api() const { return *library_.api; }

  Result<void> check(OrtStatus* status) const {
    if (status == nullptr) return {};
    const Owned<OrtStatus> owned(status, api().ReleaseStatus);
    return fail(ErrorCode::internal, api().GetErrorMessage(status));
  }

  Result<void> load(std::string_view model) {
    OrtEnv* env = nullptr;
    OUZEL_TRY_VOID(check(
        api().CreateEnvWithCustomLogger(ignore, nullptr, ORT_LOGGING_LEVEL_FATAL, "ouzel", &env)));
    env_ = {env, api().ReleaseEnv};
    OrtSessionOptions* options = nullptr;
    OUZEL_TRY_VOID(check(api().CreateSessionOptions(&options)));
    const Owned<OrtSessionOptions> owned(options, api().ReleaseSessionOptions);
    OUZEL_TRY_VOID(check(api().SetIntraOpNumThreads(options, 1)));
    OUZEL_TRY_VOID(check(api().SetInterOpNumThreads(options, 1)));
    OUZEL_TRY_VOID(check(api().SetSessionExecutionMode(options, ORT_SEQUENTIAL)));
    OUZEL_TRY_VOID(
        check(api().AddSessionConfigEntry(options, "session.intra_op.allow_spinning", "0")));
    OrtSession* session = nullptr;
    if (auto made =
            check(api().CreateSessionFromArray(env, model.data(), model.size(), options, &session));
        !made) {
      return fail(ErrorCode::config, "ONNX Runtime " + library_.version +
                                         " refuses the model: " + made.error().message);
    }
    session_ = {session, api().ReleaseSession};
    OrtMemoryInfo* memory = nullptr;
    OUZEL_TRY_VOID(check(api().CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory)));
    memory_ = {memory, api().ReleaseMemoryInfo};
    return {};
  }

  /// A tensor over bytes that someone else owns.
  Result<Value> wrap(std::size_t rows, const OnnxPort& port, void* bytes) const {
    std::array<std::int64_t, 8> shape{static_cast<std::int64_t>(rows)};
    const std::size_t rank = port.row_shape.size() + 1;
    if (rank > shape.size()) return fail(ErrorCode::config, port.name + ": too many dimensions");
    std::copy(port.row_shape.begin(), port.row_shape.end(), shape.begin() + 1);
    OrtValue* value = nullptr;
    const std::size_t size = rows * port.width() * bytes_of(port.element);
    OUZEL_TRY_VOID(check(api().CreateTensorWithDataAsOrtValue(
        memory_.get(), bytes, size, shape.data(), rank, type_of(port.element), &value)));
    return Value(value, api().ReleaseValue);
  }

  /// The result: `given`, which stays its owner's, or else a new value.
  Result<Value> call(std::size_t rows, std::span<const OnnxPort> inputs,
                     std::span<const void* const> data, const std::string& output,
                     OrtValue* given) const {
    std::vector<Value> owned;
    std::vector<const OrtValue*> values;
    std::vector<const char*> names;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      OUZEL_TRY(Value value, wrap(rows, inputs[i], const_cast<void*>(data[i])));
      values.push_back(value.get());
      names.push_back(inputs[i].name.c_str());
      owned.push_back(std::move(value));
    }
    const char* out_name = output.c_str();
    OrtValue* out = given;
    OUZEL_TRY_VOID(check(api().Run(session_.get(), nullptr, names.data(), values.data(),
                                   values.size(), &out_name, 1, &out)));
    if (given != nullptr) return Value(given, [](OrtValue*) {});
    return Value(out, api().ReleaseValue);
  }

  Library library_;
  Owned<OrtEnv> env_;
  Owned<OrtSession> session_;
  Owned<OrtMemoryInfo> memory_;
};

}  // namespace

bool onnx_built_in() { return true; }

Result<std::string> onnx_runtime_found() {
  OUZEL_TRY(const Library library, open_library());
  return library.version + ", " + library.path;
}

Result<std::unique_ptr<OnnxSession>> open_onnx(std::string_view model) {
  return Session::open(model);
}

#endif

}  // namespace ouzel
