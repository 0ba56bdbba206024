#include "p2p/peer/peer_registry.h"

#include <algorithm>
#include <utility>

#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

using conn::EndedBy;
using conn::Failure;
using conn::NodeId;
using conn::Reason;
using conn::Stage;

namespace {

Admission::Standing standing_of(const Marks& marks) {
  return marks.comes_first() ? Admission::Standing::privileged : Admission::Standing::ordinary;
}

}  // namespace

PeerRegistry::PeerRegistry(const NodeId& own, const Link::Common& common, const Link::Common& named,
                           Admission& admission, const Settings& settings, Observer& observer)
    : common_(common),
      named_(named),
      control_(common.runtime.shard(0)),
      admission_(admission),
      settings_(settings),
      observer_(observer),
      duplicates_(own),
      self_(std::make_shared<PeerRegistry*>(this)) {}

void PeerRegistry::on_proven(Proven node, DialPurpose purpose, const AttemptReport& report,
                             const Marks& marks, DuplicateConnections::Another another) {
  const conn::TimePoint now = control_.now();
  const NodeId id = node.id();
  const LinkId link = next_link_++;
  const auto standing = standing_of(marks);
  // Before DuplicateConnections is asked: a link that is held counts, so its slot is there when it
  // is shown.
  const auto admitted = admission_.on_proven(
      {id, node.direction, node.remote.ip, standing}, link,
      [this] { return eviction_candidates(); }, now);
  if (!admitted) {
    // The node is released on its shard as `node` goes.
    observer_.on_not_admitted(node.summary(), purpose, report, admitted.error());
    return;
  }
  const std::shared_ptr<Upgraded> proven = std::move(node.upgraded);
  Upgraded& upgraded = *proven;
  Link::Plan plan = {
      .description = {.link = link,
                      .key = upgraded.stream->remote_key(),
                      .direction = node.direction,
                      .socket = node.remote,
                      .dialled = node.dialled,
                      .info = std::move(upgraded.theirs),
                      .network = std::move(upgraded.ours.network)},
      .stream = std::move(upgraded.stream),
      .connection = settings_.connection,
      .inbox_bytes = settings_.inbox_bytes,
  };
  conn::Shard& shard = common_.runtime.shard(node.shard);
  auto created = Link::create(marks.comes_first() ? named_ : common_, shard, std::move(plan),
                              [&control = control_, weak = std::weak_ptr(self_), link](
                                  const Failure& why, EndedBy ended_by) {
                                control.post([weak, link, why, ended_by] {
                                  if (const auto self = weak.lock())
                                    (*self)->on_ended(link, why, ended_by);
                                });
                              });
  set_marks(*created->peer(), marks);
  links_[link] = {created, purpose, report, std::nullopt, false, now};
  for (const LinkId evicted : admitted->evict) {
    stop_link(evicted, {Stage::established, PeerReason::evicted, {}});
  }
  // After links_, where it looks up what it orders.
  apply(duplicates_.on_proven(id, link, node.direction, another, now));
  // Held or not: only a connection that runs notices its end. Last, so that one that is shown at
  // once is shown before it reads: a peer that sends and goes could otherwise be gone with all that
  // it sent before its reactors have seen it.
  shard.post([created] { created->start(); });
}

void PeerRegistry::mark(const NodeId& id, const Marks& marks) {
  for (const auto& [link, entry] : links_) {
    if (entry.link->peer()->id() == id) set_marks(*entry.link->peer(), marks);
  }
  admission_.set_standing(id, standing_of(marks));
}

void PeerRegistry::set_marks(Peer& peer, const Marks& marks) {
  peer.persistent_ = marks.persistent;
  peer.unconditional_ = marks.unconditional;
  peer.private_ = marks.is_private;
  peer.named_ = marks.comes_first();
}

void PeerRegistry::on_dial_failed(const NodeId& id) {
  apply(duplicates_.on_no_other(id));
}

void PeerRegistry::on_handshake_left(const conn::IpAddress& ip) {
  // A handshake has no ID yet, so it is matched by its host: any that is left may be it.
  if (admission_.half_open().has_any_from(ip)) return;
  for (const NodeId& id : duplicates_.waiting_for_other()) {
    for (const auto& [link, entry] : links_) {
      const Peer& peer = *entry.link->peer();
      if (peer.id() == id && host_of(peer.socket().ip) == host_of(ip)) {
        apply(duplicates_.on_no_other(id));
        break;
      }
    }
  }
}

void PeerRegistry::stop(const NodeId& id, const Failure& why) {
  stop_if([&id](const Peer& peer) { return peer.id() == id; }, why);
}

void PeerRegistry::stop_if(const Condition& condition, const Failure& why) {
  std::vector<LinkId> chosen;
  for (const auto& [link, entry] : links_) {
    if (condition(*entry.link->peer())) chosen.push_back(link);
  }
  for (const LinkId link : chosen) stop_link(link, why);
}

void PeerRegistry::disconnect(const NodeId& id, conn::Duration within) {
  const auto shown = duplicates_.shown(id);
  if (!shown) return;
  const auto entry = links_.find(*shown);
  if (entry == links_.end()) return;
  const auto& link = entry->second.link;
  link->shard().post([link, within] { link->flush_and_stop(within); });
}

void PeerRegistry::disconnect_all(conn::Duration within) {
  for (auto& [id, entry] : links_) {
    if (entry.shown_since) {
      entry.link->shard().post([link = entry.link, within] { link->flush_and_stop(within); });
    } else {
      // No reactor has had it, so nothing was sent on it that could be flushed.
      stop_link(id, {Stage::admission, Reason::stopping, {}});
    }
  }
}

void PeerRegistry::close() {
  timer_.reset();
  self_.reset();
}

PeerPtr PeerRegistry::find(const NodeId& id) const {
  const auto shown = duplicates_.shown(id);
  if (!shown) return nullptr;
  const auto entry = links_.find(*shown);
  return entry == links_.end() ? nullptr : entry->second.link->peer();
}

bool PeerRegistry::has_long_lived(const Condition& condition) const {
  const conn::TimePoint now = control_.now();
  return std::any_of(links_.begin(), links_.end(), [&](const auto& each) {
    const Entry& entry = each.second;
    return entry.shown_since && !entry.stopping && now - *entry.shown_since >= kLongLived &&
           condition(*entry.link->peer());
  });
}

void PeerRegistry::apply(const DuplicateConnections::Actions& actions) {
  for (const DuplicateConnections::Action& action : actions) {
    switch (action.kind) {
      case DuplicateConnections::Action::Kind::admit:
        admit(action.link);
        break;
      case DuplicateConnections::Action::Kind::drop:
        stop_link(action.link, {Stage::admission, action.reason, {}});
        break;
      case DuplicateConnections::Action::Kind::probe:
        probe(action.link);
        break;
    }
  }
  arm();
}

void PeerRegistry::admit(LinkId id) {
  Entry& entry = links_.at(id);
  entry.shown_since = control_.now();
  entry.report.admitted = *entry.shown_since - entry.proven_at;
  // Before the event: its handlers find the peer in the list.
  peers_ = peers_.with(entry.link->peer());
  entry.link->shard().post([link = entry.link] { link->admit(); });
  observer_.on_connected({entry.link->peer(), entry.purpose, entry.report});
}

void PeerRegistry::stop_link(LinkId id, const Failure& why) {
  const auto entry = links_.find(id);
  if (entry == links_.end()) return;
  entry->second.stopping = true;
  const auto& link = entry->second.link;
  link->shard().post([link, why] { link->stop(why); });
}

void PeerRegistry::probe(LinkId id) {
  const auto& link = links_.at(id).link;
  link->shard().post([link, id, &control = control_, weak = std::weak_ptr(self_)] {
    link->probe([weak, id, peer = link->peer()->id(), &control] {
      control.post([weak, id, peer] {
        const auto self = weak.lock();
        if (self) (*self)->apply((*self)->duplicates_.on_life(peer, id));
      });
    });
  });
}

void PeerRegistry::keep_traffic(const Peer& peer) {
  // Anew, for snapshots have the old one.
  auto sums = std::make_shared<NetworkTraffic>(*gone_);
  (*sums)[peer.network()] += peer.traffic();
  gone_ = std::move(sums);
}

void PeerRegistry::on_ended(LinkId id, const Failure& why, EndedBy ended_by) {
  const auto found = links_.find(id);
  if (found == links_.end()) return;
  const Entry entry = std::move(found->second);
  links_.erase(found);
  const PeerPtr& peer = entry.link->peer();
  // The slot first, so that all that follows counts without it.
  admission_.on_gone(peer->id(), id);
  keep_traffic(*peer);
  if (entry.shown_since) {
    peers_ = peers_.without(peer);
    observer_.on_gone({peer, why, control_.now() - *entry.shown_since, ended_by});
  } else {
    observer_.on_not_admitted(
        {peer->id(), peer->direction(), peer->socket(), peer->dialled(), peer->network()},
        entry.purpose, entry.report, why);
  }
  // It may admit another link of this node: Gone comes before that Connected.
  apply(duplicates_.on_gone(peer->id(), id));
  // Last, for it wakes the dialer, which is not to dial a node that has just been admitted.
  observer_.on_settled();
}

void PeerRegistry::arm() {
  const auto deadline = duplicates_.deadline();
  if (!timer_) {
    if (!deadline) return;
    timer_ = control_.make_timer([this] { apply(duplicates_.on_time(control_.now())); });
  }
  if (deadline) {
    timer_->arm(*deadline);
  } else {
    timer_->cancel();
  }
}

std::vector<EvictionCandidate> PeerRegistry::eviction_candidates() const {
  std::vector<EvictionCandidate> candidates;
  for (const auto& [id, entry] : links_) {
    const Peer& peer = *entry.link->peer();
    if (!entry.shown_since || entry.stopping || peer.direction() != Direction::inbound ||
        peer.named()) {
      continue;
    }
    candidates.push_back({id, peer.socket().ip, *entry.shown_since, peer.last_useful()});
  }
  return candidates;
}

}  // namespace peerage::p2p
