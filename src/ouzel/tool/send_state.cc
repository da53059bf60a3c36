#include "ouzel/tool/send_state.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

namespace ouzel {
namespace {

constexpr int kComplaintsMax = 5;
constexpr std::string_view kHead = "ouzel send 1\n";

/// What stands behind `name` and a space in its line of the text.
std::string_view value_of(std::string_view text, std::string_view name) {
  const std::size_t at = text.find("\n" + std::string(name) + " ");
  if (at == text.npos) return {};
  text.remove_prefix(at + name.size() + 2);
  return text.substr(0, text.find('\n'));
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// The JSON string that stands behind `name` in a refusal, as it is escaped there.
std::string_view member(std::string_view refusal, std::string_view name) {
  std::size_t at = refusal.find(name);
  if (at == refusal.npos) return {};
  const std::size_t begin = at + name.size();
  for (at = begin; at < refusal.size() && refusal[at] != '"'; ++at) {
    if (refusal[at] == '\\') ++at;
  }
  return refusal.substr(begin, at - begin);
}

}  // namespace

std::uint64_t SendState::resume(const std::string& url, const std::string& key) {
  url_ = url;
  key_ = key;
  if (path_.empty() || !fs_.exists(path_)) return 0;
  const auto text = read_file(fs_, path_);
  if (!text || !text->starts_with(kHead)) return 0;
  if (value_of(*text, "to") != url || value_of(*text, "key") != key) return 0;
  return number_in(value_of(*text, "line"));
}

void SendState::sent(const std::string& key, std::vector<std::uint64_t> lines) {
  const std::lock_guard lock(mutex_);
  next_line_ = lines.back() + 1;
  open_.emplace(key, std::move(lines));
}

void SendState::answered(const std::string& key, const std::string& reply) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(key);
  if (found == open_.end()) return;
  events_ += found->second.size();
  complain(found->second, reply);
  open_.erase(found);
}

/// A quote within a string is escaped, so what begins a refusal stands in no detail.
void SendState::complain(const std::vector<std::uint64_t>& lines, const std::string& reply) {
  constexpr std::string_view kIndex = "{\"index\":";
  for (std::size_t at = reply.find(kIndex); at != reply.npos && complaints_ < kComplaintsMax;
       at = reply.find(kIndex, at + 1)) {
    const std::string_view refusal = std::string_view(reply).substr(at);
    const std::uint64_t index = number_in(refusal.substr(kIndex.size()));
    if (index >= lines.size()) continue;
    const std::string_view reason = member(refusal, "\"reason\":\"");
    const std::string_view detail = member(refusal, "\"detail\":\"");
    std::fprintf(stderr, "line %llu refused: %.*s: %.*s\n",
                 static_cast<unsigned long long>(lines[index]), static_cast<int>(reason.size()),
                 reason.data(), static_cast<int>(detail.size()), detail.data());
    ++complaints_;
  }
}

Result<void> SendState::save(bool whole) {
  if (path_.empty()) return {};
  std::uint64_t line = 0;
  {
    const std::lock_guard lock(mutex_);
    line = next_line_;
    for (const auto& [key, lines] : open_) line = std::min(line, lines.front());
    if (whole && open_.empty()) line = 0;
  }
  if (line == 0) return fs_.exists(path_) ? fs_.remove(path_) : Result<void>{};
  const std::size_t slash = path_.rfind('/');
  const std::string folder = slash == path_.npos ? "." : path_.substr(0, slash + 1);
  return replace_file(fs_, folder, path_.substr(slash == path_.npos ? 0 : slash + 1),
                      std::string(kHead) + "to " + url_ + "\nkey " + key_ + "\nline " +
                          std::to_string(line) + "\n");
}

std::uint64_t SendState::events_answered() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

}  // namespace ouzel
