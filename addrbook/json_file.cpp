// addrbook.json on the disk.
#include "addrbook/json_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

namespace peerage::addrbook {
namespace {

using conn::fail;
using conn::Reason;
using conn::Stage;

std::string shown(const std::filesystem::path& path) {
  return conn::printable(path.native(), 1024);
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

conn::Result<JsonBook> load_json_book(const std::filesystem::path& path, Time now) {
  const auto unreadable = [&path](const char* why) {
    return fail(Stage::configuration, Reason::address_file_unreadable, shown(path) + ": " + why);
  };
  // Without O_NONBLOCK a named pipe would hold us until somebody writes to it.
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return unreadable(std::strerror(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return unreadable("not a regular file");
  }
  std::string text;
  for (std::size_t size = 0;;) {
    static constexpr std::size_t kStep = std::size_t{1} << 20;
    text.resize(size + kStep);
    const ssize_t count = ::read(file.get(), text.data() + size, kStep);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(std::strerror(errno));
    size += static_cast<std::size_t>(count);
    text.resize(size);
    if (count == 0 || size > kMaxJsonFile) break;
  }
  auto book = parse_json_book(text, now);
  if (!book) book.error().detail = shown(path) + ": " + book.error().detail;
  return book;
}

conn::Result<void> save_json_book(const std::filesystem::path& path, std::string_view text) {
  const auto failed = [&path](int error) {
    return fail(Stage::configuration, Reason::address_file_unwritable,
                shown(path) + ": " + std::strerror(error));
  };
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  conn::ByteArray<8> unique;
  randombytes_buf(unique.data(), unique.size());
  const std::filesystem::path temporary =
      directory / ("." + path.filename().string() + "." + conn::to_hex(unique));
  {
    const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file.is_open()) return failed(errno);
    // The bytes are on the disk before the name is theirs.
    if (!write_all(file.get(), text) || ::fsync(file.get()) != 0) {
      const int error = errno;
      ::unlink(temporary.c_str());
      return failed(error);
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return failed(error);
  }
  // Best effort: the file is whole either way, and not every file system can sync a directory.
  const File parent(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.is_open()) ::fsync(parent.get());
  return {};
}

}  // namespace peerage::addrbook
