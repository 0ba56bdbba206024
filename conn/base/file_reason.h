// Why the system refused what was asked of a file, where that tells an operator what to do
// (conn/base/reason.h). Everything else is a reason of what the file is for.
//
// Threads: plain values.
#pragma once

#include <cstdint>

#include "conn/base/reason.h"

namespace peerage::conn {

enum class FileReason : std::uint8_t {
  disk_full,
  read_only,
  not_permitted,
  path_invalid,
  missing,
  no_locks,
  no_shared_memory,
};
const ReasonText& reason_text(FileReason reason) noexcept;

// What an errno says of a file or directory that was to be made, opened, written, renamed or
// synced; `otherwise` for one that says none of the above. Locks are asked for by no_locks_by.
Reason file_reason(int error, Reason otherwise) noexcept;

// Whether a lock that failed with this errno is one that the file system does not have, and not one
// that somebody else holds.
bool no_locks_by(int error) noexcept;

}  // namespace peerage::conn
