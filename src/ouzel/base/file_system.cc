#include "ouzel/base/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ouzel {
namespace {

tl::unexpected<Error> system_error(std::string_view what, const std::string& path) {
  const int code = errno;
  const bool config = code == ENOENT || code == EACCES || code == ENOTDIR || code == EROFS ||
                      code == EISDIR || code == EPERM;
  return fail(config ? ErrorCode::config : ErrorCode::unavailable,
              std::string(what) + " " + path + ": " + std::strerror(code));
}

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixFile() override { ::close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t done =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (done < 0) {
        if (errno == EINTR) continue;
        return system_error("cannot write", path_);
      }
      bytes.remove_prefix(static_cast<std::size_t>(done));
      offset += static_cast<std::uint64_t>(done);
    }
    return {};
  }

  /// Past the page cache: that halves the CPU of preparing a segment, and evicts nothing.
  Result<void> write_zeros(std::uint64_t from, std::uint64_t to) override {
    const std::string self = "/proc/self/fd/" + std::to_string(descriptor_);
    const int direct = ::open(self.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
    if (direct < 0) return File::write_zeros(from, to);
    constexpr std::size_t kBlock = 1 << 20;
    void* zeros = ::mmap(nullptr, kBlock, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool done = zeros != MAP_FAILED;
    while (done && from < to) {
      const ssize_t wrote = ::pwrite(direct, zeros, std::min<std::uint64_t>(kBlock, to - from),
                                     static_cast<off_t>(from));
      done = wrote > 0 || (wrote < 0 && errno == EINTR);
      if (wrote > 0) from += static_cast<std::uint64_t>(wrote);
    }
    if (zeros != MAP_FAILED) ::munmap(zeros, kBlock);
    ::close(direct);
    // A file system that cannot do it, or a full disk, which the ordinary way will name.
    return done ? Result<void>() : File::write_zeros(from, to);
  }

  Result<std::size_t> read(std::uint64_t offset, char* out, std::size_t size) const override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got =
          ::pread(descriptor_, out + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return system_error("cannot read", path_);
      }
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<void> sync() override {
    int done = 0;
    do done = ::fdatasync(descriptor_);
    while (done != 0 && errno == EINTR);
    if (done != 0) return system_error("cannot sync", path_);
    return {};
  }

  Result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(descriptor_, &info) != 0) return system_error("cannot stat", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

  Result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
      return system_error("cannot resize", path_);
    }
    return {};
  }

 private:
  int descriptor_;
  std::string path_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(int descriptor) : descriptor_(descriptor) {}
  ~PosixLock() override { ::close(descriptor_); }
  PosixLock(const PosixLock&) = delete;
  PosixLock& operator=(const PosixLock&) = delete;

 private:
  int descriptor_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    int flags = O_CLOEXEC;
    // A named pipe without a writer would wait for ever; regular files do not mind.
    if (mode == OpenMode::read) flags |= O_RDONLY | O_NONBLOCK;
    if (mode == OpenMode::write) flags |= O_RDWR;
    if (mode == OpenMode::create) flags |= O_RDWR | O_CREAT;
    const int descriptor = ::open(path.c_str(), flags, 0640);
    if (descriptor < 0) return system_error("cannot open", path);
    return std::make_unique<PosixFile>(descriptor, path);
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error("cannot rename", from);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    if (errno == EISDIR && ::rmdir(path.c_str()) == 0) return {};
    return system_error("cannot remove", path);
  }

  Result<void> make_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) {
      return system_error("cannot make directory", path);
    }
    return {};
  }

  Result<void> sync_directory(const std::string& path) override {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return system_error("cannot open directory", path);
    const int done = ::fsync(descriptor);
    const int code = errno;
    ::close(descriptor);
    errno = code;
    if (done != 0) return system_error("cannot sync directory", path);
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return system_error("cannot list", path);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (descriptor < 0) return system_error("cannot open", path);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      const bool held = errno == EWOULDBLOCK;
      ::close(descriptor);
      if (held) return fail(ErrorCode::config, "already in use by another process: " + path);
      return system_error("cannot lock", path);
    }
    return std::make_unique<PosixLock>(descriptor);
  }

  Result<std::uint64_t> free_bytes(const std::string& path) override {
    struct statvfs info {};
    if (::statvfs(path.c_str(), &info) != 0) return system_error("cannot stat", path);
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }
};

}  // namespace

Result<void> File::write_zeros(std::uint64_t from, std::uint64_t to) {
  constexpr std::uint64_t kBlock = 1 << 20;
  const std::string zeros(std::min(kBlock, to - from), '\0');
  while (from < to) {
    const std::uint64_t size = std::min<std::uint64_t>(zeros.size(), to - from);
    OUZEL_TRY_VOID(write(from, std::string_view(zeros).substr(0, size)));
    from += size;
  }
  return {};
}

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

Result<std::string> read_file(FileSystem& fs, const std::string& path) {
  OUZEL_TRY(const std::unique_ptr<File> file, fs.open(path, OpenMode::read));
  OUZEL_TRY(const std::uint64_t size, file->size());
  std::string content(size, '\0');
  OUZEL_TRY(const std::size_t got, file->read(0, content.data(), size));
  content.resize(got);
  return content;
}

Result<void> replace_file(FileSystem& fs, const std::string& directory, const std::string& name,
                          std::string_view content) {
  const std::string path = directory + "/" + name;
  const std::string draft = path + ".new";
  OUZEL_TRY(const std::unique_ptr<File> file, fs.open(draft, OpenMode::create));
  OUZEL_TRY_VOID(file->truncate(0));
  OUZEL_TRY_VOID(file->write(0, content));
  OUZEL_TRY_VOID(file->sync());
  OUZEL_TRY_VOID(fs.rename(draft, path));
  return fs.sync_directory(directory);
}

}  // namespace ouzel
