#include "ouzel/log/kafka/kafka_fields.h"

#include <string>
#include <string_view>
#include <utility>

#include "ouzel/log/kafka/kafka_settings.h"

namespace ouzel {
namespace {

std::string check_topic(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  const bool good = !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
                    name.find_first_not_of(kAllowed) == std::string_view::npos;
  return good ? "" : "is not a topic of 1 to 249 letters, digits, '-', '_' and '.'";
}

std::string check_registry(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::string_view name = url.substr(0, scheme == std::string_view::npos ? 0 : scheme);
  if ((name != "http" && name != "https") || url.size() == scheme + 3) {
    return "is not a URL such as http://registry:8081";
  }
  return "";
}

std::string check_login(std::string_view login) {
  const std::size_t colon = login.find(':');
  const bool good = colon != std::string_view::npos && colon > 0;
  return good ? "" : "is not user:password";
}

/// What is read, and as what.
void add_input_fields(TableOf<KafkaSourceSpec>& table) {
  table
      .text("topic", &KafkaSourceSpec::topic,
            {.help = "Topic of the events; its partitions are the lanes",
             .required = true,
             .example = "telemetry",
             .check = check_topic})
      .text("group", &KafkaSourceSpec::group,
            {.help = "Consumer group; those of one group share the partitions. Left out: the "
                     "pipeline's name",
             .example = "press-line",
             .operational = true})
      .word("from", &KafkaSourceSpec::from,
            {{FirstOffset::earliest, {"earliest", "the oldest record that is there"}},
             {FirstOffset::latest, {"latest", "what comes from now on"}}},
            {.help = "Where a group begins that has no offset there",
             .initial = "earliest",
             .operational = true})
      .word(
          "format", &KafkaSourceSpec::format,
          {{RecordFormat::automatic,
            {"auto", "by its headers and first byte: a CloudEvent, a registry's framing, or JSON"}},
           {RecordFormat::json, {"json", "a plain payload, whatever the headers say"}}},
          {.help = "What a record's value is", .initial = "auto"})
      .text("registry", &KafkaSourceSpec::registry,
            {.help = "URL of the schema registry, as Confluent's API has it",
             .example = "\"http://registry:8081\"",
             .check = check_registry})
      .text("registry_login", &KafkaSourceSpec::registry_login,
            {.help = "user:password of the registry",
             .secret = true,
             .check = check_login,
             .operational = true})
      .text("registry_ca_file", &KafkaSourceSpec::registry_ca_file,
            {.help = "PEM file of the certificate authorities of the registry, relative to this "
                     "file; left out: the system's",
             .example = "ca.pem",
             .operational = true});
}

/// What is written, and how.
void add_output_fields(TableOf<KafkaSourceSpec>& table) {
  table
      .word(
          "guarantee", &KafkaSourceSpec::guarantee,
          {{Guarantee::exactly_once,
            {"exactly_once", "outcomes, rejects and offsets in one transaction"}},
           {Guarantee::at_least_once, {"at_least_once", "faster; a crash repeats some outcomes"}}},
          {.help = "How often an outcome is there", .initial = "exactly_once", .operational = true})
      .duration("transaction", &KafkaSourceSpec::transaction,
                {.help = "Shortest transaction; under load they grow to 100ms",
                 .initial = "10ms",
                 .min = "10ms",
                 .max = "100ms",
                 .operational = true})
      .text("outcomes", &KafkaSourceSpec::outcomes,
            {.help = "Topic of the outcomes; left out: <name>-outcomes",
             .example = "press-line-outcomes",
             .check = check_topic,
             .operational = true})
      .text("rejects", &KafkaSourceSpec::rejects,
            {.help = "Topic of the rejected events; left out: <name>-rejects",
             .example = "press-line-rejects",
             .check = check_topic,
             .operational = true})
      .text("journal", &KafkaSourceSpec::journal,
            {.help = "Topic of what was in force when; left out: <name>-journal",
             .example = "press-line-journal",
             .check = check_topic,
             .operational = true})
      .text("models", &KafkaSourceSpec::models,
            {.help = "Topic of the plan that all workers of the group shall run; left out: "
                     "<name>-models",
             .example = "press-line-models",
             .check = check_topic,
             .operational = true})
      .boolean("connect_headers", &KafkaSourceSpec::connect_headers,
               {.help = "Rejects carry the header names of Kafka Connect too",
                .initial = "false",
                .operational = true})
      .text(
          "snapshots", &KafkaSourceSpec::snapshots,
          {.help = "Directory that all workers reach, for the lanes' snapshots and the plans that "
                   "were in force; left out: the data directory, and a lane that moves is "
                   "rebuilt from its topic",
           .example = "/mnt/shared/press-line",
           .operational = true});
}

}  // namespace

TableOf<KafkaSourceSpec> kafka_source_fields() {
  TableOf<KafkaSourceSpec> table(
      "kafka",
      "Events come from a Kafka topic, and outcomes go to another; see kafka for the way.");
  add_input_fields(table);
  add_output_fields(table);
  return table.shorthand("topic")
      .example("{topic: telemetry}")
      .example("{topic: telemetry, group: line-2, registry: \"http://registry:8081\"}");
}

void name_the_rest(KafkaSourceSpec& spec, const std::string& pipeline) {
  if (spec.group.empty()) spec.group = pipeline;
  if (spec.outcomes.empty()) spec.outcomes = pipeline + "-outcomes";
  if (spec.rejects.empty()) spec.rejects = pipeline + "-rejects";
  if (spec.journal.empty()) spec.journal = pipeline + "-journal";
  if (spec.models.empty()) spec.models = pipeline + "-models";
}

TableOf<KafkaSpec> kafka_fields() {
  TableOf<KafkaSpec> table("kafka", "The way to Kafka.");
  table.settings("kafka", &KafkaSpec::settings,
                 {.check = kafka_setting_faults, .secret = is_secret_setting},
                 {.help = "Settings of librdkafka under its own names, or Java's: "
                          "bootstrap.servers, security.protocol, sasl.username. Twin: "
                          "OUZEL_KAFKA_<NAME>, with _ for each dot",
                  .example = "{bootstrap.servers: \"kafka-1:9092,kafka-2:9092\"}",
                  .operational = true});
  return table;
}

}  // namespace ouzel
