/// What librdkafka says about its own settings: nothing of it is written down a second time here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ouzel {

struct KnownSetting {
  std::string name;
  bool consumer = false;  ///< A consumer takes it.
  bool producer = false;  ///< A producer takes it.
  bool integer = false;
  std::string range;     ///< "1 .. 3600000", "plaintext, ssl, …"; empty: none is said.
  std::string alias_of;  ///< The name that this is another one for; empty: none.
};

/// All that can be given as text, in librdkafka's order; of a build without it: none. Immutable.
const std::vector<KnownSetting>& known_settings();

/// nullptr: there is no such setting.
const KnownSetting* find_setting(std::string_view name);

/// What librdkafka has against a setting; empty: nothing. The text may quote the value.
std::string library_fault(const std::string& name, const std::string& value);

}  // namespace ouzel
