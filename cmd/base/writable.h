// Whether a file could be written, found out without writing: nothing is made, nothing is changed.
//
// Threads: any; it asks the file system.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace peerage::cmd {

// Why `file`, which need not be there, and need have no directory yet, could not be written or made
// by this process; nothing if it could, as far as can be seen.
std::optional<std::string> why_unwritable(const std::filesystem::path& file);

}  // namespace peerage::cmd
