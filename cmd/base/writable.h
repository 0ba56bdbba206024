// Whether a file could be written, found out without writing: nothing is made, nothing is changed.
//
// Threads: any; it asks the file system.
#pragma once

#include <filesystem>
#include <optional>

#include "conn/base/failure.h"

namespace peerage::cmd {

// Why `file`, which need not be there, and need have no directory yet, could not be written or made
// by this process; nothing if it could, as far as can be seen. The reason is a FileReason, or
// io_error; the detail begins with the path that is in the way.
std::optional<conn::Failure> why_unwritable(const std::filesystem::path& file);

}  // namespace peerage::cmd
