#include "ouzel/serve/topic_pages.h"

#include <algorithm>
#include <utility>

#include "ouzel/serve/json_writer.h"

namespace ouzel {
namespace {
constexpr std::size_t kDamageMax = 10;
}

/// One page being read.
struct TopicPages::Scan {
  const OutcomeQuery& query;
  const TopicPageLimits& limits;
  ShownTopic topic;
  bool newest = false;  ///< Keep the last matches, not the first.
  OutcomeCursor start;
  TopicPage page;
  std::uint64_t rows = 0;
  std::size_t answer_bytes = 0;
  Offset first{};                 ///< Of the frame that is read, this and what follows.
  std::optional<Offset> asked{};  ///< The offset asked for, until a frame of its partition came.

  bool wanted(Offset offset) {
    if (offset < first) return false;
    ++rows;
    return true;
  }
  bool full() const {
    return !newest && (page.lines.size() >= query.limit || rows >= limits.rows_max ||
                       answer_bytes >= limits.answer_bytes_max);
  }
  void keep(std::string line) {
    answer_bytes += line.size();
    page.lines.push_back(std::move(line));
    while (page.lines.size() > query.limit || answer_bytes > limits.answer_bytes_max) {
      if (page.lines.size() == 1) break;
      answer_bytes -= page.lines.front().size();
      page.lines.pop_front();
    }
  }
  void note_damage(const std::string& what) {
    if (page.damage.size() < kDamageMax) page.damage.push_back(what);
  }
};

std::string to_json(const TopicPage& page, std::string_view name) {
  JsonWriter out;
  out.begin_object().name(name).begin_array();
  for (const std::string& line : page.lines) out.raw(line);
  out.end_array().member("next", to_string(page.next));
  if (!page.damage.empty()) {
    out.name("damage").begin_array();
    for (const std::string& what : page.damage) out.value(what);
    out.end_array();
  }
  return out.end_object().finish();
}

/// From here on there are at least `rows` lines of one partition, so all of the newest `rows` of
/// the whole log stand behind it, and at most that many of each partition.
LogPosition TopicPages::newest_start(Topic topic, std::uint64_t rows) {
  std::optional<LogPosition> enough, all;
  for (const LaneStatus& lane : status_.status().lanes) {
    const std::uint64_t done =
        topic == Topic::events ? lane.accepted : lane.totals.scored + lane.totals.rejected_total();
    if (done == 0) continue;
    const auto at = log_.find(topic, lane.partition, Offset(done - std::min(done, rows)));
    if (!at) continue;
    if (done >= rows) enough = std::max(enough.value_or(*at), *at);
    all = std::min(all.value_or(*at), *at);
  }
  return enough ? *enough : all.value_or(log_.durable_end());
}

/// As far back as the bounds of one page allow.
LogPosition TopicPages::newest_start(ShownTopic topic, const OutcomeQuery& query) {
  const bool some = query.filters() || topic == ShownTopic::rejects;
  std::uint64_t rows = some ? limits_.newest_rows_max : query.limit;
  const LogPosition end = log_.durable_end();
  LogPosition out;
  do {
    out = newest_start(topic_of(topic), rows);
    rows /= 4;
  } while (rows > 0 && out < end && end - out > limits_.log_bytes_max);
  return out;
}

Result<void> TopicPages::read_frame(const FrameView& frame, Scan& scan, TopicLines& lines) {
  const FrameHeader& header = frame.header;
  const auto partition = scan.start.partition;
  scan.page.next = {header.end(), 0, partition};
  if (header.topic != topic_of(scan.topic)) return {};
  if (partition && *partition != header.partition) return {};
  const bool resumed = header.position == scan.start.position;
  scan.first = header.base + (resumed ? scan.start.row : 0);
  if (scan.query.from == OutcomeQuery::From::offset) {
    scan.first = std::max(scan.first, scan.query.offset);
    const Offset asked = std::exchange(scan.asked, std::nullopt).value_or(header.base);
    if (asked < header.base) scan.note_damage(describe_gap(header.partition, asked, header.base));
  }
  const auto read = lines.lines(frame, [&](const TopicLine& line) {
    if (scan.topic == ShownTopic::events && !scan.wanted(line.offset)) return true;
    if (scan.full()) {
      const auto row = static_cast<std::uint32_t>(line.offset - header.base);
      scan.page.next = {header.position, row, partition};
      return false;
    }
    scan.keep(line.text);
    return true;
  });
  if (read) return {};
  return fail(read.error().code, "log position " + std::to_string(header.position.value()) + ": " +
                                     read.error().message);
}

Result<TopicPage> TopicPages::read(ShownTopic topic, const OutcomeQuery& query) {
  OUZEL_TRY(OutcomeCursor start, place_of(query, topic, log_));
  if (query.from == OutcomeQuery::From::newest) start.position = newest_start(topic, query);
  const LogPosition oldest = log_.oldest();
  const bool passed = start.position < oldest;
  if (passed) start = {oldest, 0, start.partition};
  Scan scan{.query = query,
            .limits = limits_,
            .topic = topic,
            .newest = query.from == OutcomeQuery::From::newest,
            .start = start,
            .page = {.lines = {}, .next = start, .damage = {}}};
  if (query.from == OutcomeQuery::From::offset) scan.asked = query.offset;
  if (query.from == OutcomeQuery::From::end) return std::move(scan.page);
  if (passed && query.from == OutcomeQuery::From::cursor) {
    scan.note_damage("retention has passed the cursor; what is kept begins behind it");
  }
  // A row that is not wanted is not made a line.
  TopicLines lines(topic, events_of(log_), [&scan, &query](const OutcomeRow& row) {
    return scan.wanted(row.offset) && query.matches(row);
  });
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
    const auto read = read_frame(**frame, scan, lines);
    if (!read) scan.note_damage(read.error().message);
  }
  return std::move(scan.page);
}

}  // namespace ouzel
