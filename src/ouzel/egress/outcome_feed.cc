#include "ouzel/egress/outcome_feed.h"

#include <algorithm>
#include <utility>

namespace ouzel {

OutcomeFeed::OutcomeFeed(Log& log, SinkCursor start, FeedOptions options)
    : log_(log), options_(options), cursor_(std::move(start)), bytes_(events_of(log)) {
  cursor_.next.resize(kPartitionsMax, kOffsetUnknown);
}

Result<FeedWindow> OutcomeFeed::next() {
  FeedWindow window;
  std::uint64_t rows = 0;
  window.more = true;
  while (rows < options_.rows_max) {
    if (!commit_) {
      OUZEL_TRY(const bool found, open_frame(window));
      window.more = found;
      if (!found) break;
    }
    if (!read_rows(window, rows)) break;
  }
  return window;
}

/// False: there is nothing more for now.
Result<bool> OutcomeFeed::open_frame(FeedWindow& window) {
  for (;;) {
    // What a reader stood in may be gone: retention does not wait for ever.
    if (!reader_ || reader_->position() < log_.oldest()) reader_ = log_.read_from(cursor_.position);
    const auto frame = reader_->next();
    cursor_.position = std::max(cursor_.position, reader_->position());
    if (!frame) {
      if (frame.error().code != ErrorCode::corrupt) {
        reader_.reset();
        return tl::unexpected(frame.error());
      }
      window.damage.push_back(frame.error().message);
      continue;
    }
    if (!*frame) return false;
    if ((*frame)->header.topic != Topic::outcomes) continue;
    auto commit = CommitReader::open((*frame)->body);
    if (!commit || (*frame)->header.partition.value() >= kPartitionsMax) {
      window.damage.push_back("an outcome frame at log position " +
                              std::to_string((*frame)->header.position.value()) +
                              " cannot be read");
      continue;
    }
    header_ = (*frame)->header;
    commit_ = std::move(*commit);
    cursor_.position = header_.position;
    count_gap(window);
    return true;
  }
}

void OutcomeFeed::count_gap(FeedWindow& window) {
  Offset& next = cursor_.next[header_.partition.value()];
  if (next != kOffsetUnknown && header_.base > next) window.skipped += header_.base - next;
  if (next == kOffsetUnknown || header_.base > next) next = header_.base;
}

/// The rest of the frame, or what the window takes of it. False: the window is full. A message
/// never holds rows of two frames, and a window never ends within a message.
bool OutcomeFeed::read_rows(FeedWindow& window, std::uint64_t& rows) {
  Offset& next = cursor_.next[header_.partition.value()];
  bool open = false;  // The last message may take more.
  for (;;) {
    std::optional<OutcomeRow> row = std::exchange(waiting_, std::nullopt);
    if (!row) row = commit_->next();
    if (!row) break;
    ++rows;
    if (row->offset < next) continue;
    if (wants(*row)) {
      if (open) {
        const Message& last = window.messages.back();
        open = last.events < options_.message_events_max &&
               last.lines.size() < options_.message_bytes_max;
      }
      if (!open && (window.messages.size() >= options_.window_messages_max ||
                    window.bytes >= options_.window_bytes_max)) {
        waiting_ = row;
        return false;
      }
      if (!open) {
        window.messages.push_back({.partition = header_.partition,
                                   .first = row->offset,
                                   .last = row->offset,
                                   .accepted = header_.accepted});
      }
      open = true;
      add(window, *row);
    }
    next = row->offset + 1;
  }
  if (commit_->damaged()) window.damage.push_back("an outcome frame cannot be read to its end");
  next = std::max(next, header_.base + header_.rows);
  commit_.reset();
  cursor_.position = header_.end();
  return true;
}

bool OutcomeFeed::wants(const OutcomeRow& row) const {
  if (options_.all) return true;
  if (row.fate != Fate::live) return options_.rejects;
  return (options_.alerts && row.route == Route::alert) ||
         (options_.reviews && row.route == Route::review);
}

void OutcomeFeed::add(FeedWindow& window, const OutcomeRow& row) {
  Message& message = window.messages.back();
  const std::size_t before = message.lines.size();
  std::optional<std::string> bytes;
  if (options_.rejects && row.fate != Fate::live) bytes = bytes_.of(header_.partition, row.offset);
  if (bytes) {
    render_reject(message.lines, header_.partition, commit_->in_force(), row, *bytes);
  } else {
    render(message.lines, header_.partition, commit_->in_force(), row);
  }
  message.lines += '\n';
  message.last = row.offset;
  ++message.events;
  window.bytes += message.lines.size() - before;
}

}  // namespace ouzel
