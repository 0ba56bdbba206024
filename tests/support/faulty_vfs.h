// A disk that fails when it is told to: a virtual file system of SQLite's in front of the default
// one.
//
// Calls that write, sync, truncate, read, open, delete or lock are counted from `arm` on; those
// from the n-th on, as many as planned, fail in the planned way. `hits` tells how many have: an
// injector that has not hit has proven nothing.
//
// Or all calls to the files in a folder fail, for as long as it is spoilt: the disk of one of many
// nodes in a process.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <filesystem>

namespace peerage::test {

enum class Fault : std::uint8_t {
  io_error,
  full,              // what writes says that the disk is full, the rest that it failed
  busy,              // what locks says that another has the lock, the rest that it failed
  short_write,       // half of what is to be written is, and then the disk is full
  no_shared_memory,  // nothing can be shared with another process; all else succeeds
  no_locks,          // the file system has none; all else succeeds
};

class FaultyVfs {
 public:
  // Registers itself once; for BookFile::Options::vfs.
  static const char* name();

  static void arm(Fault fault, std::uint64_t first, std::uint64_t count);
  // Whatever comes succeeds.
  static void disarm();
  static std::uint64_t calls();
  static std::uint64_t hits();

  // From now on it is what SQLite takes for a file that names no other. `skipped`: nothing is
  // synced, for processes that end in order and leave no file that is needed afterwards.
  enum class Syncing : std::uint8_t { done, skipped };
  static void make_default(Syncing syncing);
  static void spoil(const std::filesystem::path& folder, Fault fault);
  static void mend(const std::filesystem::path& folder);
  // Calls that have failed so, by `spoil`.
  static std::uint64_t spoilt_calls(Fault fault);
};

}  // namespace peerage::test
