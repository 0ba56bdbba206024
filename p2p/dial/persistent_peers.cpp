#include "p2p/dial/persistent_peers.h"

#include <algorithm>

#include "conn/base/backoff.h"

namespace peerage::p2p {

using conn::Duration;
using conn::HostAddress;
using conn::NodeId;
using conn::TimePoint;

void PersistentPeers::add(const HostAddress& address, TimePoint when, Busy busy) {
  const auto peer = peers_.try_emplace(address.id).first;
  change(peer, [&](Entry& entry) {
    entry.busy = busy == Busy::yes;
    const Target fresh{address, when, std::nullopt, 0};
    const auto known = find(entry, address);
    if (known == entry.targets.end()) {
      entry.targets.push_back(fresh);
    } else {
      *known = fresh;
    }
  });
}

bool PersistentPeers::remove(const NodeId& id) {
  const bool known = contains(id);
  change(id, [](Entry& entry) { entry.targets.clear(); });
  return known;
}

bool PersistentPeers::remove(const HostAddress& address) {
  bool known = false;
  change(address.id, [&](Entry& entry) {
    const auto found = find(entry, address);
    known = found != entry.targets.end();
    if (known) entry.targets.erase(found);
  });
  return known;
}

std::vector<HostAddress> PersistentPeers::targets() const {
  std::vector<HostAddress> addresses;
  for (const auto& [id, entry] : peers_) {
    for (const Target& target : entry.targets) addresses.push_back(target.address);
  }
  return addresses;
}

std::optional<TimePoint> PersistentPeers::due(const NodeId& id) const {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return std::nullopt;
  return first_of(found->second).next;
}

std::vector<HostAddress> PersistentPeers::take_due(TimePoint now) {
  std::vector<HostAddress> addresses;
  for (std::size_t free = pace_.available(now);
       free > 0 && !due_.empty() && due_.begin()->first <= now; --free) {
    change(due_.begin()->second, [&addresses](Entry& entry) {
      addresses.push_back(first_of(entry).address);
      entry.busy = true;
    });
    pace_.note(now);
  }
  return addresses;
}

std::optional<TimePoint> PersistentPeers::next() const {
  if (due_.empty()) return std::nullopt;
  return std::max(due_.begin()->first, pace_.next());
}

void PersistentPeers::on_busy(const NodeId& id) {
  change(id, [](Entry& entry) { entry.busy = true; });
}

void PersistentPeers::on_unreachable(const HostAddress& address, TimePoint begun) {
  change(address, [this, begun](Target& target) {
    if (!target.unreachable_since) target.unreachable_since = begun;
    if (begun - *target.unreachable_since < kPersistentEager) {
      const auto pause = static_cast<Duration::rep>(static_cast<double>(kPersistentPause.count()) *
                                                    (0.9 + 0.2 * random_()));
      set_next(target, begun + std::min(cap_, Duration(pause)));
    } else {
      back_off(target, 2 * kPersistentPause, begun);
    }
  });
}

void PersistentPeers::on_answer(const HostAddress& address, TimePoint begun) {
  change(address, [this, begun](Target& target) {
    target.unreachable_since.reset();
    back_off(target, kFirstPersistentPause, begun);
  });
}

void PersistentPeers::on_lost(const NodeId& id, const std::optional<HostAddress>& address,
                              TimePoint now) {
  change(id, [&](Entry& entry) {
    const auto used = address ? find(entry, *address) : entry.targets.end();
    if (used != entry.targets.end()) std::rotate(entry.targets.begin(), used, std::next(used));
    const Duration pause = conn::backoff_pause({kFirstPersistentPause, cap_}, 0, random_());
    for (Target& each : entry.targets) {
      set_next(each, now + pause);
      each.unreachable_since.reset();
      each.failures = 1;
    }
  });
}

void PersistentPeers::on_idle(const NodeId& id) {
  change(id, [](Entry& entry) { entry.busy = false; });
}

void PersistentPeers::hold(const Which& which, TimePoint until) {
  const auto is_held = [&which](const Target& target) { return which(target.address); };
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    const Entry& held = peer->second;
    if (std::none_of(held.targets.begin(), held.targets.end(), is_held)) continue;
    change(peer, [&](Entry& entry) {
      for (Target& target : entry.targets) {
        if (!is_held(target)) continue;
        target.held_until = std::max(target.held_until, until);
        set_next(target, target.next);
      }
    });
  }
}

void PersistentPeers::set_next(Target& target, TimePoint next) {
  target.next = std::max(next, target.held_until);
}

std::vector<PersistentPeers::Target>::iterator PersistentPeers::find(Entry& entry,
                                                                     const HostAddress& address) {
  return std::find_if(entry.targets.begin(), entry.targets.end(),
                      [&address](const Target& target) { return target.address == address; });
}

const PersistentPeers::Target& PersistentPeers::first_of(const Entry& entry) {
  return *std::min_element(entry.targets.begin(), entry.targets.end(),
                           [](const Target& a, const Target& b) { return a.next < b.next; });
}

void PersistentPeers::back_off(Target& target, Duration first, TimePoint from) const {
  set_next(target, from + conn::backoff_pause({first, cap_}, target.failures++, random_()));
}

}  // namespace peerage::p2p
