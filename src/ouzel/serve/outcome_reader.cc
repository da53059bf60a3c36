#include "ouzel/serve/outcome_reader.h"

#include <algorithm>
#include <utility>

#include "ouzel/serve/json_writer.h"

namespace ouzel {
namespace {
constexpr std::size_t kDamageMax = 10;
}

/// One page being read.
struct OutcomeReader::Scan {
  const OutcomeQuery& query;
  const OutcomeReaderLimits& limits;
  bool newest = false;  ///< Keep the last matches, not the first.
  OutcomeCursor start;
  OutcomePage page;
  std::uint64_t rows = 0;
  std::size_t answer_bytes = 0;

  bool full() const {
    return !newest && (page.outcomes.size() >= query.limit || rows >= limits.rows_max ||
                       answer_bytes >= limits.answer_bytes_max);
  }
  void keep(std::string outcome) {
    answer_bytes += outcome.size();
    page.outcomes.push_back(std::move(outcome));
    while (page.outcomes.size() > query.limit || answer_bytes > limits.answer_bytes_max) {
      if (page.outcomes.size() == 1) break;
      answer_bytes -= page.outcomes.front().size();
      page.outcomes.pop_front();
    }
  }
  void note_damage(const std::string& what) {
    if (page.damage.size() < kDamageMax) page.damage.push_back(what);
  }
};

std::string to_json(const OutcomePage& page) {
  JsonWriter out;
  out.begin_object().name("outcomes").begin_array();
  for (const std::string& outcome : page.outcomes) out.raw(outcome);
  out.end_array().member("next", to_string(page.next));
  if (!page.damage.empty()) {
    out.name("damage").begin_array();
    for (const std::string& what : page.damage) out.value(what);
    out.end_array();
  }
  return out.end_object().finish();
}

/// From here on there are at least `rows` outcomes in one partition, so all of the newest `rows`
/// of the whole log stand behind it, and at most that many of each partition.
LogPosition OutcomeReader::newest_start(std::uint64_t rows) {
  std::optional<LogPosition> enough, all;
  for (const LaneStatus& lane : status_.status().lanes) {
    const std::uint64_t done = lane.totals.scored + lane.totals.rejected_total();
    if (done == 0) continue;
    const auto at = log_.find(Topic::outcomes, lane.partition, Offset(done - std::min(done, rows)));
    if (!at) continue;
    if (done >= rows) enough = std::max(enough.value_or(*at), *at);
    all = std::min(all.value_or(*at), *at);
  }
  return enough ? *enough : all.value_or(log_.durable_end());
}

Result<OutcomeCursor> OutcomeReader::begin(const OutcomeQuery& query) {
  using From = OutcomeQuery::From;
  OutcomeCursor out = query.cursor;
  switch (query.from) {
    case From::cursor: break;
    case From::beginning: out.position = log_.oldest(); break;
    case From::end: out.position = log_.durable_end(); break;
    case From::offset: {
      OUZEL_TRY(out.position, log_.find(Topic::outcomes, *out.partition, query.offset));
      break;
    }
    case From::newest: {
      std::uint64_t rows = query.filters() ? limits_.newest_rows_max : query.limit;
      const LogPosition end = log_.durable_end();
      do {
        out.position = newest_start(rows);
        rows /= 4;
      } while (rows > 0 && out.position < end && end - out.position > limits_.log_bytes_max);
      break;
    }
  }
  return out;
}

Result<void> OutcomeReader::read_frame(const FrameView& frame, Scan& scan) {
  const FrameHeader& header = frame.header;
  scan.page.next = {header.end(), 0, scan.start.partition};
  if (header.topic != Topic::outcomes) return {};
  if (scan.start.partition && *scan.start.partition != header.partition) return {};
  OUZEL_TRY(CommitReader commit, CommitReader::open(frame.body));
  const bool resumed = header.position == scan.start.position;
  for (std::uint32_t index = 0; auto row = commit.next(); ++index) {
    if (resumed && index < scan.start.row) continue;
    if (scan.query.from == OutcomeQuery::From::offset && row->offset < scan.query.offset) continue;
    if (scan.full()) {
      scan.page.next = {header.position, index, scan.start.partition};
      return {};
    }
    ++scan.rows;
    if (!scan.query.matches(*row)) continue;
    std::string text;
    render(text, header.partition, commit.in_force(), *row);
    scan.keep(std::move(text));
  }
  if (commit.damaged()) {
    return fail(ErrorCode::corrupt, "outcome frame at log position " +
                                        std::to_string(header.position.value()) + " is damaged");
  }
  return {};
}

Result<OutcomePage> OutcomeReader::read(const OutcomeQuery& query) {
  OUZEL_TRY(const OutcomeCursor start, begin(query));
  Scan scan{.query = query,
            .limits = limits_,
            .newest = query.from == OutcomeQuery::From::newest,
            .start = start,
            .page = {.outcomes = {}, .next = start, .damage = {}}};
  if (query.from == OutcomeQuery::From::end) return std::move(scan.page);
  const auto reader = log_.read_from(start.position);
  // What arrives while the newest are read belongs to the next page.
  const LogPosition end = log_.durable_end();
  while (!scan.full() && reader->position() < end) {
    if (!scan.newest && reader->position() > start.position &&
        reader->position() - start.position > limits_.log_bytes_max) {
      break;
    }
    const auto frame = reader->next();
    if (!frame) {
      if (frame.error().code != ErrorCode::corrupt) return tl::unexpected(frame.error());
      scan.note_damage(frame.error().message);
      scan.page.next = {reader->position(), 0, start.partition};
      continue;
    }
    if (!frame->has_value()) break;
    if (const auto read = read_frame(**frame, scan); !read) scan.note_damage(read.error().message);
  }
  return std::move(scan.page);
}

}  // namespace ouzel
