// Files as a node keeps them: read whole within a bound, written whole or not at all.
//
// `write_file` never shows a part of a file under its name: the text is on the disk, under an
// unused name (`.NAME.16-hex-digits`, beside it), before it gets its own. A crash leaves what was
// there before, or all of the new text; and perhaps the unused name, which goes at the next
// `write_file` or `remove_leftovers` of that path.
//
// Where a file system has neither renames that replace nothing nor hard links, a new file is first
// there empty, for an instant.
//
// An error has a Reason only together with what the file is for (conn/base/file_reason.h).
//
// Threads: any; calls block on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace peerage::conn {

// Owns an open file. Closing it reports no error, for a caller that wants to know has synced
// before, and leaves errno as it is.
class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int get() const noexcept { return number_; }
  bool is_open() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

struct FileError {
  enum class Kind : std::uint8_t {
    missing,   // there is no such file
    exists,    // there is one already
    too_long,  // for the bound
    other,
  };
  Kind kind = Kind::other;
  std::string what;  // for an operator, without the file's name
  int number = 0;    // the errno; 0: the system has reported none

  // What `errno` says.
  static FileError of_errno();
};
template <typename T>
using FileResult = tl::expected<T, FileError>;

// The text of a regular file of at most `limit` bytes; anything else is refused, and none is waited
// for. Leaves no other copy of it in our memory than the one it returns: it may be a secret.
FileResult<std::string> read_file(const std::filesystem::path& path, std::size_t limit);

// Which users may read a new file: its owner alone, whatever the umask, or all that it allows.
enum class Readers : std::uint8_t { owner, all };
// What becomes of a file that has the name already. `fail`: an error (exists).
enum class IfExists : std::uint8_t { fail, replace };

// After an error there is what was there before.
FileResult<void> write_file(const std::filesystem::path& path, std::string_view text,
                            Readers readers, IfExists if_exists);

// Deletes what a `write_file` of `path` that was killed has left; never that of one under way, in
// whatever process. Best effort.
void remove_leftovers(const std::filesystem::path& path) noexcept;

// All of it, however the kernel divides it. False, with errno.
bool write_all(int descriptor, std::string_view text) noexcept;

// Best effort: the names in `path`'s directory are on the disk. Not every file system can.
void sync_directory_of(const std::filesystem::path& path) noexcept;

}  // namespace peerage::conn
