#include "addrbook/file/own_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addrbook/record/book_reason.h"
#include "conn/base/bytes.h"

namespace peerage::addrbook {
namespace {

constexpr std::array<std::string_view, 3> kCompanions = {"-wal", "-shm", "-journal"};

tl::unexpected<conn::Failure> unwritable(const std::filesystem::path& path,
                                         const std::string& what) {
  return conn::fail(conn::Stage::configuration, BookReason::book_unwritable,
                    conn::printable(path.native(), 1024) + ": " + what);
}

std::string errno_text() {
  return std::strerror(errno);
}

// 20261121T101500Z.
std::string stamp(Time now) {
  const std::time_t seconds = now.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text;
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), size};
}

bool is_there(const std::filesystem::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 || errno != ENOENT;
}

bool any_exists(const std::filesystem::path& path) {
  if (is_there(path)) return true;
  for (const std::string_view companion : kCompanions) {
    if (is_there(with_suffix(path, companion))) return true;
  }
  return false;
}

}  // namespace

std::filesystem::path with_suffix(const std::filesystem::path& path, std::string_view suffix) {
  std::filesystem::path result = path;
  result += suffix;
  return result;
}

conn::Result<FileLock> FileLock::take(const std::filesystem::path& path) {
  FileLock lock(
      conn::Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)));
  if (!lock.file_.is_open()) return unwritable(path, errno_text());
  int locked = 0;
  do {
    locked = ::flock(lock.file_.get(), LOCK_EX | LOCK_NB);
  } while (locked != 0 && errno == EINTR);
  if (locked == 0) return lock;
  if (errno != EWOULDBLOCK) return unwritable(path, errno_text());
  return conn::fail(conn::Stage::configuration, BookReason::book_in_use,
                    conn::printable(path.native(), 1024) + " is locked");
}

conn::Result<void> create_private(const std::filesystem::path& path) {
  const conn::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  // Whatever the umask says: SQLite gives its companions the mode that it finds.
  if (!file.is_open() || ::fchmod(file.get(), 0600) != 0) return unwritable(path, errno_text());
  return {};
}

conn::Result<std::filesystem::path> move_aside(const std::filesystem::path& path,
                                               std::string_view label, Time now) {
  const std::filesystem::path first =
      with_suffix(path, "." + std::string(label) + "-" + stamp(now));
  std::filesystem::path to = first;
  for (int i = 2; any_exists(to); ++i) to = with_suffix(first, "-" + std::to_string(i));
  // The log before the file it belongs to: when this is interrupted, a file without its log is what
  // it was before the last writes, while a log without its file is nothing.
  for (const std::string_view companion : kCompanions) {
    const auto from = with_suffix(path, companion);
    if (is_there(from) && ::rename(from.c_str(), with_suffix(to, companion).c_str()) != 0) {
      return unwritable(from, errno_text());
    }
  }
  if (::rename(path.c_str(), to.c_str()) != 0) return unwritable(path, errno_text());
  conn::sync_directory_of(path);
  return to;
}

conn::Result<void> remove_database(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return unwritable(path, errno_text());
  for (const std::string_view companion : kCompanions) {
    const auto file = with_suffix(path, companion);
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) return unwritable(file, errno_text());
  }
  return {};
}

void move_back(const std::filesystem::path& aside, const std::filesystem::path& path) noexcept {
  if (!remove_database(path)) return;
  for (const std::string_view companion : kCompanions) {
    const auto from = with_suffix(aside, companion);
    if (is_there(from)) (void)::rename(from.c_str(), with_suffix(path, companion).c_str());
  }
  (void)::rename(aside.c_str(), path.c_str());
}

Identity identity_of(const std::filesystem::path& path) noexcept {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

}  // namespace peerage::addrbook
