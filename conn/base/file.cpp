#include "conn/base/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sodium.h>
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

// A file beside `path` that no other process uses; removed unless it gets the name.
class Temporary {
 public:
  explicit Temporary(const std::filesystem::path& path) {
    ByteArray<8> unique;
    randombytes_buf(unique.data(), unique.size());
    name_ = directory_of(path) / ("." + path.filename().string() + "." + to_hex(unique));
  }
  ~Temporary() {
    if (exists_) ::unlink(name_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  // False, with errno.
  bool write(std::string_view text, Readers readers) {
    const mode_t mode = readers == Readers::owner ? 0600 : 0644;
    const Descriptor file(::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    exists_ = file.is_open();
    if (!exists_) return false;
    if (readers == Readers::owner && ::fchmod(file.get(), mode) != 0) return false;
    return write_all(file.get(), text) && ::fsync(file.get()) == 0;
  }
  bool become(const std::filesystem::path& path, IfExists if_exists) {
    if (if_exists == IfExists::replace) {
      exists_ = ::rename(name_.c_str(), path.c_str()) != 0;
      return !exists_;
    }
    // Unlike rename(), link() does not replace a file that has appeared meanwhile.
    return ::link(name_.c_str(), path.c_str()) == 0;
  }

 private:
  std::filesystem::path name_;
  bool exists_ = false;
};

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
  return {kind, std::strerror(error)};
}

FileResult<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  // Without O_NONBLOCK opening a named pipe would block until it has a writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return last_error();
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return last_error();
  if (!S_ISREG(status.st_mode)) {
    return tl::unexpected(FileError{FileError::Kind::other, "not a regular file"});
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
      return tl::unexpected(
          FileError{FileError::Kind::too_long, "longer than " + std::to_string(limit) + " bytes"});
    }
    // It is growing.
    if (size == text.size()) text.grow(std::min(most, 2 * size + kStep));
  }
}

FileResult<void> write_file(const std::filesystem::path& path, std::string_view text,
                            Readers readers, IfExists if_exists) {
  Temporary temporary(path);
  if (!temporary.write(text, readers)) return last_error();
  if (!temporary.become(path, if_exists)) return last_error();
  sync_directory_of(path);
  return {};
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
