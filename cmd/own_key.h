// Where a program's own identity comes from. Threads: any.
#pragma once

#include <filesystem>

#include "conn/node_key.h"

namespace peerage::cmd {

// One that nobody had before.
conn::NodeKey fresh_key();

// The key in `file`. When there is no such file a fresh one is saved there, in directories that
// are made as well; a damaged file is an error. Errors: those of NodeKey::load_or_create.
conn::Result<conn::NodeKey> load_or_create_key(const std::filesystem::path& file);

// The key in the file that --node-key names; without one (empty) a fresh key.
conn::Result<conn::NodeKey> key_of_option(const std::filesystem::path& file);

// For the file that is about to be saved. Error: key_file_unwritable.
conn::Result<void> make_key_directory(const std::filesystem::path& file);

}  // namespace peerage::cmd
