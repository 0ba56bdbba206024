#include "p2p/dial/dialer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "conn/base/backoff.h"

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

// How long after the loss, and after each failure, a sticky peer is tried again; then it is given
// up.
constexpr std::array<Duration, 8> kStickyPauses = {500ms, 5s, 15s, 45s, 2min, 5min, 10min, 20min};
// One that is sought goes on at this pause.
constexpr Duration kSeekPause = 5min;
// For this many tries its slot is its own.
constexpr std::size_t kStickyReserved = 4;

tl::unexpected<conn::Failure> refuse(Reason reason, std::string detail = {}) {
  return conn::fail(Stage::admission, reason, std::move(detail));
}

}  // namespace

Dialer::Dialer(const DialerConfig& config, const NodeId& own, Random random)
    : config_(config),
      own_(own),
      random_(std::move(random)),
      persistent_(config.persistent_max_pause, random_) {}

Result<void> Dialer::add_persistent(const HostAddress& peer, TimePoint now) {
  if (peer.id == own_) return refuse(Reason::own_address, peer.to_string());
  const bool busy = connected_.contains(peer.id) || dialling_.contains(peer.id);
  persistent_.add(peer, std::max(now, own_until(peer)),
                  busy ? PersistentPeers::Busy::yes : PersistentPeers::Busy::no);
  sticky_.erase(peer.id);
  return {};
}

Result<void> Dialer::request(const DialOrder& order, TimePoint now) {
  const HostAddress& target = order.target;
  if (target.id == own_) return refuse(Reason::own_address);
  if (connected_.contains(target.id)) return refuse(Reason::duplicate_id);
  if (is_busy(target.id)) return refuse(Reason::already_dialling);
  if (const TimePoint until = rests_until(target); until > now) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(until - now);
    return refuse(Reason::address_resting, "for " + std::to_string(seconds.count()) + " s more");
  }
  const bool one_beyond =
      order.purpose == DialPurpose::feeler || order.purpose == DialPurpose::rotation;
  const std::size_t limit = config_.max_outbound + (one_beyond ? 1 : 0);
  if (needs_slot(target.id)) {
    if (slots_used() >= limit) return refuse(Reason::no_free_slot);
    const bool fills = !one_beyond && slots_used() + slots_kept() >= config_.max_outbound;
    if (fills) fillers_.push_back(target.id);
  }
  requested_.push_back(order);
  return {};
}

std::size_t Dialer::free_slots() const {
  const std::size_t used = slots_used();
  return used >= config_.max_outbound ? 0 : config_.max_outbound - used;
}

// By sticky ones that are not under way: those take a slot as it is.
std::size_t Dialer::slots_kept() const {
  return static_cast<std::size_t>(
      std::count_if(sticky_.begin(), sticky_.end(), [this](const auto& entry) {
        return entry.second.tries < kStickyReserved && !is_busy(entry.first) &&
               needs_slot(entry.first);
      }));
}

std::optional<NodeId> Dialer::surplus() const {
  const auto here = std::find_if(leaving_.begin(), leaving_.end(),
                                 [this](const NodeId& id) { return outbound_.contains(id); });
  return here == leaving_.end() ? std::nullopt : std::optional(*here);
}

// The owner of a slot is back: the filler that came last is to leave, now or when it connects.
void Dialer::give_back() {
  if (fillers_.empty() || slots_used() <= config_.max_outbound) return;
  leaving_.insert(fillers_.back());
  fillers_.pop_back();
}

// Those that need not leave any more are fillers no longer.
void Dialer::settle_fillers() {
  const auto is_over = [this](const NodeId& id) { return !is_busy(id) && !outbound_.contains(id); };
  std::erase_if(fillers_, is_over);
  std::erase_if(leaving_, is_over);
  const std::size_t wanted = slots_used() + slots_kept();
  const std::size_t leave = wanted > config_.max_outbound ? wanted - config_.max_outbound : 0;
  if (fillers_.size() <= leave) return;
  fillers_.erase(fillers_.begin(), fillers_.end() - static_cast<std::ptrdiff_t>(leave));
}

std::vector<DialOrder> Dialer::take_due(TimePoint now) {
  std::vector<DialOrder> orders;
  for (DialOrder& order : std::exchange(requested_, {})) {
    if (!connected_.contains(order.target.id) && !dialling_.contains(order.target.id)) {
      begin(std::move(order), now, orders);
    }
  }
  for (HostAddress& target : persistent_.take_due(now)) {
    begin({std::move(target), DialPurpose::persistent, {}}, now, orders);
  }
  for (auto& [id, entry] : sticky_) {
    if (is_given_up(entry, now) || entry.next > now || dialling_.contains(id)) continue;
    if (pace_.available(now) == 0) break;
    if (has_place_for(id, entry)) {
      begin({entry.target, DialPurpose::sticky, {}}, now, orders);
    } else {
      on_sticky_failed(entry, now);
    }
  }
  std::erase_if(sticky_, [&](const auto& entry) { return is_given_up(entry.second, now); });
  settle_fillers();
  return orders;
}

std::optional<TimePoint> Dialer::deadline() const {
  std::optional<TimePoint> earliest;
  const auto consider = [&](const NodeId& id, TimePoint when) {
    if (connected_.contains(id) || dialling_.contains(id)) return;
    if (!earliest || when < *earliest) earliest = when;
  };
  // Also one that has become needless: it holds a slot until take_due.
  if (!requested_.empty()) return TimePoint{};
  if (const auto next = persistent_.next(); next && (!earliest || *next < *earliest)) {
    earliest = next;
  }
  for (const auto& [id, entry] : sticky_) consider(id, std::max(entry.next, pace_.next()));
  return earliest;
}

void Dialer::on_dial_ended(const NodeId& id, const conn::Failure* failure, TimePoint now) {
  const auto found = dialling_.find(id);
  if (found == dialling_.end()) return;
  const Dialling dial = found->second;
  dialling_.erase(found);
  // Also after a success: on_gone sets it back when the connection has lasted.
  if (failure == nullptr || failure->stage > Stage::connect) {
    persistent_.on_answer(id, dial.begun);
  } else {
    persistent_.on_unreachable(id, dial.begun);
  }
  if (failure == nullptr) return;
  if (!connected_.contains(id)) persistent_.on_idle(id);
  if (const auto entry = sticky_.find(id); entry != sticky_.end()) {
    on_sticky_failed(entry->second, now);
  }
  if (failure->reason == Reason::connected_to_self) {
    rest_own(dial.target, dial.begun + kSelfRest);
  } else {
    rest(dial.target.to_string(), dial.begun);
  }
}

void Dialer::on_connected(const NodeId& id, Direction direction, TimePoint now) {
  connected_[id] = {direction, now};
  if (direction == Direction::outbound) {
    outbound_.insert(id);
  } else {
    outbound_.erase(id);
  }
  const bool is_back = sticky_.erase(id) > 0;
  if (is_back && direction == Direction::outbound && needs_slot(id)) give_back();
  persistent_.on_busy(id);
}

void Dialer::on_gone(const NodeId& id, const std::optional<HostAddress>& address, Redial redial,
                     TimePoint now) {
  const auto found = connected_.find(id);
  if (found == connected_.end()) return;
  const Connected was = found->second;
  connected_.erase(found);
  outbound_.erase(id);
  const Duration lasted = now - was.since;
  if (persistent_.contains(id)) {
    if (lasted >= kPersistentStays) persistent_.on_lost(id, now);
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
                        was.direction == Direction::outbound && address && lasted >= kLongLived;
  if (worth_it && make_sticky_room(lasted)) {
    Sticky& entry = sticky_[id] = {*address, 0, now, now, lasted, false};
    entry.next += sticky_pause(entry);
    note_torn(now);
  }
}

bool Dialer::make_sticky_room(Duration lasted) {
  if (sticky_.size() < std::max<std::size_t>(config_.max_outbound, 1)) return true;
  // Not one that is under way: it may be beyond the limit, and then a filler is to leave for it.
  auto shortest = sticky_.end();
  for (auto each = sticky_.begin(); each != sticky_.end(); ++each) {
    if (is_busy(each->first)) continue;
    if (shortest == sticky_.end() || each->second.lasted < shortest->second.lasted) shortest = each;
  }
  if (shortest == sticky_.end() || shortest->second.lasted >= lasted) return false;
  sticky_.erase(shortest);
  return true;
}

void Dialer::note_torn(TimePoint now) {
  const auto lately = [now](const Sticky& entry) { return entry.lost + kTornWithin > now; };
  std::size_t lost = 0;
  const std::size_t left = outbound_.size();
  for (const auto& [id, entry] : sticky_) lost += lately(entry) ? 1 : 0;
  if (lost < 2 || 3 * lost < lost + left) return;
  for (auto& [id, entry] : sticky_) {
    if (lately(entry)) entry.torn = true;
  }
}

bool Dialer::is_given_up(const Sticky& entry, TimePoint now) const {
  return entry.torn ? now - entry.lost >= kSeekFor : entry.tries >= kStickyPauses.size();
}

bool Dialer::has_place_for(const NodeId& id, const Sticky& entry) const {
  const std::size_t fillers = entry.tries < kStickyReserved ? fillers_.size() : 0;
  const std::size_t beyond =
      std::max<std::size_t>(entry.torn ? 1 : 0, std::min(fillers, kStickyPace));
  return !needs_slot(id) || slots_used() < config_.max_outbound + beyond;
}

bool Dialer::needs_slot(const NodeId& id) const {
  return !persistent_.contains(id) && !unconditional_.contains(id);
}

bool Dialer::is_busy(const NodeId& id) const {
  return dialling_.contains(id) ||
         std::any_of(requested_.begin(), requested_.end(),
                     [&id](const DialOrder& order) { return order.target.id == id; });
}

std::size_t Dialer::slots_used() const {
  std::size_t used = 0;
  for (const NodeId& id : outbound_) used += needs_slot(id) ? 1 : 0;
  for (const auto& [id, dial] : dialling_) {
    if (needs_slot(id)) ++used;
  }
  for (const DialOrder& order : requested_) {
    if (needs_slot(order.target.id)) ++used;
  }
  return used;
}

void Dialer::begin(DialOrder order, TimePoint now, std::vector<DialOrder>& orders) {
  pace_.note(now);
  dialling_[order.target.id] = {order.target, now};
  persistent_.on_busy(order.target.id);
  orders.push_back(std::move(order));
}

void Dialer::back_off(Backoff& backoff, TimePoint from, Duration cap) {
  backoff.next = from + conn::backoff_pause({kFirstPause, cap}, backoff.failures++, random_());
}

void Dialer::rest(const std::string& address, TimePoint begun) {
  if (config_.requested_max_pause <= Duration(0)) return;
  Resting entry{address, {}};
  const auto known = std::find_if(resting_.begin(), resting_.end(),
                                  [&](const Resting& each) { return each.address == address; });
  if (known != resting_.end()) {
    entry = *known;
    resting_.erase(known);
  }
  back_off(entry.backoff, begun, config_.requested_max_pause);
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
  persistent_.hold(target, until);
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
    if (each.address == address) return std::max(each.backoff.next, own_until(target));
  }
  return own_until(target);
}

// Shorter at random: many have lost the same peer.
Duration Dialer::sticky_pause(const Sticky& entry) {
  const Duration next =
      entry.tries < kStickyPauses.size() ? kStickyPauses[entry.tries] : kStickyPauses.back();
  const Duration cap = entry.torn ? kSeekPause : kStickyPauses.back();
  return conn::backoff_pause({next, cap}, 0, random_());
}

// One that has used up its tries is forgotten by the next take_due.
void Dialer::on_sticky_failed(Sticky& entry, TimePoint now) {
  ++entry.tries;
  entry.next = is_given_up(entry, now) ? now : now + sticky_pause(entry);
}

}  // namespace peerage::p2p
