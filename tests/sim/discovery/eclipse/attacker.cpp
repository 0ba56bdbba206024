#include "tests/sim/discovery/eclipse/attacker.h"

#include <algorithm>
#include <utility>

#include "conn/crypto/keccak.h"

namespace peerage::sim::discovery {
namespace {

namespace v4 = pex::v4;

constexpr std::uint16_t kFirstPort = 2000;

Duration seconds(double count) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(count));
}

bool comes_before(const Puppet* a, const Puppet* b) {
  return a->id() < b->id();
}

// The first `bits` bits of the ID, and then all zeros or all ones.
pex::EnodeId edge(const pex::EnodeId& id, unsigned bits, std::uint8_t filler) {
  pex::EnodeId edge = id;
  for (unsigned bit = bits; bit < 256; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
    std::uint8_t& byte = edge.bytes[bit / 8];
    byte = filler != 0 ? byte | mask : byte & static_cast<std::uint8_t>(~mask);
  }
  return edge;
}

}  // namespace

Attacker::Attacker(SimWorld& world, Internet& internet, const AttackPlan& plan, std::string network)
    : world_(world),
      plan_(plan),
      network_(std::move(network)),
      by_address_(plan.addresses),
      next_(plan.addresses) {
  std::vector<IpAddress> networks;
  for (std::size_t i = 0; i < plan.networks; ++i) networks.push_back(internet.draw().masked(24));
  for (std::size_t i = 0; i < plan.addresses; ++i) {
    const auto base = networks[i % plan.networks].v4_bytes();
    const auto last = static_cast<std::uint8_t>(1 + i / plan.networks);
    const IpAddress ip = IpAddress::v4(base[0], base[1], base[2], last);
    addresses_.insert(ip.to_string());
    SimHost& host = world.add_host({ip});
    const std::size_t ids = std::max<std::size_t>(plan.ids / plan.addresses, 1);
    for (std::size_t n = 0; n < ids; ++n) {
      auto puppet = std::make_unique<Puppet>(host, static_cast<std::uint16_t>(kFirstPort + n));
      puppet->on_heard = [this](Puppet& self, const Puppet::Heard& heard) {
        on_heard(self, heard);
      };
      ids_.push_back(puppet.get());
      by_address_[i].push_back(std::move(puppet));
    }
  }
  std::sort(ids_.begin(), ids_.end(), comes_before);
}

// Those with the most leading bits of the target: a range of what is sorted.
std::vector<const Puppet*> Attacker::closest(const pex::EnodeId& target, std::size_t most) const {
  auto from = ids_.begin(), to = ids_.end();
  const auto before = [](const Puppet* puppet, const pex::EnodeId& id) {
    return puppet->id() < id;
  };
  const auto after = [](const pex::EnodeId& id, const Puppet* puppet) { return id < puppet->id(); };
  for (unsigned bits = 1; bits < 256; ++bits) {
    const auto first = std::lower_bound(from, to, edge(target, bits, 0), before);
    const auto last = std::upper_bound(first, to, edge(target, bits, 1), after);
    if (static_cast<std::size_t>(last - first) < most) break;
    from = first;
    to = last;
  }
  std::vector<const Puppet*> closest(from, to);
  std::sort(closest.begin(), closest.end(), [&target](const Puppet* a, const Puppet* b) {
    return pex::compare_distance(target, a->id(), b->id()) < 0;
  });
  if (closest.size() > most) closest.resize(most);
  return closest;
}

void Attacker::on_heard(Puppet& self, const Puppet::Heard& heard) {
  if (std::holds_alternative<v4::Ping>(heard.message)) {
    self.pong(heard);
    self.ping(heard.from);
  } else if (const auto* const question = std::get_if<v4::FindNode>(&heard.message)) {
    answer(self, heard, *question);
  } else if (std::holds_alternative<v4::EnrRequest>(heard.message)) {
    const conn::ByteView record = self.record(network_)->bytes();
    self.send(heard.from, v4::EnrResponse{heard.hash, {record.begin(), record.end()}});
  }
}

void Attacker::answer(Puppet& self, const Puppet::Heard& heard, const v4::FindNode& question) {
  const pex::EnodeId target{conn::keccak256(question.target)};
  v4::Neighbors neighbors;
  neighbors.expires = self.expires();
  for (const Puppet* const each : closest(target, v4::kNodesInAnswer)) {
    neighbors.nodes.push_back(each->wire_node());
    if (neighbors.nodes.size() < v4::kNodesInPacket) continue;
    self.send(heard.from, neighbors);
    neighbors.nodes.clear();
  }
  if (!neighbors.nodes.empty()) self.send(heard.from, neighbors);
}

void Attacker::introduce(std::vector<Endpoint> honest) {
  honest_ = std::move(honest);
  ping_honest();
}

void Attacker::flood(const Endpoint& victim) {
  victim_ = victim;
  ping_victim();
}

Puppet& Attacker::next_of(std::size_t address) {
  auto& ids = by_address_[address];
  return *ids[next_[address]++ % ids.size()];
}

void Attacker::ping_victim() {
  for (std::size_t i = 0; i < by_address_.size(); ++i) next_of(i).ping(victim_);
  world_.after(seconds(1 / plan_.pings), [this] { ping_victim(); });
}

void Attacker::ping_honest() {
  for (const Endpoint& each : honest_) next_of(world_.random() % by_address_.size()).ping(each);
  world_.after(seconds(3600 / plan_.introductions), [this] { ping_honest(); });
}

}  // namespace peerage::sim::discovery
