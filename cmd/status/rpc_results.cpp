#include <algorithm>
#include <cmath>
#include <string_view>

#include "cmd/status/go_json.h"
#include "cmd/status/rpc_methods.h"
#include "conn/address/host_name.h"
#include "conn/base/rfc3339.h"

namespace peerage::cmd {
namespace {

using std::chrono::nanoseconds;

// A peer with four channels.
constexpr std::size_t kBytesForPeer = 2'000;

conn::Timestamp timestamp(WallTime time) {
  return std::chrono::time_point_cast<nanoseconds>(time);
}

void write_channels(GoJson& json, const std::vector<conn::ChannelId>& channels) {
  conn::Bytes ids;
  for (const conn::ChannelId id : channels) ids.push_back(static_cast<std::uint8_t>(id));
  json.hex(ids);
}

void write_node_info(GoJson& json, const p2p::NodeInfo& info, std::string_view id,
                     std::string_view listen_addr, std::string_view network) {
  json.begin_object();
  json.key("protocol_version").begin_object();
  json.key("p2p").uint64(info.p2p_version);
  json.key("block").uint64(info.block_version);
  json.key("app").uint64(info.app_version);
  json.end_object();
  json.key("id").string(id);
  json.key("listen_addr").string(listen_addr);
  json.key("network").string(network);
  json.key("version").string(info.version);
  write_channels(json.key("channels"), info.channels);
  json.key("moniker").string(info.moniker);
  json.key("other").begin_object();
  json.key("tx_index").string(info.tx_index);
  json.key("rpc_address").string(info.rpc_address);
  json.end_object();
  json.end_object();
}

// --- peers ---

std::int64_t whole(double rate) {
  static constexpr double kMost = 9e18;
  return rate > 0 ? static_cast<std::int64_t>(std::min(rate, kMost)) : 0;
}

// A direction of a connection. A comet node measures it in samples; we know the rate of late and
// the whole, and no peak above both. What we have no figure for is 0.
struct Monitor {
  std::uint64_t bytes = 0;
  double rate = 0;
  nanoseconds idle{};
};

void write_monitor(GoJson& json, const Monitor& monitor, conn::Timestamp start, nanoseconds age) {
  const double seconds = std::chrono::duration<double>(age).count();
  const double average = seconds > 0 ? static_cast<double>(monitor.bytes) / seconds : 0;
  json.begin_object();
  json.key("Start").time(start);
  json.key("Bytes").uint64(monitor.bytes);
  json.key("Samples").int64(0);
  json.key("InstRate").int64(whole(monitor.rate));
  json.key("CurRate").int64(whole(monitor.rate));
  json.key("AvgRate").int64(whole(average));
  json.key("PeakRate").int64(whole(std::max(monitor.rate, average)));
  json.key("BytesRem").int64(0);
  json.key("Duration").int64(age.count());
  json.key("Idle").int64(monitor.idle.count());
  json.key("TimeRem").int64(0);
  json.key("Progress").number(0);
  json.key("Active").boolean(true);
  json.end_object();
}

void write_channel(GoJson& json, const conn::ConnectionStatus::Channel& channel) {
  json.begin_object();
  json.key("ID").number(static_cast<std::uint8_t>(channel.descriptor.id));
  json.key("SendQueueCapacity").uint64(channel.descriptor.send_queue_messages);
  json.key("SendQueueSize").uint64(channel.load.messages);
  json.key("Priority").uint64(channel.descriptor.priority);
  json.key("RecentlySent").int64(0);  // a comet node's way to weigh channels; we have another
  json.end_object();
}

void write_connection(GoJson& json, const conn::ConnectionStatus& status, WallTime now) {
  const nanoseconds age = status.age;
  const conn::Timestamp start = timestamp(now) - age;
  json.begin_object();
  json.key("Duration").int64(age.count());
  write_monitor(json.key("SendMonitor"), {status.sent_bytes, status.send_rate, {}}, start, age);
  write_monitor(json.key("RecvMonitor"),
                {status.received_bytes, status.receive_rate, status.silence}, start, age);
  json.key("Channels").begin_array();
  for (const auto& each : status.channels) write_channel(json, each);
  json.end_array();
  json.end_object();
}

std::string at_any_ip(std::uint16_t port) {
  return "tcp://0.0.0.0:" + std::to_string(port);
}

// What most scripts do with it is to join the ID, remote_ip and what stands behind the last colon
// here, and to paste that into persistent_peers: there must be a port, and nothing that would end a
// line or a quoted text. Others take the third of the pieces between colons: so it is always
// tcp://HOST:PORT. That is
//  - what the peer sent, when it is a host and a port that could be dialled;
//  - else the port that we dialled it at, where it evidently listens;
//  - else port 0: a line with it is well-formed, and fails by itself.
std::string shown_listen_addr(const PeerRow& peer) {
  const auto sent = conn::split_host_port(peer.info.listen_addr);
  if (!sent || sent->port == 0) {
    return at_any_ip(peer.direction == p2p::Direction::outbound ? peer.socket.port : 0);
  }
  if (const auto ip = conn::IpAddress::parse(sent->host)) {
    return "tcp://" + conn::Endpoint{*ip, sent->port}.to_string();
  }
  if (!conn::is_host_name(sent->host)) return at_any_ip(sent->port);
  return "tcp://" + sent->host + ":" + std::to_string(sent->port);
}

void write_peer(GoJson& json, const PeerRow& peer, WallTime now) {
  json.begin_object();
  write_node_info(json.key("node_info"), peer.info, peer.id.to_string(), shown_listen_addr(peer),
                  peer.info.network);
  json.key("is_outbound").boolean(peer.direction == p2p::Direction::outbound);
  write_connection(json.key("connection_status"), peer.connection, now);
  json.key("remote_ip").string(peer.socket.ip.to_string());
  json.end_object();
}

bool is_listed(const PeerRow& peer, NetInfo shown) {
  if (shown == NetInfo::off) return false;
  return shown == NetInfo::full || peer.direction == p2p::Direction::outbound;
}

// --- status ---

// A comet node's, with nothing in its store.
void write_no_blocks(GoJson& json) {
  json.begin_object();
  for (const std::string_view which : {"latest", "earliest"}) {
    const std::string prefix(which);
    json.key(prefix + "_block_hash").hex({});
    json.key(prefix + "_app_hash").hex({});
    json.key(prefix + "_block_height").int64(0);
    json.key(prefix + "_block_time").string("1970-01-01T00:00:00Z");
  }
  json.key("catching_up").boolean(false);
  json.end_object();
}

// As a full node that is no validator: clients of other languages than Go want a key.
void write_validator(GoJson& json, const StatusSnapshot& node) {
  json.begin_object();
  json.key("address").hex(node.id.bytes());
  json.key("pub_key").begin_object();
  json.key("type").string("tendermint/PubKeyEd25519");
  json.key("value").base64(node.key.bytes);
  json.end_object();
  json.key("voting_power").int64(0);
  json.end_object();
}

}  // namespace

std::string status_result(const StatusSnapshot& node, const std::string& network) {
  std::string text;
  GoJson json(text);
  json.begin_object();
  write_node_info(json.key("node_info"), node.own, node.id.to_string(), node.own.listen_addr,
                  network);
  write_no_blocks(json.key("sync_info"));
  write_validator(json.key("validator_info"), node);
  json.end_object();
  return text;
}

std::string net_info_result(const StatusSnapshot& node, const std::string& network, NetInfo shown) {
  std::vector<const PeerRow*> listed;
  std::int64_t count = 0;
  for (const PeerRow& peer : node.peers) {
    if (peer.is_private || (!network.empty() && peer.network != network)) continue;
    ++count;
    if (is_listed(peer, shown)) listed.push_back(&peer);
  }
  std::string text;
  text.reserve((listed.size() + 1) * kBytesForPeer);
  GoJson json(text);
  json.begin_object();
  json.key("listening").boolean(node.condition.listening);
  json.key("listeners").begin_array();
  json.string("Listener(@" + node.external + ")");
  json.end_array();
  json.key("n_peers").int64(count);
  json.key("peers").begin_array();
  for (const PeerRow* peer : listed) write_peer(json, *peer, node.taken);
  json.end_array();
  json.end_object();
  return text;
}

}  // namespace peerage::cmd
