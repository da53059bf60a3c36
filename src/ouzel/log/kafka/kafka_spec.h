/// `source.kafka` and `kafka` of a pipeline file. Values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ouzel/log/record.h"

namespace ouzel {

enum class Guarantee : std::uint8_t {
  exactly_once,   ///< Outcomes, rejects and offsets in one transaction.
  at_least_once,  ///< Offsets after the outcomes: a crash repeats some.
};

/// Where a topic is read first, if the group has no offset there.
enum class FirstOffset : std::uint8_t { earliest, latest };

struct KafkaSourceSpec {
  std::string topic;  ///< Empty: events do not come from Kafka.
  std::string group;  ///< Left out: the pipeline's name.
  FirstOffset from = FirstOffset::earliest;
  Guarantee guarantee = Guarantee::exactly_once;
  RecordFormat format = RecordFormat::automatic;
  std::string registry;                    ///< URL of a schema registry; empty: none.
  std::string registry_login;              ///< `user:password` there; secret.
  std::string registry_ca_file;            ///< PEM; empty: the system's authorities.
  std::string outcomes;                    ///< Topic; left out: `<name>-outcomes`.
  std::string rejects;                     ///< Topic; left out: `<name>-rejects`.
  std::string journal;                     ///< Topic; left out: `<name>-journal`.
  std::string models;                      ///< Topic; left out: `<name>-models`.
  bool connect_headers = false;            ///< Rejects carry Kafka Connect's header names too.
  std::string snapshots;                   ///< Path that all workers share; empty: data directory.
  std::chrono::nanoseconds transaction{};  ///< At least so long; adaptive from there to 100 ms.
};

/// Bytes of the largest batch that the topic of rejects takes and that a producer sends: a topic's
/// own limit decides otherwise. One request may hold little more (Kafka's
/// socket.request.max.bytes, 100 MiB).
inline constexpr char kLargestBatch[] = "100000000";

/// `kafka`: settings of librdkafka under its own names, in the order of the file.
struct KafkaSpec {
  std::vector<std::pair<std::string, std::string>> settings;

  bool operator==(const KafkaSpec&) const = default;
};

}  // namespace ouzel
