/// A component made up for the tests of this folder: one field of every kind.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "ouzel/spec/table.h"

namespace ouzel {

enum class Colour { red, green };

struct Part {
  std::string name;
  double low = -1;
};

struct Gadget {
  bool on = false;
  double level = -1;
  std::uint16_t count = 0;
  std::chrono::nanoseconds wait{};
  std::uint64_t room = 0;
  std::string label;
  std::string password;
  std::vector<std::string> tags;
  Colour colour = Colour::green;
  std::vector<Colour> colours;
  Part main;
  std::vector<Part> parts;
  std::vector<Part> named;
  Settings engine;
};

inline TableOf<Part> part_fields() {
  TableOf<Part> table("part", "A part.");
  table.number("low", &Part::low, {.help = "Lowest", .initial = "0"}).shorthand("low");
  return table;
}

inline std::vector<SettingFault> check_engine(const Settings& settings) {
  std::vector<SettingFault> out;
  for (const auto& [name, value] : settings) {
    if (value == "coal") out.push_back({name, "value", "must not be coal", "it smokes"});
    if (name == "fule") out.push_back({name, "unknown_key", "is not known", ""});
  }
  return out;
}

inline TableOf<Gadget> gadget_fields() {
  const std::vector<std::pair<Colour, Word>> colours = {{Colour::red, {"red", "Hot."}},
                                                        {Colour::green, {"green", "Cool."}}};
  TableOf<Gadget> table("gadget", "A gadget.");
  table.boolean("on", &Gadget::on, {.help = "On or off", .initial = "true"})
      .number("level", &Gadget::level,
              {.help = "How high", .initial = "0.5", .min = "0", .max = "1"})
      .integer("count", &Gadget::count, {.help = "How many", .initial = "3", .min = "1"})
      .duration("wait", &Gadget::wait,
                {.help = "How long", .initial = "5s", .min = "1ms", .max = "1h"})
      .size("room", &Gadget::room, {.help = "How much", .initial = "1MiB", .max = "1GiB"})
      .text("label", &Gadget::label, {.help = "What it says", .required = true, .example = "hi"})
      .text("password", &Gadget::password, {.help = "What nobody reads", .secret = true})
      .texts("tags", &Gadget::tags, {.help = "Tags", .max = "3"})
      .word("colour", &Gadget::colour, colours, {.help = "Its colour", .initial = "red"})
      .words("colours", &Gadget::colours, colours, {.help = "More colours"})
      .section("main", &Gadget::main, part_fields())
      .list("parts", &Gadget::parts, part_fields(), {.help = "Its parts", .max = "3"})
      .map("named", &Gadget::named, &Part::name, part_fields(), {.help = "Parts with names"})
      .settings("engine", &Gadget::engine,
                {.check = check_engine,
                 .secret = [](std::string_view name) { return name == "start.code"; }},
                {.help = "Its settings"})
      .absent("motor", "a motor");
  return table;
}

}  // namespace ouzel
