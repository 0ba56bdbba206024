#include "conn/base/file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conn/base/bytes.h"

namespace peerage::conn {
namespace {

constexpr std::size_t kStep = std::size_t{64} << 10;

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

tl::unexpected<FileError> last_error() {
  return tl::unexpected(FileError::of_errno());
}

void wipe_text(std::string& text) noexcept {
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
}

// A string that, unlike std::string, leaves nothing behind when it grows, or is given up.
class WipedText {
 public:
  explicit WipedText(std::size_t size) : text_(size, '\0') {}
  ~WipedText() { wipe_text(text_); }
  WipedText(const WipedText&) = delete;
  WipedText& operator=(const WipedText&) = delete;

  char* data() { return text_.data(); }
  std::size_t size() const { return text_.size(); }
  void grow(std::size_t size) {
    std::string larger(size, '\0');
    std::copy(text_.begin(), text_.end(), larger.begin());
    wipe_text(text_);
    text_ = std::move(larger);
  }
  std::string first(std::size_t size) {
    text_.resize(size);
    return std::exchange(text_, {});
  }

 private:
  std::string text_;
};

constexpr std::size_t kUniqueBytes = 8;

std::string prefix_of_temporaries(const std::filesystem::path& path) {
  return "." + path.filename().string() + ".";
}

// Of an errno with which a file system says that it cannot do this at all: that is no reason to do
// without the file.
bool is_not_offered(int error) {
  return error == EPERM || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
}

bool same_file(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// A file beside `path` that no other process uses; removed unless it gets the name. It is locked
// while it is open, which tells it from one that was left by a process that has ended.
class Temporary {
 public:
  explicit Temporary(const std::filesystem::path& path) : path_(path) {}
  ~Temporary() {
    if (exists_) ::unlink(name_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  // False, with errno.
  bool write(std::string_view text, Readers readers) {
    const mode_t mode = readers == Readers::owner ? 0600 : 0644;
    if (!open(mode)) return false;
    // Against the umask alone: a file system that has no modes refuses, and decides by itself.
    if (readers == Readers::owner && ::fchmod(file_.get(), mode) != 0 && !is_not_offered(errno)) {
      return false;
    }
    if (!write_all(file_.get(), text)) return false;
    return ::fsync(file_.get()) == 0 || is_not_offered(errno);
  }
  bool become(IfExists if_exists) {
    if (if_exists == IfExists::fail) return take_name();
    exists_ = ::rename(name_.c_str(), path_.c_str()) != 0;
    return !exists_;
  }

 private:
  bool open(mode_t mode) {
    static constexpr int kTries = 5;
    for (int i = 0; i < kTries; ++i) {
      ByteArray<kUniqueBytes> unique;
      randombytes_buf(unique.data(), unique.size());
      name_ = directory_of(path_) / (prefix_of_temporaries(path_) + to_hex(unique));
      file_ = Descriptor(::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
      exists_ = file_.is_open();
      if (!exists_) return false;
      // Without locks it does as well: then nobody takes it for a leftover.
      const bool taken = ::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
      struct stat status {};
      if (!taken && ::fstat(file_.get(), &status) == 0 && status.st_nlink > 0) return true;
      exists_ = false;  // between the two somebody took it for a leftover
    }
    errno = EAGAIN;
    return false;
  }

  // Unlike rename(), replaces no file that has appeared meanwhile.
  bool take_name() {
    if (::renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) == 0) {
      exists_ = false;
      return true;
    }
    if (errno == EEXIST) return false;
    if (::link(name_.c_str(), path_.c_str()) == 0) return true;
    if (errno == EEXIST) return false;
    // Neither is there: the name is taken by an empty file of ours, which may be replaced.
    const Descriptor claim(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!claim.is_open()) return false;
    exists_ = ::rename(name_.c_str(), path_.c_str()) != 0;
    if (!exists_) return true;
    const int error = errno;
    ::unlink(path_.c_str());
    errno = error;
    return false;
  }

  const std::filesystem::path path_;
  std::filesystem::path name_;
  Descriptor file_;
  bool exists_ = false;
};

bool is_temporary(std::string_view name, std::string_view prefix) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  return name.size() == prefix.size() + 2 * kUniqueBytes && name.starts_with(prefix) &&
         name.find_first_not_of(kDigits, prefix.size()) == std::string_view::npos;
}

// Unless a process has it open and locked, or no lock can be had.
void remove_unlocked(const std::filesystem::path& file) {
  const Descriptor left(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat opened {};
  struct stat named {};
  if (!left.is_open() || ::fstat(left.get(), &opened) != 0 || !S_ISREG(opened.st_mode)) return;
  if (::flock(left.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (::lstat(file.c_str(), &named) == 0 && same_file(opened, named)) ::unlink(file.c_str());
}

}  // namespace

Descriptor::~Descriptor() {
  if (!is_open()) return;
  const int error = errno;
  ::close(number_);
  errno = error;
}

FileError FileError::of_errno() {
  const int error = errno;
  const Kind kind = error == ENOENT ? Kind::missing : error == EEXIST ? Kind::exists : Kind::other;
  return {kind, std::strerror(error), error};
}

FileResult<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  // Without O_NONBLOCK opening a named pipe would block until it has a writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return last_error();
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return last_error();
  if (!S_ISREG(status.st_mode)) {
    return tl::unexpected(FileError{FileError::Kind::other, "not a regular file", 0});
  }
  // One more than there should be, to see the end, or that there is none.
  const std::size_t most = limit + 1;
  WipedText text(std::min(most, static_cast<std::size_t>(status.st_size) + 1));
  for (std::size_t size = 0;;) {
    const ssize_t count = ::read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return last_error();
    if (count == 0) return text.first(size);
    size += static_cast<std::size_t>(count);
    if (size > limit) {
      return tl::unexpected(FileError{FileError::Kind::too_long,
                                      "longer than " + std::to_string(limit) + " bytes", 0});
    }
    // It is growing.
    if (size == text.size()) text.grow(std::min(most, 2 * size + kStep));
  }
}

FileResult<void> write_file(const std::filesystem::path& path, std::string_view text,
                            Readers readers, IfExists if_exists) {
  // Where there is one, a directory that is read-only is no matter.
  struct stat there {};
  if (if_exists == IfExists::fail && ::lstat(path.c_str(), &there) == 0) {
    errno = EEXIST;
    return last_error();
  }
  remove_leftovers(path);
  Temporary temporary(path);
  if (!temporary.write(text, readers)) return last_error();
  if (!temporary.become(if_exists)) return last_error();
  sync_directory_of(path);
  return {};
}

void remove_leftovers(const std::filesystem::path& path) noexcept {
  try {
    const std::filesystem::path directory = directory_of(path);
    const std::string prefix = prefix_of_temporaries(path);
    const std::unique_ptr<DIR, int (*)(DIR*)> names(::opendir(directory.c_str()), &::closedir);
    if (!names) return;
    while (const dirent* entry = ::readdir(names.get())) {
      if (is_temporary(entry->d_name, prefix)) remove_unlocked(directory / entry->d_name);
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory: they stay
  }
}

bool write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void sync_directory_of(const std::filesystem::path& path) noexcept {
  const Descriptor directory(
      ::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.is_open()) ::fsync(directory.get());
}

}  // namespace peerage::conn
