#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "ouzel/app/commands.h"
#include "ouzel/tool/tap.h"

namespace ouzel {
namespace {

/// `field=value`, `score>=0.9`, `label!=normal`
TakeValue into_terms(std::vector<TapTerm>& out) {
  using Compare = TapTerm::Compare;
  return [&out](const std::string& text) {
    static constexpr std::array<std::pair<std::string_view, Compare>, 6> kOperators = {
        {{"!=", Compare::ne},
         {"<=", Compare::le},
         {">=", Compare::ge},
         {"=", Compare::eq},
         {"<", Compare::lt},
         {">", Compare::gt}}};
    const std::size_t at = text.find_first_of("!<>=");
    for (const auto& [sign, compare] : kOperators) {
      if (at == std::string::npos || at == 0 || text.compare(at, sign.size(), sign) != 0) continue;
      out.push_back({compare, text.substr(0, at), text.substr(at + sign.size())});
      return "";
    }
    return "is not a term such as route=alert, score>=0.9 or event.key!=press-12";
  };
}

/// beginning, end, or P:OFFSET
TakeValue into_from(TapFrom& out) {
  return [&out](const std::string& text) {
    if (text == "beginning" || text == "end") {
      out.kind = text == "end" ? TapFrom::Kind::end : TapFrom::Kind::beginning;
      return "";
    }
    std::uint16_t partition = 0;
    std::uint64_t offset = 0;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, partition);
    if (first.ec == std::errc() && first.ptr != end && *first.ptr == ':') {
      const auto second = std::from_chars(first.ptr + 1, end, offset);
      if (second.ec == std::errc() && second.ptr == end && partition < kPartitionsMax) {
        out = {TapFrom::Kind::offset, PartitionId(partition), Offset(offset)};
        return "";
      }
    }
    return "is not beginning, end or PARTITION:OFFSET";
  };
}

/// A,B,…
TakeValue into_columns(std::vector<std::string>& out) {
  return [&out](const std::string& text) {
    out.clear();
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find(',', at), text.size());
      if (end == at) return "has an empty name";
      out.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return "";
  };
}

void describe_form(Options& flags, TapOptions& options) {
  flags
      .option("--format", into_word(options.format, {"ndjson", "csv", "json"}),
              {.value = "FORMAT", .help = "ndjson, csv, or json: one array", .initial = "ndjson"})
      .option(
          "--columns", into_columns(options.columns),
          {.value = "A,B,…", .help = "Of csv: paths as in --where; else the topic's usual ones"});
}

}  // namespace

void add_tap(CommandLine& line) {
  auto options = std::make_shared<TapOptions>();
  options->data_dir = "./ouzel-data";
  line.add(
      "tap", "Prints a topic as NDJSON or CSV, also while nothing runs",
      [&](Options& flags) {
        flags
            .positional(
                "TOPIC",
                into_word(options->topic,
                          {"events", "outcomes", "rejects", "labels", "models", "alarms"}),
                {.help = "events, outcomes, rejects, labels, models or alarms", .required = true})
            .option("--data-dir", into(options->data_dir),
                    {.value = "DIR",
                     .help = "Reads the files there",
                     .initial = "./ouzel-data",
                     .env = "OUZEL_DATA_DIR"})
            .option("--url", into(options->url),
                    {.value = "URL", .help = "Asks a running engine instead"})
            .option("--pipeline", into(options->pipeline.path),
                    {.value = "FILE", .help = "Reads the Kafka topics of this pipeline instead"})
            .option("--set", into(options->pipeline.sets),
                    {.value = "PATH=VALUE",
                     .help = "Changes a value of the pipeline; repeatable",
                     .env = "OUZEL_SET",
                     .repeatable = true})
            .option("--from", into_from(options->from),
                    {.value = "WHERE",
                     .help = "beginning, end or PARTITION:OFFSET",
                     .initial = "beginning"})
            .flag("--follow", options->follow, "Goes on with what comes")
            .option("--limit", into(options->limit, 0, std::numeric_limits<std::uint64_t>::max()),
                    {.value = "N", .help = "Ends after so many lines; 0: never", .initial = "0"})
            .option("--where", into_terms(options->where),
                    {.value = "TERM",
                     .help = "Only lines for which it holds (of a list: for a word of it); "
                             "repeatable, all must hold",
                     .repeatable = true});
        describe_form(flags, *options);
        flags.example("ouzel tap outcomes --where route=alert --follow")
            .example(
                "ouzel tap outcomes --format csv --columns time,event.key,score,reasons.0.feature")
            .example("ouzel tap outcomes --pipeline pipeline.yaml --from end --follow")
            .example("ouzel tap events --from 3:10412 --limit 1");
      },
      [options] { return tap(*options); });
}

}  // namespace ouzel
