// Files as the address book needs them: made for their owner alone, locked against a second
// process, moved aside without ever replacing another.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "addrbook/record/known_address.h"
#include "conn/base/failure.h"
#include "conn/base/file.h"

namespace peerage::addrbook {

// A lock that ends with the process at the latest. It is held on a file of its own, which remains
// when the lock goes: removing it would let two processes hold locks on files of one name.
class FileLock {
 public:
  // book_in_use when another holder has it; no_locks when the file system has none; book_unwritable
  // and the like (conn/base/file_reason.h).
  static conn::Result<FileLock> take(const std::filesystem::path& path);
  // Whether somebody holds it; makes and changes nothing. It is shared for an instant, which only
  // one that takes it in that instant would notice.
  static bool is_held(const std::filesystem::path& path) noexcept;

 private:
  explicit FileLock(conn::Descriptor file) : file_(std::move(file)) {}
  conn::Descriptor file_;
};

// "the file system of DIRECTORY gives no locks (why)".
std::string without_locks(std::string_view directory, int error);

// `path` with `suffix` added to its name.
std::filesystem::path with_suffix(const std::filesystem::path& path, std::string_view suffix);

// Makes an empty file, mode 0600. One that exists is an error.
conn::Result<void> create_private(const std::filesystem::path& path);

// Renames a database file and what belongs to it (-wal, -shm, -journal) to
// NAME.LABEL-20261121T101500Z, with -2, -3, ... at the end when that name is taken. The new name of
// the file.
conn::Result<std::filesystem::path> move_aside(const std::filesystem::path& path,
                                               std::string_view label, Time now);

// The way back: `path`, which is deleted with what belongs to it, is again what `move_aside` made
// `aside`.
void move_back(const std::filesystem::path& aside, const std::filesystem::path& path) noexcept;

// Deletes what a `move_aside` of `path` that was killed has left: companions that have moved, of a
// file that has not. They are nothing without it. Best effort; for the holder of the lock.
void remove_leftovers_of_book(const std::filesystem::path& path) noexcept;

// Deletes a database file and what belongs to it; what is not there is no error. Interrupted, it
// leaves no file that a later one could take for its own log.
conn::Result<void> remove_database(const std::filesystem::path& path);

// Which file a path leads to: the same value, the same file, while it exists.
struct Identity {
  std::uint64_t device = 0;
  std::uint64_t number = 0;  // 0: none
  bool operator==(const Identity&) const = default;
};
Identity identity_of(const std::filesystem::path& path) noexcept;

}  // namespace peerage::addrbook
