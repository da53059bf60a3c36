/// Files in memory, for simulations: quick, and gone with the test. Every change is durable at
/// once; put the forgetful file system above it.
///
/// The tree outlives the FileSystem objects over it, as a disk outlives a process. Not thread-safe.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ouzel/base/file_system.h"

namespace ouzel {

struct MemoryTree {
  std::map<std::string, std::shared_ptr<std::string>> files;
  std::set<std::string> directories;
};

class MemoryFile final : public File {
 public:
  explicit MemoryFile(std::shared_ptr<std::string> bytes) : bytes_(std::move(bytes)) {}
  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    if (bytes_->size() < offset + bytes.size()) bytes_->resize(offset + bytes.size());
    bytes_->replace(offset, bytes.size(), bytes);
    return {};
  }
  Result<std::size_t> read(std::uint64_t offset, char* out, std::size_t size) const override {
    if (offset >= bytes_->size()) return 0;
    return bytes_->copy(out, size, offset);
  }
  Result<void> sync() override { return {}; }
  Result<std::uint64_t> size() const override { return bytes_->size(); }
  Result<void> truncate(std::uint64_t size) override {
    bytes_->resize(size);
    return {};
  }

 private:
  std::shared_ptr<std::string> bytes_;
};

class MemoryFileSystem final : public FileSystem {
 public:
  explicit MemoryFileSystem(std::shared_ptr<MemoryTree> tree) : tree_(std::move(tree)) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    auto found = tree_->files.find(path);
    if (found == tree_->files.end()) {
      if (mode != OpenMode::create) return fail(ErrorCode::config, "no such file: " + path);
      found = tree_->files.emplace(path, std::make_shared<std::string>()).first;
    }
    return std::make_unique<MemoryFile>(found->second);
  }
  /// Of a file, or of a directory with all it holds.
  Result<void> rename(const std::string& from, const std::string& to) override {
    if (tree_->directories.erase(from) > 0) {
      tree_->directories.insert(to);
      for (auto& [path, file] : std::map(tree_->files)) {
        if (!path.starts_with(from + "/")) continue;
        tree_->files.erase(path);
        tree_->files[to + path.substr(from.size())] = file;
      }
      return {};
    }
    const auto found = tree_->files.find(from);
    if (found == tree_->files.end()) return fail(ErrorCode::config, "no such file: " + from);
    const auto file = found->second;
    tree_->files.erase(found);
    tree_->files[to] = file;
    return {};
  }
  Result<void> remove(const std::string& path) override {
    tree_->files.erase(path);
    return {};
  }
  Result<void> make_directory(const std::string& path) override {
    tree_->directories.insert(path);
    return {};
  }
  Result<void> sync_directory(const std::string&) override { return {}; }
  Result<std::vector<std::string>> list(const std::string& path) override {
    std::set<std::string> names;
    const auto add = [&](const std::string& full) {
      if (full.starts_with(path + "/")) {
        const std::string rest = full.substr(path.size() + 1);
        names.insert(rest.substr(0, rest.find('/')));
      }
    };
    for (const auto& [full, file] : tree_->files) add(full);
    for (const auto& full : tree_->directories) add(full);
    return std::vector<std::string>(names.begin(), names.end());
  }
  bool exists(const std::string& path) override {
    return tree_->files.contains(path) || tree_->directories.contains(path);
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string&) override {
    return std::make_unique<FileLock>();
  }
  Result<std::uint64_t> free_bytes(const std::string&) override { return std::uint64_t{1} << 40; }

 private:
  std::shared_ptr<MemoryTree> tree_;
};

}  // namespace ouzel
