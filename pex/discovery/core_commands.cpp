// Commands: what the operator, the node and other programs want of discovery.
#include <algorithm>
#include <memory>

#include "pex/discovery/core.h"
#include "pex/discovery/discovery_reason.h"

namespace peerage::pex {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

// --- who is known ---

void DiscoveryCore::add_node(const Contact& node, HeardBy how, DiscoveryTime now) {
  if (!began_ || stopped_) return;
  for_each_state(
      [&](ProtocolState& each) { offer(node, each.protocol(), how, ThenPing::yes, now); });
}

void DiscoveryCore::add_boot_node(const Contact& node, DiscoveryTime now) {
  if (node.id == shared_.id) return;
  const auto same = std::find_if(boot_.begin(), boot_.end(),
                                 [&](const Contact& each) { return each.id == node.id; });
  if (same == boot_.end()) {
    boot_.push_back(node);
  } else if (node.record || !same->record) {
    *same = node;
  }
  add_node(node, HeardBy::boot, now);
}

void DiscoveryCore::remove(const EnodeId& id, DiscoveryTime now) {
  std::erase_if(boot_, [&](const Contact& each) { return each.id == id; });
  forget(id, now);
}

void DiscoveryCore::forget(const EnodeId& id, DiscoveryTime now) {
  shared_.proofs.remove(id);
  for_each_state([&](ProtocolState& each) {
    each.forget(id);
    lookups_.on_find_ended(each.protocol(), id, FindEnd::silent, now);
  });
  const auto gone = fail(Stage::connect, DiscoveryReason::not_allowed_to_ask);
  for (auto& caller : pinging_.take(id)) caller.then(gone, now);
  for (auto& caller : asking_records_.take(id)) caller.then(gone, now);
  end_finding(id, FindEnd::silent, now);
  if (shared_.table.remove(id)) on_removed(id, now);
}

DiscoveryBans::Added DiscoveryCore::ban(const EnodeId& id, DiscoveryBans::Until until,
                                        conn::BanOrigin origin, DiscoveryTime now) {
  const auto added = shared_.bans.ban(id, until, origin, now.steady);
  if (added == DiscoveryBans::Added::yes) forget(id, now);
  return added;
}

DiscoveryBans::Added DiscoveryCore::ban(const conn::Cidr& network, DiscoveryBans::Until until,
                                        DiscoveryTime now) {
  const auto added = shared_.bans.ban(network, until, now.steady);
  if (added != DiscoveryBans::Added::yes) return added;
  const auto is_banned = [&](const conn::IpAddress& ip) {
    return network.contains(ip) && shared_.bans.banned(ip, now.steady);
  };
  shared_.proofs.remove_if(
      [&](const EnodeId&, const conn::IpAddress& ip) { return is_banned(ip); });
  const auto removed = shared_.table.remove_if(
      [&](const TableNode& node) { return is_banned(node.contact.udp.ip); });
  for (const EnodeId& id : removed) {
    forget(id, now);
    shared_.tell(update::Removed{id});
  }
  ping_promoted(now);
  return added;
}

// --- questions ---

// To be called by the owner, later: it may give other commands then.
template <typename Done, typename Value>
void DiscoveryCore::tell(Done done, Value value) {
  shared_.done.push_back(
      [done = std::move(done), value = std::move(value)]() mutable { done(std::move(value)); });
}

void DiscoveryCore::ping(const Contact& node, Protocol protocol, DiscoveryTime now, Pinged done) {
  ping_then(node, protocol, now, [this, done = std::move(done)](auto answer, DiscoveryTime) {
    tell(done, std::move(answer));
  });
}

void DiscoveryCore::ping_then(const Contact& node, Protocol protocol, DiscoveryTime now,
                              Callers<PingAnswer>::Then then) {
  ProtocolState* const with = running(protocol);
  if (with == nullptr) return then(fail(Stage::connect, DiscoveryReason::protocol_off), now);
  if (pinging_.full()) return then(fail(Stage::connect, DiscoveryReason::discovery_busy), now);
  if (with->ping(node, Word::ours, now) == ProtocolState::Asked::refused) {
    return then(fail(Stage::connect, DiscoveryReason::not_allowed_to_ask), now);
  }
  pinging_.add(node.id, std::move(then));
}

void DiscoveryCore::request_record(const Contact& node, Protocol protocol, DiscoveryTime now,
                                   GotRecord done) {
  ask_record(node, protocol, now, [this, done = std::move(done)](auto record, DiscoveryTime) {
    tell(done, std::move(record));
  });
}

// Whoever has not proven itself is pinged before.
void DiscoveryCore::ask_record(const Contact& node, Protocol protocol, DiscoveryTime now,
                               Callers<EnrPtr>::Then then) {
  ping_then(node, protocol, now,
            [this, node, protocol, then = std::move(then)](auto answered, DiscoveryTime at) {
              if (!answered) return then(tl::unexpected(answered.error()), at);
              ProtocolState* const with = running(protocol);
              if (with == nullptr || asking_records_.full()) {
                return then(fail(Stage::connect, DiscoveryReason::discovery_busy), at);
              }
              if (with->request_record(node, Word::ours, at) == ProtocolState::Asked::refused) {
                return then(fail(Stage::connect, DiscoveryReason::not_allowed_to_ask), at);
              }
              asking_records_.add(node.id, then);
            });
}

void DiscoveryCore::find_node(const Contact& node, const LookupTarget& target, Protocol protocol,
                              DiscoveryTime now, Found done) {
  ProtocolState* const with = running(protocol);
  const auto refuse = [&](DiscoveryReason why) {
    tell(done, Result<std::vector<Contact>>(fail(Stage::connect, why)));
  };
  if (with == nullptr || (!target.key && protocol == Protocol::v4)) {
    return refuse(DiscoveryReason::protocol_off);
  }
  if (finding_.full() || with->is_asking(node.id)) return refuse(DiscoveryReason::discovery_busy);
  if (with->find_node(node, target, Word::ours, now) == ProtocolState::Asked::refused) {
    return refuse(DiscoveryReason::not_allowed_to_ask);
  }
  found_[node.id];
  finding_.add(node.id, [this, done = std::move(done)](auto found, DiscoveryTime) {
    tell(done, std::move(found));
  });
}

void DiscoveryCore::end_finding(const EnodeId& id, FindEnd end, DiscoveryTime now) {
  const auto found = found_.extract(id);
  for (auto& caller : finding_.take(id)) {
    if (end == FindEnd::answered) {
      caller.then(found.mapped(), now);
    } else {
      caller.then(fail(Stage::connect, DiscoveryReason::no_answer), now);
    }
  }
}

void DiscoveryCore::lookup(const LookupTarget& target, Protocol protocol, DiscoveryTime now,
                           LookedUp done) {
  look_up_then(target, protocol, now, [this, done = std::move(done)](auto ended, DiscoveryTime) {
    tell(done, ended.map([](const Lookup& lookup) { return lookup.result(); }));
  });
}

void DiscoveryCore::look_for(const LookupTarget& target, Protocol protocol, DiscoveryTime now,
                             Sighted done) {
  look_up_then(target, protocol, now, [this, done = std::move(done)](auto ended, DiscoveryTime) {
    tell(done, ended.map([](const Lookup& lookup) {
      return Sighting{lookup.closest(), lookup.rounds()};
    }));
  });
}

void DiscoveryCore::look_up_then(const LookupTarget& target, Protocol protocol, DiscoveryTime now,
                                 LookedUpThen then) {
  ProtocolState* const with = running(protocol);
  const bool is_possible = with != nullptr && (target.key || protocol == Protocol::v5);
  if (!is_possible) return then(fail(Stage::connect, DiscoveryReason::protocol_off), now);
  const std::uint64_t number = next_lookup_number_++;
  looking_up_[number] = std::move(then);
  const auto begun = lookups_.begin(
      *with, target, Lookups::By::command,
      [this, number](const Lookup& lookup, DiscoveryTime at) {
        const auto waiting = looking_up_.extract(number);
        if (waiting) waiting.mapped()(lookup, at);
      },
      now);
  if (begun == Lookups::Begun::yes) return;
  const bool is_busy = begun == Lookups::Begun::too_many;
  looking_up_.extract(number).mapped()(
      fail(Stage::connect,
           is_busy ? DiscoveryReason::discovery_busy : DiscoveryReason::nobody_to_ask),
      now);
}

void DiscoveryCore::resolve(const Contact& node, Protocol protocol, DiscoveryTime now,
                            GotRecord done) {
  const auto told = [this, done = std::move(done)](Result<EnrPtr> record, DiscoveryTime) {
    tell(done, std::move(record));
  };
  const auto look_further = [this, node, protocol, told](Result<EnrPtr> record, DiscoveryTime at) {
    if (record) return told(std::move(record), at);
    look_up_then(LookupTarget::of(node.key.xy()), protocol, at,
                 [this, node, protocol, told](auto ended, DiscoveryTime then) {
                   if (!ended) return told(tl::unexpected(ended.error()), then);
                   const std::vector<Contact> closest = ended->closest();
                   const auto same =
                       std::find_if(closest.begin(), closest.end(),
                                    [&](const Contact& each) { return each.id == node.id; });
                   if (same != closest.end()) return ask_record(*same, protocol, then, told);
                   told(fail(Stage::connect, DiscoveryReason::no_answer), then);
                 });
  };
  ask_record(node, protocol, now, look_further);
}

// --- ourselves ---

void DiscoveryCore::set_p2p_port(std::uint16_t port, DiscoveryTime now) {
  shared_.p2p_port = port;
  shared_.record.set_tcp_port(IpFamily::v4, port, now.steady);
  shared_.record.set_tcp_port(IpFamily::v6, port, now.steady);
}

void DiscoveryCore::set_external_ip(const conn::IpAddress& ip, DiscoveryTime now) {
  own_address_.set(ip, now.steady);
}

void DiscoveryCore::remove_external_ip(IpFamily family, DiscoveryTime now) {
  own_address_.remove(family, now.steady);
}

Result<void> DiscoveryCore::set_pair(std::string_view key, conn::ByteView value,
                                     DiscoveryTime now) {
  return shared_.record.set_pair(key, value, now.steady);
}

Result<void> DiscoveryCore::remove_pair(std::string_view key, DiscoveryTime now) {
  return shared_.record.remove_pair(key, now.steady);
}

// --- the end ---

void DiscoveryCore::stop(DiscoveryTime now) {
  if (std::exchange(stopped_, true)) return;
  const auto stopping = fail(Stage::connect, Reason::stopping);
  lookups_.stop();
  shared_.out.clear();
  for (auto& caller : pinging_.take_all()) caller.then(stopping, now);
  for (auto& caller : asking_records_.take_all()) caller.then(stopping, now);
  for (auto& caller : finding_.take_all()) caller.then(stopping, now);
  for (auto& [number, then] : std::exchange(looking_up_, {})) then(stopping, now);
}

}  // namespace peerage::pex
