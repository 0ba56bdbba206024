// Where a program's own identity comes from. Threads: any.
#pragma once

#include <filesystem>

#include "conn/address/node_key.h"

namespace peerage::cmd {

// A new random key.
conn::NodeKey fresh_key();

// A fresh key, saved in `file`; its directories are made as well. Errors: those of
// NodeKey::save_new, as when there is a file already; and key_file_unwritable.
conn::Result<conn::NodeKey> create_key(const std::filesystem::path& file);

// The key in `file`; when there is no such file, one that is created as by create_key. Errors:
// those of NodeKey::load_or_create, as when the file is damaged.
conn::Result<conn::NodeKey> load_or_create_key(const std::filesystem::path& file);

// The key in the file that --node-key names; without one (empty) a fresh key.
conn::Result<conn::NodeKey> key_of_option(const std::filesystem::path& file);

}  // namespace peerage::cmd
