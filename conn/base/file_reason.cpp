#include "conn/base/file_reason.h"

#include <cerrno>
#include <cstddef>

namespace peerage::conn {
namespace {

constexpr auto kTexts = reason_texts<FileReason>({
    {FileReason::disk_full,
     {"disk_full", "the disk is full", "make free space on it, or raise the user's quota"}},
    {FileReason::read_only,
     {"file_system_read_only", "the file system is read-only",
      "mount it for writing, or name a path elsewhere"}},
    {FileReason::not_permitted,
     {"file_not_permitted", "this user may not use the file so",
      "check owner and mode of the file and of the directories above it"}},
    {FileReason::path_invalid,
     {"file_path_invalid", "the path leads to no place for a file", "check the configured path"}},
    {FileReason::missing,
     {"file_missing", "there is no such file or directory", "check the configured path"}},
    {FileReason::no_locks,
     {"file_system_without_locks", "files cannot be locked there",
      "put `book_file` on a local disk"}},
    {FileReason::no_shared_memory,
     {"file_system_without_shared_memory", "the file system has no shared memory",
      "a node that starts does without; or put `book_file` on a local disk"}},
});
static_assert(kTexts.size() == static_cast<std::size_t>(FileReason::no_shared_memory) + 1);

const ReasonModule kModule{kTexts};

}  // namespace

const ReasonText& reason_text(FileReason reason) noexcept {
  return kTexts[static_cast<std::size_t>(reason)];
}

Reason file_reason(int error, Reason otherwise) noexcept {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return FileReason::disk_full;
    case EROFS:
      return FileReason::read_only;
    case EACCES:
    case EPERM:
      return FileReason::not_permitted;
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EBUSY:  // a file that is mounted by itself cannot be replaced
    case EXDEV:
      return FileReason::path_invalid;
    case ENOENT:
      return FileReason::missing;
    case EMFILE:
    case ENFILE:
      return Reason::out_of_descriptors;
    default:
      return otherwise;
  }
}

bool no_locks_by(int error) noexcept {
  return error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP || error == EINVAL;
}

}  // namespace peerage::conn
