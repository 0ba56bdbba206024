// A node as its RPC shows it, as values, and requests for it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "cmd/http/message.h"
#include "cmd/status/snapshot.h"
#include "conn/base/rfc3339.h"

namespace peerage::test {

// Of what was recorded from comet v0.38.25 (rpc_methods_test.cpp): its key and its times.
inline constexpr std::string_view kRecordedKey = "zZd7tqRa5QpsN58h37sn8pW9ebfm3Vu7GGUaKuAE24g=";
inline constexpr std::string_view kRecordedStart = "2026-11-27T19:53:07.423000746Z";
inline constexpr std::chrono::nanoseconds kRecordedAge{1'043'921'830};

inline cmd::PeerRow recorded_peer() {
  cmd::PeerRow peer;
  peer.id = *conn::NodeId::parse("deadbeefdeadbeefdeadbeefdeadbeefdeadbeef");
  peer.direction = p2p::Direction::outbound;
  peer.socket = *conn::Endpoint::parse("[2001:db8::1]:26656");
  peer.network = "net-1";
  peer.info.node_id = peer.id.to_string();
  peer.info.listen_addr = "tcp://0.0.0.0:26656";
  peer.info.network = "net-1";
  peer.info.version = "0.38.25";
  peer.info.channels = {conn::ChannelId{0x40}, conn::ChannelId{0x20}, conn::ChannelId{0}};
  peer.info.moniker = "m<&>é";
  peer.info.tx_index = "on";
  peer.info.rpc_address = "tcp://127.0.0.1:26657";
  peer.connection.age = kRecordedAge;
  conn::ConnectionStatus::Channel channel;
  channel.descriptor.id = conn::ChannelId{32};
  channel.descriptor.priority = 6;
  channel.descriptor.send_queue_messages = 100;
  channel.load.messages = 1;
  peer.connection.channels.push_back(channel);
  return peer;
}

// A seed of two networks, which listens, without a peer.
inline cmd::StatusSnapshot status_of_a_seed() {
  cmd::StatusSnapshot node;
  node.taken = *conn::parse_rfc3339(kRecordedStart) + kRecordedAge;
  node.started = node.taken - std::chrono::hours(1);
  node.role = pex::Role::seed;
  const conn::Bytes key = *conn::from_base64(kRecordedKey);
  std::copy(key.begin(), key.end(), node.key.bytes.begin());
  node.id = conn::NodeId::of(node.key);
  node.own.node_id = node.id.to_string();
  node.own.listen_addr = "tcp://0.0.0.0:26656";
  node.own.network = "net-1";
  node.own.version = "0.1.0";
  node.own.channels = {conn::kPexChannel};
  node.own.moniker = "seed";
  node.own.tx_index = "off";
  node.own.rpc_address = "tcp://127.0.0.1:26657";
  node.networks = {{.chain_id = "net-1", .known = 9, .verified = 3},
                   {.chain_id = "net-2", .known = 4, .verified = 1}};
  node.condition.listening = node.condition.book_open = true;
  return node;
}

inline cmd::HttpRequest get(std::string path, std::string query = {}) {
  cmd::HttpRequest request;
  request.path = std::move(path);
  request.query = std::move(query);
  request.headers = {{"host", "127.0.0.1:26657"}};
  return request;
}

inline cmd::HttpRequest post(std::string body, std::string path = "/") {
  cmd::HttpRequest request = get(std::move(path));
  request.method = "POST";
  request.body = std::move(body);
  return request;
}

inline std::string body_of(const cmd::HttpAnswer& answer) {
  return answer.body ? *answer.body : std::string();
}

}  // namespace peerage::test
