#include <cstdio>
#include <memory>
#include <string>

#include "ouzel/app/commands.h"
#include "ouzel/app/completion.h"

namespace ouzel {

void add_completion(CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  line.add(
      "completion", "Prints a completion script for a shell",
      [&](Options& flags) {
        flags
            .positional("SHELL", into_word(*shell, {"bash", "zsh", "fish"}),
                        {.help = "bash, zsh or fish", .required = true})
            .example("source <(ouzel completion bash)")
            .example("ouzel completion zsh > ~/.zfunc/_ouzel")
            .example("ouzel completion fish > ~/.config/fish/completions/ouzel.fish");
      },
      [shell, &line] {
        const auto commands = line.commands();
        const std::string script = *shell == "bash"  ? bash_completion(commands)
                                   : *shell == "zsh" ? zsh_completion(commands)
                                                     : fish_completion(commands);
        std::fputs(script.c_str(), stdout);
        return kExitDone;
      });
}

}  // namespace ouzel
