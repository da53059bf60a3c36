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
/// A file from `position` on, for as long as nobody writes it anew: what was read last must still
/// be there at each read.
class FollowedBytes final : public ByteSource {
 public:
  FollowedBytes(std::unique_ptr<File> file, std::uint64_t position);
  Result<std::size_t> read(char* out, std::size_t size) override;
  std::uint64_t bytes_read() const override { return position_; }
  /// It got shorter, or has other bytes where the last ones were read: it stays at its end.
  bool written_anew() const { return written_anew_; }

 private:
  Result<bool> as_before() const;

  std::unique_ptr<File> file_;
  std::uint64_t position_;
  std::string last_;  ///< That were read.
  bool written_anew_ = false;
};
/// What is inside a gzip file (RFC 1952; several members one after the other are one text). Error
/// corrupt: not gzip, damaged, or it ends in the middle.
std::unique_ptr<ByteSource> gunzip(std::unique_ptr<ByteSource> source);
/// The same bytes from their beginning on; gzip is recognised by its first two bytes and undone.
/// `gzip` says which it was.
Result<std::unique_ptr<ByteSource>> plain_bytes(std::unique_ptr<ByteSource> source, bool& gzip);
/// The next `count` bytes, fewer at the end.
Result<std::string> take(ByteSource& source, std::size_t count);
/// Reads past `count` bytes. Error corrupt: there are fewer.
Result<void> skip(ByteSource& source, std::uint64_t count);

}  // namespace ouzel
