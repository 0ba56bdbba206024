#include "p2p/dial/sticky_peers.h"

#include <algorithm>
#include <array>

#include "conn/base/backoff.h"

namespace peerage::p2p {

using conn::Duration;
using conn::HostAddress;
using conn::NodeId;
using conn::TimePoint;
using namespace std::chrono_literals;

namespace {

// How long after the loss, and after each failure, it is tried again; then it is given up.
constexpr std::array<Duration, 8> kPauses = {500ms, 5s, 15s, 45s, 2min, 5min, 10min, 20min};
// One that is sought goes on at this pause.
constexpr Duration kSeekPause = 5min;
// For this many tries its slot is its own.
constexpr std::size_t kReservedTries = 4;

}  // namespace

// --- the lost ones ---

void StickyPeers::on_lost(const HostAddress& target, Duration lasted, TimePoint now) {
  if (lasted < kLongLived || !make_room(lasted)) return;
  Lost& lost = lost_[target.id] = {target, now, lasted, now};
  lost.next += pause(lost);
  note_torn(now);
}

bool StickyPeers::make_room(Duration lasted) {
  if (lost_.size() < std::max<std::size_t>(slots_.max(), 1)) return true;
  // Not one that is under way: it may be beyond the limit, and then a filler is to leave for it.
  auto shortest = lost_.end();
  for (auto each = lost_.begin(); each != lost_.end(); ++each) {
    if (slots_.is_under_way(each->first)) continue;
    if (shortest == lost_.end() || each->second.lasted < shortest->second.lasted) shortest = each;
  }
  if (shortest == lost_.end() || shortest->second.lasted >= lasted) return false;
  lost_.erase(shortest);
  return true;
}

void StickyPeers::note_torn(TimePoint now) {
  const auto lately = [now](const Lost& lost) { return lost.when + kTornWithin > now; };
  std::size_t count = 0;
  const std::size_t left = slots_.outbound();
  for (const auto& [id, lost] : lost_) count += lately(lost) ? 1 : 0;
  if (count < 2 || 3 * count < count + left) return;
  for (auto& [id, lost] : lost_) {
    if (lately(lost)) lost.torn = true;
  }
}

std::optional<HostAddress> StickyPeers::take_due(TimePoint now) {
  for (auto& [id, lost] : lost_) {
    if (is_given_up(lost, now) || lost.next > now || slots_.is_under_way(id)) continue;
    if (pace_.available(now) == 0) break;
    if (has_place(lost)) return lost.target;
    on_failed(lost, now);
  }
  std::erase_if(lost_, [&](const auto& each) { return is_given_up(each.second, now); });
  settle_fillers();
  return std::nullopt;
}

std::optional<TimePoint> StickyPeers::deadline() const {
  std::optional<TimePoint> earliest;
  for (const auto& [id, lost] : lost_) {
    if (slots_.is_under_way(id)) continue;
    const TimePoint due = std::max(lost.next, pace_.next());
    if (!earliest || due < *earliest) earliest = due;
  }
  return earliest;
}

void StickyPeers::on_dial_failed(const NodeId& id, TimePoint now) {
  if (const auto lost = lost_.find(id); lost != lost_.end()) on_failed(lost->second, now);
}

// One that has used up its tries is forgotten by the next take_due.
void StickyPeers::on_failed(Lost& lost, TimePoint now) {
  ++lost.tries;
  lost.next = is_given_up(lost, now) ? now : now + pause(lost);
}

bool StickyPeers::is_given_up(const Lost& lost, TimePoint now) const {
  return lost.torn ? now - lost.when >= kSeekFor : lost.tries >= kPauses.size();
}

// Shorter at random: many have lost the same peer.
Duration StickyPeers::pause(const Lost& lost) {
  const Duration next = lost.tries < kPauses.size() ? kPauses[lost.tries] : kPauses.back();
  const Duration cap = lost.torn ? kSeekPause : kPauses.back();
  return conn::backoff_pause({next, cap}, 0, random_());
}

// --- their slots, and those that fill them ---

bool StickyPeers::has_place(const Lost& lost) const {
  if (!slots_.is_needed_by(lost.target.id)) return true;
  const std::size_t fillers = lost.tries < kReservedTries ? fillers_.size() : 0;
  const std::size_t beyond = std::max<std::size_t>(lost.torn ? 1 : 0, std::min(fillers, kPace));
  return slots_.used() < slots_.max() + beyond;
}

std::size_t StickyPeers::slots_kept() const {
  return static_cast<std::size_t>(
      std::count_if(lost_.begin(), lost_.end(), [this](const auto& each) {
        return each.second.tries < kReservedTries && !slots_.is_under_way(each.first) &&
               slots_.is_needed_by(each.first);
      }));
}

void StickyPeers::on_slot_wanted(const NodeId& id) {
  if (slots_.used() + slots_kept() >= slots_.max()) fillers_.push_back(id);
}

// When the owner of a slot is back, the filler that came last is to leave, now or when it connects.
void StickyPeers::on_connected(const NodeId& id, Direction direction) {
  const bool is_back = lost_.erase(id) > 0;
  if (!is_back || direction != Direction::outbound || !slots_.is_needed_by(id)) return;
  if (fillers_.empty() || slots_.used() <= slots_.max()) return;
  leaving_.insert(fillers_.back());
  fillers_.pop_back();
}

std::optional<NodeId> StickyPeers::surplus() const {
  const auto here = std::find_if(leaving_.begin(), leaving_.end(),
                                 [this](const NodeId& id) { return slots_.is_outbound(id); });
  return here == leaving_.end() ? std::nullopt : std::optional(*here);
}

// Those that need not leave any more are fillers no longer.
void StickyPeers::settle_fillers() {
  const auto is_over = [this](const NodeId& id) {
    return !slots_.is_under_way(id) && !slots_.is_outbound(id);
  };
  std::erase_if(fillers_, is_over);
  std::erase_if(leaving_, is_over);
  const std::size_t wanted = slots_.used() + slots_kept();
  const std::size_t leave = wanted > slots_.max() ? wanted - slots_.max() : 0;
  if (fillers_.size() <= leave) return;
  fillers_.erase(fillers_.begin(), fillers_.end() - static_cast<std::ptrdiff_t>(leave));
}

}  // namespace peerage::p2p
