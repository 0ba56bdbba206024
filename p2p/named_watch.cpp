#include "p2p/named_watch.h"

#include <algorithm>
#include <array>

#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

namespace {

using conn::Reason;

// What we do not begin because of our own state.
bool says_nothing_of_the_address(const Reason& reason) {
  static constexpr std::array kOurs = {PeerReason::no_free_slot, PeerReason::duplicate_id,
                                       PeerReason::lost_simultaneous_dial,
                                       PeerReason::already_dialling, PeerReason::address_resting};
  return reason == Reason::stopping || reason == Reason::invalid_argument ||
         std::any_of(kOurs.begin(), kOurs.end(),
                     [&reason](PeerReason each) { return reason == each; });
}

}  // namespace

bool NamedWatch::remove(NamedAddresses::List list, const conn::HostAddress& address) {
  const bool was_there = addresses_.remove(list, address);
  if (!addresses_.contains(address)) outages_.forget(address);
  arm();
  return was_there;
}

void NamedWatch::on_dial_failed(const conn::HostAddress& target, const conn::Failure& why) {
  if (!addresses_.contains(target) || says_nothing_of_the_address(why.reason)) return;
  outages_.on_failed(target, why, control_.now());
  arm();
}

void NamedWatch::on_connected(const Peer& peer) {
  const auto& address = peer.dialled();
  if (address && outages_.on_answer(*address)) {
    log_.named_answers(*address, addresses_.lists_of(*address));
  }
  outages_.on_connected(peer.id());
  arm();
}

void NamedWatch::close() {
  closed_ = true;
  timer_.reset();
}

void NamedWatch::tell() {
  for (const Outages::Outage& each : outages_.take_due(control_.now())) {
    log_.named_fails(each.address, addresses_.lists_of(each.address), each.why);
  }
  arm();
}

void NamedWatch::arm() {
  if (closed_) return;
  const auto next = outages_.next();
  if (!timer_ && !next) return;
  if (!timer_) timer_ = control_.make_timer([this] { tell(); });
  if (next) {
    timer_->arm(*next);
  } else {
    timer_->cancel();
  }
}

}  // namespace peerage::p2p
