#include "ouzel/run/kafka_registry.h"

#include "ouzel/pipeline/assets.h"

namespace ouzel {

std::shared_ptr<SchemaRegistry> open_registry(const Pipeline& pipeline, const Clock& clock) {
  const KafkaSourceSpec& source = pipeline.kafka_source;
  if (source.registry.empty()) return nullptr;
  const std::string& file = source.registry_ca_file;
  return std::make_shared<SchemaRegistry>(
      make_registry_client({.url = source.registry,
                            .login = source.registry_login,
                            .ca_file = file.empty() ? file : asset_path(pipeline, file)}),
      source.registry, clock);
}

}  // namespace ouzel
