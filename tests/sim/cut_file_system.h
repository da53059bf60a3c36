/// A file system that stops working at its n-th change: everything before has happened, nothing
/// after does, and everyone is told so. For simulations of a power cut at every step of a protocol.
///
/// `inner` must outlive it and its files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/file_system.h"

namespace ouzel {

class CutFileSystem final : public FileSystem {
 public:
  /// The first `changes` writes, syncs, resizes and changes of names work.
  CutFileSystem(FileSystem& inner, std::uint64_t changes) : inner_(inner), left_(changes) {}
  bool cut() const { return cut_; }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    if (mode == OpenMode::create && !inner_.exists(path)) OUZEL_TRY_VOID(change());
    OUZEL_TRY(std::unique_ptr<File> file, inner_.open(path, mode));
    return std::make_unique<CutFile>(*this, std::move(file));
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    OUZEL_TRY_VOID(change());
    return inner_.rename(from, to);
  }
  Result<void> remove(const std::string& path) override {
    OUZEL_TRY_VOID(change());
    return inner_.remove(path);
  }
  Result<void> make_directory(const std::string& path) override {
    OUZEL_TRY_VOID(change());
    return inner_.make_directory(path);
  }
  Result<void> sync_directory(const std::string& path) override {
    OUZEL_TRY_VOID(change());
    return inner_.sync_directory(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return inner_.list(path);
  }
  bool exists(const std::string& path) override { return inner_.exists(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return inner_.lock(path);
  }
  Result<std::uint64_t> free_bytes(const std::string& path) override {
    return inner_.free_bytes(path);
  }

 private:
  class CutFile final : public File {
   public:
    CutFile(CutFileSystem& fs, std::unique_ptr<File> file) : fs_(fs), file_(std::move(file)) {}
    Result<void> write(std::uint64_t offset, std::string_view bytes) override {
      OUZEL_TRY_VOID(fs_.change());
      return file_->write(offset, bytes);
    }
    Result<std::size_t> read(std::uint64_t offset, char* out, std::size_t size) const override {
      return file_->read(offset, out, size);
    }
    Result<void> sync() override {
      OUZEL_TRY_VOID(fs_.change());
      return file_->sync();
    }
    Result<std::uint64_t> size() const override { return file_->size(); }
    Result<void> truncate(std::uint64_t size) override {
      OUZEL_TRY_VOID(fs_.change());
      return file_->truncate(size);
    }

   private:
    CutFileSystem& fs_;
    std::unique_ptr<File> file_;
  };

  Result<void> change() {
    if (left_ == 0) {
      cut_ = true;
      return fail(ErrorCode::unavailable, "the power is off");
    }
    --left_;
    return {};
  }

  FileSystem& inner_;
  std::uint64_t left_;
  bool cut_ = false;
};

}  // namespace ouzel
