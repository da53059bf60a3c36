/// The commands of the program. Each is described in its own file, `<name>_command.cc`.
#pragma once

#include "ouzel/app/command_line.h"

namespace ouzel {

void add_create(CommandLine& line);
void add_lint(CommandLine& line);
void add_echo(CommandLine& line);
void add_schema(CommandLine& line);
void add_list(CommandLine& line);
void add_graph(CommandLine& line);
void add_run(CommandLine& line);
void add_apply(CommandLine& line);
void add_score(CommandLine& line);
void add_send(CommandLine& line);
void add_simulate(CommandLine& line);
void add_tap(CommandLine& line);
void add_top(CommandLine& line);
void add_dlq(CommandLine& line);
void add_topics(CommandLine& line);
void add_bench(CommandLine& line);
void add_completion(CommandLine& line);
void add_doctor(CommandLine& line);
void add_model(CommandLine& line);
void add_version(CommandLine& line);
void add_help(CommandLine& line);

/// All of them.
void add_commands(CommandLine& line);

}  // namespace ouzel
