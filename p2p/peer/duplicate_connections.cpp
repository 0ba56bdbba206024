#include "p2p/peer/duplicate_connections.h"

#include <algorithm>

#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

using conn::NodeId;
using conn::Reason;
using conn::TimePoint;

DuplicateConnections::Actions DuplicateConnections::on_proven(const NodeId& id, LinkId link,
                                                              Direction direction, Another another,
                                                              TimePoint now) {
  now_ = now;
  Actions actions;
  Node& node = nodes_[id];
  const auto hold = [&](Wait wait, conn::Duration span) {
    node.held.push_back({link, direction});
    node.wait = wait;
    node.decide_at = now + span;
    note_timed(id);
  };
  const auto refuse = [&] {
    actions.push_back({Action::Kind::drop, link, PeerReason::duplicate_id});
  };

  if (node.shown) {
    // The two halves of a simultaneous dial run in opposite directions.
    const bool at_once =
        direction != node.shown->direction && now - node.shown_since <= kDecisionTime;
    if (!node.held.empty()) {
      refuse();  // a third would reopen what is being decided about two
    } else if (node.wait == Wait::removal) {
      node.held.push_back({link, direction});  // nothing to decide: on_gone of the shown admits it
    } else if (at_once) {
      hold(Wait::remote, kDecisionTime);
    } else {
      // Not refused at once: the first may be dead unnoticed, and would keep the node out until it
      // misses a ping.
      hold(Wait::life, kProbeTime);
      actions.push_back({Action::Kind::probe, node.shown->id, {}});
    }
  } else if (!node.held.empty()) {
    if (node.held.size() == 1 && node.held.front().direction != direction) {
      // Its time begins anew: only when both have completed can the remote close one of them.
      hold(Wait::remote, kDecisionTime);
    } else {
      refuse();
    }
  } else if (another == Another::expected) {
    // Shown now, it might have to be removed in a moment: reactors are spared that.
    hold(Wait::other, kDecisionTime);
  } else {
    node.held.push_back({link, direction});
    admit_held(node, now, actions);
  }
  return actions;
}

DuplicateConnections::Actions DuplicateConnections::on_no_other(const NodeId& id) {
  Actions actions;
  const auto node = nodes_.find(id);
  if (node != nodes_.end() && node->second.wait == Wait::other) {
    admit_held(node->second, now_, actions);
  }
  return actions;
}

DuplicateConnections::Actions DuplicateConnections::on_life(const NodeId& id, LinkId link) {
  Actions actions;
  const auto found = nodes_.find(id);
  if (found == nodes_.end()) return actions;
  Node& node = found->second;
  if (node.wait != Wait::life || !node.shown || node.shown->id != link) return actions;
  node.wait = Wait::nothing;
  drop_held(node, node.held.begin(), PeerReason::duplicate_id, actions);
  return actions;
}

DuplicateConnections::Actions DuplicateConnections::on_gone(const NodeId& id, LinkId link) {
  Actions actions;
  const auto found = nodes_.find(id);
  if (found == nodes_.end()) return actions;
  Node& node = found->second;
  if (node.shown && node.shown->id == link) {
    node.shown.reset();
  } else if (std::erase_if(node.held, [link](const Link& each) { return each.id == link; }) == 0) {
    return actions;  // one that was dropped before it was shown
  }
  if (node.shown) {
    // The other has gone; what is shown stays, unless it is going already.
    if (node.wait != Wait::removal) node.wait = Wait::nothing;
  } else if (node.held.size() == 1 && node.wait != Wait::other) {
    // Not before: of one that was shown, reactors see the removal first.
    admit_held(node, now_, actions);
  }
  forget_if_empty(found);
  return actions;
}

DuplicateConnections::Actions DuplicateConnections::on_time(TimePoint now) {
  now_ = now;
  Actions actions;
  std::vector<NodeId> due;
  for_each_timed([&](const NodeId& id, const Node& node) {
    if (node.decide_at <= now) due.push_back(id);
  });
  for (const NodeId& id : due) decide(id, nodes_.at(id), actions);
  return actions;
}

void DuplicateConnections::decide(const NodeId& id, Node& node, Actions& actions) {
  switch (node.wait) {
    case Wait::other:
      admit_held(node, now_, actions);
      break;
    case Wait::life:
      node.wait = Wait::removal;
      actions.push_back({Action::Kind::drop, node.shown->id, PeerReason::replaced});
      break;
    case Wait::remote:
      if (!node.shown) {
        // Reactors know of neither, so the one that stays need not wait for the other's end.
        const bool first_stays = stays(id, node.held.front());
        drop_held(node, node.held.begin() + (first_stays ? 1 : 0),
                  PeerReason::lost_simultaneous_dial, actions);
        admit_held(node, now_, actions);
      } else if (stays(id, *node.shown)) {
        node.wait = Wait::nothing;
        drop_held(node, node.held.begin(), PeerReason::lost_simultaneous_dial, actions);
      } else {
        node.wait = Wait::removal;
        actions.push_back({Action::Kind::drop, node.shown->id, PeerReason::lost_simultaneous_dial});
      }
      break;
    case Wait::nothing:
    case Wait::removal:
      break;
  }
}

std::optional<TimePoint> DuplicateConnections::deadline() const {
  std::optional<TimePoint> earliest;
  for_each_timed([&](const NodeId&, const Node& node) {
    if (!earliest || node.decide_at < *earliest) earliest = node.decide_at;
  });
  return earliest;
}

std::optional<LinkId> DuplicateConnections::shown(const NodeId& id) const {
  const auto node = nodes_.find(id);
  if (node == nodes_.end() || !node->second.shown) return std::nullopt;
  return node->second.shown->id;
}

std::vector<NodeId> DuplicateConnections::waiting_for_other() const {
  std::vector<NodeId> ids;
  for_each_timed([&](const NodeId& id, const Node& node) {
    if (node.wait == Wait::other && node.held.front().direction == Direction::outbound) {
      ids.push_back(id);
    }
  });
  return ids;
}

bool DuplicateConnections::is_timed(const Node& node) {
  return node.wait == Wait::other || node.wait == Wait::remote || node.wait == Wait::life;
}

// Most nodes never wait for anything; each peer that comes or goes asks for the deadline.
void DuplicateConnections::note_timed(const NodeId& id) {
  std::erase_if(timed_, [&](const NodeId& each) {
    const auto node = nodes_.find(each);
    return each == id || node == nodes_.end() || !is_timed(node->second);
  });
  timed_.push_back(id);
}

void DuplicateConnections::admit_held(Node& node, TimePoint now, Actions& actions) {
  node.shown = node.held.front();
  node.shown_since = now;
  node.held.erase(node.held.begin());
  node.wait = Wait::nothing;
  actions.push_back({Action::Kind::admit, node.shown->id, {}});
}

void DuplicateConnections::drop_held(Node& node, std::vector<Link>::iterator link, Reason why,
                                     Actions& actions) {
  actions.push_back({Action::Kind::drop, link->id, why});
  node.held.erase(link);
}

// The one that the lower ID dialled: the remote finds the same from the same two IDs.
bool DuplicateConnections::stays(const NodeId& id, const Link& link) const {
  return link.direction == (own_ < id ? Direction::outbound : Direction::inbound);
}

void DuplicateConnections::forget_if_empty(Nodes::iterator node) {
  if (!node->second.shown && node->second.held.empty()) nodes_.erase(node);
}

}  // namespace peerage::p2p
