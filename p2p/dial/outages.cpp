#include "p2p/dial/outages.h"

#include <algorithm>

namespace peerage::p2p {

using conn::Failure;
using conn::HostAddress;
using conn::TimePoint;

void Outages::on_failed(const HostAddress& address, const Failure& why, TimePoint now) {
  State& state = states_[address];
  state.why = why;
  if (state.is_told || state.due) return;
  state.due = now + kOutage;
  if (state.told_last) state.due = std::max(*state.due, *state.told_last + kPause);
  due_.insert({*state.due, address});
}

bool Outages::on_answer(const HostAddress& address) {
  const auto found = states_.find(address);
  if (found == states_.end()) return false;
  not_due(found);
  return std::exchange(found->second.is_told, false);
}

void Outages::on_connected(const conn::NodeId& id) {
  const HostAddress first{id, {}, 0};
  for (auto at = states_.lower_bound(first); at != states_.end() && at->first.id == id; ++at) {
    not_due(at);
  }
}

void Outages::forget(const HostAddress& address) {
  const auto found = states_.find(address);
  if (found == states_.end()) return;
  not_due(found);
  states_.erase(found);
}

std::vector<Outages::Outage> Outages::take_due(TimePoint now) {
  std::vector<Outage> outages;
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto at = states_.find(due_.begin()->second);
    not_due(at);
    State& state = at->second;
    state.is_told = true;
    state.told_last = now;
    outages.push_back({at->first, state.why});
  }
  return outages;
}

std::optional<TimePoint> Outages::next() const {
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

void Outages::not_due(States::iterator at) {
  State& state = at->second;
  if (!state.due) return;
  due_.erase({*state.due, at->first});
  state.due.reset();
}

}  // namespace peerage::p2p
