/// SharedPlans: the plans that a group's workers run and the files that these name, kept by the
/// hash of their content as in a data directory (engine/plan_archive.h, docs/format/plan.md), in
/// the place that the workers share. So `score` decides as any of them did.
///
/// Nobody there knows cheaply which plans the retained outcomes name. So beside each file stands an
/// empty one whose name says until when it is needed: as long as outcomes are retained, and a day
/// for clocks that differ, from when a worker last ran it. Whoever runs a plan says so again each
/// hour, and the latest time counts; whoever comes by removes what nobody needs any more. That
/// takes a listing of each folder and no look into files.
///
/// `fs` and `clock` must outlive it. One thread at a time; several workers may do the same at once.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/engine/plan_archive.h"

namespace ouzel {

/// The root of what workers keep: the directory that they share, else a worker's own.
inline const std::string& plans_root(const std::string& snapshots, const std::string& data_dir) {
  return snapshots.empty() ? data_dir : snapshots;
}

class SharedPlans {
 public:
  /// Often enough to call `keep` again.
  static constexpr std::chrono::nanoseconds kKeepEvery = std::chrono::hours(1);

  struct Options {
    std::string root;                      ///< In it are `plans` and `assets`.
    std::string worker;                    ///< No other writes under this name.
    std::chrono::nanoseconds retention{};  ///< Of outcomes.
  };
  SharedPlans(FileSystem& fs, const Clock& clock, Options options);

  /// Makes the plan, its files and until when they are needed durable. Errors: as of PlanArchive.
  Result<void> keep(const Plan& plan);
  /// Removes what was needed until now or earlier. What says nothing of that stays.
  Result<void> remove_expired();

 private:
  Result<void> need(const std::string& directory, const std::vector<Hash128>& hashes);
  Result<void> remove_expired_in(const std::string& directory);

  FileSystem& fs_;
  const Clock& clock_;
  const Options options_;
  PlanArchive archive_;
};

}  // namespace ouzel
