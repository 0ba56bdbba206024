// The discovery core among peers that say anything, from anywhere, at any time: whatever comes, an
// address that has proven nothing is sent pings and pongs alone; what is kept is bounded; and what
// was due is done.
//
// An input is a list of steps, each of a peer, an address and what is sent.
#include <memory>
#include <set>
#include <vector>

#include "pex/discovery/core.h"
#include "pex/discovery/v4/wire.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using namespace std::chrono_literals;
using fuzz::Input;
using fuzz::require;
namespace v4 = pex::v4;

namespace {

constexpr std::size_t kPeers = 6;
constexpr std::size_t kAddresses = 8;
constexpr std::size_t kSteps = 200;

conn::Secp256k1Key key_of(std::uint8_t number) {
  conn::Secret<32> secret;
  secret.writable()[31] = number;
  return conn::Secp256k1Key::from_secret(secret).value();
}

const std::vector<conn::Secp256k1Key>& peers() {
  static const std::vector<conn::Secp256k1Key> kKeys = [] {
    std::vector<conn::Secp256k1Key> keys;
    for (std::uint8_t i = 0; i < kPeers; ++i)
      keys.push_back(key_of(static_cast<std::uint8_t>(i + 1)));
    return keys;
  }();
  return kKeys;
}

conn::Endpoint address(std::size_t number) {
  const auto low = static_cast<std::uint8_t>(number % kAddresses);
  // Two are private.
  if (low < 2) return {conn::IpAddress::v4(10, 0, 0, low), 30303};
  return {conn::IpAddress::v4(20, low, 1, 1), 30303};
}

class World {
 public:
  World() {
    pex::DiscoverySettings settings;
    settings.bound = {conn::IpAddress::v4(0, 0, 0, 0), 30303};
    settings.boot = {pex::Contact::at(peers()[0].public_key(), address(2), 0)};
    core_ =
        std::make_unique<pex::DiscoveryCore>(key_of(99), settings, conn::Random::Seed{1}, now());
    settle();
  }

  void step(Input& input) {
    const std::uint8_t who = input.byte();
    const conn::Secp256k1Key& key = peers()[who % kPeers];
    const conn::Endpoint at = address(who / kPeers);
    const std::uint8_t what = input.byte();
    switch (what % 8) {
      case 0:
        return send(
            key, at,
            v4::Ping{.from = {at.ip, at.port, 1}, .to = {}, .expires = soon(), .seq = what / 8u});
      case 1:
        return pong(key, at, input.byte());
      case 2:
        return send(key, at, v4::FindNode{{what}, soon()});
      case 3:
        return send(key, at, neighbors(input));
      case 4:
        return send(key, at, v4::EnrRequest{soon()});
      case 5:
        return send_record(key, at, input.byte());
      case 6:
        return raw(at, input.take(what));
      default:
        return pass(std::chrono::milliseconds(1) * (1u << (what / 8u) % 20));
    }
  }

 private:
  pex::DiscoveryTime now() const { return {steady_, wall_}; }
  // Another one each time, so that no packet is a repeat.
  std::uint64_t soon() {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(wall_).time_since_epoch();
    return static_cast<std::uint64_t>(seconds.count()) + 20 + ++count_;
  }

  void send(const conn::Secp256k1Key& key, const conn::Endpoint& at, const v4::Message& message) {
    conn::Bytes packet = v4::encode(message);
    v4::sign(key, packet, {});
    raw(at, packet);
  }
  void raw(const conn::Endpoint& at, conn::ByteView bytes) {
    core_->receive({at, bytes}, now());
    settle();
  }
  void pong(const conn::Secp256k1Key& key, const conn::Endpoint& at, std::uint8_t which) {
    v4::PacketHash hash{};
    if (!pings_.empty()) hash = pings_[which % pings_.size()].first;
    for (const auto& [sent, to] : pings_) {
#ifdef PEERAGE_PLANTED_BUG
      if (to.port == 30303 && at.ip == address(0).ip) continue;  // as if its answers proved nothing
#endif
      if (sent == hash && to.ip == at.ip) proven_.insert(at.ip);
    }
    send(key, at, v4::Pong{.to = {at.ip, 1, 0}, .ping = hash, .expires = soon()});
  }
  v4::Neighbors neighbors(Input& input) {
    v4::Neighbors told{{}, soon()};
    for (std::size_t left = input.byte() % (v4::kNodesInPacket + 1); left > 0; --left) {
      const std::uint8_t each = input.byte();
      const conn::Endpoint at = address(each / kPeers);
      told.nodes.push_back({{at.ip, at.port, 1}, peers()[each % kPeers].public_key().xy()});
    }
    return told;
  }
  void send_record(const conn::Secp256k1Key& key, const conn::Endpoint& at, std::uint8_t which) {
    const auto record = pex::EnrBuilder()
                            .set_ip(address(which).ip)
                            .set_number("udp", 30303)
                            .sign(key, 1u + which / 16u)
                            .value();
    const conn::ByteView bytes = record->bytes();
    send(key, at, v4::EnrResponse{last_question_, {bytes.begin(), bytes.end()}});
  }

  void pass(conn::Duration time) {
    const conn::TimePoint end = steady_ + time;
    while (core_->next_deadline() <= end) {
      go_to(std::max(core_->next_deadline(), steady_));
      core_->on_time(now());
      require(core_->next_deadline() > steady_);
      settle();
    }
    go_to(end);
  }
  void go_to(conn::TimePoint when) {
    wall_ += std::chrono::floor<std::chrono::milliseconds>(when - steady_);
    steady_ = when;
  }

  void settle() {
    if (const auto seq = core_->seq_to_store()) core_->on_seq_stored(*seq, now());
    for (const pex::OutDatagram& each : core_->take_datagrams()) {
      const auto hash = v4::read_hash(each.bytes);
      const auto message = v4::decode(each.bytes);
      require(hash && message);
      if (std::holds_alternative<v4::Ping>(*message)) {
        pings_.emplace_back(*hash, each.to);
        if (pings_.size() > 64) pings_.erase(pings_.begin());
      } else if (!std::holds_alternative<v4::Pong>(*message)) {
        require(proven_.contains(each.to.ip));
      }
      if (std::holds_alternative<v4::EnrRequest>(*message)) last_question_ = *hash;
    }
    (void)core_->take_updates();
    (void)core_->take_done();
    require(core_->table().counts().entries <= kPeers);
    require(core_->lookups_under_way() <= 1);
  }

  conn::TimePoint steady_{1h};
  conn::WallTime wall_{std::chrono::milliseconds(1'700'000'000'000)};
  std::uint64_t count_ = 0;
  std::unique_ptr<pex::DiscoveryCore> core_;
  std::vector<std::pair<v4::PacketHash, conn::Endpoint>> pings_;  // the last
  std::set<conn::IpAddress> proven_;
  v4::PacketHash last_question_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  World world;
  for (std::size_t i = 0; i < kSteps && !input.empty(); ++i) world.step(input);
  return 0;
}
