// The RPC of a comet node as routes of our HTTP server: each method at its path, the envelope at
// `/`, and the same below `/v1`, as v1.0 has it; both kinds of WebSocket.
//
// Every answer has X-Server-Time, and what CORS allows. The text of a /net_info is kept for as long
// as the snapshot that it was made of: with ten thousand peers it is 20 MB, and clients share it.
//
// With the unsafe methods, nothing is answered to pages of other sites that CORS does not name: any
// page in a browser of the operator's could dial peers for it.
//
// Threads: the routes are made on any; their handlers run on the server's, one at a time, and hold
// what they need.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "cmd/http/server.h"
#include "cmd/status/json_rpc.h"
#include "cmd/status/rpc_cors.h"
#include "cmd/status/rpc_methods.h"
#include "cmd/status/snapshot.h"

namespace peerage::cmd {

struct RpcSettings {
  RpcLimits limits;
  CorsSettings cors;
  NetInfo net_info = NetInfo::full;
  UnsafeMethods unsafe = UnsafeMethods::unknown;
};

using ReadWallTime = std::function<WallTime()>;

// Requests for one path under way that carry an answer for them alone; beyond, 503.
inline constexpr std::size_t kRpcUnderWay = 64;

std::vector<HttpRoute> rpc_routes(RpcSettings settings, RpcHooks hooks, ReadStatus status,
                                  ReadWallTime now = std::chrono::system_clock::now);

}  // namespace peerage::cmd
