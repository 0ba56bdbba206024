// The file with the key of discovery: 64 hexadecimal digits and an end of line, readable by its
// owner alone.
//
// It is another key than the node's (conn/address/node_key.h): what discovery signs proves nothing
// about the node. Lost, the node is another one for discovery, and the same one for its peers.
//
// Threads: any; calls block on the disk.
#pragma once

#include <filesystem>
#include <functional>

#include "conn/base/failure.h"
#include "conn/crypto/secp256k1.h"

namespace peerage::pex {

// Errors name the file: key_file_missing, key_file_unreadable, key_file_malformed.
conn::Result<conn::Secp256k1Key> load_discovery_key(const std::filesystem::path& file);

// The key in `file`; when there is no such file, a new one, which is saved first, with the
// directories that it is in. Errors: those above but the first, and key_file_unwritable.
conn::Result<conn::Secp256k1Key> load_or_create_discovery_key(
    const std::filesystem::path& file, const std::function<void(conn::MutableBytes)>& random);

}  // namespace peerage::pex
