#include "tests/sim/eclipse/attacker.h"

#include <algorithm>
#include <utility>

#include "pex/exchange/messages.h"
#include "tests/sim/eclipse/strategies.h"

namespace peerage::sim::eclipse {

using conn::IpAddress;
using conn::NetAddress;

namespace {

constexpr std::size_t kAnswer = pex::kMaxAddresses;
constexpr std::uint64_t kFirstKey = std::uint64_t{1} << 32;  // the honest ones are below
constexpr conn::Duration kLookPause = 1h;
// Tried after half an hour; a lost peer is dialled again for forty minutes (p2p/dial/dialer.cpp).
constexpr conn::Duration kUntilTried = 35min;
constexpr conn::Duration kRest = 1h;
// In the order of their parts in an answer.
constexpr Tactic kAnswering[] = {Tactic::wrong_ids, Tactic::long_answers};

std::uint8_t byte(std::size_t value) {
  return static_cast<std::uint8_t>(value);
}

}  // namespace

// --- what it owns ---

// Groups are 130.1 to 165.250. Addresses of a group lie in as many /24 as there are.
Estate::Estate(const AttackPlan& plan, std::size_t ids_per_address)
    : ids_per_address_(ids_per_address), keys_(plan.addresses * ids_per_address) {
  for (std::size_t i = 0; i < plan.addresses; ++i) {
    const std::size_t group = i % plan.groups, of_group = i / plan.groups;
    addresses_.push_back(IpAddress::v4(byte(130 + group / 250), byte(1 + group % 250),
                                       byte(of_group % 256), byte(1 + of_group / 256)));
    index_[addresses_.back()] = i;
  }
}

std::optional<std::size_t> Estate::index_of(const IpAddress& ip) const {
  const auto found = index_.find(ip);
  return found == index_.end() ? std::nullopt : std::optional(found->second);
}

KeyPtr Estate::key(std::size_t index) const {
  if (!keys_[index]) keys_[index] = numbered_key(kFirstKey + index);
  return keys_[index];
}

NetAddress Estate::node(std::size_t index) const {
  const std::size_t address = index % addresses_.size(), nth = index / addresses_.size();
  return {key(index)->id(), {addresses_[address], static_cast<std::uint16_t>(kPort + nth)}};
}

// --- the attacker ---

Attacker::Attacker(SimWorld& world, const AttackPlan& plan, std::size_t ids_per_address,
                   Sockets sockets, HonestWorld& honest, Victim& victim, TrialRandom& random)
    : world_(world),
      plan_(plan),
      estate_(plan, ids_per_address),
      sockets_(sockets),
      honest_(honest),
      victim_(victim),
      random_(random) {
  for (const Tactic tactic : plan_.tactics) strategies_.push_back(make_strategy(tactic));
}

Attacker::~Attacker() = default;

void Attacker::begin() {
  host_ = &world_.add_host(estate_.all());
  for (std::size_t nth = 0; nth < estate_.ids_per_address(); ++nth) {
    auto listener = host_->listen(
        host_->shard(0), {IpAddress::v4(0, 0, 0, 0), static_cast<std::uint16_t>(kPort + nth)},
        [this](std::unique_ptr<conn::Arrival> arrival) { on_arrival(std::move(arrival)); });
    if (listener) listeners_.push_back(std::move(*listener));
  }
  const double own = static_cast<double>(estate_.addresses());
  const double share = own / (own + static_cast<double>(honest_.reachable()));
  const bool poisons = plan_.tactics.contains(Tactic::seed_poisoning);
  honest_.contaminate(share, poisons ? std::max(share, plan_.seed_share) : share,
                      [this] { return estate_.node(random_.below(estate_.addresses())); });
  hold_ = hold();
  began_ = world_.now();
  world_.after(kLookPause, [this] { look_at_gain(); });
  next_visit();
}

conn::Endpoint Attacker::nowhere() {
  return {IpAddress::v4(byte(80 + random_.below(40)), byte(random_.below(256)),
                        byte(random_.below(256)), byte(1 + random_.below(254))),
          kPort};
}

double Attacker::hold() const {
  std::size_t mine = 0, honest = 0;
  victim_.for_each_known([&](const NetAddress& address, addrbook::Kind kind) {
    if (kind != addrbook::Kind::new_) return;
    mine += estate_.owns(address.endpoint.ip) ? 1 : 0;
    honest += honest_.has(address.endpoint.ip) ? 1 : 0;
  });
  return static_cast<double>(1 + mine) / static_cast<double>(1 + honest);
}

// A gain of a hundredth in an hour is worth going on; a loss of a twentieth, beginning again.
void Attacker::look_at_gain() {
  const double now = hold();
  refreshing_ = refreshing_ ? now >= 0.95 * hold_ : now <= 1.01 * hold_;
  hold_ = refreshing_ ? std::max(hold_, now) : now;
  world_.after(kLookPause, [this] { look_at_gain(); });
}

void Attacker::next_visit() {
  const double rate = refreshing_ ? plan_.refresh_rate : plan_.rate;
  world_.after(random_.until_next(rate, 1min), [this] { next_visit(); });
  for (std::size_t i = 0; i < strategies_.size(); ++i) {
    Strategy& strategy = *strategies_[turn_++ % strategies_.size()];
    if (const auto visit = strategy.visit(*this)) {
      make(*visit);
      return;
    }
  }
}

void Attacker::make(const Visit& visit) {
  ++visits_;
  const auto index = estate_.index_of(visit.from);
  const bool lasts = visit.stay == conn::Duration::max();
  if (lasts && index) occupants_.insert(*index);
  const IpAddress from =
      sockets_ == Sockets::as_claimed ? visit.alibi.value_or(visit.claims.ip) : visit.from;
  auto puppet = Puppet::dial(
      *host_, from, victim_.address(),
      {estate_.key(visit.node), "tcp://" + visit.claims.to_string(), index.value_or(0)}, *this);
  puppets_.add(puppet);
  stays_[puppet.get()] = visit.stay;
}

void Attacker::on_arrival(std::unique_ptr<conn::Arrival> arrival) {
  auto stream = arrival->claim(host_->shard(0));
  const conn::Endpoint at = stream->local_endpoint();
  const auto index = estate_.index_of(at.ip);
  if (!index) return;
  const auto rests = rests_.find(*index);
  if (rests != rests_.end() && world_.now() < rests->second) return;  // no node is there
  const std::size_t node = *index + (at.port - kPort) * estate_.addresses();
  puppets_.add(Puppet::answer(*host_, std::move(stream),
                              {estate_.key(node), "tcp://" + at.to_string(), *index}, *this));
}

bool Attacker::harvests() const {
  return plan_.tactics.contains(Tactic::grinding) && world_.now() - began_ < plan_.harvest;
}

void Attacker::on_ready(Puppet& puppet) {
  const auto stay = stays_.find(&puppet);
  if (stay == stays_.end()) {
    puppet.gossip();
    world_.after(kUntilTried, [this, weak = puppet.weak_from_this()] {
      const auto self = weak.lock();
      if (!self || !harvests()) return;
      rests_[self->tag()] = world_.now() + kRest;
      self->close();
    });
  } else if (stay->second == conn::Duration::max()) {
    puppet.gossip_for_ever();
  } else {
    world_.after(stay->second, [weak = puppet.weak_from_this()] {
      if (const auto self = weak.lock()) self->close();
    });
  }
}

void Attacker::on_request(Puppet& puppet) {
  std::vector<NetAddress> list;
  for (const Tactic tactic : kAnswering) {
    for (const auto& strategy : strategies_) {
      if (strategy->tactic() == tactic) strategy->answer(*this, list, kAnswer);
    }
  }
  // The rest is what an honest node would answer.
  const double own = static_cast<double>(estate_.addresses());
  const double share = own / (own + static_cast<double>(honest_.reachable()));
  const bool dishonest = plan_.tactics.contains(Tactic::long_answers);
  while (!dishonest && list.size() < kAnswer) {
    list.push_back(random_.with_chance(share) ? estate_.node(random_.below(estate_.addresses()))
                                              : honest_.some_reachable());
  }
  puppet.give(list);
}

void Attacker::on_end(Puppet& puppet) {
  const auto stay = stays_.find(&puppet);
  if (stay != stays_.end()) {
    if (stay->second == conn::Duration::max()) occupants_.erase(puppet.tag());
    stays_.erase(stay);
  }
  puppets_.remove(puppet);
}

}  // namespace peerage::sim::eclipse
