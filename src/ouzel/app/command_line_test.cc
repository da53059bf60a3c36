#include "ouzel/app/command_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "ouzel/app/commands.h"
#include "ouzel/app/man_page.h"
#include "ouzel/pipeline/listen_address.h"

namespace ouzel {
namespace {

/// One command `go` with a flag of every kind.
class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() : line_("prog", "About.") {
    ::unsetenv("OUZEL_TEST_DIR");
    line_.add(
        "go", "Goes",
        [this](Options& flags) {
          flags.positional("FILE", into(files_), {.required = true, .repeatable = true})
              .option("--dir", into(dir_), {.value = "DIR", .env = "OUZEL_TEST_DIR"})
              .option("--count", into(count_, 1, 9), {.value = "N"})
              .option("--set", into(sets_), {.value = "S", .repeatable = true})
              .option("--wait", into(wait_), {.value = "D"})
              .option("--form", into_word(form_, {"text", "json"}), {.value = "F"})
              .flag("--fast", fast_, "Fast");
        },
        [] { return 42; });
  }

  CommandLine line_;
  std::vector<std::string> files_;
  std::vector<std::string> sets_;
  std::string dir_ = "here";
  std::string form_ = "text";
  unsigned count_ = 3;
  std::chrono::nanoseconds wait_{0};
  bool fast_ = false;
};

TEST_F(CommandLineTest, HandsEveryValueOver) {
  EXPECT_EQ(line_.run({"go", "a", "--dir=x", "--count", "7", "--set", "a=1", "b", "--set", "b=2",
                       "--wait", "5ms", "--form", "json", "--fast"}),
            42);
  EXPECT_EQ(files_, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(sets_, (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(dir_, "x");
  EXPECT_EQ(count_, 7U);
  EXPECT_EQ(wait_, std::chrono::milliseconds(5));
  EXPECT_EQ(form_, "json");
  EXPECT_TRUE(fast_);
}

TEST_F(CommandLineTest, DefaultsStay) {
  EXPECT_EQ(line_.run({"go", "a"}), 42);
  EXPECT_EQ(dir_, "here");
  EXPECT_EQ(count_, 3U);
  EXPECT_FALSE(fast_);
}

TEST_F(CommandLineTest, TheFlagWinsOverTheEnvironment) {
  ::setenv("OUZEL_TEST_DIR", "env", 1);
  EXPECT_EQ(line_.run({"go", "a"}), 42);
  EXPECT_EQ(dir_, "env");
  EXPECT_EQ(line_.run({"go", "a", "--dir", "flag"}), 42);
  EXPECT_EQ(dir_, "flag");
}

TEST_F(CommandLineTest, WrongUseIsTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"og"},
      {"go"},
      {"go", "a", "--dri", "x"},
      {"go", "a", "--dir"},
      {"go", "a", "--count", "0"},
      {"go", "a", "--count", "ten"},
      {"go", "a", "--wait", "5"},
      {"go", "a", "--form", "xml"},
      {"go", "a", "--fast=maybe"},
      {"--version"},
      {""},
  };
  for (const auto& words : wrong) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(line_.run(words), kExitUsage) << (words.empty() ? "" : words.back());
    EXPECT_FALSE(testing::internal::GetCapturedStderr().empty());
  }
}

TEST_F(CommandLineTest, SaysWhatWasMeant) {
  testing::internal::CaptureStderr();
  line_.run({"og"});
  line_.run({"go", "a", "--wiat", "5s"});
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "prog: there is no command 'og'; did you mean 'go'?\nSee `prog --help`.\n"
            "prog go: there is no flag '--wiat'; did you mean '--wait'?\nSee `prog go --help`.\n");
}

TEST_F(CommandLineTest, SaysWhatAFlagTakes) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"go", "a", "--dir"}, {"go", "--dir", "--fast", "a"}}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(line_.run(words), kExitUsage);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "prog go: --dir needs a value: DIR\nSee `prog go --help`.\n");
  }
  testing::internal::CaptureStderr();
  EXPECT_EQ(line_.run({"go", "a", "--fast=maybe"}), kExitUsage);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "prog go: --fast takes no value\nSee `prog go --help`.\n");
}

/// Whatever the parsing library calls it, none of its own words come through.
TEST(Commands, EveryFlagSaysWhichValueItNeeds) {
  CommandLine line("ouzel", "About.");
  add_commands(line);
  for (const CommandView& command : line.commands()) {
    for (const OptionView& option : command.options) {
      if (option.positional() || !option.takes_value) continue;
      testing::internal::CaptureStderr();
      EXPECT_EQ(line.run({command.name, option.name}), kExitUsage);
      EXPECT_EQ(testing::internal::GetCapturedStderr(),
                "ouzel " + command.name + ": " + option.name + " needs a value: " +
                    option.text.value + "\nSee `ouzel " + command.name + " --help`.\n");
    }
  }
}

TEST(Commands, AllHaveHelpAndExist) {
  CommandLine line("ouzel", "About.");
  add_commands(line);
  for (const std::string& name : line.names()) {
    EXPECT_NE(line.help("").find("\n  " + name + " "), std::string::npos);
    EXPECT_NE(line.help(name).find("Usage: ouzel " + name), std::string::npos);
    EXPECT_NE(line.help(name).find("Examples:\n  "), std::string::npos) << name;
  }
  EXPECT_EQ(line.help("nothing"), "");
}

TEST(Commands, HelpTakesTheNameOfACommand) {
  CommandLine line("ouzel", "About.");
  add_commands(line);
  testing::internal::CaptureStdout();
  EXPECT_EQ(line.run({"help", "lint"}), kExitDone);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), line.help("lint"));
}

TEST(Commands, TheManualPageHasThemAll) {
  CommandLine line("ouzel", "ouzel: about.");
  add_commands(line);
  const std::string page = man_page(line, "1.2.3", "0 done\n");
  EXPECT_NE(page.find("ouzel \\- about."), std::string::npos);
  for (const CommandView& command : line.commands()) {
    EXPECT_NE(page.find(".SS ouzel " + command.name), std::string::npos);
    EXPECT_FALSE(command.help.empty());
    for (const OptionView& option : command.options) {
      EXPECT_FALSE(option.text.help.empty()) << command.name << " " << option.name;
    }
  }
}

TEST(ListenAddress, TakesThisMachineOnly) {
  EXPECT_EQ(parse_listen("127.0.0.1:8080")->port, 8080);
  EXPECT_EQ(parse_listen("localhost:0")->port, 0);
  EXPECT_EQ(parse_listen("[::1]:9")->address, "::1");
  EXPECT_EQ(parse_listen("127.1.2.3:65535")->address, "127.1.2.3");
  for (const char* text : {"", ":", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                           "127.0.0:1", "127.0.0.1.evil.org:80", "0.0.0.0:80", "[::]:80",
                           "example.org:80", "::1:80", "127.0.0.256:80", "127.0.0.1:-1"}) {
    EXPECT_FALSE(parse_listen(text)) << text;
  }
}

}  // namespace
}  // namespace ouzel
