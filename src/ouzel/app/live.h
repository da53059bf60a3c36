/// Live: a running pipeline that can change. Owns the assembly of the moment and stands between it
/// and the server: while one assembly follows another, requests wait at a gate.
///
/// A change is refused as a whole, and the running pipeline goes on, if the file does not lint, if
/// it changes what is fixed while the engine runs, or if the new assembly cannot be opened. Else
/// the old one drains, commits and takes its last snapshots, and the new one recovers the same data
/// directory: a change is a clean restart without closing the port.
///
/// `apply`, `poll` and the rest belong to one thread, that which waits on the Nudge; handlers run
/// on the server's. It must outlive the server.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ouzel/app/assembly.h"
#include "ouzel/app/gate.h"
#include "ouzel/app/nudge.h"
#include "ouzel/app/run.h"
#include "ouzel/http/router.h"
#include "ouzel/http/server.h"

namespace ouzel {

/// What became of a wish to change the pipeline.
struct Applied {
  enum class What : std::uint8_t { changed, unchanged, refused, fatal } what = What::unchanged;
  std::vector<std::string> why;  ///< Refused: the findings, one a line. Fatal: the error.
  std::string plan;              ///< Hash of the plan that is in force now.
  std::string in_force;          ///< Unchanged: since when, and what brought it about.
  std::chrono::nanoseconds pause{0};
};

class Live {
 public:
  static Result<std::unique_ptr<Live>> open(const RunOptions& options, AssemblySeams seams);

  /// The assembly's routes behind the gate, and POST /api/v1/pipeline/apply.
  void add_routes(http::Router& router);
  void set_server(const http::Server& server);
  void start() { assembly_->start(); }
  void stop();
  /// From now on /readyz says that the doors close.
  void announce_stop() { assembly_->announce_stop(); }

  /// Reads the pipeline file again, and changes over if it says something else. `cause`: what
  /// asked for that, as a sentence goes on: "a request asked for it".
  Applied apply(const std::string& cause);
  /// What is due: wishes that came by signal or request, and tables whose file changed. Returns
  /// false after a fatal one: there is no assembly any more.
  bool poll();
  const Nudge& nudge() const { return nudge_; }
  FileSource::State source() const { return assembly_->source(); }
  /// The source is one that can come to its end.
  bool may_end() const { return assembly_->has_file_source(); }
  std::chrono::nanoseconds shutdown_delay() const { return options_.pipeline.serve.shutdown_delay; }

 private:
  explicit Live(AssemblySeams seams) : seams_(seams) {}
  void pass(const http::Request& request, http::Responder responder);
  void ask(http::Responder responder);
  Applied change_to(RunOptions next);
  std::string in_force() const;
  bool tables_changed();

  const AssemblySeams seams_;
  RunOptions options_;
  std::unique_ptr<Assembly> assembly_;
  http::Router routes_;  ///< Of the assembly; changes while the gate is closed.
  const http::Server* server_ = nullptr;
  Gate gate_{std::chrono::seconds(10)};
  Nudge nudge_;
  SteadyTime changed_{};  ///< When what is in force came into force, and why.
  std::string cause_ = "the engine started";
  SteadyTime looked_{};  ///< At the tables' files.
  std::string stamps_;   ///< Size and time of the tables' files when they were last looked at.
  std::mutex mutex_;     ///< Of asked_.
  std::deque<http::Responder> asked_;
};

}  // namespace ouzel
