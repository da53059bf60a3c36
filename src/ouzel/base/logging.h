/// Log lines: one per event of interest, key=value, to stderr. Quiet when healthy; never per row.
/// Thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace ouzel::logging {

enum class Format : unsigned char { pretty, json };
enum class Level : unsigned char { debug, info, warn, error };

/// Call once, before the first line. Default: pretty, info.
void configure(Format format, Level level);

using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;
void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

}  // namespace ouzel::logging
