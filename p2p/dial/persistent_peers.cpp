#include "p2p/dial/persistent_peers.h"

#include <algorithm>

#include "conn/base/backoff.h"

namespace peerage::p2p {

using conn::Duration;
using conn::HostAddress;
using conn::NodeId;
using conn::TimePoint;

void PersistentPeers::add(const HostAddress& target, TimePoint when, Busy busy) {
  remove(target.id);
  Entry& entry = peers_[target.id];
  entry = {target, when, std::nullopt, 0, busy == Busy::yes};
  if (!entry.busy) due_.insert({when, target.id});
}

bool PersistentPeers::remove(const NodeId& id) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return false;
  due_.erase({found->second.next, id});
  peers_.erase(found);
  return true;
}

std::vector<HostAddress> PersistentPeers::targets() const {
  std::vector<HostAddress> targets;
  for (const auto& [id, entry] : peers_) targets.push_back(entry.target);
  return targets;
}

std::vector<HostAddress> PersistentPeers::take_due(TimePoint now) {
  std::vector<HostAddress> targets;
  for (std::size_t free = pace_.available(now);
       free > 0 && !due_.empty() && due_.begin()->first <= now; --free) {
    Entry& entry = peers_.at(due_.begin()->second);
    set_busy(entry, true);
    pace_.note(now);
    targets.push_back(entry.target);
  }
  return targets;
}

std::optional<TimePoint> PersistentPeers::next() const {
  if (due_.empty()) return std::nullopt;
  return std::max(due_.begin()->first, pace_.next());
}

void PersistentPeers::on_busy(const NodeId& id) {
  change(id, [this](Entry& entry) { set_busy(entry, true); });
}

void PersistentPeers::on_unreachable(const NodeId& id, TimePoint begun) {
  change(id, [this, begun](Entry& entry) {
    if (!entry.unreachable_since) entry.unreachable_since = begun;
    if (begun - *entry.unreachable_since < kPersistentEager) {
      const auto pause = static_cast<Duration::rep>(static_cast<double>(kPersistentPause.count()) *
                                                    (0.9 + 0.2 * random_()));
      set_next(entry, begun + std::min(cap_, Duration(pause)));
    } else {
      back_off(entry, 2 * kPersistentPause, begun);
    }
  });
}

void PersistentPeers::on_answer(const NodeId& id, TimePoint begun) {
  change(id, [this, begun](Entry& entry) {
    entry.unreachable_since.reset();
    back_off(entry, kFirstPersistentPause, begun);
  });
}

void PersistentPeers::on_lost(const NodeId& id, TimePoint now) {
  change(id, [this, now](Entry& entry) {
    entry.failures = 0;
    back_off(entry, kFirstPersistentPause, now);
  });
}

void PersistentPeers::on_idle(const NodeId& id) {
  change(id, [this](Entry& entry) { set_busy(entry, false); });
}

void PersistentPeers::hold(const HostAddress& target, TimePoint until) {
  for (auto& [id, entry] : peers_) {
    if (entry.target.host == target.host && entry.target.port == target.port) {
      set_next(entry, until);
    }
  }
}

void PersistentPeers::set_next(Entry& entry, TimePoint next) {
  const NodeId& id = entry.target.id;
  due_.erase({entry.next, id});
  entry.next = next;
  if (!entry.busy) due_.insert({next, id});
}

void PersistentPeers::set_busy(Entry& entry, bool busy) {
  entry.busy = busy;
  set_next(entry, entry.next);
}

void PersistentPeers::back_off(Entry& entry, Duration first, TimePoint from) {
  set_next(entry, from + conn::backoff_pause({first, cap_}, entry.failures++, random_()));
}

}  // namespace peerage::p2p
