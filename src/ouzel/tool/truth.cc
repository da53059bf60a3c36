#include "ouzel/tool/truth.h"

#include <algorithm>
#include <utility>

namespace ouzel {

Truth::Truth(FileSystem& fs, std::vector<std::string> paths, bool count_all)
    : fs_(fs), count_all_(count_all) {
  for (std::string& path : paths) files_.push_back({.path = std::move(path), .file = nullptr});
}

void Truth::read() {
  for (Source& source : files_) read(source);
}

void Truth::read(Source& source) {
  if (source.file == nullptr) {
    auto opened = fs_.open(source.path, OpenMode::read);
    if (!opened) {
      source.first = false;  // all that it will hold is new
      return;
    }
    source.file = std::move(*opened);
  }
  std::string text(1 << 20, '\0');
  for (;;) {
    const auto got = source.file->read(source.read, text.data(), text.size());
    if (!got || *got == 0) break;
    const std::string_view part(text.data(), *got);
    std::size_t at = 0;
    for (std::size_t end = 0; (end = part.find('\n', at)) != std::string_view::npos;) {
      if (auto line = read_truth(part.substr(at, end - at))) {
        add(std::move(*line), count_all_ || !source.first);
      }
      at = end + 1;
    }
    if (at == 0) break;
    source.read += at;
  }
  source.first = false;
}

void Truth::add(TruthView line, bool counted) {
  std::deque<Episode>& of_key = episodes_[line.key];
  const auto same = std::find_if(of_key.rbegin(), of_key.rend(),
                                 [&](const Episode& one) { return one.name == line.episode; });
  if (same != of_key.rend()) {
    same->from = std::min(same->from, line.time);
    same->to = std::max(same->to, line.time);
    score_.events += same->counted ? 1 : 0;
    return;
  }
  of_key.push_back({line.time, line.time, std::move(line.episode), counted, false});
  order_.push_back(std::move(line.key));
  score_.events += counted ? 1 : 0;
  score_.episodes += counted ? 1 : 0;
  if (order_.size() > kEpisodesMax) {
    const auto oldest = episodes_.find(order_.front());
    oldest->second.pop_front();
    if (oldest->second.empty()) episodes_.erase(oldest);
    order_.pop_front();
  }
}

void Truth::add(const OutcomeView& outcome, SteadyTime now) {
  waiting_.push_back({now, outcome.key, outcome.time});
}

void Truth::judge(SteadyTime now, bool all) {
  for (; !waiting_.empty() && (all || now - waiting_.front().since >= kPatience);
       waiting_.pop_front()) {
    const Waiting& outcome = waiting_.front();
    Episode* in = nullptr;
    if (const auto of_key = episodes_.find(outcome.key); of_key != episodes_.end()) {
      for (Episode& one : of_key->second) {
        if (one.from <= outcome.time && outcome.time <= one.to) in = &one;
      }
    }
    if (in != nullptr && !in->counted) continue;
    ++score_.labelled;
    if (in == nullptr) continue;
    ++score_.right;
    if (!in->found) ++score_.episodes_found;
    in->found = true;
  }
}

}  // namespace ouzel
