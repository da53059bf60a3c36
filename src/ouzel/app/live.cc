#include "ouzel/app/live.h"

#include <filesystem>
#include <utility>

#include "ouzel/app/assets.h"
#include "ouzel/app/fixed_changes.h"
#include "ouzel/base/logging.h"
#include "ouzel/base/wake.h"
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

std::string count_of(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

Applied refusal(std::vector<std::string> why) {
  return {.what = Applied::What::refused, .why = std::move(why)};
}

http::Response answer(const Applied& applied) {
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
  if (!changed) {
    out += ",\"why\":";
    http::append_json(out, applied.in_force);
  }
  return http::json_response(out + "}\n");
}

void tell(const Applied& applied) {
  switch (applied.what) {
    case Applied::What::unchanged: return logging::info("the pipeline file says nothing new");
    case Applied::What::changed: return logging::info("pipeline changed", {{"plan", applied.plan}});
    case Applied::What::refused:
    case Applied::What::fatal: break;
  }
  for (const std::string& why : applied.why) {
    logging::error("pipeline not changed", {{"why", why}});
  }
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

Result<std::unique_ptr<Live>> Live::open(const RunOptions& options, AssemblySeams seams) {
  std::unique_ptr<Live> live(new Live(seams));
  live->options_ = options;
  live->stamps_ = table_stamps(options.pipeline);
  live->changed_ = seams.clock->steady();
  OUZEL_TRY(live->assembly_, Assembly::open(options, seams));
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
  const bool signalled = nudge_.take();
  std::deque<http::Responder> asked;
  {
    const std::lock_guard lock(mutex_);
    asked.swap(asked_);
  }
  const char* cause = "a table's file changed";
  if (signalled) cause = "a signal asked for it";
  if (!asked.empty()) cause = "a request asked for it";
  if (!signalled && asked.empty() && !tables_changed()) return true;
  const Applied applied = apply(cause);
  tell(applied);
  for (http::Responder& responder : asked) responder.send(answer(applied));
  return applied.what != Applied::What::fatal;
}

bool Live::tables_changed() {
  const SteadyTime now_is = seams_.clock->steady();
  if (now_is - looked_ < kLookEvery) return false;
  looked_ = now_is;
  std::string now = table_stamps(options_.pipeline);
  if (now == stamps_) return false;
  stamps_ = std::move(now);
  return true;
}

/// "in force already: …", for who finds nothing changed, perhaps because another came first.
std::string Live::in_force() const {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(seams_.clock->steady() - changed_);
  return "what the pipeline file and its tables say is in force already, since " + cause_ + " " +
         format_number(static_cast<double>(ms.count()) / 1000) + " s ago";
}

Applied Live::apply(const std::string& cause) {
  if (options_.file.path == "-") {
    return refusal({"the pipeline came from stdin and cannot be read again: give run a file"});
  }
  Findings findings;
  auto loaded = load_pipeline_file(*seams_.files, options_.file, findings);
  if (!loaded) {
    std::vector<std::string> why;
    for (const Finding& finding : findings.all()) why.push_back(to_string(finding));
    return refusal(std::move(why));
  }
  if (loaded->effective == options_.effective &&
      loaded->pipeline.canonical == options_.pipeline.canonical) {
    return {.what = Applied::What::unchanged,
            .why = {},
            .plan = assembly_->plan_hash(),
            .in_force = in_force()};
  }
  auto fixed = fixed_changes(options_.pipeline, loaded->pipeline);
  if (!fixed.empty()) return refusal(std::move(fixed));
  if (const auto may = assembly_->may_change(); !may) return refusal({may.error().message});
  RunOptions next = options_;
  next.pipeline = std::move(loaded->pipeline);
  next.effective = std::move(loaded->effective);
  next.rebuild_state = false;
  Applied applied = change_to(std::move(next));
  if (applied.what == Applied::What::changed) {
    changed_ = seams_.clock->steady();
    cause_ = cause;
  }
  return applied;
}

Applied Live::change_to(RunOptions next) {
  const SteadyTime begun = seams_.clock->steady();
  gate_.close();
  assembly_->stop(std::chrono::nanoseconds(0));
  const DoorCounts counts = assembly_->door_counts();
  routes_ = http::Router();
  assembly_.reset();
  Applied applied{.what = Applied::What::changed};
  auto opened = Assembly::open(next, seams_);
  if (opened) {
    options_ = std::move(next);
    stamps_ = table_stamps(options_.pipeline);
  } else {
    applied = refusal({opened.error().message});
    opened = Assembly::open(options_, seams_);
  }
  if (!opened) return {.what = Applied::What::fatal, .why = {opened.error().message}};
  assembly_ = std::move(*opened);
  assembly_->set_door_counts(counts);
  assembly_->set_server(*server_);
  assembly_->add_routes(routes_);
  assembly_->start();
  // A short replay is waited out; during a long one senders are told to come again.
  Wake pause;
  while (!assembly_->ready() && seams_.clock->steady() - begun < kPauseMax) {
    pause.wait_for(std::chrono::milliseconds(1));
  }
  gate_.open();
  applied.plan = assembly_->plan_hash();
  applied.pause = seams_.clock->steady() - begun;
  return applied;
}

}  // namespace ouzel
