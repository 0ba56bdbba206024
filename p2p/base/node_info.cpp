#include "p2p/base/node_info.h"

#include <algorithm>
#include <string_view>

#include "p2p.pb.h"

namespace peerage::p2p {

using conn::ChannelId;
using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

tl::unexpected<conn::Failure> invalid(std::string rule) {
  return conn::fail(Stage::node_info, Reason::node_info_invalid, std::move(rule));
}

// Printable ASCII, and not only spaces; the Go node's rule for what it calls ASCII text.
bool is_ascii_text(std::string_view text) {
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  const bool says_something =
      std::any_of(text.begin(), text.end(), [](char c) { return c != ' '; });
  return printable && says_something;
}

std::string channel_list(const std::vector<ChannelId>& channels) {
  conn::Bytes ids;
  for (const ChannelId id : channels) ids.push_back(static_cast<std::uint8_t>(id));
  return conn::to_hex(ids);
}

}  // namespace

std::optional<conn::NetAddress> NodeInfo::listen_address() const {
  const auto id = conn::NodeId::parse(node_id);
  const auto parts = conn::split_host_port(listen_addr);
  if (!id || !parts || parts->port == 0) return std::nullopt;
  const auto ip = conn::IpAddress::parse(parts->host);
  if (!ip || !ip->valid()) return std::nullopt;
  return conn::NetAddress{*id, {*ip, parts->port}};
}

bool NodeInfo::has_channel(ChannelId channel) const {
  return std::find(channels.begin(), channels.end(), channel) != channels.end();
}

conn::Bytes encode(const NodeInfo& info) {
  proto::DefaultNodeInfo message;
  // The Go encoder writes these two also when they are empty.
  auto& versions = *message.mutable_protocol_version();
  auto& other = *message.mutable_other();
  versions.set_p2p(info.p2p_version);
  versions.set_block(info.block_version);
  versions.set_app(info.app_version);
  message.set_default_node_id(info.node_id);
  message.set_listen_addr(info.listen_addr);
  message.set_network(info.network);
  message.set_version(info.version);
  for (const ChannelId id : info.channels) {
    message.mutable_channels()->push_back(static_cast<char>(id));
  }
  message.set_moniker(info.moniker);
  other.set_tx_index(info.tx_index);
  other.set_rpc_address(info.rpc_address);
  conn::Bytes bytes(message.ByteSizeLong());
  message.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

Result<NodeInfo> decode_node_info(conn::ByteView body) {
  if (body.size() > kMaxNodeInfo) {
    return conn::fail(Stage::node_info, Reason::node_info_too_long,
                      std::to_string(body.size()) + " bytes of at most 10240");
  }
  proto::DefaultNodeInfo message;
  if (!message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return conn::fail(Stage::node_info, Reason::node_info_malformed);
  }
  NodeInfo info;
  info.p2p_version = message.protocol_version().p2p();
  info.block_version = message.protocol_version().block();
  info.app_version = message.protocol_version().app();
  info.node_id = std::move(*message.mutable_default_node_id());
  info.listen_addr = std::move(*message.mutable_listen_addr());
  info.network = std::move(*message.mutable_network());
  info.version = std::move(*message.mutable_version());
  for (const char id : message.channels()) {
    info.channels.push_back(ChannelId{static_cast<std::uint8_t>(id)});
  }
  info.moniker = std::move(*message.mutable_moniker());
  info.tx_index = std::move(*message.mutable_other()->mutable_tx_index());
  info.rpc_address = std::move(*message.mutable_other()->mutable_rpc_address());
  return info;
}

Result<void> validate(const NodeInfo& info) {
  if (const auto id = conn::NodeId::parse(info.node_id); !id) {
    return invalid("node ID: " + id.error().detail);
  }
  if (const auto listens = conn::split_host_port(info.listen_addr); !listens) {
    return invalid("listen_addr: " + listens.error().detail);
  } else if (listens->host.find('@') != std::string::npos) {
    return invalid("listen_addr contains an ID");
  }
  if (!info.version.empty() && !is_ascii_text(info.version)) {
    return invalid("version is not printable ASCII");
  }
  if (info.channels.size() > kMaxChannels) {
    return invalid(std::to_string(info.channels.size()) + " channels of at most 16");
  }
  for (auto it = info.channels.begin(); it != info.channels.end(); ++it) {
    if (std::find(info.channels.begin(), it, *it) != it) return invalid("a channel is named twice");
  }
  if (!is_ascii_text(info.moniker)) return invalid("moniker is not printable ASCII");
  if (info.tx_index != "" && info.tx_index != "on" && info.tx_index != "off") {
    return invalid("tx_index is neither on nor off");
  }
  if (!info.rpc_address.empty() && !is_ascii_text(info.rpc_address)) {
    return invalid("rpc_address is not printable ASCII");
  }
  return {};
}

Result<void> compatible(const NodeInfo& ours, const NodeInfo& theirs) {
  if (ours.block_version != theirs.block_version) {
    return conn::fail(Stage::node_info, Reason::wrong_block_version,
                      "theirs is " + std::to_string(theirs.block_version) + ", ours " +
                          std::to_string(ours.block_version));
  }
  if (ours.network != theirs.network) {
    return conn::fail(Stage::node_info, Reason::wrong_network,
                      "theirs is \"" + conn::printable(theirs.network, 64) + "\", ours \"" +
                          conn::printable(ours.network, 64) + "\"");
  }
  const bool shared = ours.channels.empty() ||
                      std::any_of(theirs.channels.begin(), theirs.channels.end(),
                                  [&](ChannelId channel) { return ours.has_channel(channel); });
  if (!shared) {
    return conn::fail(
        Stage::node_info, Reason::no_common_channel,
        "theirs are " + channel_list(theirs.channels) + ", ours " + channel_list(ours.channels));
  }
  return {};
}

}  // namespace peerage::p2p
