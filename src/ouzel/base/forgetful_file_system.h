/// A file system that loses what was not synced when its process dies: SIGKILL becomes power loss.
/// For tests only (`OUZEL_TEST_FS` of the crash tests' program); the product never makes one.
///
/// What is written stays in this process's memory, as 512-byte sectors over the real file, until
/// `sync` puts it there. A new, renamed or removed name, directories too, becomes real at
/// `sync_directory`. So at every instant the real files are what a power cut could have left. As a
/// kernel may, it also lets random sectors and random names reach the real files before any sync,
/// in any order (torn and reordered writes). It never calls a real sync: the page cache outlives
/// the process. Reads see what was written.
///
/// A name that starts with `.forget-` is a draft of a file on its way to its name: left behind by a
/// kill, never listed, to be ignored. A lock is real, but for one in a directory that is not yet.
/// Renaming a directory is not supported (error internal), nor is removing one.
///
/// Thread-safe. Owns the real file system; its files may not outlive it.
#pragma once

#include <memory>
#include <string_view>

#include "ouzel/base/file_system.h"

namespace ouzel {

/// `spec`: `forget:<seed>`, then any of
///   `:fail_sync=<n>`  the n-th sync of a file (from 1) fails; its unsynced bytes never reach the
///                     real file, yet look written to later reads, as Linux marks pages clean;
///   `:sync_us=<n>`    how long a sync takes (default 500), so that there is a before and an after;
///   `:slow=<text>`    that of a file whose path contains the text takes 50 times as long;
///   `:calm`           nothing reaches the real files before a sync.
/// Returns null if the text says anything else.
std::unique_ptr<FileSystem> make_forgetful_file_system(std::unique_ptr<FileSystem> real,
                                                       std::string_view spec);

}  // namespace ouzel
