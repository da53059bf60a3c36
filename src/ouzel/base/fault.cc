#include "ouzel/base/fault.h"

#ifdef OUZEL_TEST_HOOKS
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

namespace ouzel {
namespace {

constexpr std::array<std::pair<std::string_view, Fault>, 17> kNames = {{
    {"ack_before_sync", Fault::ack_before_sync},
    {"duplicate_before_durable", Fault::duplicate_before_durable},
    {"outcome_before_durable", Fault::outcome_before_durable},
    {"commit_past_end", Fault::commit_past_end},
    {"truncate_at_bad_frame", Fault::truncate_at_bad_frame},
    {"accept_recycled_frame", Fault::accept_recycled_frame},
    {"append_to_found_segment", Fault::append_to_found_segment},
    {"trust_page_cache", Fault::trust_page_cache},
    {"apply_twice", Fault::apply_twice},
    {"snapshot_ahead", Fault::snapshot_ahead},
    {"counter_from_memory", Fault::counter_from_memory},
    {"lost_directory_entry", Fault::lost_directory_entry},
    {"resend_blindly", Fault::resend_blindly},
    {"drop_at_abort", Fault::drop_at_abort},
    {"offsets_outside", Fault::offsets_outside},
    {"commit_without_generation", Fault::commit_without_generation},
    {"hang_in_commit", Fault::hang_in_commit},
}};

constexpr std::array<std::pair<std::string_view, KillPoint>, 12> kPoints = {{
    {"before_produce", KillPoint::before_produce},
    {"after_produce", KillPoint::after_produce},
    {"before_commit", KillPoint::before_commit},
    {"in_commit", KillPoint::in_commit},
    {"after_commit", KillPoint::after_commit},
    {"before_assigned", KillPoint::before_assigned},
    {"after_assigned", KillPoint::after_assigned},
    {"before_revoked", KillPoint::before_revoked},
    {"drained", KillPoint::drained},
    {"after_revoked", KillPoint::after_revoked},
    {"before_snapshot", KillPoint::before_snapshot},
    {"after_snapshot", KillPoint::after_snapshot},
}};

struct PlannedKill {
  KillPoint point{};
  long passage = 0;
};

std::optional<PlannedKill> planned_kill() {
  const char* plan = std::getenv("OUZEL_TEST_KILL");
  if (plan == nullptr || *plan == '\0') return std::nullopt;
  const std::string_view text(plan);
  const std::size_t colon = text.find(':');
  for (const auto& [name, point] : kPoints) {
    if (colon != text.npos && name == text.substr(0, colon)) {
      return PlannedKill{point, std::strtol(plan + colon + 1, nullptr, 10)};
    }
  }
  std::fprintf(stderr, "ouzel: OUZEL_TEST_KILL: not POINT:N with a known point: %s\n", plan);
  std::exit(2);
}

Fault planted() {
  const char* name = std::getenv("OUZEL_TEST_FAULT");
  if (name == nullptr || *name == '\0') return Fault::none;
  for (const auto& [text, which] : kNames) {
    if (text == name) return which;
  }
  std::fprintf(stderr, "ouzel: OUZEL_TEST_FAULT: unknown fault: %s\n", name);
  std::exit(2);
}

}  // namespace

bool fault(Fault which) {
  static const Fault active = planted();
  return which == active && active != Fault::none;
}

void kill_point(KillPoint here) {
  static const std::optional<PlannedKill> plan = planned_kill();
  static std::atomic<long> passed{0};
  if (!plan || plan->point != here || ++passed != plan->passage) return;
  if (here != KillPoint::in_commit) {
    std::raise(SIGKILL);
    return;
  }
  // Another moment of the round trip for each number of passages.
  constexpr long kStep = 379;
  constexpr long kMax = 4000;
  std::thread([delay = std::chrono::microseconds(plan->passage * kStep % kMax)] {
    std::this_thread::sleep_for(delay);
    std::raise(SIGKILL);
  }).detach();
}

}  // namespace ouzel
#endif
