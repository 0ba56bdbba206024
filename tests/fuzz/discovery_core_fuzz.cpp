// The discovery core among peers that a fuzzer moves: they send what they like, in whose name they
// like, answer or do not; time passes, and the operator gives commands. Whatever the order of
// these: nothing but pings and pongs, and few of them, goes to an address that has proven nothing;
// no more is kept than may be; whoever asked is told, once; and an honest node is answered at the
// end.
//
// Curves are cheap here (tests/sim/cheap_crypto.h): a signature still belongs to one key.
#include <array>
#include <map>
#include <optional>

#include "pex/discovery/core.h"
#include "pex/discovery/relay_rule.h"
#include "pex/discovery/v4/wire.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/sim/cheap_crypto.h"

using namespace peerage;
using namespace std::chrono_literals;
using conn::Endpoint;
using conn::IpAddress;
using fuzz::Input;
using fuzz::require;
using pex::Contact;
using pex::DiscoveryCore;
using pex::Protocol;
namespace v4 = pex::v4;

namespace {

conn::Secp256k1Key key_of(std::uint8_t number) {
  conn::Secret<32> secret;
  secret.writable()[31] = number;
  return conn::Secp256k1Key::from_secret(secret).value();
}

// Two in one network, two private ones, one of IPv6.
constexpr std::array kEndpoints = {"20.1.1.1:30303", "20.1.1.2:30303",    "20.2.2.2:30303",
                                   "10.0.0.3:30303", "[2a00:1::4]:30303", "127.0.0.1:30303",
                                   "20.2.2.2:40404", "20.7.7.7:30303"};
constexpr std::size_t kPeers = kEndpoints.size();

struct Peer {
  conn::Secp256k1Key key;
  Endpoint at;
  std::optional<v4::PacketHash> pinged, asked_for_record;  // by the core, last

  pex::EnodeId id() const { return pex::EnodeId::of(key.public_key()); }
  Contact contact() const { return Contact::at(key.public_key(), at, 26656); }
};

// So small that a short run comes to each.
pex::DiscoveryLimits small_limits() {
  pex::DiscoveryLimits limits;
  limits.proofs = 6;
  limits.proofs_of_network = 3;
  limits.limited_sources = 16;
  limits.told_hosts = 3;
  limits.v4_pings_in_flight = limits.v4_pings_queued = limits.v4_pings_answering = 3;
  limits.v4_find_nodes = limits.v4_record_questions = 3;
  limits.v4_recent_packets = 4;
  limits.records_remembered = 3;
  limits.datagrams_out = 12;
  limits.updates = 24;
  limits.commands = 4;
  limits.command_lookups = 2;
  limits.bucket_entries = 3;
  limits.bucket_replacements = 2;
  limits.bucket_inbound = 2;
  return limits;
}

class World {
 public:
  World() {
    for (std::size_t i = 0; i < kPeers; ++i) {
      peers_.push_back({key_of(static_cast<std::uint8_t>(i + 1)),
                        Endpoint::parse(kEndpoints[i]).value(),
                        {},
                        {}});
    }
    pex::DiscoverySettings settings;
    settings.limits = small_limits();
    settings.bound = {IpAddress::v4(0, 0, 0, 0), 30303};
    settings.reach_v6 = pex::Switched::on;
    settings.boot = {peers_[2].contact()};
    core_.emplace(key_of(kOwnKey), std::move(settings), conn::Random::Seed{}, now());
    settle();
  }

  void step(Input& input) {
    const std::uint8_t what = input.byte();
    Peer& peer = peers_[(what >> 4) % kPeers];
    switch (what % 12) {
      case 0:
        send(peer, peer.at, ping_of(peer, input));
        break;
      case 1:
        answer_ping(peer, peer.at);
        break;
      case 2:
        send(peer, peer.at, v4::FindNode{{input.byte()}, soon()});
        break;
      case 3:
        tell(peer, input);
        break;
      case 4:
        send(peer, peer.at, v4::EnrRequest{soon()});
        break;
      case 5:
        give_record(peer, input);
        break;
      case 6:
        pass(1ms * (1u << (input.byte() % 16)));
        break;
      case 7:
        forge(peer, input);
        break;
      case 8:
        command(peer, input);
        break;
      case 9:
        send_data(peer, input);
        break;
      case 10:
        receive(peer.at, input.take(input.byte()));
        break;
      default:
        sleep(1min * (1u << (input.byte() % 11)));
    }
    settle();
  }

  void end() {
    for (const Peer& each : peers_) core_->unban(each.id());
    core_->unban(conn::Cidr(peers_[0].at.ip, 24));
    sleep(10min);
    Peer honest{key_of(100), Endpoint::parse("30.1.1.1:30303").value(), {}, {}};
    const std::size_t before = pongs_;
    Input nothing(nullptr, 0);
    send(honest, honest.at, ping_of(honest, nothing));
    settle();
    require(pongs_ == before + 1);
    core_->stop(now());
    require(core_->take_datagrams().empty());
    settle();
    require(asked_ == told_);
  }

 private:
  pex::DiscoveryTime now() const { return {steady_, wall_}; }
  std::uint64_t soon() const {
    return static_cast<std::uint64_t>(
               std::chrono::floor<std::chrono::seconds>(wall_).time_since_epoch().count()) +
           20;
  }

  // --- what comes ---

  void receive(const Endpoint& from, conn::ByteView bytes) { core_->receive({from, bytes}, now()); }
  v4::PacketHash send(const Peer& peer, const Endpoint& from, const v4::Message& message) {
    conn::Bytes packet = v4::encode(message);
    const auto hash = v4::sign(peer.key, packet);
    note_proof(peer, from, message);
    receive(from, packet);
    return hash;
  }
  v4::Ping ping_of(const Peer& peer, Input& input) const {
    v4::Ping ping{
        .from = {peer.at.ip, peer.at.port, 26656}, .to = {IpAddress(), 0, 0}, .expires = soon()};
    if (const std::uint8_t seq = input.byte(); seq % 2 == 1) ping.seq = seq;
    if (input.byte() % 4 == 1) ping.to.ip = IpAddress::v4(50, 1, 1, input.byte());
    return ping;
  }
  void answer_ping(Peer& peer, const Endpoint& from) {
    send(peer, from,
         v4::Pong{{IpAddress::v4(50, 1, 1, 1), 30303, 0},
                  peer.pinged.value_or(v4::PacketHash{}),
                  soon(),
                  7});
  }
  void tell(const Peer& peer, Input& input) {
    v4::Neighbors told{{}, soon()};
    const std::uint8_t which = input.byte();
    for (std::size_t i = 0; i < kPeers; ++i) {
      if ((which >> i & 1) == 0) continue;
      const Peer& each = peers_[i];
      told.nodes.push_back({{each.at.ip, each.at.port, 0}, each.key.public_key().xy()});
      // A stranger that nobody has seen, at the same address.
      told.nodes.push_back({{each.at.ip, 5000, 0}, key_of(std::uint8_t(20 + i)).public_key().xy()});
    }
    if (told.nodes.size() > v4::kNodesInPacket) told.nodes.resize(v4::kNodesInPacket);
    send(peer, peer.at, told);
  }
  void give_record(const Peer& peer, Input& input) {
    const std::uint8_t seq = input.byte(), at = input.byte();
    const Endpoint& named = peers_[at % kPeers].at;
    const auto record = pex::EnrBuilder()
                            .set_ip(named.ip)
                            .set_number("udp", named.port)
                            .sign(at % 16 == 15 ? peers_[0].key : peer.key, seq);
    const auto bytes = record.value()->bytes();
    send(peer, peer.at,
         v4::EnrResponse{peer.asked_for_record.value_or(v4::PacketHash{}),
                         {bytes.begin(), bytes.end()}});
  }
  // In another's name.
  void forge(Peer& peer, Input& input) {
    const std::uint8_t how = input.byte();
    const Endpoint& victim = peers_[how % kPeers].at;
    switch (how / kPeers % 4) {
      case 0:
        send(peer, victim, ping_of(peer, input));
        break;
      case 1:
        answer_ping(peer, victim);
        break;
      case 2:
        send(peer, victim, v4::FindNode{{input.byte()}, soon()});
        break;
      default:
        send(peer, victim, v4::EnrRequest{soon()});
    }
  }
  void send_data(const Peer& peer, Input& input) {
    conn::Bytes packet(v4::kHeadBytes);
    const conn::ByteView data = input.take(1 + input.byte());
    packet.insert(packet.end(), data.begin(), data.end());
    packet.resize(std::max(packet.size(), v4::kMinPacket));
    v4::sign(peer.key, packet);
    if (const auto message = v4::decode(packet)) note_proof(peer, peer.at, *message);
    receive(peer.at, packet);
  }
  void command(const Peer& peer, Input& input) {
    const auto count = [this](const auto&) { ++told_; };
    const std::uint8_t which = input.byte();
    switch (which % 9) {
      case 0:
        core_->add_node(peer.contact(), pex::HeardBy::command, now());
        break;
      case 1:
        core_->ban(peer.id(), now().steady + 1min * input.byte(), conn::BanOrigin::operator_,
                   now());
        break;
      case 2:
        core_->ban(conn::Cidr(peers_[0].at.ip, 24), now().steady + 1min * input.byte(), now());
        break;
      case 3:
        core_->remove(peer.id(), now());
        break;
      case 4:
        ++asked_;
        core_->ping(peer.contact(), Protocol::v4, now(), count);
        break;
      case 5:
        ++asked_;
        core_->request_record(peer.contact(), Protocol::v4, now(), count);
        break;
      case 6:
        ++asked_;
        core_->lookup(core_->random_target(), Protocol::v4, now(), count);
        break;
      case 7:
        ++asked_;
        core_->resolve(peer.contact(), Protocol::v4, now(), count);
        break;
      default:
        core_->set_need(input.byte(), input.byte());
    }
  }

  // Everything that falls due happens at its time.
  void pass(conn::Duration time) {
    const conn::TimePoint end = steady_ + time;
    while (core_->next_deadline() <= end) {
      move_to(std::max(core_->next_deadline(), steady_));
      core_->on_time(now());
      require(core_->next_deadline() > steady_);
      settle();
    }
    move_to(end);
  }
  // Nothing runs meanwhile, as on a machine that is suspended.
  void sleep(conn::Duration time) {
    move_to(steady_ + time);
    core_->on_time(now());
    require(core_->next_deadline() > steady_);
    settle();
  }
  void move_to(conn::TimePoint when) {
    wall_ += std::chrono::floor<std::chrono::milliseconds>(when - steady_);
    steady_ = when;
  }

  // --- what goes, and what must hold of it ---

  void settle() {
    if (const auto seq = core_->seq_to_store()) core_->on_seq_stored(*seq, now());
    const pex::DiscoveryLimits& limits = core_->settings().limits;
    require(core_->datagrams_waiting() <= limits.datagrams_out);
    for (const pex::OutDatagram& each : core_->take_datagrams()) look_at(each);
    require(core_->take_updates().size() <= limits.updates);
    for (const auto& done : core_->take_done()) done();
    require(told_ <= asked_);
    require(core_->lookups_under_way() <= limits.command_lookups + 1);
    const pex::NodeTable::Counts counts = core_->table().counts();
    require(counts.entries <= limits.bucket_entries * counts.buckets_used);
    require(counts.replacements <= limits.bucket_replacements * counts.buckets_used);
    require(counts.live <= counts.entries && counts.inbound <= counts.entries);
  }

  void look_at(const pex::OutDatagram& datagram) {
    require(datagram.bytes.size() <= v4::kMaxPacket && datagram.to.port != 0);
    const auto hash = v4::read_hash(datagram.bytes);
    const auto message = v4::decode(datagram.bytes);
    require(hash && message && v4::recover_sender(datagram.bytes) == own_.public_key());
    const bool is_ping = std::holds_alternative<v4::Ping>(*message);
    const bool is_pong = std::holds_alternative<v4::Pong>(*message);
    const IpAddress& ip = datagram.to.ip;
    if (!is_ping && !is_pong) require(is_proven(ip));
    if (is_pong) ++pongs_;
    if (is_ping) pings_.insert_or_assign(*hash, std::pair(ip, steady_));
    if (!proofs_.contains(ip) && !pex::is_private(ip)) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(steady_ - kBegin).count();
      const auto& limits = core_->settings().limits;
      require(++sent_[ip] <= limits.unproven_burst + limits.unproven_rate * std::uint64_t(seconds));
    }
    for (Peer& peer : peers_) {
      if (peer.at != datagram.to) continue;
      if (is_ping) peer.pinged = *hash;
      if (std::holds_alternative<v4::EnrRequest>(*message)) peer.asked_for_record = *hash;
    }
  }

  // A Pong may prove the address that its ping was sent to, if it comes from there.
  void note_proof(const Peer&, const Endpoint& from, const v4::Message& message) {
    const auto* const pong = std::get_if<v4::Pong>(&message);
    if (pong == nullptr) return;
    const auto sent = pings_.find(pong->ping);
    if (sent == pings_.end() || sent->second.first != from.ip) return;
    if (steady_ - sent->second.second <= core_->settings().limits.v4_request) {
      proofs_[from.ip] = steady_;
    }
  }
  bool is_proven(const IpAddress& ip) const {
    const auto found = proofs_.find(ip);
#ifdef PEERAGE_PLANTED_BUG
    // As if a proof were over after a minute.
    const conn::Duration lasts = 1min;
#else
    const conn::Duration lasts = core_->settings().limits.proof_lasts;
#endif
    return found != proofs_.end() && steady_ - found->second <= lasts;
  }

  static constexpr conn::TimePoint kBegin{1h};
  static constexpr std::uint8_t kOwnKey = 200;
  const conn::Secp256k1Key own_ = key_of(kOwnKey);
  conn::TimePoint steady_ = kBegin;
  conn::WallTime wall_{std::chrono::milliseconds(1'700'000'000'000)};
  std::vector<Peer> peers_;
  std::optional<DiscoveryCore> core_;
  std::map<v4::PacketHash, std::pair<IpAddress, conn::TimePoint>> pings_;
  std::map<IpAddress, conn::TimePoint> proofs_;
  std::map<IpAddress, std::uint64_t> sent_;
  std::size_t pongs_ = 0, asked_ = 0, told_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sim::use_cryptography(sim::Cryptography::cheap);
  Input input(data, size);
  World world;
  for (int steps = 0; steps < 200 && !input.empty(); ++steps) world.step(input);
  world.end();
  return 0;
}
