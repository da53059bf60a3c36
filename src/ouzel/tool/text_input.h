/// What a command reads events from: a file (gzip is undone), stdin, or what else a path names: a
/// pipe, a device.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/gateway/byte_source.h"

namespace ouzel {

struct TextInput {
  std::unique_ptr<ByteSource> bytes;
  std::uint64_t size = 0;  ///< As it stands on disk; 0: not known.
  bool is_file = false;    ///< So its bytes are there to be read again.
  std::string name;        ///< Without its directories; stdin has the name `stdin`.
};

/// `path` "-": stdin. Errors: unavailable (no such file), corrupt (not the gzip it begins as).
Result<TextInput> open_text_input(FileSystem& fs, const std::string& path);

/// The last part of a path, as the valid UTF-8 that an event's id must be.
std::string file_name_of(const std::string& path);

}  // namespace ouzel
