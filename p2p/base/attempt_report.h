// What an attempt to connect, ours or the node's own, has taught us of the node, also when it
// failed.
#pragma once

#include <cstddef>
#include <optional>

#include "conn/address/ip_address.h"
#include "conn/address/node_id.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/node_info.h"

namespace peerage::p2p {

// Of the handshakes. Times count from the start of the upgrade and are set for the stages that were
// completed.
struct UpgradeReport {
  std::optional<conn::NodeId> remote_id;
  std::optional<NodeInfo> remote_info;
  std::optional<conn::Duration> keys_exchanged;
  std::optional<conn::Duration> authenticated;
  std::optional<conn::Duration> node_info_received;
  std::size_t received = 0;  // bytes of the remote
};

struct AttemptReport {
  UpgradeReport upgrade;
  std::optional<conn::Endpoint> remote;  // of the last connection that was tried
  // Of a dial: how long the lookup took, and then the connection, with the addresses of the name
  // that were tried in vain.
  std::optional<conn::Duration> resolved;
  std::optional<conn::Duration> connected;
  // From the proof until it was shown as a peer.
  std::optional<conn::Duration> admitted;
};

}  // namespace peerage::p2p
