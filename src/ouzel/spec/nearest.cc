#include "ouzel/spec/nearest.h"

#include <algorithm>
#include <array>

namespace ouzel {
namespace {

constexpr std::size_t kWordMax = 64;
constexpr std::size_t kListedMax = 32;

char folded(char c) {
  if (c == '-') return '_';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  a = a.substr(0, kWordMax);
  b = b.substr(0, kWordMax);
  std::array<std::array<std::size_t, kWordMax + 1>, kWordMax + 1> cost{};
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char x = folded(a[i - 1]);
      const char y = folded(b[j - 1]);
      std::size_t best = std::min(cost[i - 1][j], cost[i][j - 1]) + 1;
      best = std::min(best, cost[i - 1][j - 1] + (x == y ? 0 : 1));
      if (i > 1 && j > 1 && x == folded(b[j - 2]) && folded(a[i - 2]) == y) {
        best = std::min(best, cost[i - 2][j - 2] + 1);
      }
      cost[i][j] = best;
    }
  }
  return cost[a.size()][b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string> known) {
  std::string_view best;
  std::size_t best_cost = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t cost = edit_distance(word, candidate);
    if (cost < best_cost && cost < candidate.size()) {
      best = candidate;
      best_cost = cost;
    }
  }
  return best;
}

std::string suggest(std::string_view word, std::span<const std::string> known) {
  const std::string_view near = nearest(word, known);
  if (!near.empty()) return "did you mean '" + std::string(near) + "'?";
  if (known.empty() || known.size() > kListedMax) return {};
  std::string out = "known: ";
  for (std::size_t i = 0; i < known.size(); ++i) out += (i == 0 ? "" : ", ") + known[i];
  return out;
}

}  // namespace ouzel
