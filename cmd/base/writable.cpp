#include "cmd/base/writable.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "conn/base/file_reason.h"

namespace peerage::cmd {
namespace {

namespace fs = std::filesystem;

using conn::Failure;

Failure refused(const fs::path& path, int error, const std::string& text) {
  return {conn::Stage::configuration, conn::file_reason(error, conn::Reason::io_error),
          path.string() + ": " + text};
}
Failure refused(const fs::path& path, int error) {
  return refused(path, error, std::strerror(error));
}

// Whether a file can be made in a directory. A file without a name shows it, where there are such.
std::optional<Failure> why_nothing_is_made_in(const fs::path& directory) {
  if (::access(directory.c_str(), W_OK | X_OK) != 0) return refused(directory, errno);
  struct statfs system {};
  if (::statfs(directory.c_str(), &system) == 0 &&
      (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC)) {
    return refused(directory, ENOTDIR, "no files can be made there");
  }
  const int probe = ::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (probe >= 0) {
    ::close(probe);
    return std::nullopt;
  }
  switch (errno) {
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOSPC:
    case EDQUOT:
      return refused(directory, errno);
    default:  // there are none, or it is no matter of the directory
      return std::nullopt;
  }
}

}  // namespace

std::optional<Failure> why_unwritable(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return refused(file, EISDIR);
    if (::access(file.c_str(), W_OK) != 0) return refused(file, errno);
  } else if (errno != ENOENT) {
    return refused(file, errno);
  }
  fs::path directory = file.has_parent_path() ? file.parent_path() : fs::path(".");
  while (::stat(directory.c_str(), &status) != 0) {
    if (errno != ENOENT || directory == directory.parent_path()) return refused(directory, errno);
    directory = directory.has_parent_path() ? directory.parent_path() : fs::path(".");
  }
  if (!S_ISDIR(status.st_mode)) return refused(directory, ENOTDIR);
  return why_nothing_is_made_in(directory);
}

}  // namespace peerage::cmd
