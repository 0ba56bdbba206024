// The numbers of this folder, each with its unit and origin.
#pragma once

#include <cstddef>
#include <cstdint>

#include "conn/config.h"

namespace peerage::p2p {

using namespace std::chrono_literals;

// --- fixed by the wire (comet v0.34 to v1.0, p2p/node_info.go, transport.go) ---

inline constexpr std::size_t kMaxNodeInfo = 10'240;  // body of the message, bytes
inline constexpr std::size_t kMaxChannels = 16;
inline constexpr std::uint64_t kP2pVersion = 8;     // v1.0 says 9; nobody compares it
inline constexpr std::uint64_t kBlockVersion = 11;  // must be equal

// --- ours ---

// From accept (or connect) to a compatible NodeInfo. The Go node allows 3 s for each half, so a
// dialler of ours is never cut short by it.
inline constexpr conn::Duration kHandshakeTimeout = 5s;

// How long a dialler that has not been told its network waits for the other side to name it. The Go
// node gives NodeInfo 3 s.
inline constexpr conn::Duration kNetworkPatience = 2s;

}  // namespace peerage::p2p
