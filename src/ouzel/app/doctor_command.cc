#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "ouzel/app/commands.h"
#include "ouzel/tool/doctor.h"

namespace ouzel {
namespace {

struct Asked {
  DoctorOptions doctor;
  std::string format = "text";
};

int doctor(const Asked& asked) {
  const auto fs = make_posix_file_system();
  const SystemClock clock;
  const auto checks = examine(*fs, clock, asked.doctor);
  const std::string out = asked.format == "json" ? checks_json(checks) : checks_text(checks);
  std::fputs(out.c_str(), stdout);
  const auto failed = [&](bool away) {
    return std::any_of(checks.begin(), checks.end(), [away](const Check& check) {
      return check.state == Check::State::fail && check.away == away;
    });
  };
  if (failed(false)) return kExitFailed;
  return failed(true) ? kExitUnavailable : kExitDone;
}

}  // namespace

void add_doctor(CommandLine& line) {
  auto asked = std::make_shared<Asked>();
  line.add(
      "doctor", "Checks whether a pipeline would run well on this machine",
      [&](Options& flags) {
        flags
            .positional("FILE", into(asked->doctor.file.path),
                        {.help = "Pipeline file; left out: only the machine"})
            .option("--data-dir", into(asked->doctor.data_dir),
                    {.value = "DIR",
                     .help = "As for run",
                     .initial = "./ouzel-data",
                     .env = "OUZEL_DATA_DIR"})
            .option("--listen", into(asked->doctor.file.listen),
                    {.value = "ADDR:PORT", .help = "As for run", .env = "OUZEL_LISTEN"})
            .option("--set", into(asked->doctor.file.sets),
                    {.value = "PATH=VALUE",
                     .help = "Changes a value of the file; repeatable",
                     .env = "OUZEL_SET",
                     .repeatable = true})
            .option("--format", into_word(asked->format, {"text", "json"}),
                    {.value = "FORMAT", .help = "text or json", .initial = "text"})
            .example("ouzel doctor pipeline.yaml --data-dir /var/lib/ouzel")
            .example("ouzel doctor --format json");
      },
      [asked] { return doctor(*asked); });
}

}  // namespace ouzel
