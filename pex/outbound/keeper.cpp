#include "pex/outbound/keeper.h"

#include <limits>
#include <utility>

namespace peerage::pex {

using conn::HostAddress;
using conn::TimePoint;
using p2p::DialPurpose;
using p2p::Direction;
using namespace std::chrono_literals;

namespace {

// How often to look when only a test dial now and then is wanted.
constexpr conn::Duration kIdle = 15s;
constexpr conn::Duration kWanting = 1s;

}  // namespace

OutboundKeeper::OutboundKeeper(Context context, const OutboundLimits& limits, TimePoint now)
    : context_(std::move(context)),
      policy_(context_.books.first(), now,
              context_.random_below(std::numeric_limits<std::size_t>::max()), limits),
      seeds_(limits.seeds, limits.spread == OutboundLimits::Spread::none
                               ? [](std::size_t) { return std::size_t{0}; }
                               : context_.random_below),
      first_seeds_wanted_(limits.first_seeds),
      second_look_(limits.seed_second_look) {}

OutboundPolicy::Situation OutboundKeeper::situation(TimePoint now) const {
  OutboundPolicy::Situation situation;
  situation.now = now;
  situation.book_now = context_.books.now();
  situation.free_slots = context_.node.snapshot()->free_outbound;
  situation.connected = context_.peers.connected.size();
  situation.outbound = outbound(now);
  situation.unavailable = [this, now](const addrbook::KnownAddress& known) {
    const conn::NodeId& id = known.address.id;
    const TimePoint* refused = refused_.find(id);
    return id == context_.own || context_.peers.knows(id) || seeds_.contains(id) ||
           (refused != nullptr && now < *refused);
  };
  return situation;
}

std::vector<OutboundPolicy::Situation::Outbound> OutboundKeeper::outbound(TimePoint now) const {
  std::vector<OutboundPolicy::Situation::Outbound> all;
  for (const auto& [id, each] : context_.peers.connected) {
    if (each.peer->direction() != Direction::outbound) continue;
    all.push_back({id, each.peer->socket().ip, each.since,
                   each.purpose != DialPurpose::persistent && each.purpose != DialPurpose::feeler});
  }
  for (const auto& [id, dial] : context_.peers.dialling) {
    const auto ip = conn::IpAddress::parse(dial.target.host);
    if (ip) all.push_back({id, *ip, now, false});
  }
  return all;
}

TimePoint OutboundKeeper::on_time(TimePoint now) {
  if (context_.node.snapshot()->draining) return now + kWanting;
  const auto state = situation(now);
  ask_first_seeds(state, now);
  const auto plan = policy_.plan(state);
  for (const conn::NetAddress& target : plan.dials) context_.node.dial(HostAddress::of(target));
  if (plan.test) context_.node.dial(HostAddress::of(*plan.test), DialPurpose::feeler);
  if (plan.rotation) context_.node.dial(HostAddress::of(*plan.rotation), DialPurpose::rotation);
  if (plan.ask_seeds && policy_.may_dial(now)) ask_seed(now, SeedList::Of::all);
  if (plan.ask_a_peer) ask_a_peer(now);
  if (state.free_slots > 0) ask_waiting_seeds(now);
  if (state.free_slots == 0) seeds_.rested();
  return now + (state.free_slots > 0 ? kWanting : kIdle);
}

// A node that knows no peer hears several seeds before it chooses.
void OutboundKeeper::ask_first_seeds(const OutboundPolicy::Situation& state, TimePoint now) {
  const bool knows_nobody = context_.books.first().size_of(addrbook::Kind::tried) == 0;
  if (!knows_nobody || state.free_slots == 0) return;
  while (first_seeds_ < first_seeds_wanted_ && policy_.may_dial(now) &&
         ask_seed(now, SeedList::Of::unasked)) {
    ++first_seeds_;
  }
}

bool OutboundKeeper::ask_seed(TimePoint now, SeedList::Of which) {
  const auto seed = seeds_.next(now, which);
  if (!seed) return false;
  policy_.dialled(now);
  context_.node.dial(seed->address);
  return true;
}

// Seeds that had been asked too recently when they connected. Once: a seed that has answered is
// about to close.
void OutboundKeeper::ask_waiting_seeds(TimePoint now) {
  std::erase_if(unasked_seeds_, [&](const conn::NodeId& id) {
    const auto found = context_.peers.connected.find(id);
    return found == context_.peers.connected.end() ||
           context_.exchange.ask(*found->second.peer, now);
  });
}

void OutboundKeeper::ask_a_peer(TimePoint now) {
  std::vector<p2p::PeerPtr> askable;
  for (const auto& [id, each] : context_.peers.connected) {
    if (context_.exchange.may_ask(*each.peer, now)) askable.push_back(each.peer);
  }
  if (!askable.empty()) context_.exchange.ask(*askable[context_.random_below(askable.size())], now);
}

void OutboundKeeper::on_event(const p2p::SwitchEvent& event, TimePoint now) {
  if (const auto* dialled = std::get_if<p2p::Dialled>(&event)) {
    const bool is_ours = dialled->purpose == DialPurpose::requested ||
                         dialled->purpose == DialPurpose::feeler ||
                         dialled->purpose == DialPurpose::rotation;
    if (!is_ours) policy_.dialled(now);
  }
  if (const auto* connected = std::get_if<p2p::Connected>(&event)) on_connected(*connected, now);
  if (const auto* failed = std::get_if<p2p::DialFailed>(&event)) on_dial_failed(*failed, now);
}

void OutboundKeeper::on_list(const p2p::PeerPtr& peer, std::size_t added, TimePoint now) {
  if (added > 0) {
    policy_.learnt(now);
  } else if (seeds_.contains(peer->id()) && context_.books.first().size() == 0 &&
             !std::exchange(looked_again_, true)) {
    seeds_.again(peer->id(), now + second_look_);
  }
}

void OutboundKeeper::on_connected(const p2p::Connected& event, TimePoint now) {
  p2p::Peer& peer = *event.peer;
  if (peer.direction() != Direction::outbound) return;
  if (event.purpose == DialPurpose::feeler) {
    context_.node.disconnect(peer.id());
    return;
  }
  if (event.purpose == DialPurpose::rotation) {
    context_.node.disconnect(policy_.on_rotated(peer.id(), situation(now)));
    // It is not asked for addresses: there are many of these, and each would pass on what others
    // were made to believe.
    return;
  }
  const bool is_seed = seeds_.contains(peer.id());
  if (!is_seed && !context_.books.first().need_more()) return;
  if (!context_.exchange.ask(peer, now) && is_seed) unasked_seeds_.insert(peer.id());
}

void OutboundKeeper::on_dial_failed(const p2p::DialFailed& event, TimePoint now) {
  if (event.failure.stage == conn::Stage::admission) {
    refused_.use(event.target.id, [] { return TimePoint(); }) = now + kRefusedPause;
  }
  if (event.purpose == DialPurpose::requested) seeds_.failed(event.target, now);
}

}  // namespace peerage::pex
