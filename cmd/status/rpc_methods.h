// The methods of a comet node's RPC that a node of ours has: /health, /status and /net_info; and,
// where the operator has said `unsafe`, /dial_seeds and /dial_peers.
//
// There is no chain here: heights are 0, hashes are empty, and catching_up is false, so that a
// health check passes. What needs a chain (/genesis, /block, ...) is not known, so that a script
// that looks for one fails at once, and not with an empty hash.
//
// Private peers are never shown, nor counted.
//
// Source: comet v0.38 rpc/core (status.go, net.go, routes.go).
// Threads: plain values and pure functions; the hooks are called where the methods are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cmd/status/json_rpc.h"
#include "cmd/status/snapshot.h"
#include "conn/address/net_address.h"
#include "conn/base/failure.h"

namespace peerage::cmd {

// Which peers /net_info lists: the addresses of those that dialled us are theirs. Counted are all.
enum class NetInfo : std::uint8_t { full, outbound, off };

// What /dial_peers asks for besides the dials.
struct DialMarks {
  bool persistent = false, unconditional = false, is_private = false;
};

// What is to be done; a failure is told to the client. Each that is missing takes its method away.
struct RpcHooks {
  using Addresses = std::vector<conn::HostAddress>;
  std::function<conn::Result<void>(const Addresses&)> dial_seeds;
  std::function<conn::Result<void>(const Addresses&, const DialMarks&)> dial_peers;
};

enum class UnsafeMethods : std::uint8_t { unknown, served };

// `hooks` outlives the methods.
RpcMethods rpc_methods(const std::shared_ptr<const StatusSnapshot>& node, NetInfo net_info,
                       UnsafeMethods unsafe, const RpcHooks& hooks);

// Names that depend on the settings alone, in order: a method that is not served has no call.
std::vector<std::string> rpc_method_names(UnsafeMethods unsafe, const RpcHooks& hooks);

// The results, as JSON. `network` is one of the node's.
std::string status_result(const StatusSnapshot& node, const std::string& network);
// Empty: all networks.
std::string net_info_result(const StatusSnapshot& node, const std::string& network, NetInfo shown);

}  // namespace peerage::cmd
