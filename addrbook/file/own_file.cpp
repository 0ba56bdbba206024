#include "addrbook/file/own_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addrbook/book/book_report.h"
#include "addrbook/record/book_reason.h"
#include "conn/base/bytes.h"
#include "conn/base/file_reason.h"

namespace peerage::addrbook {
namespace {

constexpr std::array<std::string_view, 3> kCompanions = {"-wal", "-shm", "-journal"};

std::string shown(const std::filesystem::path& path) {
  return conn::printable(path.native(), 1024);
}

// By errno.
tl::unexpected<conn::Failure> unwritable(const std::filesystem::path& path) {
  const int error = errno;
  return conn::fail(conn::Stage::configuration,
                    conn::file_reason(error, BookReason::book_unwritable),
                    shown(path) + ": " + std::strerror(error));
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

bool is_label(std::string_view text) {
  using Found = Report::Found;
  return text == name(Found::corrupt) || text == name(Found::foreign) || text == name(Found::newer);
}

// Of the companion of a file that was moved aside (NAME.corrupt-20261121T101500Z-2-wal) the name of
// that file. Nothing for any other name.
std::optional<std::string> base_of_companion(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  for (const std::string_view companion : kCompanions) {
    if (!name.ends_with(companion)) continue;
    const std::string_view base = name.substr(0, name.size() - companion.size());
    std::string_view rest = base.substr(std::min(prefix.size(), base.size()));
    const auto dash = rest.find('-');
    if (dash == std::string_view::npos || !is_label(rest.substr(0, dash))) return std::nullopt;
    rest.remove_prefix(dash + 1);
    // 20261121T101500Z, and perhaps -2.
    static constexpr std::string_view kForm = "00000000T000000Z";
    if (rest.size() < kForm.size()) return std::nullopt;
    for (std::size_t i = 0; i < kForm.size(); ++i) {
      const bool is_digit = rest[i] >= '0' && rest[i] <= '9';
      if (kForm[i] == '0' ? !is_digit : rest[i] != kForm[i]) return std::nullopt;
    }
    rest.remove_prefix(kForm.size());
    const bool numbered = rest.size() > 1 && rest.front() == '-' &&
                          rest.find_first_not_of("0123456789", 1) == std::string_view::npos;
    if (!rest.empty() && !numbered) return std::nullopt;
    return std::string(base);
  }
  return std::nullopt;
}

}  // namespace

std::filesystem::path with_suffix(const std::filesystem::path& path, std::string_view suffix) {
  std::filesystem::path result = path;
  result += suffix;
  return result;
}

std::string without_locks(std::string_view directory, int error) {
  return "the file system of " + conn::printable(directory.empty() ? "." : directory, 1024) +
         " gives no locks (" + std::strerror(error) + ")";
}

conn::Result<FileLock> FileLock::take(const std::filesystem::path& path) {
  FileLock lock(
      conn::Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)));
  if (!lock.file_.is_open()) return unwritable(path);
  int locked = 0;
  do {
    locked = ::flock(lock.file_.get(), LOCK_EX | LOCK_NB);
  } while (locked != 0 && errno == EINTR);
  if (locked == 0) return lock;
  if (conn::no_locks_by(errno)) {
    return conn::fail(conn::Stage::configuration, conn::FileReason::no_locks,
                      without_locks(path.parent_path().native(), errno));
  }
  if (errno != EWOULDBLOCK) return unwritable(path);
  return conn::fail(conn::Stage::configuration, BookReason::book_in_use,
                    shown(path) + " is locked");
}

bool FileLock::is_held(const std::filesystem::path& path) noexcept {
  const conn::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  return file.is_open() && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

conn::Result<void> create_private(const std::filesystem::path& path) {
  const conn::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) return unwritable(path);
  // Whatever the umask says: SQLite gives its companions the mode that it finds. A file system that
  // has no modes refuses, and decides by itself.
  if (::fchmod(file.get(), 0600) == 0 || errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) {
    return {};
  }
  return unwritable(path);
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
      return unwritable(from);
    }
  }
  if (::rename(path.c_str(), to.c_str()) != 0) return unwritable(path);
  conn::sync_directory_of(path);
  return to;
}

conn::Result<void> remove_database(const std::filesystem::path& path) {
  for (const std::string_view companion : kCompanions) {
    const auto file = with_suffix(path, companion);
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) return unwritable(file);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return unwritable(path);
  return {};
}

void remove_leftovers_of_book(const std::filesystem::path& path) noexcept {
  std::error_code error;
  const std::string prefix = path.filename().string() + ".";
  std::filesystem::directory_iterator each(
      path.has_parent_path() ? path.parent_path() : std::filesystem::path("."), error);
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    const auto base = base_of_companion(each->path().filename().native(), prefix);
    if (base && !is_there(each->path().parent_path() / *base)) ::unlink(each->path().c_str());
  }
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
