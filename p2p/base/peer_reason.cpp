#include "p2p/base/peer_reason.h"

#include <cstddef>

namespace peerage::p2p {
namespace {

constexpr auto kTexts = conn::reason_texts<PeerReason>({
    {PeerReason::network_unknown,
     {"network_unknown", "the remote waits for us to name the network first",
      "name it with --network"}},
    {PeerReason::banned,
     {"banned", "the node or its address is banned",
      "a ban has a reason and an end; it can be lifted"}},
    {PeerReason::connection_rate_exceeded,
     {"connection_rate_exceeded", "too many connections came from this address in a short time",
      "if many nodes share it (a load balancer, a NAT), put it into exempt_networks"}},
    {PeerReason::probe_rate_exceeded,
     {"probe_rate_exceeded",
      "too many connections from this address brought nothing of a comet node in a short time",
      "if it is a load balancer's, let its health checks come less often, or put it into "
      "exempt_networks"}},
    {PeerReason::closed_without_a_byte,
     {"closed_without_a_byte", "the remote connected, and closed without having sent a byte",
      "a health check or a port scan; no node was refused"}},
    {PeerReason::authentication_failed_lately,
     {"authentication_failed_lately",
      "a handshake with this address failed shortly before, and by its fault",
      "the pause ends by itself; that failure was counted under a reason of its own"}},
    {PeerReason::too_many_handshakes,
     {"too_many_handshakes", "too many handshakes were under way, and this one was refused", ""}},
    {PeerReason::displaced,
     {"displaced", "the handshake made less progress than others, and a newcomer took its place",
      ""}},
    {PeerReason::no_free_slot,
     {"no_free_slot", "all slots for peers of this kind are taken",
      "raise max_num_inbound_peers or max_num_outbound_peers, or make the peer unconditional"}},
    {PeerReason::too_many_from_address,
     {"too_many_from_address", "there are already as many peers at this host as may be",
      "set allow_duplicate_ip, exempt its network, or make the peer unconditional"}},
    {PeerReason::duplicate_id, {"duplicate_id", "this node is connected already", ""}},
    {PeerReason::lost_simultaneous_dial,
     {"lost_simultaneous_dial",
      "both nodes dialled each other at once, and the other connection stays", ""}},
    {PeerReason::already_dialling, {"already_dialling", "this node is being dialled already", ""}},
    {PeerReason::address_resting,
     {"address_resting", "the address failed lately and is not tried again yet", ""}},
    {PeerReason::own_address, {"own_address", "this address or node ID is our own", ""}},
    {PeerReason::ban_list_full,
     {"ban_list_full", "as many bans of an operator are in force as there is room for",
      "lift some, or ban the networks that they are in"}},
    {PeerReason::held_off,
     {"held_off", "an operator of this node has disconnected it for a while",
      "it ends by itself; `peerage ctl unban` ends it before"}},
    {PeerReason::disconnected,
     {"disconnected", "an operator of this node has disconnected it", ""}},
    {PeerReason::draining,
     {"draining", "this node is being drained: it takes no new connections and dials none",
      "`peerage ctl drain --undo` ends that"}},
    {PeerReason::evicted,
     {"evicted", "a newcomer needed the slot, and this peer was the next to go", ""}},
    {PeerReason::replaced, {"replaced", "a newer connection of the same node took its place", ""}},
    {PeerReason::misbehaved, {"misbehaved", "the peer broke a rule of a reactor", ""}},
    {PeerReason::reactor_failed,
     {"reactor_failed", "a reactor failed in one of its calls",
      "the detail says in which, and how; if a peer can do this at will, mend the reactor"}},
    {PeerReason::inbox_full,
     {"inbox_full", "the peer sent faster than its messages could be handled", ""}},
    {PeerReason::answer_timed_out,
     {"answer_timed_out", "the remote did not answer a request in time", ""}},
    {PeerReason::message_malformed,
     {"message_malformed", "the remote sent a message that cannot be decoded", ""}},
});
static_assert(kTexts.size() == static_cast<std::size_t>(PeerReason::message_malformed) + 1);

const conn::ReasonModule kModule{kTexts};

}  // namespace

const conn::ReasonText& reason_text(PeerReason reason) noexcept {
  return kTexts[static_cast<std::size_t>(reason)];
}

}  // namespace peerage::p2p
