/// Live: a running pipeline that can change. Owns the assembly of the moment and stands between it
/// and the server: while one assembly follows another, requests wait at a gate.
///
/// A change is refused as a whole, and the running pipeline goes on, if the file does not lint, if
/// it changes what is fixed while the engine runs, or if it cannot be opened. What decides outcomes
/// may be taken over by the assembly that is there (Assembly::change). Else the old one drains,
/// commits and takes its last snapshots, and a new one recovers the same data directory: a clean
/// restart without closing the port. What cannot be now is tried again.
///
/// On Kafka workers form a group that shall run one plan: a change that one of them is told to make
/// is told to the others, and each lays that plan over its own file (docs/explanation/groups.md).
///
/// `poll` and the rest belong to one thread, that which waits on the Nudge; handlers run on the
/// server's. It must outlive the server; `interrupt` and `nudge` must outlive it.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/http/router.h"
#include "ouzel/http/server.h"
#include "ouzel/run/assembly.h"
#include "ouzel/run/gate.h"
#include "ouzel/run/interrupt.h"
#include "ouzel/run/nudge.h"
#include "ouzel/run/run.h"

namespace ouzel {

/// What became of a wish to change the pipeline.
struct Applied {
  enum class What : std::uint8_t { changed, unchanged, later, refused, fatal };

  What what = What::unchanged;
  std::vector<std::string> why;  ///< Refused: the findings, one a line. Fatal, later: the error.
  std::string plan;              ///< Hash of the plan that is in force now.
  std::string in_force;          ///< Unchanged: since when, and what brought it about.
  std::string untold;            ///< Why the group does not know of it yet; empty: it does.
  std::chrono::nanoseconds pause{0};
};

class Live {
 public:
  /// A change that `interrupt` cuts short was not refused: who asked is told to come again.
  static Result<std::unique_ptr<Live>> open(const RunOptions& options, AssemblySeams seams,
                                            const Interrupt& interrupt, const Nudge& nudge);

  /// The assembly's routes behind the gate, and POST /api/v1/pipeline/apply.
  void add_routes(http::Router& router);
  void set_server(const http::Server& server);
  void start() { assembly_->start(); }
  void stop();
  /// From now on /readyz says that the doors close.
  void announce_stop() { assembly_->announce_stop(); }

  /// What is due: wishes that came by signal or request, tables whose file changed, and what the
  /// group wishes. Returns false after a fatal one: there is no assembly any more.
  bool poll();
  FileSource::State source() const { return assembly_->source(); }
  /// The source is one that can come to its end.
  bool may_end() const { return assembly_->has_file_source(); }
  std::chrono::nanoseconds shutdown_delay() const { return options_.pipeline.serve.shutdown_delay; }

 private:
  /// Something that asks for the pipeline file to be read again; it stays until that has an answer.
  struct Wish {
    std::string cause;                       ///< As a sentence goes on; empty: there is none.
    std::deque<http::Responder> responders;  ///< Of requests: what the file says shall be in force.
    SteadyTime since{};
    bool lasts = false;    ///< Until it can be met, also when nobody waits for an answer.
    bool put_off = false;  ///< And that has been said.
  };

  Live(AssemblySeams seams, const Interrupt& interrupt, const Nudge& nudge)
      : seams_(seams), interrupt_(interrupt), nudge_(nudge) {
    seams_.refusals = &refusals_;
  }
  void pass(const http::Request& request, http::Responder responder);
  void ask(http::Responder responder);
  void take_wishes();
  void tell(const Applied& applied);
  void put_off(const Applied& applied);
  bool meet_wish();
  bool follow_group();
  Applied apply(bool insists);
  Applied change_to(RunOptions next, const std::string& cause);
  Applied replace_by(RunOptions next);
  Applied unchanged() const;
  std::optional<PlanRecord> news();
  Result<void> begin_with_group();
  using Followed = tl::expected<RunOptions, std::vector<std::string>>;
  Followed followed(const PlanRecord& record) const;
  using Loaded = tl::expected<LoadedPipeline, std::vector<std::string>>;
  Loaded load(const PipelineFile& file) const;
  void take_own(LoadedPipeline own, std::string stamps);
  bool tables_changed();

  AssemblySeams seams_;
  const Interrupt& interrupt_;
  const Nudge& nudge_;
  RunOptions options_;               ///< In force.
  LoadedPipeline own_;               ///< What the pipeline file said when it was last taken over.
  std::optional<PlanRecord> heard_;  ///< Of the group's plan: answered.
  ChangeRefusals refusals_;
  std::unique_ptr<Assembly> assembly_;
  http::Router routes_;  ///< Of the assembly; changes while the gate is closed.
  const http::Server* server_ = nullptr;
  Gate gate_{std::chrono::seconds(10)};
  SteadyTime changed_{};  ///< When what is in force came into force, and why.
  std::string cause_ = "the engine started";
  Wish wish_;
  std::optional<PlanRecord> refused_;  ///< The group's plan could not be followed, as was said.
  SteadyTime follow_again_{};
  SteadyTime looked_{};  ///< At the tables' files.
  std::string stamps_;   ///< Size and time of the tables' files when they were last looked at.
  std::mutex mutex_;     ///< Of asked_.
  std::deque<http::Responder> asked_;
};

}  // namespace ouzel
