#include "tests/sim/slots/node.h"

#include <utility>

namespace peerage::sim::slots {
namespace {

conn::NodeId id_of(std::uint64_t number) {
  conn::ByteArray<conn::NodeId::kBytes> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(number >> 8 * i);
  return conn::NodeId(bytes);
}

}  // namespace

Node::Node(const p2p::AdmissionConfig& config, NodePlan::Useful useful, conn::TimePoint now)
    : admission_(
          config, [](std::size_t) { return std::size_t{0}; }, now),
      useful_(useful) {}

std::optional<p2p::LinkId> Node::connect(const conn::IpAddress& ip, Side side, OnEvicted on_evicted,
                                         conn::TimePoint now) {
  const auto arrived = admission_.on_arrival(ip, now);
  if (!arrived) return std::nullopt;
  admission_.half_open().leave(arrived->ticket);
  const p2p::LinkId link = next_++;
  const auto admitted = admission_.on_proven(
      {id_of(link), p2p::Direction::inbound, ip, p2p::Admission::Standing::ordinary}, link,
      [&] { return candidates(now); }, now);
  if (!admitted) return std::nullopt;
  peers_.emplace(link, Peer{id_of(link), ip, now, side, std::move(on_evicted)});
  ++held_[side == Side::honest ? 0 : 1];
  for (const p2p::LinkId evicted : admitted->evict) {
    const Peer peer = take(evicted);
    if (peer.on_evicted) peer.on_evicted(now);
  }
  return link;
}

void Node::leave(p2p::LinkId link) {
  take(link);
}

Node::Peer Node::take(p2p::LinkId link) {
  auto taken = peers_.extract(link);
  Peer peer = std::move(taken.mapped());
  admission_.on_gone(peer.id, link);
  --held_[peer.side == Side::honest ? 0 : 1];
  return peer;
}

// The attacker's are useful all the time: it does what it takes.
std::vector<p2p::EvictionCandidate> Node::candidates(conn::TimePoint now) const {
  std::vector<p2p::EvictionCandidate> candidates;
  candidates.reserve(peers_.size());
  for (const auto& [link, peer] : peers_) {
    candidates.push_back({link, peer.ip, peer.since, {}});
    if (useful_ == NodePlan::Useful::all || peer.side == Side::attacker) {
      candidates.back().last_useful = now;
    }
  }
  return candidates;
}

}  // namespace peerage::sim::slots
