#include "cmd/ctl/peer_history.h"

namespace peerage::cmd {

using What = PeerHistory::Ended::What;

void PeerHistory::on_event(const p2p::SwitchEvent& event, conn::TimePoint now) {
  if (const auto* connected = std::get_if<p2p::Connected>(&event)) {
    purposes_[connected->peer->id()] = connected->purpose;
  } else if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
    purposes_.erase(gone->peer->id());
    note(gone->peer->id(), {What::connection, now, gone->why});
  } else if (const auto* failed = std::get_if<p2p::DialFailed>(&event)) {
    note(failed->target.id, {What::dial, now, failed->failure});
  } else if (const auto* refused = std::get_if<p2p::Refused>(&event)) {
    if (refused->id) note(*refused->id, {What::arrival, now, refused->failure});
  }
}

const p2p::DialPurpose* PeerHistory::purpose_of(const conn::NodeId& id) const {
  const auto found = purposes_.find(id);
  return found == purposes_.end() ? nullptr : &found->second;
}

const std::deque<PeerHistory::Ended>* PeerHistory::failures_of(const conn::NodeId& id) const {
  const auto found = failures_.find(id);
  return found == failures_.end() ? nullptr : &found->second;
}

std::set<conn::NodeId> PeerHistory::ids() const {
  std::set<conn::NodeId> ids;
  for (const auto& [id, failures] : failures_) ids.insert(id);
  return ids;
}

void PeerHistory::note(const conn::NodeId& id, Ended ended) {
  std::deque<Ended>& failures = failures_[id];
  if (!failures.empty()) by_age_.erase({failures.back().when, id});
  by_age_.emplace(ended.when, id);
  failures.push_back(std::move(ended));
  if (failures.size() > kFailures) failures.pop_front();
  if (failures_.size() <= kNodes) return;
  failures_.erase(by_age_.begin()->second);
  by_age_.erase(by_age_.begin());
}

}  // namespace peerage::cmd
