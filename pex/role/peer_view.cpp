#include "pex/role/peer_view.h"

#include "p2p/base/peer_reason.h"

namespace peerage::pex {

void PeerView::on_event(const p2p::SwitchEvent& event, conn::TimePoint now) {
  if (const auto* dialled = std::get_if<p2p::Dialled>(&event)) {
    dialling.insert_or_assign(dialled->target.id, *dialled);
  } else if (const auto* failed = std::get_if<p2p::DialFailed>(&event)) {
    // A refusal to dial a node does not end a dial to it that is under way.
    if (failed->failure.reason != p2p::PeerReason::already_dialling)
      dialling.erase(failed->target.id);
  } else if (const auto* up = std::get_if<p2p::Connected>(&event)) {
    const p2p::PeerPtr& peer = up->peer;
    if (peer->direction() == p2p::Direction::outbound) dialling.erase(peer->id());
    connected.insert_or_assign(peer->id(), Connected{peer, up->purpose, now});
  } else if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
    connected.erase(gone->peer->id());
  }
}

}  // namespace peerage::pex
