/// `source.file` of a pipeline file. A value.
#pragma once

#include <cstdint>
#include <string>

#include "ouzel/gateway/event_text_spec.h"

namespace ouzel {

/// What happens to a file of a directory once all its events are on disk.
enum class FinishedFile : std::uint8_t {
  marker,  ///< An empty file `<name>.done` beside it.
  rename,  ///< It gets the name `<name>.done`.
};

struct FileSourceSpec {
  std::string path;  ///< A file, or a directory of files; empty: events do not come from files.
  EventTextSpec text;
  bool follow = false;        ///< Goes on with what comes.
  std::string pattern = "*";  ///< Of a directory: which names; `*` and `?` stand for any.
  FinishedFile finished = FinishedFile::marker;
};

/// Whether the whole name fits a pattern of `*`, `?` and plain characters.
bool fits_pattern(std::string_view name, std::string_view pattern);

}  // namespace ouzel
