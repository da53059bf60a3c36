#include <memory>

#include "ouzel/app/commands.h"
#include "ouzel/app/text_flags.h"
#include "ouzel/tool/send.h"

namespace ouzel {
namespace {

struct Asked {
  SendOptions send;
  TextFlags text;
};

TakeValue into_key(std::string& out) {
  return [&out](const std::string& text) {
    out = text;
    for (const char c : text) {
      if (c <= ' ' || c >= 0x7f || c == '"') return "is not of visible ASCII without spaces";
    }
    return text.size() > 200 ? "is longer than 200 characters" : "";
  };
}

}  // namespace

void add_send(CommandLine& line) {
  auto asked = std::make_shared<Asked>();
  SendOptions& send = asked->send;
  line.add(
      "send", "Sends the events of a file and waits until each is acknowledged",
      [&](Options& flags) {
        flags
            .positional("FILE", into(send.in),
                        {.help = "Events as NDJSON or CSV, gzip too; - is stdin", .required = true})
            .option("--to", into(send.url),
                    {.value = "URL",
                     .help = "Receiver; without a path /events. Or kafka:HOST:PORT/TOPIC, or "
                             "kafka: the topic of --pipeline",
                     .initial = "http://127.0.0.1:8080"})
            .option("--pipeline", into(send.pipeline.path),
                    {.value = "FILE",
                     .help = "Whose schema types the cells of CSV and says what a record's key "
                             "is; else, over HTTP, that of the receiver, and where it tells none "
                             "a cell that reads as a number is one"})
            .option("--kafka", into(send.kafka),
                    {.value = "NAME=VALUE",
                     .help = "To kafka:…: a setting of librdkafka; repeatable",
                     .repeatable = true})
            .option("--rate", into(send.rate, 0, 1e9),
                    {.value = "EV_PER_S",
                     .help = "Events a second; 0: as fast as they are taken",
                     .initial = "0"})
            .option("--connections", into(send.connections, 1, 1024),
                    {.value = "N",
                     .help = "Side by side; with more than one the order is not kept",
                     .initial = "1"})
            .option("--key", into_key(send.key),
                    {.value = "KEY",
                     .help = "What idempotency keys begin with; else by name and first event"})
            .flag("--restart", send.restart,
                  "Begins with the first line, whatever was sent before");
        asked->text.describe(flags);
        flags.example("ouzel send day.csv --to http://127.0.0.1:8080")
            .example("ouzel send day.csv --to kafka --pipeline pipeline.yaml")
            .example("zcat events.ndjson.gz | ouzel send - --rate 1000");
      },
      [asked] {
        asked->send.text = asked->text.over({});
        return ouzel::send(asked->send);
      });
}

}  // namespace ouzel
