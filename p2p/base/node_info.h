// NodeInfo: what a node says about itself once it has proved its ID, and the rules by which the
// other side believes it.
//
// Three steps, in this order: decode (the bytes), `validate` (the claims by themselves),
// `compatible` (with ours). Rules and texts follow the Go node, with two differences. A host name
// in listen_addr is accepted and means "not known": it is never resolved and never kept (the Go
// node asks DNS about it on the spot). And an ID in upper case is read as lower case.
//
// Strings are whatever bytes the peer sent, up to 10 240 in all. Show or store them only through
// conn::printable, which cuts and escapes.
//
// Source: comet p2p/node_info.go; spec/vectors/nodeinfo.json.
// Threads: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/address/node_id.h"
#include "conn/base/bytes.h"
#include "conn/base/channel.h"
#include "conn/base/failure.h"
#include "p2p/base/limits.h"

namespace peerage::p2p {

struct NodeInfo {
  std::uint64_t p2p_version = kP2pVersion;
  std::uint64_t block_version = kBlockVersion;
  std::uint64_t app_version = 0;
  std::string node_id;      // 40 hex digits
  std::string listen_addr;  // as configured, usually "tcp://ip:port"
  std::string network;      // chain ID
  std::string version;      // of the software
  std::vector<conn::ChannelId> channels;
  std::string moniker;
  std::string tx_index;     // "", "on" or "off"
  std::string rpc_address;  // may be empty

  bool operator==(const NodeInfo&) const = default;

  // Where the node says it listens: only an IP literal with a port, and only if it could be dialled
  // (not 0.0.0.0, not port 0).
  std::optional<conn::NetAddress> listen_address() const;
  bool has_channel(conn::ChannelId channel) const;
};

// The message without its length prefix. Errors: node_info_too_long, node_info_malformed.
conn::Bytes encode(const NodeInfo& info);
conn::Result<NodeInfo> decode_node_info(conn::ByteView body);

// Whether the claims make sense by themselves: node_info_invalid, with the rule.
conn::Result<void> validate(const NodeInfo& info);

// Whether `theirs` may talk to `ours`: wrong_block_version, wrong_network, no_common_channel. A
// node that has no channels takes any.
conn::Result<void> compatible(const NodeInfo& ours, const NodeInfo& theirs);

}  // namespace peerage::p2p
