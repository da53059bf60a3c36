#include "ouzel/serve/topic_lines.h"

#include <algorithm>

#include "ouzel/decode/event_record.h"
#include "ouzel/http/message.h"

namespace ouzel {
namespace {

/// JSON on one line: an end of line cannot stand inside a string, so a space may take its place.
void append_on_one_line(std::string& out, std::string_view json) {
  const std::size_t begin = out.size();
  out.append(json);
  for (auto at = out.begin() + static_cast<std::ptrdiff_t>(begin); at != out.end(); ++at) {
    if (*at == '\n' || *at == '\r') *at = ' ';
  }
}

/// The event as a CloudEvent, with the extension `ouzelposition`; a CloudEvent keeps all its own.
std::string event_line(PartitionId partition, Offset offset, const EventRecord& record) {
  std::string out = R"({"ouzelposition":")" + std::to_string(partition.value()) + ":" +
                    std::to_string(offset.value()) + "\",";
  if (record.envelope.form == EventForm::structured) {
    if (record.bytes.find("\"ouzelposition\"") != std::string_view::npos) out = "{";
    append_on_one_line(
        out, record.bytes.substr(std::min(record.bytes.size(), record.bytes.find('{') + 1)));
    return out;
  }
  out += R"("specversion":"1.0","id":)";
  http::append_json(out, record.envelope.id);
  out += R"(,"source":)";
  http::append_json(out, record.envelope.source);
  out += R"(,"type":"dev.ouzel.event.v1",)";
  if (record.envelope.form == EventForm::refused) {
    // It may be anything, so it is shown as a text.
    out += R"("datacontenttype":"text/plain","data":)";
    http::append_json(out, record.bytes);
    return out + "}";
  }
  out += R"("datacontenttype":"application/json","data":)";
  append_on_one_line(out, record.bytes);
  return out + "}";
}

}  // namespace

std::optional<ShownTopic> shown_topic(std::string_view name) {
  if (name == "events") return ShownTopic::events;
  if (name == "outcomes") return ShownTopic::outcomes;
  if (name == "rejects") return ShownTopic::rejects;
  return std::nullopt;
}

Topic topic_of(ShownTopic shown) {
  return shown == ShownTopic::events ? Topic::events : Topic::outcomes;
}

std::string describe_gap(PartitionId partition, Offset from, Offset to) {
  return "partition " + std::to_string(partition.value()) + ": offsets " +
         std::to_string(from.value()) + " to " + std::to_string(to.value() - 1) +
         " are no longer there";
}

TopicLines::TopicLines(ShownTopic topic, EventSource events,
                       std::function<bool(const OutcomeRow&)> wanted)
    : topic_(topic), bytes_(std::move(events)), wanted_(std::move(wanted)) {}

Result<void> TopicLines::lines(const FrameView& frame,
                               const std::function<bool(const TopicLine&)>& each) {
  if (topic_ == ShownTopic::events && frame.header.topic == Topic::events) {
    return events(frame, each);
  }
  if (topic_ != ShownTopic::events && frame.header.topic == Topic::outcomes) {
    return outcomes(frame, each);
  }
  return {};
}

Result<void> TopicLines::events(const FrameView& frame,
                                const std::function<bool(const TopicLine&)>& each) {
  ByteReader reader(frame.body);
  for (std::uint32_t row = 0; row < frame.header.rows; ++row) {
    const auto record = read_record(reader);
    if (!record) return fail(ErrorCode::corrupt, "an event frame has another form");
    const Offset offset = frame.header.base + row;
    if (!each({frame.header.partition, offset,
               event_line(frame.header.partition, offset, *record)})) {
      return {};
    }
  }
  return {};
}

Result<void> TopicLines::outcomes(const FrameView& frame,
                                  const std::function<bool(const TopicLine&)>& each) {
  OUZEL_TRY(CommitReader commit, CommitReader::open(frame.body));
  if (commit.rows() != frame.header.rows || commit.first() != frame.header.base) {
    return fail(ErrorCode::corrupt, "an outcome frame's header says other rows than its body");
  }
  while (const auto row = commit.next()) {
    if (wanted_ && !wanted_(*row)) continue;
    TopicLine line{frame.header.partition, row->offset, {}};
    if (topic_ == ShownTopic::outcomes) {
      render(line.text, line.partition, commit.in_force(), *row);
    } else {
      if (row->fate == Fate::live) continue;
      const auto bytes = bytes_.of(line.partition, row->offset);
      if (bytes) render_reject(line.text, line.partition, commit.in_force(), *row, *bytes);
      if (!bytes) render(line.text, line.partition, commit.in_force(), *row);
    }
    if (!each(line)) return {};
  }
  if (commit.damaged()) return fail(ErrorCode::corrupt, "an outcome frame cannot be read");
  return {};
}

}  // namespace ouzel
