#include "ouzel/serve/topic_stream.h"

#include <utility>

#include "ouzel/serve/json_writer.h"

namespace ouzel {
namespace {

void append_event(std::string& out, std::string_view name, JsonWriter& data) {
  out.append("event: ").append(name).append("\ndata: ").append(data.finish()).append("\n");
}

}  // namespace

TopicStream::TopicStream(Log& log, ShownTopic topic, OutcomeQuery query, OutcomeCursor at,
                         std::shared_ptr<http::BodyStream> stream)
    : log_(log),
      topic_(topic),
      query_(std::move(query)),
      stream_(std::move(stream)),
      lines_(topic,
             {.find = [this](PartitionId partition,
                             Offset offset) { return log_.find(Topic::events, partition, offset); },
              .read_from = [this](LogPosition from) { return log_.read_from(from); }},
             [this](const OutcomeRow& row) { return query_.matches(row); }),
      at_(at),
      reader_(log_.read_from(at.position)) {
  if (query_.from == OutcomeQuery::From::offset) next_[*at.partition] = query_.offset;
}

Result<std::unique_ptr<TopicStream>> TopicStream::open(Log& log, ShownTopic topic,
                                                       OutcomeQuery query,
                                                       std::shared_ptr<http::BodyStream> to) {
  OUZEL_TRY(const OutcomeCursor at, place_of(query, topic, log));
  std::unique_ptr<TopicStream> made(new TopicStream(log, topic, std::move(query), at, to));
  if (at.position < log.oldest()) made->write_gap("retention has passed the place asked for");
  return made;
}

Result<TopicStream::Step> TopicStream::step() {
  for (std::size_t read = 0; read < kSliceBytes;) {
    if (stream_->room() < kBytesMax / 2) return Step::stalled;
    const auto frame = reader_->next();
    if (!frame) {
      if (frame.error().code != ErrorCode::corrupt) return tl::unexpected(frame.error());
      write_gap(frame.error().message);
      at_ = {reader_->position(), 0, at_.partition};
      continue;
    }
    if (!frame->has_value()) return Step::up_to_date;
    const FrameHeader header = (*frame)->header;
    read += header.body_bytes + sizeof header;
    const auto whole = show(**frame);
    if (!whole) write_gap(whole.error().message);
    if (!text_.empty() && !stream_->write(text_)) return Step::stalled;
    if (whole && !*whole) {
      reader_ = log_.read_from(at_.position);
      return Step::stalled;
    }
    at_ = {header.end(), 0, at_.partition};
  }
  return Step::more;
}

/// Puts the frame's lines into text_, as many as there is room for; false: not all, and at_ says
/// which is the next.
Result<bool> TopicStream::show(const FrameView& frame) {
  const FrameHeader& header = frame.header;
  text_.clear();
  if (header.topic != topic_of(topic_)) return true;
  if (at_.partition && *at_.partition != header.partition) return true;
  note_gap(header);
  const std::uint32_t skipped = header.position == at_.position ? at_.row : 0;
  const std::size_t room = stream_->room();
  bool whole = true;
  OUZEL_TRY_VOID(lines_.lines(frame, [&](const TopicLine& line) {
    const auto row = static_cast<std::uint32_t>(line.offset - header.base);
    if (row < skipped) return true;
    if (query_.from == OutcomeQuery::From::offset && line.offset < query_.offset) return true;
    const std::size_t before = text_.size();
    add_line(header, line);
    if (text_.size() <= room) return true;
    text_.resize(before);
    at_ = {header.position, row, at_.partition};
    whole = false;
    return false;
  }));
  return whole;
}

void TopicStream::add_line(const FrameHeader& header, const TopicLine& line) {
  const auto row = static_cast<std::uint32_t>(line.offset - header.base);
  text_.append("id: ").append(to_string(OutcomeCursor{header.position, row + 1, at_.partition}));
  text_ += '\n';
  if (line.text.size() <= kBytesMax / 4) {
    text_.append("data: ").append(line.text).append("\n\n");
    return;
  }
  JsonWriter data;
  data.begin_object().member("partition", line.partition.value());
  data.member("offset", line.offset.value()).member("bytes", line.text.size()).end_object();
  append_event(text_, "too_long", data);
}

/// Offsets of a partition have no holes, so a hole is what this reader did not get.
void TopicStream::note_gap(const FrameHeader& header) {
  const auto known = next_.find(header.partition);
  if (known != next_.end() && known->second < header.base) {
    write_gap(describe_gap(header.partition, known->second, header.base));
  }
  next_[header.partition] = header.base + header.rows;
}

void TopicStream::write_gap(std::string_view why) {
  JsonWriter data;
  data.begin_object().member("why", why).end_object();
  std::string text;
  append_event(text, "gap", data);
  stream_->write(text);
}

bool TopicStream::write_place() { return stream_->write("id: " + to_string(at_) + "\n\n"); }

}  // namespace ouzel
