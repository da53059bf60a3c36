#include "ouzel/base/logging.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace ouzel::logging {
namespace {

struct Sink {
  std::shared_ptr<spdlog::logger> logger;
  Format format = Format::pretty;
};

Sink& sink() {
  static Sink instance = [] {
    const bool colour = std::getenv("NO_COLOR") == nullptr;
    auto target = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
        colour ? spdlog::color_mode::automatic : spdlog::color_mode::never);
    auto logger = std::make_shared<spdlog::logger>("ouzel", std::move(target));
    logger->set_pattern("%H:%M:%S.%e %^%-5l%$ %v");
    return Sink{std::move(logger)};
  }();
  return instance;
}

void put_json(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof(code), "\\u%04x", static_cast<unsigned>(c));
      out += code;
      continue;
    }
    out += c;
  }
  out += '"';
}

/// A value that could be mistaken for something else (spaces, quotes, control bytes) is quoted.
void put_pretty(std::string& out, std::string_view text) {
  bool plain = !text.empty();
  for (const char c : text) plain = plain && static_cast<unsigned char>(c) > 0x20 && c != '"';
  if (plain) out += text;
  if (!plain) put_json(out, text);
}

void write(spdlog::level::level_enum level, std::string_view message, Fields fields) {
  Sink& to = sink();
  if (!to.logger->should_log(level)) return;
  std::string line;
  if (to.format == Format::json) {
    line += "\"message\":";
    put_json(line, message);
    for (const auto& [key, value] : fields) {
      line += ',';
      put_json(line, key);
      line += ':';
      put_json(line, value);
    }
  } else {
    line += message;
    for (const auto& [key, value] : fields) {
      line += ' ';
      line += key;
      line += '=';
      put_pretty(line, value);
    }
  }
  to.logger->log(level, "{}", line);
}

}  // namespace

void configure(Format format, Level level) {
  Sink& to = sink();
  to.format = format;
  if (format == Format::json) {
    to.logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                           spdlog::pattern_time_type::utc);
  }
  switch (level) {
    case Level::debug: return to.logger->set_level(spdlog::level::debug);
    case Level::info: return to.logger->set_level(spdlog::level::info);
    case Level::warn: return to.logger->set_level(spdlog::level::warn);
    case Level::error: return to.logger->set_level(spdlog::level::err);
  }
}

void debug(std::string_view message, Fields fields) {
  write(spdlog::level::debug, message, fields);
}
void info(std::string_view message, Fields fields) { write(spdlog::level::info, message, fields); }
void warn(std::string_view message, Fields fields) { write(spdlog::level::warn, message, fields); }
void error(std::string_view message, Fields fields) { write(spdlog::level::err, message, fields); }

}  // namespace ouzel::logging
