#include "pex/exchange/request_pacer.h"

namespace peerage::pex {

using conn::NodeId;
using conn::TimePoint;

void RequestPacer::on_connected(const NodeId& peer, TimePoint now) {
  Peer fresh;
  if (const Gone* was = gone_.use(peer)) {
    fresh.last = was->last;
    fresh.ever = true;
    if (now - was->last < kRequestPause) fresh.asked = was->asked;
    gone_.erase(peer);
  }
  peers_.insert_or_assign(peer, fresh);
}

void RequestPacer::on_gone(const NodeId& peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  const Peer& was = found->second;
  if (was.ever) gone_.use(peer, [] { return Gone(); }) = {was.last, was.asked};
  peers_.erase(found);
}

bool RequestPacer::may_ask(const NodeId& peer, TimePoint now) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || found->second.outstanding) return false;
  const Peer& state = found->second;
  return state.asked < kFreeRequests || now - state.last >= kRequestPause;
}

void RequestPacer::on_asked(const NodeId& peer, TimePoint now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  Peer& state = found->second;
  ++state.asked;
  state.last = now;
  state.ever = state.outstanding = true;
}

bool RequestPacer::on_list(const NodeId& peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || !found->second.outstanding) return false;
  found->second.outstanding = false;
  return true;
}

bool RequestPacer::waits_for(const NodeId& peer) const {
  const auto found = peers_.find(peer);
  return found != peers_.end() && found->second.outstanding;
}

}  // namespace peerage::pex
