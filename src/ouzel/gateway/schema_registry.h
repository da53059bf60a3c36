/// SchemaRegistry: what the ids in framed records stand for, asked of a registry that speaks
/// Confluent's API and kept.
///
/// An id means the same for ever, so what was found is never asked again, up to 1,000 of
/// them. That there is no such id is believed for 1 s. While the registry cannot be reached, or
/// gives an answer that no registry gives, every question fails at once but for one now and then:
/// after 0.1 s first, then doubling up to 10 s.
///
/// Owns its client. Thread-safe; one thread asks at a time, and the others wait for it.
/// Source: Confluent Schema Registry, REST API; wire format of its serializers.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/decode/avro_schema.h"
#include "ouzel/decode/json_tree.h"
#include "ouzel/gateway/registry_client.h"

namespace ouzel {

/// What a value is behind its framing.
struct RecordSchema {
  enum class Kind : std::uint8_t {
    avro,
    json,      ///< JSON as it is: the pipeline's own schema judges it.
    unusable,  ///< `why` says so.
  };
  Kind kind = Kind::unusable;
  std::shared_ptr<const AvroSchema> avro;
  std::string why;
  bool lasting = true;  ///< False: it may be there the next time.
};

/// A magic byte and an id: 0 and 4 bytes, or 1 and a GUID's 16.
inline constexpr std::size_t kIdFrameBytes = 5, kGuidFrameBytes = 17;

class SchemaRegistry {
 public:
  static constexpr std::size_t kSchemasMax = 1'000;
  static constexpr std::size_t kReferencesMax = 100;

  /// `url`: for messages. `clock` must outlive this.
  SchemaRegistry(std::unique_ptr<RegistryClient> client, std::string_view url, const Clock& clock);

  /// Of a frame of one of the two sizes. Errors: unavailable (it cannot be asked now), config (nor
  /// before its login or its authorities are corrected, here or there).
  Result<std::shared_ptr<const RecordSchema>> find(std::string_view frame);
  /// Why the registry cannot be asked; empty: it can, as far as is known. Never waits for it.
  std::string trouble() const;

 private:
  struct Unknown {
    std::shared_ptr<const RecordSchema> schema;
    SteadyTime until{};
  };

  Result<std::shared_ptr<const RecordSchema>> ask(std::string_view frame);
  Result<RecordSchema> read(std::string_view name, const RegistryAnswer& answer,
                            std::string_view path);
  Result<RecordSchema> read_avro(const JsonNode& body, std::string_view text);
  Result<std::string> add_references(const JsonNode& body, std::vector<std::string>& texts,
                                     std::set<std::string>& seen);
  tl::unexpected<Error> away(std::string_view path, std::string_view why,
                             ErrorCode code = ErrorCode::unavailable);
  tl::unexpected<Error> no_answer(std::string_view path, const RegistryAnswer& answer);
  void set_trouble(std::string why);

  const std::unique_ptr<RegistryClient> client_;
  const std::string url_;
  const Clock& clock_;

  std::mutex mutex_;  ///< Of the client and what follows.
  std::map<std::string, std::shared_ptr<const RecordSchema>, std::less<>> known_;
  std::map<std::string, Unknown, std::less<>> unknown_;
  SteadyTime ask_from_{};
  std::chrono::nanoseconds pause_{};

  mutable std::mutex trouble_mutex_;
  std::string trouble_;
};

/// `7`, or the GUID in its usual form.
std::string name_of_frame(std::string_view frame);

}  // namespace ouzel
