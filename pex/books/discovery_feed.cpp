#include "pex/books/discovery_feed.h"

#include <utility>

#include "p2p/base/peer_reason.h"
#include "pex/books/dialled.h"

namespace peerage::pex {

using conn::Reason;
using conn::TimePoint;

namespace {

// What a dial that failed has shown of the address; nothing when the fault is ours, or nobody's.
std::optional<DialOutcome> outcome_of(const p2p::DialFailed& event) {
  const Reason why = event.failure.reason;
  if (why == Reason::wrong_id) return DialOutcome::other_id;
  if (why == Reason::wrong_network) return DialOutcome::other_network;
  if (why == Reason::stopping || why == Reason::stopped_locally ||
      why == Reason::out_of_descriptors || why == Reason::address_in_use ||
      event.failure.stage == conn::Stage::configuration) {
    return std::nullopt;
  }
  if (event.report.upgrade.remote_id == event.target.id) return DialOutcome::closed;
  if (event.failure.stage == conn::Stage::admission) return std::nullopt;  // we refused
  return DialOutcome::failed;
}

}  // namespace

DiscoveryFeed::DiscoveryFeed(NetworkBooks& books, const conn::NodeId& own,
                             const DiscoveryLimits& limits, Bans bans, TimePoint now)
    : books_(books), bans_(std::move(bans)), candidates_({own, books.networks(), limits}, now) {
  for (const p2p::Ban& ban : books_.bans_in_force()) on_banned(ban);
}

// --- to the books ---

TimePoint DiscoveryFeed::on_time(TimePoint now) {
  const auto due = candidates_.take(
      now, [this](const conn::NetAddress& address) { return books_.is_banned(address); });
  for (const Candidates::Handover& each : due) {
    addrbook::AddressBook* book = books_.find(each.network);
    if (book == nullptr) continue;
    const addrbook::Time time = books_.now();
    const conn::IpAddress& source = each.address.endpoint.ip;
    // It has answered our ping: we have asked it.
    book->expect_answer(source, time);
    const auto outcome = book->add(
        each.address, {source, {}, addrbook::Origin::discovery, addrbook::Word::answer}, time);
    ++added_[static_cast<std::size_t>(outcome)];
  }
  if (!due.empty()) books_.changed();
  return candidates_.next_deadline(now);
}

// --- from the switch ---

void DiscoveryFeed::on_event(const p2p::SwitchEvent& event, TimePoint now) {
  // What ends because we stop says nothing.
  if (std::holds_alternative<p2p::Stopping>(event)) stopping_ = true;
  if (stopping_) return;
  if (const auto* connected = std::get_if<p2p::Connected>(&event)) {
    on_peer(*connected->peer, DialOutcome::connected, now);
  } else if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
    on_peer(*gone->peer, DialOutcome::gone, now);
  } else if (const auto* failed = std::get_if<p2p::DialFailed>(&event)) {
    on_dial_failed(*failed, now);
  } else if (const auto* banned = std::get_if<p2p::Banned>(&event)) {
    on_banned(banned->ban);
  } else if (const auto* unbanned = std::get_if<p2p::Unbanned>(&event)) {
    on_unbanned(unbanned->target);
  } else if (const auto* dropped = std::get_if<p2p::BansDropped>(&event)) {
    for (const p2p::BanTarget& target : dropped->targets) on_unbanned(target);
  }
}

void DiscoveryFeed::on_peer(const p2p::Peer& peer, DialOutcome outcome, TimePoint now) {
  if (const auto address = address_of(peer)) note(*address, peer.network(), outcome, now);
}

void DiscoveryFeed::on_dial_failed(const p2p::DialFailed& event, TimePoint now) {
  const auto address = address_of(event.target, event.report);
  const auto outcome = outcome_of(event);
  if (address && outcome) note(*address, event.network, *outcome, now);
}

void DiscoveryFeed::note(const conn::NetAddress& address, const std::string& network,
                         DialOutcome outcome, TimePoint now) {
  for (const EnodeId& id : candidates_.on_dial(address, network, outcome, now)) {
    bans_.ban_id(id, Candidates::kUnwanted);
  }
}

// A node's ID is nothing that discovery knows anybody by.
void DiscoveryFeed::on_banned(const p2p::Ban& ban) {
  candidates_.on_banned(ban.target);
  if (const auto* network = std::get_if<conn::Cidr>(&ban.target)) {
    bans_.ban_network(*network, ban.until);
  }
}

void DiscoveryFeed::on_unbanned(const p2p::BanTarget& target) {
  if (const auto* network = std::get_if<conn::Cidr>(&target)) bans_.unban_network(*network);
}

}  // namespace peerage::pex
