#include <cstdio>
#include <string>

#include "ouzel/app/commands.h"
#include "ouzel/pipeline/pipeline_fields.h"
#include "ouzel/spec/json_schema.h"

namespace ouzel {

void add_schema(CommandLine& line) {
  line.add(
      "schema", "Prints the JSON Schema of a pipeline file, for editors",
      [](Options& flags) {
        flags.example("ouzel schema > ouzel.schema.json")
            .example("# yaml-language-server: $schema=ouzel.schema.json");
      },
      [] {
        const std::string text = json_schema(pipeline_fields().table(), "ouzel pipeline");
        std::fputs(text.c_str(), stdout);
        return kExitDone;
      });
}

}  // namespace ouzel
