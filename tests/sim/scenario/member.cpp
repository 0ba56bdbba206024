#include "tests/sim/scenario/member.h"

#include <algorithm>

#include "p2p/base/peer_reason.h"

namespace peerage::sim {

void Member::note(const p2p::SwitchEvent& event) {
  if (std::holds_alternative<p2p::Dialled>(event)) {
    const TimePoint now = host_.shard(0).now();
    ++tally_.dials;
    while (!dialled_.empty() && dialled_.front() + 1s <= now) dialled_.pop_front();
    dialled_.push_back(now);
    tally_.most_dials_in_a_second = std::max(tally_.most_dials_in_a_second, dialled_.size());
  } else if (std::holds_alternative<p2p::Refused>(event)) {
    ++tally_.refused;
  } else if (const auto* banned = std::get_if<p2p::Banned>(&event)) {
    tally_.bans += banned->ban.reason != kOperatorsBan ? 1 : 0;
  } else if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
    tally_.dropped_for_abuse += gone->why.reason == p2p::PeerReason::misbehaved ? 1 : 0;
  }
  if (on_event) on_event(event);
}

}  // namespace peerage::sim
