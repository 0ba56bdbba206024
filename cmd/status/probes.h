// Whether a node lives and whether it is ready, for load balancers and Kubernetes: /livez and
// /readyz, and `peerage ctl status --ready`.
//
// It lives while its control shard runs its tasks. It is ready when it listens, its book is open,
// it does not drain, and it has something to give: a seed has verified addresses in each of its
// networks, or has tried for kReadyPatience to get some (a network may have no other node); a node
// has peers.
//
// Threads: plain values and pure functions.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "cmd/http/server.h"
#include "cmd/status/snapshot.h"

namespace peerage::cmd {

inline constexpr std::chrono::seconds kLivePatience{5};
inline constexpr std::chrono::minutes kReadyPatience{5};

struct ReadySettings {
  std::size_t verified = 1;  // [peerage] ready_verified: of a seed, in each network
  std::size_t peers = 0;     // [peerage] ready_peers: of a node
};

// Why not; none: it is ready. Each is printable.
std::vector<std::string> why_not_ready(const StatusSnapshot& node, const ReadySettings& settings);

// {"ready":false,"why":["cosmoshub-4: 0 of 1 verified"]} with 503, or without reasons and 200.
HttpAnswer answer_ready(const StatusSnapshot& node, const ReadySettings& settings);
// {"live":true} with 200, or with the silence in seconds and 503.
HttpAnswer answer_live(const StatusSnapshot& node);

std::vector<HttpRoute> probes_routes(const ReadySettings& settings, const ReadStatus& status);

}  // namespace peerage::cmd
