// A discovery core, and peers that are scripted: they have keys and endpoints, send what a test
// says, and see what comes to them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "conn/crypto/keccak.h"
#include "pex/discovery/core.h"
#include "pex/discovery/v4/wire.h"
#include "tests/support/secp256k1_keys.h"

namespace peerage::pex {

using namespace std::chrono_literals;

class ScriptedPeer {
 public:
  ScriptedPeer(std::uint32_t number, std::string_view endpoint)
      : key(test::secp256k1_key(number)), at(conn::Endpoint::parse(endpoint).value()) {}

  conn::Secp256k1Key key;
  conn::Endpoint at;

  EnodeId id() const { return EnodeId::of(key.public_key()); }
  Contact contact() const { return Contact::at(key.public_key(), at, 26656); }
  v4::WireNode node() const { return {{at.ip, at.port, 26656}, key.public_key().xy()}; }
};

class CoreTest : public ::testing::Test {
 protected:
  // A packet of the core, as its receiver sees it.
  struct Seen {
    conn::Endpoint to;
    v4::PacketHash hash;
    v4::Message message;
    std::size_t bytes;
  };

  // What a test changes before `start`.
  CoreTest() {
    settings.bound = {conn::IpAddress::v4(0, 0, 0, 0), 30303};
    settings.report_handled = Switched::on;
    settings.lookups = Switched::off;
  }

  void start() {
    core = std::make_unique<DiscoveryCore>(test::secp256k1_key(9000), settings,
                                           conn::Random::Seed{7}, now());
    settle();
  }
  DiscoveryTime now() const { return {steady, wall}; }
  std::uint64_t seconds() const {
    return static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::seconds>(wall).time_since_epoch().count());
  }
  std::uint64_t soon() const { return seconds() + 20; }

  // Everything that falls due meanwhile happens at its time.
  void pass(conn::Duration time) {
    const conn::TimePoint end = steady + time;
    while (core->next_deadline() <= end) {
      step_to(std::max(core->next_deadline(), steady));
      core->on_time(now());
      settle();
    }
    step_to(end);
  }

  // So many in networks of their own, all in the farthest bucket, where half of all nodes belong.
  static std::vector<ScriptedPeer> far_peers(std::size_t count) {
    const EnodeId own = EnodeId::of(test::secp256k1_key(9000).public_key());
    std::vector<ScriptedPeer> far;
    for (std::uint32_t number = 10; far.size() < count; ++number) {
      ScriptedPeer each(number, "20." + std::to_string(number) + ".1.1:30303");
      if (log_distance(own, each.id()) == 256) far.push_back(std::move(each));
    }
    return far;
  }

  v4::PacketHash send(const ScriptedPeer& from, const v4::Message& message) {
    return send_from(from, from.at, message);
  }
  v4::PacketHash send_from(const ScriptedPeer& from, const conn::Endpoint& at,
                           const v4::Message& message) {
    conn::Bytes packet = v4::encode(message);
    const v4::PacketHash hash = v4::sign(from.key, packet);
    send_bytes(at, packet);
    return hash;
  }
  void send_bytes(const conn::Endpoint& at, conn::ByteView bytes) {
    core->receive({at, bytes}, now());
    settle();
  }

  v4::Ping ping_of(const ScriptedPeer& from) const {
    return {.from = {from.at.ip, from.at.port, 26656},
            .to = {conn::IpAddress::v4(5, 9, 9, 9), 30303, 0},
            .expires = soon()};
  }
  v4::Pong pong_of(const v4::PacketHash& ping) const {
    return {.to = {conn::IpAddress::v4(5, 9, 9, 9), 30303, 0}, .ping = ping, .expires = soon()};
  }

  // What has come to this endpoint since the last call.
  std::vector<Seen> take(const conn::Endpoint& at) { return std::exchange(seen[at], {}); }
  std::vector<Seen> take(const ScriptedPeer& peer) { return take(peer.at); }
  template <typename Message>
  std::vector<std::pair<v4::PacketHash, Message>> take(const ScriptedPeer& peer) {
    std::vector<std::pair<v4::PacketHash, Message>> taken;
    for (const Seen& each : take(peer.at)) {
      if (const auto* message = std::get_if<Message>(&each.message)) {
        taken.emplace_back(each.hash, *message);
      }
    }
    return taken;
  }

  // The peer pings, and answers the ping that comes back: both hold a proof of the other.
  void bond(const ScriptedPeer& peer, std::optional<std::uint64_t> seq = std::nullopt) {
    v4::Ping ping = ping_of(peer);
    ping.seq = seq;
    send(peer, ping);
    for (const auto& [hash, asked] : take<v4::Ping>(peer)) {
      v4::Pong pong = pong_of(hash);
      pong.seq = seq;
      send(peer, pong);
    }
    ASSERT_TRUE(is_live(peer));
  }
  bool is_live(const ScriptedPeer& peer) const {
    const TableNode* const node = core->table().find(peer.id());
    return node != nullptr && node->live() && node->contact.udp == peer.at;
  }
  std::uint64_t dropped(Drop reason) const { return core->counters().of(reason); }
  std::uint64_t sent_in_all() const { return packets_sent; }

  std::vector<Update> take_updates() {
    std::vector<Update> taken = std::exchange(updates, {});
    return taken;
  }
  template <typename Kind>
  std::vector<Kind> take_updates() {
    std::vector<Kind> taken;
    for (const Update& each : take_updates()) {
      if (const auto* update = std::get_if<Kind>(&each)) taken.push_back(*update);
    }
    return taken;
  }

  DiscoverySettings settings;
  std::unique_ptr<DiscoveryCore> core;
  conn::TimePoint steady{1h};
  conn::WallTime wall{std::chrono::milliseconds(1'700'000'000'000)};
  std::map<conn::Endpoint, std::vector<Seen>> seen;
  std::vector<Update> updates;
  std::uint64_t packets_sent = 0;

 private:
  void step_to(conn::TimePoint when) {
    wall += std::chrono::floor<std::chrono::milliseconds>(when - steady);
    steady = when;
  }
  void settle() {
    if (const auto seq = core->seq_to_store()) core->on_seq_stored(*seq, now());
    for (const OutDatagram& each : core->take_datagrams()) {
      ASSERT_LE(each.bytes.size(), v4::kMaxPacket);
      const auto hash = v4::read_hash(each.bytes);
      const auto message = v4::decode(each.bytes);
      ASSERT_TRUE(hash && message);
      ASSERT_EQ(EnodeId::of(v4::recover_sender(each.bytes).value()), core->id());
      seen[each.to].push_back({each.to, *hash, *message, each.bytes.size()});
      ++packets_sent;
    }
    for (Update& each : core->take_updates()) updates.push_back(std::move(each));
    for (const auto& done : core->take_done()) done();
  }
};

}  // namespace peerage::pex
