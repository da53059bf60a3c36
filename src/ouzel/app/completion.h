/// Completion scripts for shells, made of the described commands. Pure functions; any thread.
///
/// After the command's name a script offers its flags, after a flag the words that it takes, files
/// where the value is called FILE, directories where it is called DIR.
#pragma once

#include <string>
#include <vector>

#include "ouzel/app/command_line.h"

namespace ouzel {

std::string bash_completion(const std::vector<CommandView>& commands);
std::string zsh_completion(const std::vector<CommandView>& commands);
std::string fish_completion(const std::vector<CommandView>& commands);

}  // namespace ouzel
