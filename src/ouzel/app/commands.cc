#include "ouzel/app/commands.h"

namespace ouzel {

void add_commands(CommandLine& line) {
  add_create(line);
  add_run(line);
  add_apply(line);
  add_lint(line);
  add_echo(line);
  add_schema(line);
  add_list(line);
  add_graph(line);
  add_score(line);
  add_send(line);
  add_simulate(line);
  add_tap(line);
  add_top(line);
  add_dlq(line);
  add_topics(line);
  add_bench(line);
  add_completion(line);
  add_doctor(line);
  add_model(line);
  add_version(line);
  add_help(line);
}

}  // namespace ouzel
