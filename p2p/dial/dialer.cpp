#include "p2p/dial/dialer.h"

#include <algorithm>
#include <utility>

#include "conn/base/backoff.h"
#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

using conn::Duration;
using conn::HostAddress;
using conn::NodeId;
using conn::Reason;
using conn::Result;
using conn::Stage;
using conn::TimePoint;
using namespace std::chrono_literals;

namespace {

constexpr Duration kFirstPause = 1s;

tl::unexpected<conn::Failure> refuse(Reason reason, std::string detail = {}) {
  return conn::fail(Stage::admission, reason, std::move(detail));
}

}  // namespace

Dialer::Dialer(const DialerConfig& config, const NodeId& own, const PeerMarks& marks, Random random)
    : config_(config),
      own_(own),
      random_(std::move(random)),
      slots_(config.max_outbound, marks),
      persistent_(config.persistent_max_pause, random_),
      sticky_(slots_, random_) {}

Result<void> Dialer::add_persistent(const HostAddress& address, TimePoint now) {
  if (address.id == own_) return refuse(PeerReason::own_address, address.to_string());
  const bool busy = connected_.contains(address.id) || dialling_.contains(address.id);
  persistent_.add(address, std::max(now, own_until(address)),
                  busy ? PersistentPeers::Busy::yes : PersistentPeers::Busy::no);
  sticky_.forget(address.id);
  return {};
}

void Dialer::let_back(const Which& which, TimePoint now) {
  for (const HostAddress& address : persistent_.targets()) {
    if (which(address)) (void)add_persistent(address, now);
  }
}

Result<void> Dialer::request(const DialOrder& order, TimePoint now) {
  const HostAddress& target = order.target;
  if (target.id == own_) return refuse(PeerReason::own_address);
  if (connected_.contains(target.id)) return refuse(PeerReason::duplicate_id);
  if (slots_.is_under_way(target.id)) return refuse(PeerReason::already_dialling);
  const TimePoint until = rests_until(target);
  if (until > now && order.purpose != DialPurpose::manual) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(until - now);
    return refuse(PeerReason::address_resting,
                  "for " + std::to_string(seconds.count()) + " s more");
  }
  const bool one_beyond =
      order.purpose == DialPurpose::feeler || order.purpose == DialPurpose::rotation;
  const std::size_t limit = config_.max_outbound + (one_beyond ? 1 : 0);
  if (needs_slot(target.id)) {
    if (slots_.used() >= limit) return refuse(PeerReason::no_free_slot);
    if (!one_beyond) sticky_.on_slot_wanted(target.id);
  }
  slots_.on_dial(target.id);
  requested_.push_back(order);
  return {};
}

std::vector<DialOrder> Dialer::take_due(TimePoint now) {
  std::vector<DialOrder> orders;
  for (DialOrder& order : std::exchange(requested_, {})) {
    const NodeId& id = order.target.id;
    if (dialling_.contains(id)) continue;
    if (connected_.contains(id)) {
      slots_.on_dial_over(id);
    } else {
      begin(std::move(order), now, orders);
    }
  }
  for (HostAddress& target : persistent_.take_due(now)) {
    begin({std::move(target), DialPurpose::persistent, {}}, now, orders);
  }
  while (auto lost = sticky_.take_due(now)) {
    begin({std::move(*lost), DialPurpose::sticky, {}}, now, orders);
  }
  return orders;
}

std::optional<TimePoint> Dialer::deadline() const {
  // Also one that has become needless: it holds a slot until take_due.
  if (!requested_.empty()) return TimePoint{};
  const auto persistent = persistent_.next();
  const auto sticky = sticky_.deadline();
  if (!persistent || !sticky) return persistent ? persistent : sticky;
  return std::min(*persistent, *sticky);
}

DialOutlook Dialer::outlook(const NodeId& id, TimePoint now) const {
  using State = DialOutlook::State;
  if (connected_.contains(id)) return {State::connected};
  if (slots_.is_under_way(id)) return {State::dialling};
  const auto due = persistent_.due(id);
  if (due && *due <= now) return {State::dialling};
  return {State::resting, due};
}

void Dialer::on_dial_ended(const NodeId& id, const conn::Failure* failure, TimePoint now) {
  const auto found = dialling_.find(id);
  if (found == dialling_.end()) return;
  const Dialling dial = found->second;
  dialling_.erase(found);
  slots_.on_dial_over(id);
  // Also after a success: on_gone sets it back when the connection has lasted.
  if (failure == nullptr || failure->stage > Stage::connect) {
    persistent_.on_answer(dial.target, dial.begun);
  } else {
    persistent_.on_unreachable(dial.target, dial.begun);
  }
  if (failure == nullptr) return;
  if (!connected_.contains(id)) persistent_.on_idle(id);
  sticky_.on_dial_failed(id, now);
  if (failure->reason == Reason::connected_to_self) {
    rest_own(dial.target, dial.begun + kSelfRest);
  } else {
    rest(dial.target.to_string(), dial.begun);
  }
}

void Dialer::on_connected(const NodeId& id, Direction direction, TimePoint now) {
  connected_[id] = {direction, now};
  if (direction == Direction::outbound) {
    slots_.on_outbound(id);
  } else {
    slots_.on_outbound_over(id);
  }
  sticky_.on_connected(id, direction);
  persistent_.on_busy(id);
}

void Dialer::on_gone(const NodeId& id, const std::optional<HostAddress>& address, Redial redial,
                     TimePoint now) {
  const auto found = connected_.find(id);
  if (found == connected_.end()) return;
  const Connected was = found->second;
  connected_.erase(found);
  slots_.on_outbound_over(id);
  const Duration lasted = now - was.since;
  if (persistent_.contains(id)) {
    if (lasted >= kPersistentStays) persistent_.on_lost(id, address, now);
    if (!dialling_.contains(id)) persistent_.on_idle(id);
    return;
  }
  if (address && lasted < kStable) {
    rest(address->to_string(), now);
  } else if (address) {
    std::erase_if(resting_, [text = address->to_string()](const Resting& each) {
      return each.address == text;
    });
  }
  const bool worth_it = config_.sticky_redial == StickyRedial::yes && redial == Redial::yes &&
                        was.direction == Direction::outbound && address;
  if (worth_it) sticky_.on_lost(*address, lasted, now);
}

void Dialer::begin(DialOrder order, TimePoint now, std::vector<DialOrder>& orders) {
  sticky_.on_dial_begun(now);
  slots_.on_dial(order.target.id);
  dialling_[order.target.id] = {order.target, now};
  persistent_.on_busy(order.target.id);
  orders.push_back(std::move(order));
}

void Dialer::rest(const std::string& address, TimePoint begun) {
  if (config_.requested_max_pause <= Duration(0)) return;
  Resting entry{address, 0, {}};
  const auto known = std::find_if(resting_.begin(), resting_.end(),
                                  [&](const Resting& each) { return each.address == address; });
  if (known != resting_.end()) {
    entry = *known;
    resting_.erase(known);
  }
  entry.next = begun + conn::backoff_pause({kFirstPause, config_.requested_max_pause},
                                           entry.failures++, random_());
  resting_.push_back(std::move(entry));
  if (resting_.size() > kMaxResting) resting_.pop_front();
}

// Apart from the failed ones, which any node can make us try by the thousand and so forget.
void Dialer::rest_own(const HostAddress& target, TimePoint until) {
  std::erase_if(own_addresses_, [&target](const OwnAddress& each) {
    return each.host == target.host && each.port == target.port;
  });
  own_addresses_.push_back({target.host, target.port, until});
  if (own_addresses_.size() > kMaxOwnAddresses) own_addresses_.pop_front();
  const auto is_there = [&target](const HostAddress& address) {
    return address.host == target.host && address.port == target.port;
  };
  persistent_.hold(is_there, until);
}

TimePoint Dialer::own_until(const HostAddress& target) const {
  for (const OwnAddress& each : own_addresses_) {
    if (each.host == target.host && each.port == target.port) return each.until;
  }
  return TimePoint::min();
}

TimePoint Dialer::rests_until(const HostAddress& target) const {
  const std::string address = target.to_string();
  for (const Resting& each : resting_) {
    if (each.address == address) return std::max(each.next, own_until(target));
  }
  return own_until(target);
}

}  // namespace peerage::p2p
