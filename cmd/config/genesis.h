// A chain's genesis.json, of which we want the chain ID alone.
//
// Such a file can have hundreds of megabytes: it is read as a stream, in constant memory, and no
// further than to the chain_id at the top level. What follows, or stands inside other values, is
// skipped.
//
// Source: comet types/genesis.go. Threads: pure but for the file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <istream>
#include <optional>
#include <string>

#include "conn/base/failure.h"

namespace peerage::cmd {

inline constexpr std::size_t kMaxGenesis = std::size_t{4} << 30;  // bytes that are looked through

// Nothing when there is no such key, its value is no string of at most 50 bytes, or the text is no
// JSON object as far as it was read.
std::optional<std::string> chain_id_of(std::istream& genesis, std::size_t limit = kMaxGenesis);

// Nothing when there is no file. A file without a chain ID is an error.
conn::Result<std::optional<std::string>> read_chain_id(const std::filesystem::path& file);

}  // namespace peerage::cmd
