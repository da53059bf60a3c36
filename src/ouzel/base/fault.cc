#include "ouzel/base/fault.h"

#ifdef OUZEL_TEST_HOOKS
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace ouzel {
namespace {

constexpr std::array<std::pair<std::string_view, Fault>, 12> kNames = {{
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
}};

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

}  // namespace ouzel
#endif
