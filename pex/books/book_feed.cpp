#include "pex/books/book_feed.h"

#include <algorithm>
#include <utility>

#include "p2p/base/peer_reason.h"
#include "pex/books/dialled.h"
#include "pex/limits/limits.h"

namespace peerage::pex {

using addrbook::AddressBook;
using addrbook::Origin;
using conn::NetAddress;
using conn::Reason;
using p2p::DialPurpose;

namespace {

addrbook::NodeFacts facts_of(const p2p::NodeInfo& info) {
  return {info.moniker, info.version, info.channels};
}

}  // namespace

std::optional<BookFeed::Claim> BookFeed::claim_of(const p2p::Peer& peer) {
  const auto parts = conn::split_host_port(peer.info().listen_addr);
  if (!parts || parts->port == 0) return std::nullopt;
  const auto ip = conn::IpAddress::parse(parts->host);
  if (!ip) return std::nullopt;
  const conn::IpAddress& socket = peer.socket().ip;
  const bool own = ip->unspecified() || *ip == socket;
  return Claim{{peer.id(), {own ? socket : *ip, parts->port}}, own ? Origin::inbound : Origin::pex};
}

void BookFeed::on_event(const p2p::SwitchEvent& event) {
  std::visit([this](const auto& each) { on(each); }, event);
  books_.changed();
}

void BookFeed::on(const p2p::Dialled& event) {
  AddressBook* book = books_.find(event.network);
  const auto address = address_of(event.target, {});
  if (book != nullptr && address) book->mark_attempt(*address, books_.now());
}

void BookFeed::on(const p2p::DialFailed& event) {
  AddressBook* book = books_.find(event.network);
  const auto address = address_of(event.target, event.report);
  if (book == nullptr || !address) return;
  const addrbook::Time now = books_.now();
  const p2p::UpgradeReport& report = event.report.upgrade;
  const bool proved = report.remote_id == event.target.id;
  if (proved) learn(*book, *address, report);
  if (event.failure.reason == p2p::PeerReason::banned) {
    book->mark_bad(*address, p2p::PeerReason::banned, now + kBannedRest, now);
  } else if (event.failure.reason == p2p::PeerReason::own_address ||
             event.failure.reason == Reason::connected_to_self) {
    book->forget(*address);
  } else if (proved || event.failure.stage != conn::Stage::admission) {
    // A dial that we refused says nothing about the node.
    book->mark_failed(*address, event.failure, now);
  }
  if (event.failure.reason == Reason::wrong_network) on_other_network(*address, report);
}

void BookFeed::learn(AddressBook& book, const NetAddress& address,
                     const p2p::UpgradeReport& report) {
  const addrbook::Time now = books_.now();
  // It cannot sign before it has our key, so that takes a round trip, whatever it does.
  const auto round_trip = std::chrono::duration_cast<std::chrono::microseconds>(
      report.authenticated.value_or(conn::Duration(0)));
  book.mark_connected(address, round_trip, now);
  if (report.remote_info && report.remote_info->network == book.network()) {
    book.mark_verified(address, facts_of(*report.remote_info), now);
  }
}

// It is of another network that we serve: that network's book learns of it.
void BookFeed::on_other_network(const NetAddress& address, const p2p::UpgradeReport& report) {
  if (!report.remote_info || report.remote_id != address.id) return;
  AddressBook* book = books_.find(report.remote_info->network);
  if (book == nullptr || seeds_.contains(address.id)) return;
  // It has just proved its ID there: that is as good as its own word.
  book->add(address, {address.endpoint.ip, address.id, Origin::discovery}, books_.now());
  learn(*book, address, report);
}

void BookFeed::on(const p2p::Connected& event) {
  const p2p::Peer& peer = *event.peer;
  AddressBook* book = books_.find(peer.network());
  if (book == nullptr) return;
  const auto address = address_of(peer);
  if (!address) {
    on_inbound(peer);
    return;
  }
  const addrbook::Time now = books_.now();
  if (event.purpose == DialPurpose::persistent && !seeds_.contains(peer.id())) {
    book->add(*address, {address->endpoint.ip, {}, Origin::configuration}, now);
  }
  learn(*book, *address, event.report.upgrade);
  if (outbound_ == Outbound::sessions && event.purpose != DialPurpose::feeler) {
    book->mark_joined(*address, now);
  }
}

void BookFeed::on_inbound(const p2p::Peer& peer) {
  const auto claim = claim_of(peer);
  if (!claim || seeds_.contains(peer.id())) return;
  books_.find(peer.network())
      ->add(claim->address, {peer.socket().ip, peer.id(), claim->origin}, books_.now());
}

void BookFeed::on(const p2p::Gone& event) {
  // Peers connected when we stop are the anchors of the next start.
  if (stopping_) return;
  AddressBook* book = books_.find(event.peer->network());
  const auto address = address_of(*event.peer);
  if (book == nullptr || !address) return;
  on_still_here(*event.peer, event.lasted);
  book->mark_left(*address, books_.now());
}

void BookFeed::on_still_here(const p2p::Peer& peer, conn::Duration lasted) {
  AddressBook* book = books_.find(peer.network());
  const auto address = address_of(peer);
  if (book == nullptr || !address) return;
  const auto brought =
      peer.last_message() ? AddressBook::Brought::messages : AddressBook::Brought::nothing;
  book->mark_session(*address, std::chrono::floor<addrbook::Seconds>(lasted), brought,
                     books_.now());
}

void BookFeed::on(const p2p::MarkedGood& event) {
  const p2p::Peer& peer = *event.peer;
  AddressBook* book = books_.find(peer.network());
  if (book == nullptr) return;
  if (const auto address = address_of(peer)) {
    book->mark_useful(*address, books_.now());
    return;
  }
  // It dialled us: the address that is useful is the one that we have proved ourselves, if any.
  std::vector<NetAddress> proven;
  for (const addrbook::KnownAddress* known : book->find(peer.id())) {
    if (known->last_connected != addrbook::kNever) proven.push_back(known->address);
  }
  for (const NetAddress& address : proven) book->mark_useful(address, books_.now());
}

void BookFeed::on(const p2p::Banned& event) {
  books_.on_banned(event.ban);
  const auto* id = std::get_if<conn::NodeId>(&event.ban.target);
  if (id == nullptr) return;
  const addrbook::Time now = books_.now();
  for (std::size_t i = 0; i < books_.size(); ++i) {
    books_.at(i).mark_bad(*id, p2p::PeerReason::banned, now + kBannedRest, now);
  }
}

void BookFeed::on(const p2p::Unbanned& event) {
  books_.on_unbanned(event.target);
  const auto* id = std::get_if<conn::NodeId>(&event.target);
  if (id == nullptr) return;
  for (std::size_t i = 0; i < books_.size(); ++i) {
    AddressBook& book = books_.at(i);
    std::vector<NetAddress> resting;
    for (const auto* known : book.find(*id)) {
      if (known->failure == p2p::PeerReason::banned) resting.push_back(known->address);
    }
    for (const NetAddress& address : resting) book.reinstate(address, books_.now());
  }
}

// It has misbehaved all the same: its addresses rest as they did.
void BookFeed::on(const p2p::BansDropped& event) {
  for (const p2p::BanTarget& target : event.targets) books_.on_unbanned(target);
}

}  // namespace peerage::pex
