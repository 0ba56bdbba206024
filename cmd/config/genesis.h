// A chain's genesis.json, of which we want the chain ID alone.
//
// Such a file can have gigabytes. It is read in constant memory: its beginning first, where a comet
// node writes chain_id; then its end, because an exported genesis has its keys in the order of the
// alphabet, and chain_id follows all of app_state; and only if neither has it, on from the
// beginning, up to a limit. A chain_id that stands inside other values is not meant.
//
// Source: comet types/genesis.go, Cosmos SDK x/genutil/types/genesis.go. Threads: pure but for the
// file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <istream>
#include <optional>
#include <string>

#include "conn/base/failure.h"

namespace peerage::cmd {

// Bytes that are looked at. Real ones have up to some megabytes of validators behind chain_id.
struct GenesisLimits {
  std::uint64_t beginning = 1u << 20;
  std::uint64_t end = 16u << 20;        // held in memory
  std::uint64_t in_order = 512u << 20;  // a second or two
};

// How far to go when neither the beginning nor the end has it: on, up to the limit, or no further.
enum class GenesisEffort : std::uint8_t { all, ends_alone };

struct GenesisReading {
  std::optional<std::string> chain_id;  // at most 50 bytes, not empty
  std::string why;                      // without one: what is wrong with it, for the operator
};
// The stream can seek.
GenesisReading read_genesis(std::istream& genesis, GenesisEffort effort = GenesisEffort::all,
                            const GenesisLimits& limits = {});

// Nothing when there is no file. One without a chain ID is an error, whose detail says what it is.
conn::Result<std::optional<std::string>> read_chain_id(const std::filesystem::path& file,
                                                       GenesisEffort effort = GenesisEffort::all);

}  // namespace peerage::cmd
