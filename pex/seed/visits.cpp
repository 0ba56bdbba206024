#include "pex/seed/visits.h"

#include <algorithm>
#include <utility>

#include "p2p/base/peer_reason.h"

namespace peerage::pex {

using conn::HostAddress;
using conn::TimePoint;
using p2p::Direction;
using namespace std::chrono_literals;

namespace {

constexpr conn::Duration kLook = 1s;
constexpr conn::Duration kGrowthPause = 100ms;

}  // namespace

Visits::Visits(Context context, const CrawlLimits& limits)
    : context_(std::move(context)),
      limits_(limits),
      crawlers_(context_.books.size(), Crawler(limits)),
      sizes_(context_.books.size()),
      seeds_(limits.seeds, context_.random_below) {}

TimePoint Visits::on_time(TimePoint now) {
  end_late(now);
  look_at_growth(now);
  begin_visits(now);
  TimePoint next = now + kLook;
  for (const auto& [id, visit] : visits_) {
    if (visit.until > now) next = std::min(next, visit.until);
  }
  return next;
}

void Visits::end_late(TimePoint now) {
  // A dial that hangs ends by its own timeout, which is no longer.
  std::erase_if(visits_, [now](const auto& each) { return each.second.until + 5s <= now; });
  const auto moved = moved_nodes();
  for (const auto& [id, each] : context_.peers.connected) {
    if (stays(*each.peer)) {
      TimePoint& next = next_ask_[id];
      if (now >= next && context_.exchange.ask(*each.peer, now)) next = now + limits_.ask_pause;
      continue;
    }
    const auto visit = visits_.find(id);
    const auto life = moved.contains(id) ? limits_.moved_client_life : limits_.client_life;
    const bool late =
        visit != visits_.end() ? visit->second.until <= now : now - each.since >= life;
    if (late) part(*each.peer);
  }
}

std::set<conn::NodeId> Visits::moved_nodes() const {
  std::set<conn::NodeId> ids;
  for (std::size_t i = 0; i < context_.books.size(); ++i) {
    for (const auto& address : context_.books.at(i).to_visit(context_.books.now())) {
      ids.insert(address.id);
    }
  }
  return ids;
}

void Visits::begin_visits(TimePoint now) {
  if (now < full_until_ || context_.node.snapshot()->draining) return;
  while (visits_.size() < limits_.parallel && begin_one(now)) {
  }
}

bool Visits::is_busy(const conn::NodeId& id) const {
  return id == context_.own || context_.peers.knows(id) || visits_.contains(id);
}

bool Visits::begin_one(TimePoint now) {
  if (visit_wanted(now)) return true;
  const auto unavailable = [this](const addrbook::KnownAddress& known) {
    return is_busy(known.address.id);
  };
  for (std::size_t i = 0; i < crawlers_.size(); ++i) {
    const std::size_t index = (turn_ + i) % crawlers_.size();
    addrbook::AddressBook& book = context_.books.at(index);
    const auto target = crawlers_[index].next(book, {now, context_.books.now(), unavailable});
    if (!target) continue;
    turn_ = index + 1;
    begin(HostAddress::of(*target), book.network(), Why::crawl, now);
    return true;
  }
  return visit_seed(now);
}

bool Visits::visit_wanted(TimePoint now) {
  while (const auto wanted = wanted_.take()) {
    // One that is here, or is being visited, need not be looked for.
    if (is_busy(wanted->address.id)) continue;
    begin(HostAddress::of(wanted->address), wanted->network, Why::asked_for, now);
    return true;
  }
  return false;
}

Visits::Asked Visits::ask_for(const std::optional<conn::NodeId>& id) {
  Asked asked;
  const addrbook::Time now = context_.books.now();
  for (std::size_t i = 0; i < context_.books.size(); ++i) {
    const addrbook::AddressBook& book = context_.books.at(i);
    const auto want = [&](const addrbook::KnownAddress& known) {
      ++asked.known;
      if (wanted_.add({known.address, book.network()})) ++asked.queued;
    };
    if (id) {
      for (const auto* known : book.find(*id)) want(*known);
    } else {
      book.for_each([&](const addrbook::KnownAddress& known) {
        if (known.bad_until <= now) want(known);
      });
    }
  }
  return asked;
}

bool Visits::visit_seed(TimePoint now) {
  const bool hungry = [this] {
    for (std::size_t i = 0; i < context_.books.size(); ++i) {
      if (context_.books.at(i).need_more()) return true;
    }
    return false;
  }();
  if (!hungry) return false;
  const auto seed = seeds_.next(now);
  if (!seed || context_.peers.knows(seed->address.id)) return false;
  begin(seed->address, seed->network, Why::seed, now);
  return true;
}

void Visits::begin(const HostAddress& target, const std::string& network, Why why, TimePoint now) {
  visits_[target.id] = {target, network, now + limits_.visit, why};
  ++made_;
  context_.node.dial(target, p2p::DialPurpose::requested, network);
}

void Visits::on_event(const p2p::SwitchEvent& event, TimePoint now) {
  if (const auto* connected = std::get_if<p2p::Connected>(&event)) {
    on_connected(*connected, now);
  } else if (const auto* failed = std::get_if<p2p::DialFailed>(&event)) {
    on_dial_failed(*failed, now);
  } else if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
    visits_.erase(gone->peer->id());
    next_ask_.erase(gone->peer->id());
  }
}

void Visits::on_connected(const p2p::Connected& event, TimePoint now) {
  p2p::Peer& peer = *event.peer;
  if (peer.direction() == Direction::inbound) {
    // It dialled us while we dialled it, or were about to: its own address is in the book now.
    visits_.erase(peer.id());
    look_at_growth(now);
    return;
  }
  if (stays(peer)) return;
  // A peer that cannot be asked has been verified, and the visit ends.
  if (!context_.exchange.ask(peer, now)) part(peer);
}

// Whether clients have brought addresses. A crawler's search then takes time in proportion to the
// book, so even a crowd of clients starts one only each kGrowthPause.
void Visits::look_at_growth(TimePoint now) {
  if (now < next_growth_) return;
  for (std::size_t i = 0; i < crawlers_.size(); ++i) {
    const std::size_t size = context_.books.at(i).size();
    if (std::exchange(sizes_[i], size) >= size) continue;
    crawlers_[i].heard();
    next_growth_ = now + kGrowthPause;
  }
}

void Visits::on_dial_failed(const p2p::DialFailed& event, TimePoint now) {
  const auto found = visits_.find(event.target.id);
  // A persistent peer's own dials are no visits.
  if (found == visits_.end() || found->second.target != event.target) return;
  const Visit visit = std::move(found->second);
  visits_.erase(found);
  const auto& info = event.report.upgrade.remote_info;
  const bool is_seed = visit.why == Why::seed;
  if (is_seed && event.failure.reason == conn::Reason::wrong_network && info &&
      context_.books.find(info->network) != nullptr) {
    seeds_.is_of(event.target.id, info->network);
  }
  if (is_seed) seeds_.failed(event.target, now);
  if (event.failure.reason == p2p::PeerReason::no_free_slot) {
    full_until_ = now + kLook;
    take_back(visit);
  } else if (event.failure.reason == p2p::PeerReason::draining) {
    take_back(visit);
  }
}

void Visits::take_back(const Visit& visit) {
  const auto ip = conn::IpAddress::parse(visit.target.host);
  if (!ip) return;
  const conn::Endpoint place = {*ip, visit.target.port};
  if (visit.why == Why::asked_for) wanted_.put_back({{visit.target.id, place}, visit.network});
  for (Crawler& crawler : crawlers_) crawler.take_back(place);
}

void Visits::on_list(const p2p::PeerPtr& peer, std::size_t added, TimePoint) {
  if (added > 0) {
    for (Crawler& crawler : crawlers_) crawler.heard();
  }
  if (peer->direction() == Direction::outbound && !stays(*peer)) part(*peer);
}

void Visits::on_asked(const p2p::PeerPtr& peer) {
  if (peer->direction() == Direction::inbound && !stays(*peer)) part(*peer);
}

void Visits::part(const p2p::Peer& peer) {
  context_.node.disconnect(peer.id());
}

bool Visits::stays(const p2p::Peer& peer) {
  return peer.persistent() || peer.unconditional();
}

}  // namespace peerage::pex
