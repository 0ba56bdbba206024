#include "tests/sim/eclipse/honest_world.h"

#include <algorithm>
#include <set>
#include <utility>

#include "pex/exchange/messages.h"

namespace peerage::sim::eclipse {

using conn::IpAddress;
using conn::NetAddress;

namespace {

constexpr std::size_t kAnswer = pex::kMaxAddresses;
// For nodes that move, in the course of a month.
constexpr std::size_t kSpareShare = 2;

std::uint8_t byte(std::size_t value) {
  return static_cast<std::uint8_t>(value);
}

}  // namespace

HonestWorld::HonestWorld(SimWorld& world, const WorldPlan& plan, TrialRandom& random)
    : world_(world), plan_(plan), random_(random) {
  std::set<IpAddress> places;
  std::vector<IpAddress> all;
  const std::size_t count = plan_.nodes + plan_.seeds;
  const auto hosted = static_cast<std::size_t>(static_cast<double>(plan_.nodes) * plan_.hosted);
  while (all.size() < count * (1 + kSpareShare)) {
    // The spare ones are spread as the others are.
    const std::size_t turn = all.size() % count;
    const IpAddress ip = place(turn < hosted);
    if (places.insert(ip).second) all.push_back(ip);
  }
  host_ = &world_.add_host(all);
  nodes_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    Node& node = nodes_[i];
    node.seed = i >= plan_.nodes;
    node.reachable = node.seed || random_.with_chance(plan_.reachable);
    settle(i, all[i]);
    if (node.reachable && !node.seed) reachable_.push_back(i);
  }
  spare_.assign(all.begin() + static_cast<std::ptrdiff_t>(count), all.end());
}

HonestWorld::~HonestWorld() = default;

// Hosting groups are 20.1 to 20.N; the others lie between 40.0 and 79.255.
IpAddress HonestWorld::place(bool hosted) {
  const std::size_t host = 1 + random_.below(254), third = random_.below(256);
  if (hosted) {
    const std::size_t group = random_.below(plan_.hosting_groups);
    return IpAddress::v4(byte(20 + group / 250), byte(1 + group % 250), byte(third), byte(host));
  }
  const std::size_t group = random_.below(plan_.other_groups);
  return IpAddress::v4(byte(40 + group / 256), byte(group % 256), byte(third), byte(host));
}

void HonestWorld::settle(std::size_t index, const IpAddress& ip) {
  Node& node = nodes_[index];
  node.key = numbered_key(++keys_);
  node.address = {node.key->id(), {ip, kPort}};
  at_[ip] = index;
}

// A node left for good; another comes, elsewhere.
void HonestWorld::move(std::size_t index) {
  if (spare_.empty()) return;
  std::swap(spare_[random_.below(spare_.size())], spare_.back());
  at_.erase(nodes_[index].address.endpoint.ip);
  settle(index, spare_.back());
  spare_.pop_back();
}

void HonestWorld::begin(NetAddress victim) {
  victim_ = victim;
  const double online = static_cast<double>(plan_.session.count());
  const double offline = plan_.restarts * static_cast<double>(plan_.restart.count()) +
                         (1 - plan_.restarts) * static_cast<double>(plan_.absence.count());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].seed || random_.with_chance(online / (online + offline))) {
      go_online(i);
    } else {
      world_.after(random_.about(plan_.absence), [this, i] { go_online(i); });
    }
  }
  world_.after(random_.until_next(plan_.visits_per_hour, 1h), [this] { visit_victim(); });
}

std::size_t HonestWorld::online() const {
  return static_cast<std::size_t>(
      std::count_if(nodes_.begin(), nodes_.end(), [](const Node& node) { return node.online; }));
}

std::vector<conn::HostAddress> HonestWorld::seeds() const {
  std::vector<conn::HostAddress> seeds;
  for (const Node& node : nodes_) {
    if (node.seed) seeds.push_back(conn::HostAddress::of(node.address));
  }
  return seeds;
}

NetAddress HonestWorld::some_reachable() {
  return nodes_[reachable_[random_.below(reachable_.size())]].address;
}

void HonestWorld::contaminate(double share, double seed_share, Draw draw) {
  share_ = share;
  seed_share_ = seed_share;
  draw_ = std::move(draw);
}

void HonestWorld::count_told(std::function<bool(const IpAddress&)> counts) {
  counts_ = std::move(counts);
  told_ = {};
}

// --- coming and going ---

void HonestWorld::go_online(std::size_t index) {
  Node& node = nodes_[index];
  if (node.held_down || node.online) return;
  node.online = true;
  if (node.reachable) {
    auto listener = host_->listen(
        host_->shard(0), node.address.endpoint,
        [this, index](std::unique_ptr<conn::Arrival> a) { on_arrival(index, std::move(a)); });
    if (listener) node.listener = std::move(*listener);
  }
  if (!node.seed) {
    world_.after(random_.about(plan_.session), [this, index, session = ++node.session] {
      if (nodes_[index].session == session && nodes_[index].online) end_session(index);
    });
  }
}

void HonestWorld::go_offline(std::size_t index) {
  Node& node = nodes_[index];
  node.online = false;
  node.listener.reset();
  const auto puppets = node.puppets;
  for (const auto& puppet : puppets) puppet->close();
}

void HonestWorld::end_session(std::size_t index) {
  go_offline(index);
  if (random_.with_chance(plan_.restarts)) {
    world_.after(random_.about(plan_.restart), [this, index] { go_online(index); });
    return;
  }
  if (random_.with_chance(plan_.moves)) move(index);
  world_.after(random_.about(plan_.absence), [this, index] { go_online(index); });
}

void HonestWorld::take_down(const IpAddress& ip, conn::Duration span) {
  const auto found = at_.find(ip);
  if (found == at_.end()) return;
  const std::size_t index = found->second;
  nodes_[index].held_down = true;
  go_offline(index);
  world_.after(span, [this, index] {
    nodes_[index].held_down = false;
    if (!nodes_[index].online) go_online(index);
  });
}

// --- with the victim ---

void HonestWorld::visit_victim() {
  world_.after(random_.until_next(plan_.visits_per_hour, 1h), [this] { visit_victim(); });
  const std::size_t index = random_.below(plan_.nodes);
  Node& node = nodes_[index];
  if (!node.online || !node.puppets.empty()) return;
  node.puppets.push_back(
      Puppet::dial(*host_, node.address.endpoint.ip, victim_,
                   {node.key, "tcp://" + node.address.endpoint.to_string(), index}, *this));
}

void HonestWorld::on_arrival(std::size_t index, std::unique_ptr<conn::Arrival> arrival) {
  Node& node = nodes_[index];
  node.puppets.push_back(
      Puppet::answer(*host_, arrival->claim(host_->shard(0)),
                     {node.key, "tcp://" + node.address.endpoint.to_string(), index}, *this));
}

void HonestWorld::on_ready(Puppet& puppet) {
  const Node& node = nodes_[puppet.tag()];
  if (puppet.direction() == p2p::Direction::outbound) {
    puppet.gossip_for_ever();
    puppet.ask();
  } else if (!node.seed) {
    if (random_.with_chance(plan_.full)) {
      puppet.close();
    } else {
      puppet.gossip();
    }
  }
}

std::vector<NetAddress> HonestWorld::sample(double share) {
  std::vector<NetAddress> addresses;
  std::set<conn::NodeId> ids;
  for (std::size_t i = 0; i < 2 * kAnswer && addresses.size() < kAnswer; ++i) {
    const NetAddress address = draw_ && random_.with_chance(share) ? draw_() : some_reachable();
    if (ids.insert(address.id).second) addresses.push_back(address);
  }
  return addresses;
}

void HonestWorld::on_request(Puppet& puppet) {
  const bool seed = nodes_[puppet.tag()].seed;
  puppet.give(sample(seed ? seed_share_ : share_));
  if (!seed) return;
  // It disconnects its clients; its answer is read before.
  world_.after(1s, [weak = puppet.weak_from_this()] {
    if (const auto self = weak.lock()) self->close();
  });
}

void HonestWorld::on_list(Puppet&, conn::ByteView bytes) {
  const auto message = pex::decode(bytes);
  const auto* list = message ? std::get_if<pex::Addresses>(&*message) : nullptr;
  if (list == nullptr || !counts_) return;
  for (const NetAddress& address : list->usable) {
    ++told_.all;
    told_.counted += counts_(address.endpoint.ip) ? 1 : 0;
  }
}

void HonestWorld::on_end(Puppet& puppet) {
  auto& puppets = nodes_[puppet.tag()].puppets;
  std::erase_if(puppets, [&puppet](const auto& each) { return each.get() == &puppet; });
}

}  // namespace peerage::sim::eclipse
