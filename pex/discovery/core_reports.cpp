// What protocols report of nodes, and what the table makes of it.
#include <algorithm>
#include <set>

#include "pex/discovery/core.h"
#include "pex/discovery/discovery_reason.h"
#include "pex/discovery/relay_rule.h"

namespace peerage::pex {

using conn::Endpoint;
using conn::IpAddress;

namespace {

constexpr std::size_t kHandledKept = 1024;

}  // namespace

// --- pings ---

void DiscoveryCore::on_answered(Protocol by, const Contact& node, const PingAnswer& answer,
                                DiscoveryTime now) {
  const std::size_t index = index_of(by);
  for (auto& caller : pinging_.take(node.id)) caller.then(answer, now);
  if (shared_.table.find_any(node.id) == nullptr) {
    offer(node, by, HeardBy::inbound, ThenPing::no, now);
  }
  ++shared_.counters.revalidations[index].answered;
  const auto live = shared_.table.on_live(node.id, by, node.udp, now.steady);
  using Live = NodeTable::Live;
  if (const TableNode* const known = shared_.table.find_any(node.id)) {
    if (live == Live::became) {
      shared_.tell(update::Added{known->contact});
      on_news();
    }
    if (live == Live::stayed || live == Live::waits) {
      shared_.tell(update::StillLive{known->contact});
    }
  }
  // The first who answers is asked first, after the quiet that it wants.
  const conn::TimePoint rested = now.steady + shared_.settings.limits.quiet_after_proof;
  if (!last_lookup_[index]) next_lookup_[index] = std::min(next_lookup_[index], rested);
}

void DiscoveryCore::on_silent(Protocol by, const Contact& node, DiscoveryTime now) {
  for (auto& caller : pinging_.take(node.id)) {
    caller.then(conn::fail(conn::Stage::connect, DiscoveryReason::no_answer), now);
  }
  ++shared_.counters.revalidations[index_of(by)].silent;
  const TableNode* const known = shared_.table.find(node.id);
  const bool was_live = known != nullptr && known->live();
  const auto missed = shared_.table.on_missed(node.id, by, node.udp);
  if (missed != NodeTable::Missed::removed) return;
  if (was_live) on_news();
  ++shared_.counters.revalidations[index_of(by)].removed;
  on_removed(node.id, now);
}

void DiscoveryCore::ping_in_table(const EnodeId& id, Protocol protocol, DiscoveryTime now) {
  const TableNode* const node = shared_.table.find(id);
  if (node == nullptr) return;
  const Contact contact = node->contact;
  // Also when a limit forbids it: others have their turn meanwhile.
  shared_.table.on_pinged(id, protocol, contact.udp, now.steady);
  state(protocol)->ping(contact, shared_.word_for(contact), now);
}

// --- the table ---

NodeTable::Offered DiscoveryCore::offer(const Contact& node, Protocol protocol, HeardBy how,
                                        ThenPing then, DiscoveryTime now) {
  using Offered = NodeTable::Offered;
  if (shared_.refusal(node.id, node.udp.ip, now.steady)) return Offered::unusable;
  const Offered offered = shared_.table.offer(node, protocol, how, now.steady);
  switch (offered) {
    case Offered::added:
    case Offered::moved:
      if (then == ThenPing::yes) ping_in_table(node.id, protocol, now);
      break;
    case Offered::replacement: {
      shared_.tell(update::DiscoveredAtCapacity{node});
      const TableNode* const oldest = shared_.table.to_challenge(node.id, now.steady);
      if (oldest != nullptr) ping_in_table(EnodeId(oldest->contact.id), protocol, now);
      break;
    }
    case Offered::network_full:
      shared_.counters.limit(Limited::network_share);
      break;
    case Offered::inbound_full:
    case Offered::inbound_closed:
      shared_.counters.limit(Limited::inbound_share);
      break;
    case Offered::known:
    case Offered::own:
    case Offered::unusable:
      break;
  }
  return offered;
}

void DiscoveryCore::on_removed(const EnodeId& id, DiscoveryTime now) {
  shared_.tell(update::Removed{id});
  ping_promoted(now);
}

void DiscoveryCore::ping_promoted(DiscoveryTime now) {
  for (const EnodeId& id : shared_.table.take_promoted()) {
    for_each_state([&](ProtocolState& each) {
      const TableNode* const node = shared_.table.find(id);
      if (node != nullptr && node->speaks[index_of(each.protocol())]) {
        ping_in_table(id, each.protocol(), now);
      }
    });
  }
}

void DiscoveryCore::on_inbound(Protocol by, const Contact& node, DiscoveryTime now) {
  const TableNode* const known = shared_.table.find_any(node.id);
  if (known != nullptr && known->contact.udp != node.udp) {
    // It has moved, maybe: it is there once it has answered from there.
    state(by)->ping(node, Word::ours, now);
    return;
  }
  offer(node, by, HeardBy::inbound, ThenPing::yes, now);
}

// --- answers ---

void DiscoveryCore::on_told(Protocol by, const Contact& from, std::span<const Contact> nodes,
                            More more, DiscoveryTime now) {
  std::vector<Contact> good;
  std::set<EnodeId> seen;
  for (const Contact& node : nodes) {
    const bool is_good = seen.insert(node.id).second && NodeTable::usable_endpoint(node.udp) &&
                         !shared_.refusal(node.id, node.udp.ip, now.steady) &&
                         judge_relay(from.udp.ip, node.udp.ip) == Relay::fine;
    if (is_good) {
      good.push_back(node);
    } else {
      shared_.counters.drop(Drop::bad_node);
    }
  }
  for (const Contact& node : good) offer(node, by, HeardBy::told, ThenPing::yes, now);
  if (const auto finding = found_.find(from.id); finding != found_.end()) {
    finding->second.insert(finding->second.end(), good.begin(), good.end());
  }
  lookups_.on_told(by, from.id, good, more, now);
}

void DiscoveryCore::on_find_went_on(Protocol by, const EnodeId& from, DiscoveryTime now) {
  lookups_.on_find_went_on(by, from, now);
}

void DiscoveryCore::on_find_ended(Protocol by, const Contact& from, FindEnd end,
                                  DiscoveryTime now) {
  if (end == FindEnd::answered) {
    shared_.table.on_find_answered(from.id);
  } else {
    // It was asked more than once: it may be gone, or have forgotten us, or see us elsewhere.
    state(by)->ping_first(from);
    const auto failed = shared_.table.on_find_failed(from.id);
    if (failed == NodeTable::FindFailed::removed) on_removed(from.id, now);
  }
  end_finding(from.id, end, now);
  lookups_.on_find_ended(by, from.id, end, now);
}

void DiscoveryCore::on_record(Protocol by, const Contact& from, const EnrPtr& record,
                              DiscoveryTime now) {
  const bool is_good = record && take_record(from, record, now);
  if (is_good) {
    if (const TableNode* const node = shared_.table.find(from.id)) {
      if (!node->live()) ping_in_table(from.id, by, now);
    }
  }
  for (auto& caller : asking_records_.take(from.id)) {
    if (is_good) {
      caller.then(record, now);
    } else {
      caller.then(conn::fail(conn::Stage::connect, DiscoveryReason::no_answer), now);
    }
  }
}

// False: it is older than what we have, or names an address that may not be named.
bool DiscoveryCore::take_record(const Contact& from, const EnrPtr& record, DiscoveryTime now) {
  const auto named = Contact::of(record);
  if (named && judge_relay(from.udp.ip, named->udp.ip) != Relay::fine) {
    shared_.counters.drop(Drop::bad_record);
    return false;
  }
  const TableNode* const before = shared_.table.find_any(from.id);
  const bool is_older = before != nullptr && record->seq() < before->contact.seq();
  if (is_older) {
    shared_.counters.drop(Drop::bad_record);
    return false;
  }
  using Record = NodeTable::Record;
  switch (shared_.table.on_record(record)) {
    case Record::taken:
    case Record::moved: {
      using Live = update::RecordChanged::Live;
      const TableNode& node = *shared_.table.find_any(from.id);
      // One that waits for a place in the table has proven where it is like any other.
      const bool waits = shared_.table.find(from.id) == nullptr;
      const conn::IpAddress& ip = node.contact.udp.ip;
      const bool is_there = waits ? shared_.proofs.proven(from.id, ip, now.steady) : node.live();
      shared_.tell(update::RecordChanged{node.contact, is_there ? Live::yes : Live::no});
      return true;
    }
    case Record::conflicting:
      shared_.counters.drop(Drop::record_conflict);
      return false;
    case Record::no_room:
      on_removed(from.id, now);
      return true;
    case Record::absent:
      // Without a place in the table it can be dialled all the same, where it has answered; unless
      // its network has its share.
      if (named && shared_.table.has_share_left(*named) &&
          shared_.proofs.proven(from.id, named->udp.ip, now.steady)) {
        shared_.tell(update::RecordChanged{*named, update::RecordChanged::Live::yes});
      }
      return true;
    case Record::older:
      return true;
  }
  return true;
}

// --- ourselves ---

void DiscoveryCore::on_seen_at(const EnodeId& voter, const IpAddress& from, const Endpoint& seen,
                               DiscoveryTime now) {
  own_address_.on_seen_at(voter, from, seen, now.steady);
}

void DiscoveryCore::on_handled(const Handled& handled) {
  if (shared_.settings.report_handled == Switched::off || handled_.size() >= kHandledKept) return;
  handled_.push_back(handled);
}

}  // namespace peerage::pex
