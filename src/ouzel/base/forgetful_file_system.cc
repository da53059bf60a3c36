#include "ouzel/base/forgetful_file_system.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "ouzel/base/forgetful_inode.h"

namespace ouzel {
namespace {

constexpr std::string_view kDraftPrefix = ".forget-";
/// Odds of an early arrival, per write (sectors) and per change of a name (names); the seed picks,
/// so that some disks wait for every sync and some are ahead of most.
constexpr std::array<double, 3> kSectorLeaks = {0.01, 0.1, 0.4};
constexpr std::array<double, 3> kNameLeaks = {0, 0.02, 0.2};
constexpr std::uint64_t kSlowFactor = 50;

struct Spec {
  std::uint64_t seed = 0;
  std::uint64_t fail_sync = 0;
  std::uint64_t sync_us = 500;
  std::string slow;
  bool calm = false;
};

bool parse_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<Spec> parse_spec(std::string_view text) {
  Spec spec;
  for (int part = 0; part == 0 || !text.empty(); ++part) {
    const std::string_view word = text.substr(0, text.find(':'));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const std::string_view value = word.substr(std::min(word.size(), word.find('=') + 1));
    bool good = true;
    if (part == 0)
      good = word == "forget";
    else if (part == 1)
      good = parse_number(word, spec.seed);
    else if (word.starts_with("fail_sync="))
      good = parse_number(value, spec.fail_sync);
    else if (word.starts_with("sync_us="))
      good = parse_number(value, spec.sync_us);
    else if (word.starts_with("slow="))
      spec.slow = value;
    else if (word == "calm")
      spec.calm = true;
    else
      good = false;
    if (!good || (part == 0 && text.empty())) return std::nullopt;
  }
  return spec;
}

std::string normal(const std::string& path) {
  std::string out = std::filesystem::path(path).lexically_normal().string();
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out.empty() ? "." : out;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

using InodePtr = std::shared_ptr<Inode>;

class ForgetfulFileSystem final : public FileSystem {
 public:
  ForgetfulFileSystem(std::unique_ptr<FileSystem> real, const Spec& spec)
      : real_(std::move(real)), spec_(spec), dice_(spec.seed, spec.calm) {
    sector_leak_ = kSectorLeaks[dice_.below(kSectorLeaks.size())];
    name_leak_ = kNameLeaks[dice_.below(kNameLeaks.size())];
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> make_directory(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  bool exists(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& path) override;

  /// For ForgetfulFile.
  Result<void> written(Inode& inode);
  Result<void> sync(Inode& inode, const std::string& path);

 private:
  /// A directory made here: seen at once; `stable` once its parent was synced; `real` once that
  /// parent is itself on disk.
  enum class Made : std::uint8_t { seen, stable, real };

  bool is_real(const std::string& directory) const;
  bool directory_exists(const std::string& path);
  Result<InodePtr> find(const std::string& path);
  Result<void> settle_name(const std::string& path);
  Result<void> settle_gone(const std::string& path);
  Result<void> settle_directory(const std::string& path);
  Result<void> link(Inode& inode, const std::string& path, const std::string& final_path);
  Result<void> leak_name();
  std::vector<std::string> unsettled(const std::string& directory) const;
  std::string draft_in(const std::string& directory) {
    return directory + "/" + std::string(kDraftPrefix) + std::to_string(++drafts_) + "-" +
           std::to_string(spec_.seed);
  }

  const std::unique_ptr<FileSystem> real_;
  const Spec spec_;
  Dice dice_;
  double sector_leak_ = 0;
  double name_leak_ = 0;
  std::mutex mutex_;                         ///< Names. Taken before an inode's own.
  std::map<std::string, InodePtr> visible_;  ///< Names touched here; null: removed.
  std::map<std::string, InodePtr> stable_;   ///< The same names as the disk has them.
  std::map<std::string, Made> made_;
  std::uint64_t drafts_ = 0;
  std::uint64_t syncs_ = 0;
};

class ForgetfulFile final : public File {
 public:
  ForgetfulFile(ForgetfulFileSystem& fs, InodePtr inode, std::string path)
      : fs_(fs), inode_(std::move(inode)), path_(std::move(path)) {}
  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    OUZEL_TRY_VOID(inode_->write(offset, bytes));
    return fs_.written(*inode_);
  }
  Result<std::size_t> read(std::uint64_t offset, char* out, std::size_t size) const override {
    return inode_->read(offset, out, size);
  }
  Result<void> sync() override { return fs_.sync(*inode_, path_); }
  Result<std::uint64_t> size() const override { return inode_->size(); }
  Result<void> truncate(std::uint64_t size) override {
    OUZEL_TRY_VOID(inode_->truncate(size));
    return fs_.written(*inode_);
  }

 private:
  ForgetfulFileSystem& fs_;
  const InodePtr inode_;
  const std::string path_;
};

Result<void> ForgetfulFileSystem::written(Inode& inode) {
  if (dice_.leak(sector_leak_)) return inode.leak(dice_);
  return {};
}

Result<void> ForgetfulFileSystem::sync(Inode& inode, const std::string& path) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++syncs_;
  }
  // A part arrives early, then a kill has time to fall between.
  if (dice_.leak(0.5)) OUZEL_TRY_VOID(inode.leak(dice_));
  const bool slow = !spec_.slow.empty() && path.find(spec_.slow) != std::string::npos;
  const std::uint64_t wait_us = spec_.sync_us * (slow ? kSlowFactor : 1);
  if (wait_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(wait_us));
  if (number == spec_.fail_sync) {
    inode.forget_dirty();
    return fail(ErrorCode::unavailable,
                "cannot sync " + path + ": the test made sync " + std::to_string(number) + " fail");
  }
  return inode.sync();
}

bool ForgetfulFileSystem::is_real(const std::string& directory) const {
  const auto found = made_.find(directory);
  return found == made_.end() || found->second == Made::real;
}

bool ForgetfulFileSystem::directory_exists(const std::string& path) {
  return made_.contains(path) || real_->exists(path);
}

/// The file seen under `path`, null if there is none. From then on both maps know the name.
Result<InodePtr> ForgetfulFileSystem::find(const std::string& path) {
  if (const auto found = visible_.find(path); found != visible_.end()) return found->second;
  InodePtr inode;
  if (is_real(parent_of(path)) && real_->exists(path)) {
    auto file = real_->open(path, OpenMode::write);
    if (!file) file = real_->open(path, OpenMode::read);
    if (!file) return tl::unexpected(file.error());
    OUZEL_TRY(const std::uint64_t size, (*file)->size());
    inode = std::make_shared<Inode>(std::move(*file), size);
    inode->visible_path = inode->stable_path = path;
  }
  visible_[path] = inode;
  stable_[path] = inode;
  return inode;
}

Result<std::unique_ptr<File>> ForgetfulFileSystem::open(const std::string& given, OpenMode mode) {
  const std::string path = normal(given);
  const std::lock_guard lock(mutex_);
  OUZEL_TRY(InodePtr inode, find(path));
  if (inode == nullptr) {
    if (mode != OpenMode::create || !directory_exists(parent_of(path))) {
      return fail(ErrorCode::config, "cannot open " + given + ": no such file or directory");
    }
    inode = std::make_shared<Inode>();
    inode->visible_path = path;
    visible_[path] = inode;
    OUZEL_TRY_VOID(leak_name());
  }
  return std::make_unique<ForgetfulFile>(*this, std::move(inode), given);
}

Result<void> ForgetfulFileSystem::rename(const std::string& from, const std::string& to) {
  const std::string source = normal(from);
  const std::string target = normal(to);
  const std::lock_guard lock(mutex_);
  if (made_.contains(source)) return fail(ErrorCode::internal, "cannot rename directory " + from);
  OUZEL_TRY(const InodePtr inode, find(source));
  if (inode == nullptr || !directory_exists(parent_of(target))) {
    return fail(ErrorCode::config, "cannot rename " + from + ": no such file or directory");
  }
  OUZEL_TRY(const InodePtr replaced, find(target));
  if (replaced == inode) return {};
  if (replaced != nullptr) replaced->visible_path.clear();
  visible_[source] = nullptr;
  visible_[target] = inode;
  inode->visible_path = target;
  return leak_name();
}

Result<void> ForgetfulFileSystem::remove(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(mutex_);
  OUZEL_TRY(const InodePtr inode, find(path));
  if (inode == nullptr) return {};
  inode->visible_path.clear();
  visible_[path] = nullptr;
  return leak_name();
}

Result<void> ForgetfulFileSystem::make_directory(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(mutex_);
  if (directory_exists(path)) return {};
  if (!directory_exists(parent_of(path))) {
    return fail(ErrorCode::config, "cannot make directory " + given + ": no parent directory");
  }
  made_[path] = Made::seen;
  return leak_name();
}

/// Puts a file that is on disk nowhere under `path`; `final_path` is where that will be once its
/// directory has its own name.
Result<void> ForgetfulFileSystem::link(Inode& inode, const std::string& path,
                                       const std::string& final_path) {
  const std::string draft = draft_in(parent_of(path));
  OUZEL_TRY(std::unique_ptr<File> file, real_->open(draft, OpenMode::create));
  OUZEL_TRY_VOID(inode.link(std::move(file)));
  inode.stable_path = final_path;
  return real_->rename(draft, path);
}

/// What the disk has under `path` becomes what is seen there.
Result<void> ForgetfulFileSystem::settle_name(const std::string& path) {
  const InodePtr seen = visible_[path];
  const InodePtr old = stable_[path];
  if (seen == old) return {};
  if (seen == nullptr) return settle_gone(path);
  if (old != nullptr && !old->visible_path.empty() && stable_[old->visible_path] == nullptr) {
    OUZEL_TRY_VOID(settle_name(std::string(old->visible_path)));  // Moved away first.
    return settle_name(path);
  }
  const std::string source = seen->stable_path;
  if (is_real(parent_of(path))) {
    if (source.empty() || !is_real(parent_of(source))) {
      OUZEL_TRY_VOID(link(*seen, path, path));
    } else {
      OUZEL_TRY_VOID(real_->rename(source, path));
    }
  }
  if (!source.empty()) stable_[source] = nullptr;
  if (old != nullptr) old->stable_path.clear();
  stable_[path] = seen;
  seen->stable_path = path;
  return {};
}

/// A name goes from disk: with its file, or to the file's new name (a rename is one step).
Result<void> ForgetfulFileSystem::settle_gone(const std::string& path) {
  const InodePtr old = stable_[path];
  if (!old->visible_path.empty() && old->visible_path != path) {
    return settle_name(std::string(old->visible_path));
  }
  if (is_real(parent_of(path))) OUZEL_TRY_VOID(real_->remove(path));
  old->stable_path.clear();
  stable_.erase(path);
  visible_.erase(path);
  return {};
}

/// A directory gets its name on disk, with the names that it has as synced, all in one step.
Result<void> ForgetfulFileSystem::settle_directory(const std::string& path) {
  const auto state = made_.find(path);
  if (state == made_.end() || state->second == Made::real) return {};
  if (!is_real(parent_of(path))) {
    state->second = Made::stable;
    return {};
  }
  const std::string draft = draft_in(parent_of(path));
  OUZEL_TRY_VOID(real_->make_directory(draft));
  for (const auto& [name, inode] : stable_) {
    if (inode == nullptr || parent_of(name) != path) continue;
    OUZEL_TRY_VOID(link(*inode, draft + "/" + name_of(name), name));
  }
  OUZEL_TRY_VOID(real_->rename(draft, path));
  state->second = Made::real;
  // Not one step with the above, as it would be: children that were synced follow at once.
  for (const auto& [child, made] : std::map(made_)) {
    if (parent_of(child) == path && made == Made::stable) {
      OUZEL_TRY_VOID(settle_directory(child));
    }
  }
  return {};
}

/// Names, of one directory or of all (empty text), that are seen and not yet so on disk.
std::vector<std::string> ForgetfulFileSystem::unsettled(const std::string& directory) const {
  std::vector<std::string> out;
  for (const auto& [path, inode] : visible_) {
    if (!directory.empty() && parent_of(path) != directory) continue;
    const auto found = stable_.find(path);
    if ((found == stable_.end() ? nullptr : found->second) != inode) out.push_back(path);
  }
  for (const auto& [path, made] : made_) {
    if (!directory.empty() && parent_of(path) != directory) continue;
    if (made == Made::seen) out.push_back(path);
  }
  return out;
}

Result<void> ForgetfulFileSystem::leak_name() {
  if (!dice_.leak(name_leak_)) return {};
  const std::vector<std::string> names = unsettled("");
  if (names.empty()) return {};
  const std::string& name = names[dice_.below(names.size())];
  return made_.contains(name) ? settle_directory(name) : settle_name(name);
}

Result<void> ForgetfulFileSystem::sync_directory(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(mutex_);
  if (!directory_exists(path)) {
    return fail(ErrorCode::config, "cannot sync directory " + given + ": no such directory");
  }
  std::vector<std::string> names = unsettled(path);
  while (!names.empty()) {  // In any order.
    std::swap(names[dice_.below(names.size())], names.back());
    const std::string name = std::move(names.back());
    names.pop_back();
    if (made_.contains(name)) {
      OUZEL_TRY_VOID(settle_directory(name));
    } else if (visible_.contains(name)) {
      OUZEL_TRY_VOID(settle_name(name));
    }
  }
  return {};
}

Result<std::vector<std::string>> ForgetfulFileSystem::list(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(mutex_);
  std::set<std::string> names;
  if (is_real(path)) {
    OUZEL_TRY(const std::vector<std::string> real, real_->list(path));
    names.insert(real.begin(), real.end());
  }
  std::erase_if(names, [](const std::string& name) { return name.starts_with(kDraftPrefix); });
  for (const auto& [name, inode] : visible_) {
    if (parent_of(name) != path) continue;
    if (inode != nullptr) {
      names.insert(name_of(name));
    } else {
      names.erase(name_of(name));
    }
  }
  for (const auto& [name, made] : made_) {
    if (parent_of(name) == path) names.insert(name_of(name));
  }
  return std::vector<std::string>(names.begin(), names.end());
}

bool ForgetfulFileSystem::exists(const std::string& given) {
  const std::string path = normal(given);
  const std::lock_guard lock(mutex_);
  if (const auto found = visible_.find(path); found != visible_.end()) {
    return found->second != nullptr;
  }
  return directory_exists(path);
}

Result<std::unique_ptr<FileLock>> ForgetfulFileSystem::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!is_real(parent_of(normal(path)))) return std::make_unique<FileLock>();
  return real_->lock(path);
}

Result<std::uint64_t> ForgetfulFileSystem::free_bytes(const std::string& given) {
  std::string path = normal(given);
  const std::lock_guard lock(mutex_);
  while (!real_->exists(path) && path != "." && path != "/") path = parent_of(path);
  return real_->free_bytes(path);
}

}  // namespace

std::unique_ptr<FileSystem> make_forgetful_file_system(std::unique_ptr<FileSystem> real,
                                                       std::string_view spec) {
  const std::optional<Spec> parsed = parse_spec(spec);
  if (!parsed) return nullptr;
  return std::make_unique<ForgetfulFileSystem>(std::move(real), *parsed);
}

}  // namespace ouzel
