#include "ouzel/log/kafka/known_settings.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "ouzel/base/check.h"

#ifdef OUZEL_WITH_KAFKA
#include <librdkafka/rdkafka.h>
#endif

namespace ouzel {
namespace {

#ifdef OUZEL_WITH_KAFKA

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \n") - begin + 1);
}

/// The library's own reference: a table in Markdown, a setting a row.
std::string reference() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  OUZEL_CHECK(stream != nullptr);
  rd_kafka_conf_properties_show(stream);
  std::fclose(stream);
  const std::unique_ptr<char, void (*)(void*)> owner(text, std::free);
  return {text, size};
}

/// Name | C, P or * | range | default | importance | description
bool read_row(std::string_view row, KnownSetting& out) {
  constexpr std::string_view kAlias = "Alias for `";
  std::array<std::string_view, 6> cells;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t bar = i + 1 < cells.size() ? row.find(" | ") : row.size();
    if (bar == std::string_view::npos) return false;
    cells[i] = trimmed(row.substr(0, bar));
    row.remove_prefix(std::min(bar + 3, row.size()));
  }
  const auto& [name, scope, range, initial, importance, description] = cells;
  if (scope != "C" && scope != "P" && scope != "*") return false;
  if (description.find("*Type: see dedicated API*") != std::string_view::npos) return false;
  out.name = name;
  out.consumer = scope != "P";
  out.producer = scope != "C";
  out.integer = description.find("*Type: integer*") != std::string_view::npos;
  out.range = range;
  if (description.starts_with(kAlias)) {
    const std::string_view rest = description.substr(kAlias.size());
    out.alias_of = rest.substr(0, rest.find('`'));
  }
  return true;
}

std::vector<KnownSetting> read_reference() {
  std::vector<KnownSetting> out;
  const std::string text = reference();
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    KnownSetting setting;
    const bool good = read_row(rest.substr(0, end), setting);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    // Some stand there twice: of the client, and of a topic, which is the default of all topics.
    const bool again = std::any_of(out.begin(), out.end(),
                                   [&](const auto& one) { return one.name == setting.name; });
    if (good && !again) out.push_back(std::move(setting));
  }
  OUZEL_CHECK(!out.empty());
  return out;
}

#else

std::vector<KnownSetting> read_reference() { return {}; }

#endif

}  // namespace

const std::vector<KnownSetting>& known_settings() {
  static const std::vector<KnownSetting> list = read_reference();
  return list;
}

const KnownSetting* find_setting(std::string_view name) {
  for (const KnownSetting& one : known_settings()) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

#ifdef OUZEL_WITH_KAFKA
std::string library_fault(const std::string& name, const std::string& value) {
  constexpr std::size_t kFaultBytes = 512;
  std::array<char, kFaultBytes> why{};
  const std::unique_ptr<rd_kafka_conf_t, void (*)(rd_kafka_conf_t*)> conf(rd_kafka_conf_new(),
                                                                          rd_kafka_conf_destroy);
  const auto set =
      rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size());
  if (set == RD_KAFKA_CONF_OK) return {};
  return std::string(trimmed(why.data()));
}
#else
std::string library_fault(const std::string&, const std::string&) { return {}; }
#endif

}  // namespace ouzel
