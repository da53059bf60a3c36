#include "ouzel/run/live.h"

#include <filesystem>
#include <utility>

#include "ouzel/base/logging.h"
#include "ouzel/base/wake.h"
#include "ouzel/pipeline/assets.h"
#include "ouzel/pipeline/pipeline_change.h"
#include "ouzel/spec/finding.h"
#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

constexpr std::size_t kAskedMax = 16;
/// How often the files of tables are looked at.
constexpr std::chrono::nanoseconds kLookEvery = std::chrono::seconds(1);
/// How long sinks may still deliver at the end.
constexpr std::chrono::nanoseconds kDeliverMax = std::chrono::seconds(3);
constexpr std::chrono::nanoseconds kPauseMax = std::chrono::seconds(5);
/// The group's plan that could not be followed is tried again.
constexpr std::chrono::nanoseconds kFollowAgain = std::chrono::seconds(10);
/// A request whose wish cannot be met now gets its answer then.
constexpr std::chrono::nanoseconds kAnswerMax = std::chrono::seconds(10);

std::string count_of(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

Applied refusal(std::vector<std::string> why) {
  return {.what = Applied::What::refused, .why = std::move(why)};
}

Applied later(const Error& error) { return {.what = Applied::What::later, .why = {error.message}}; }

http::Response answer(const Applied& applied) {
  if (applied.what == Applied::What::later) {
    return http::problem(503, "the pipeline could not be changed yet: " + applied.why.front());
  }
  if (applied.what == Applied::What::refused || applied.what == Applied::What::fatal) {
    http::Response out = http::problem(
        applied.what == Applied::What::refused ? 422 : 500,
        applied.what == Applied::What::refused
            ? "the pipeline was not changed: " + count_of(applied.why.size(), "finding")
            : "the engine stops: neither the new nor the old pipeline could be opened");
    out.body.erase(out.body.rfind('}'));
    out.body += ",\"findings\":[";
    for (std::size_t i = 0; i < applied.why.size(); ++i) {
      if (i > 0) out.body += ',';
      http::append_json(out.body, applied.why[i]);
    }
    out.body += "]}\n";
    return out;
  }
  const bool changed = applied.what == Applied::What::changed;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(applied.pause).count();
  std::string out = std::string("{\"changed\":") + (changed ? "true" : "false") + ",\"plan\":\"" +
                    applied.plan + "\",\"pause_ms\":" + std::to_string(ms);
  if (!applied.untold.empty()) {
    out += ",\"untold\":";
    http::append_json(out, applied.untold);
  }
  if (!changed) {
    out += ",\"why\":";
    http::append_json(out, applied.in_force);
  }
  return http::json_response(out + "}\n");
}

/// What stands for the content of the tables' files without reading them.
std::string table_stamps(const Pipeline& pipeline) {
  std::string out;
  for (const EnrichSpec& spec : pipeline.enrich) {
    if (!spec.reload) continue;
    const std::filesystem::path path = asset_path(pipeline, spec.table);
    std::error_code ignored;  // A file that is gone has another stamp than one that is there.
    const auto time = std::filesystem::last_write_time(path, ignored).time_since_epoch().count();
    out += std::to_string(time) + " " + std::to_string(std::filesystem::file_size(path, ignored));
    out += '\n';
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Live>> Live::open(const RunOptions& options, AssemblySeams seams,
                                         const Interrupt& interrupt, const Nudge& nudge) {
  std::unique_ptr<Live> live(new Live(seams, interrupt, nudge));
  live->options_ = options;
  live->take_own({.pipeline = options.pipeline, .effective = options.effective},
                 table_stamps(options.pipeline));
  live->changed_ = seams.clock->steady();
  OUZEL_TRY_VOID(live->begin_with_group());
  OUZEL_TRY(live->assembly_, Assembly::open(live->options_, live->seams_));
  live->assembly_->add_routes(live->routes_);
  return live;
}

void Live::add_routes(http::Router& router) {
  for (const http::Route& route : routes_.routes()) {
    http::Route outer = route;
    outer.handler = [this](const http::Request& request, http::Responder responder) {
      pass(request, std::move(responder));
    };
    router.add(std::move(outer));
  }
  router.add({.method = http::Method::post,
              .path = "/api/v1/pipeline/apply",
              .handler = [this](const http::Request&, http::Responder responder) {
                ask(std::move(responder));
              }});
}

void Live::set_server(const http::Server& server) {
  server_ = &server;
  assembly_->set_server(server);
}

/// On an I/O thread. It may wait here: while one assembly follows another nothing can be answered.
void Live::pass(const http::Request& request, http::Responder responder) {
  if (!gate_.enter()) {
    return responder.send(http::problem(503, "the pipeline is being changed"));
  }
  const http::Router::Match match = routes_.find(request.method, request.path);
  if (match.route != nullptr) {
    match.route->handler(request, std::move(responder));
  } else {
    responder.send(http::problem(404, "the pipeline in force has no such path"));
  }
  gate_.leave();
}

void Live::ask(http::Responder responder) {
  {
    const std::lock_guard lock(mutex_);
    if (asked_.size() >= kAskedMax) {
      return responder.send(http::problem(503, "too many ask for that already"));
    }
    asked_.push_back(std::move(responder));
  }
  nudge_.signal();
}

void Live::stop() { assembly_->stop(kDeliverMax); }

bool Live::poll() {
  take_wishes();
  return wish_.cause.empty() ? follow_group() : meet_wish();
}

void Live::take_wishes() {
  const bool signalled = nudge_.take();
  std::deque<http::Responder> asked;
  {
    const std::lock_guard lock(mutex_);
    asked.swap(asked_);
  }
  const bool tables = tables_changed();
  if (!signalled && asked.empty() && !tables) return;
  if (wish_.cause.empty()) wish_.since = seams_.clock->steady();
  if (tables) wish_.cause = "a table's file changed";
  if (signalled) wish_.cause = "a signal asked for it";
  if (!asked.empty()) wish_.cause = "a request asked for it";
  wish_.lasts = wish_.lasts || signalled || tables;
  for (http::Responder& one : asked) wish_.responders.push_back(std::move(one));
}

bool Live::meet_wish() {
  Applied applied = apply(!wish_.responders.empty());
  const bool stopping = interrupt_.requested();
  // What the signal cut short says nothing about the file.
  if (stopping && applied.what == Applied::What::refused) applied.what = Applied::What::later;
  if (applied.what == Applied::What::later && !stopping) {
    put_off(applied);
    return true;
  }
  tell(applied);
  for (http::Responder& responder : wish_.responders) responder.send(answer(applied));
  wish_ = {};
  return applied.what != Applied::What::fatal;
}

void Live::tell(const Applied& applied) {
  switch (applied.what) {
    case Applied::What::unchanged:
      if (!news()) refusals_.settled();  // Of the group's plan it says nothing.
      return logging::info("the pipeline file says nothing new");
    case Applied::What::changed:
      refusals_.settled();
      return logging::info("pipeline changed", {{"plan", applied.plan}});
    case Applied::What::refused: refusals_.refused(applied.why.front()); break;
    case Applied::What::later:
    case Applied::What::fatal: break;
  }
  for (const std::string& why : applied.why) {
    logging::error("pipeline not changed", {{"why", why}});
  }
}

void Live::put_off(const Applied& applied) {
  if (!std::exchange(wish_.put_off, true)) {
    logging::warn("pipeline not changed yet: it is tried again", {{"why", applied.why.front()}});
  }
  if (seams_.clock->steady() - wish_.since < kAnswerMax) return;
  for (http::Responder& responder : wish_.responders) responder.send(answer(applied));
  wish_.responders.clear();
  if (!wish_.lasts) wish_ = {};
}

bool Live::tables_changed() {
  const SteadyTime now_is = seams_.clock->steady();
  if (now_is - looked_ < kLookEvery) return false;
  looked_ = now_is;
  std::string now = table_stamps(own_.pipeline);
  if (now == stamps_) return false;
  stamps_ = std::move(now);
  return true;
}

/// What the pipeline file says now, and as whose part.
/// `stamps`: from before it was read, or just after; an edit since then is found.
void Live::take_own(LoadedPipeline own, std::string stamps) {
  own_ = std::move(own);
  // Only its texts are compared; the memory of a model in force is not held twice.
  own_.pipeline.model.reset();
  own_.pipeline.tables.clear();
  stamps_ = std::move(stamps);
}

/// For who finds nothing changed, perhaps because another came first.
Applied Live::unchanged() const {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(seams_.clock->steady() - changed_);
  const bool own = own_.pipeline.canonical == options_.pipeline.canonical;
  const char* what =
      own ? "what the pipeline file and its tables say is in force already, since "
          : "the pipeline file says nothing new; the group's plan is in force, since ";
  return {.what = Applied::What::unchanged,
          .why = {},
          .plan = to_string(assembly_->plan_hash()),
          .in_force = what + cause_ + " " + format_number(static_cast<double>(ms.count()) / 1000) +
                      " s ago",
          .untold = {}};
}

Live::Loaded Live::load(const PipelineFile& file) const {
  Findings findings;
  auto loaded = load_pipeline_file(*seams_.files, file, findings);
  if (loaded) return std::move(*loaded);
  std::vector<std::string> why;
  for (const Finding& finding : findings.all()) why.push_back(to_string(finding));
  return tl::unexpected(std::move(why));
}

/// Reads the pipeline file again, and changes over if it says something else than when it was last
/// taken over; if somebody insists, also if it says something else than what is in force.
Applied Live::apply(bool insists) {
  if (options_.file.path == "-") {
    return refusal({"the pipeline came from stdin and cannot be read again: give run a file"});
  }
  // Before a model is loaded, as this may be tried for long.
  if (const auto may = assembly_->may_change(); !may) return later(may.error());
  RunOptions next = options_;
  next.file.plan.clear();
  auto own = load(next.file);
  if (!own) return refusal(std::move(own.error()));
  std::string stamps = table_stamps(own->pipeline);
  const bool decides = insists || own->pipeline.canonical != own_.pipeline.canonical;
  // Else the group's plan stays, and only how the file says that it is run is new.
  if (!decides) next.file.plan = options_.file.plan;
  auto loaded = next.file.plan.empty() ? own : load(next.file);
  if (!loaded) return refusal(std::move(loaded.error()));
  const Hash128 before = assembly_->plan_hash();
  Applied applied;
  if (same_file({.pipeline = options_.pipeline, .effective = options_.effective}, *loaded)) {
    take_own(std::move(*own), std::move(stamps));
    applied = unchanged();
  } else {
    auto fixed = fixed_changes(options_.pipeline, loaded->pipeline);
    if (!fixed.empty()) return refusal(std::move(fixed));
    next.pipeline = std::move(loaded->pipeline);
    next.effective = std::move(loaded->effective);
    applied = change_to(std::move(next), wish_.cause);
    if (applied.what != Applied::What::changed) return applied;
    take_own(std::move(*own), std::move(stamps));
  }
  if (!decides) return applied;
  if (const auto told = assembly_->tell_group(before); !told) applied.untold = told.error().message;
  return applied;
}

/// What the topic of the group's plan says, if it has not been answered yet and asks for another.
std::optional<PlanRecord> Live::news() {
  if (assembly_->telling()) return std::nullopt;  // The last to speak counts, and that will be us.
  auto record = assembly_->group_plan();
  if (!record || record == heard_) return std::nullopt;
  if (record->plan() != assembly_->plan_hash()) return record;
  heard_ = std::move(record);
  return std::nullopt;
}

/// What could not be followed is tried again: a directory may come back, a file be whole again.
bool Live::follow_group() {
  const auto record = news();
  const SteadyTime now = seams_.clock->steady();
  if (!record || !assembly_->may_change() || (refused_ == record && now < follow_again_)) {
    return true;
  }
  auto next = followed(*record);
  const Applied applied =
      next ? change_to(std::move(*next), "worker " + record->worker + " told the group")
           : refusal(std::move(next.error()));
  if (applied.what != Applied::What::changed) follow_again_ = now + kFollowAgain;
  if (applied.what != Applied::What::changed && refused_ == record) return true;  // Said already.
  if (applied.what == Applied::What::later) {
    logging::warn("the group's plan is not followed yet", {{"why", applied.why.front()}});
  } else {
    tell(applied);
  }
  refused_ = record;
  return applied.what != Applied::What::fatal;
}

/// This worker's own file with the group's plan laid over.
Live::Followed Live::followed(const PlanRecord& record) const {
  const auto cannot = [&](const std::string& why) {
    return tl::unexpected(
        std::vector<std::string>{"plan " + to_string(record.plan()) + " of worker " +
                                 record.worker + " is the group's and cannot be followed: " + why});
  };
  if (options_.file.path == "-") return cannot("the pipeline came from stdin: give run a file");
  RunOptions next = options_;
  next.file.plan = record.text;
  next.file.archive = Assembly::archive_of(options_);
  auto loaded = load(next.file);
  if (!loaded) return cannot(loaded.error().front());
  const auto fixed = fixed_changes(options_.pipeline, loaded->pipeline);
  if (!fixed.empty()) return cannot(fixed.front());
  const auto plan = make_plan(loaded->pipeline);
  if (!plan) return cannot(plan.error().message);
  if (plan->hash != record.plan()) {
    return cannot("here it is another plan: another version of ouzel, or another source.kafka");
  }
  next.pipeline = std::move(loaded->pipeline);
  next.effective = std::move(loaded->effective);
  return next;
}

/// A file whose plan the group has replaced since is an old one; any other is new, and counts.
Result<void> Live::begin_with_group() {
  OUZEL_TRY(heard_, Assembly::group_plan_of(options_));
  if (!heard_) return {};
  OUZEL_TRY(const Plan own, make_plan(options_.pipeline));
  if (!heard_->replaces(own.hash)) return {};
  auto next = followed(*heard_);
  if (!next) {
    logging::error("runs the plan of its file", {{"why", next.error().front()}});
    return {};
  }
  options_ = std::move(*next);
  cause_ = "the engine started with the group's plan";
  logging::info("the group's plan is in force: it has replaced that of the pipeline file",
                {{"plan", to_string(heard_->plan())},
                 {"worker", heard_->worker},
                 {"file", to_string(own.hash)}});
  return {};
}

Applied Live::change_to(RunOptions next, const std::string& cause) {
  next.rebuild_state = false;
  const SteadyTime begun = seams_.clock->steady();
  Result<bool> changed = false;
  if (same_operation(options_.pipeline, next.pipeline)) changed = assembly_->change(next);
  if (!changed && changed.error().code == ErrorCode::unavailable) return later(changed.error());
  if (!changed) return refusal({changed.error().message});
  Applied applied{.what = Applied::What::changed};
  if (*changed) {
    options_ = std::move(next);
  } else {
    applied = replace_by(std::move(next));
  }
  if (applied.what == Applied::What::fatal) return applied;
  // A short replay is waited out; during a long one senders are told to come again.
  Wake pause;
  while (!assembly_->ready() && seams_.clock->steady() - begun < kPauseMax) {
    pause.wait_for(std::chrono::milliseconds(1));
  }
  gate_.open();
  applied.plan = to_string(assembly_->plan_hash());
  applied.pause = seams_.clock->steady() - begun;
  if (applied.what == Applied::What::changed) {
    changed_ = seams_.clock->steady();
    cause_ = cause;
  }
  return applied;
}

/// By a new assembly, or else one of what was in force. The gate is closed when it returns.
Applied Live::replace_by(RunOptions next) {
  gate_.close();
  assembly_->stop(std::chrono::nanoseconds(0));
  const Counts counts = assembly_->counts();
  routes_ = http::Router();
  assembly_.reset();
  Applied applied{.what = Applied::What::changed};
  auto opened = Assembly::open(next, seams_);
  if (opened) {
    options_ = std::move(next);
  } else {
    applied = refusal({opened.error().message});
    opened = Assembly::open(options_, seams_);
  }
  if (!opened) return {.what = Applied::What::fatal, .why = {opened.error().message}};
  assembly_ = std::move(*opened);
  assembly_->set_counts(counts);
  assembly_->set_server(*server_);
  assembly_->add_routes(routes_);
  assembly_->start();
  return applied;
}

}  // namespace ouzel
