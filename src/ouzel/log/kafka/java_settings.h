/// Settings of Java's client, and those that ouzel sets itself: what becomes of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ouzel/spec/table.h"

namespace ouzel {

/// What a setting becomes: others, maybe none, or a fault.
struct Translated {
  Settings settings;
  std::string fault;  ///< Reads on after the name; empty: none.
  std::string hint;
};

/// `all`: the settings that it stands among. nullopt: nothing is known of it here.
std::optional<Translated> translate_setting(const std::string& name, const std::string& value,
                                            const Settings& all);

/// Value of a setting; nullopt: it is not among them.
std::optional<std::string_view> setting_of(const Settings& settings, std::string_view name);

/// With the letters of ASCII in lower case.
std::string lower_case(std::string_view text);

}  // namespace ouzel
