#include "pex/discovery/shared_state.h"

#include <algorithm>
#include <utility>

#include "pex/discovery/record/cmt.h"

namespace peerage::pex {

using conn::TimePoint;

SharedState::SharedState(conn::Secp256k1Key own_key, DiscoverySettings all_settings,
                         const conn::Random::Seed& seed, DiscoveryTime now)
    : settings(std::move(all_settings)),
      key(std::move(own_key)),
      id(EnodeId::of(key.public_key())),
      random(seed),
      record(key, {.stored_seq = settings.stored.seq,
                   .wall_time = now.wall,
                   .udp_port = settings.bound.port}),
      table({id, settings.limits, settings.exempt},
            [this](std::size_t below) { return random.below(below); }),
      proofs(settings.limits),
      limits(settings.limits, now.steady),
      records(settings.limits.records_remembered),
      p2p_port(settings.p2p ? settings.p2p->port : 0) {}

SharedState::Sent SharedState::send(Protocol protocol, MessageKind kind, OutDatagram datagram) {
  if (out.size() >= settings.limits.datagrams_out) {
    counters.drop(Drop::queue_full);
    return Sent::no;
  }
  auto& traffic = counters.traffic[index_of(protocol)];
  ++traffic.packets_out[static_cast<std::size_t>(kind)];
  traffic.bytes_out += datagram.bytes.size();
  out.push_back(std::move(datagram));
  return Sent::yes;
}

void SharedState::tell(Update update) {
  if (updates.size() >= settings.limits.updates) {
    ++counters.updates_lost;
    return;
  }
  updates.push_back(std::move(update));
}

std::optional<Drop> SharedState::refusal(const conn::IpAddress& ip, TimePoint now) const {
  if (bans.banned(ip, now)) return Drop::banned;
  const auto& restricted = settings.net_restrict;
  if (!restricted.empty() && !conn::any_contains(restricted, ip)) return Drop::restricted;
  return std::nullopt;
}

std::optional<Drop> SharedState::refusal(const EnodeId& node, const conn::IpAddress& ip,
                                         TimePoint now) const {
  if (node == id) return Drop::own;
  if (bans.banned(node, now)) return Drop::banned;
  return refusal(ip, now);
}

TrafficLimits::Standing SharedState::standing(const conn::IpAddress& ip, TimePoint now) const {
  using Standing = TrafficLimits::Standing;
  return proofs.proven(ip, now) ? Standing::proven : Standing::stranger;
}

std::optional<conn::Endpoint> SharedState::advertised(IpFamily family) const {
  if (!record.current()) return std::nullopt;
  return family == IpFamily::v4 ? record.current()->udp4() : record.current()->udp6();
}

Word SharedState::word_for(const Contact& node) const {
  const TableNode* const known = table.find_any(node.id);
  if (known == nullptr || known->contact.udp != node.udp) return Word::others;
  const bool is_told = known->heard_by == HeardBy::told || known->heard_by == HeardBy::dns;
  return is_told && !known->live() ? Word::others : Word::ours;
}

bool SharedState::is_confirmed(const Contact& node) const {
  if (settings.only_confirmed_neighbors == Switched::off || !settings.p2p) return true;
  const auto cmt = node.record ? Cmt::of(*node.record) : std::nullopt;
  if (!cmt) return false;
  const auto& ours = settings.p2p->networks;
  return std::find_first_of(cmt->networks.begin(), cmt->networks.end(), ours.begin(), ours.end()) !=
         cmt->networks.end();
}

}  // namespace peerage::pex
