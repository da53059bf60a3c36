/// Bytes of an input, one after the other: a file, a pipe, what is inside a gzip file. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"

namespace ouzel {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads at most `size` bytes into `out`; 0: it is at its end, a file that grows for now.
  virtual Result<std::size_t> read(char* out, std::size_t size) = 0;
  /// Bytes of the input so far, compressed where it is; for progress.
  virtual std::uint64_t bytes_read() const = 0;
};

/// A file from `position` on.
std::unique_ptr<ByteSource> file_bytes(std::unique_ptr<File> file, std::uint64_t position);
/// What is inside a gzip file (RFC 1952; several members one after the other are one text). Error
/// corrupt: not gzip, damaged, or it ends in the middle.
std::unique_ptr<ByteSource> gunzip(std::unique_ptr<ByteSource> source);
/// The same bytes from their beginning on; gzip is recognised by its first two bytes and undone.
/// `gzip` says which it was.
Result<std::unique_ptr<ByteSource>> plain_bytes(std::unique_ptr<ByteSource> source, bool& gzip);
/// Reads past `count` bytes. Error corrupt: there are fewer.
Result<void> skip(ByteSource& source, std::uint64_t count);

}  // namespace ouzel
