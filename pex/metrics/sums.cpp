#include "pex/metrics/sums.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace peerage::pex {
namespace {

PeerKind kind_of(const p2p::Peer& peer) {
  if (peer.persistent()) return PeerKind::persistent;
  return peer.unconditional() ? PeerKind::unconditional : PeerKind::ordinary;
}

std::uint64_t messages_queued(const conn::ConnectionStatus& connection) {
  return std::accumulate(connection.channels.begin(), connection.channels.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const conn::ConnectionStatus::Channel& channel) {
                           return sum + channel.load.messages;
                         });
}

}  // namespace

NetworkRows::NetworkRows(std::vector<std::string> networks) : networks_(std::move(networks)) {
  const auto own = std::min(networks_.size(), kMaxNetworks);
  labels_.assign(networks_.begin(), networks_.begin() + static_cast<std::ptrdiff_t>(own));
  if (networks_.size() > own) labels_.emplace_back("other");
}

std::size_t NetworkRows::row_of(std::size_t network) const noexcept {
  return std::min(network, labels_.size() - 1);
}

std::size_t NetworkRows::row_of(const std::string& network) const {
  const auto found = std::find(networks_.begin(), networks_.end(), network);
  return row_of(static_cast<std::size_t>(found - networks_.begin()));
}

std::string_view name(PeerKind kind) noexcept {
  static constexpr std::array<std::string_view, kPeerKindCount> kNames = {
      "persistent", "unconditional", "ordinary"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::uint64_t PeerSums::Row::all_peers() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& of_direction : peers) {
    sum = std::accumulate(of_direction.begin(), of_direction.end(), sum);
  }
  return sum;
}

p2p::Traffic no_traffic_of(const std::vector<p2p::ReactorFigures>& reactors) {
  p2p::Traffic none;
  for (const p2p::ReactorFigures& reactor : reactors) {
    for (const p2p::ReactorChannel& channel : reactor.channels) {
      none.channels.emplace_back().id = channel.id;
    }
  }
  return none;
}

PeerSums sums_of(const p2p::SwitchSnapshot& snapshot, const NetworkRows& rows,
                 std::size_t most_peers) {
  PeerSums sums;
  sums.rows.resize(rows.size());
  const bool list = snapshot.peers.size() <= most_peers;
  for (const p2p::PeerPtr& peer : snapshot.peers) {
    const p2p::PeerStatus status = peer->status();
    const p2p::Traffic traffic = peer->traffic(status.connection);
    const std::size_t place = rows.row_of(peer->network());
    PeerSums::Row& row = sums.rows[place];
    ++row.peers[static_cast<std::size_t>(peer->direction())]
               [static_cast<std::size_t>(kind_of(*peer))];
    row.traffic += traffic;
    sums.send_queue_bytes += status.connection.queued_bytes;
    sums.inbox_bytes += status.inbox_bytes;
    sums.reassembly_bytes += status.connection.reassembly_bytes;
    sums.frame_bytes += status.connection.frame_bytes;
    if (peer->persistent()) sums.persistent.push_back(peer->id());
    if (list) {
      sums.peers.push_back(
          {peer->id().to_string(), place, traffic, messages_queued(status.connection)});
    }
  }
  for (const auto& [network, traffic] : *snapshot.gone) {
    sums.rows[rows.row_of(network)].traffic += traffic;
  }
  for (const PeerSums::Row& row : sums.rows) sums.traffic += row.traffic;
  return sums;
}

}  // namespace peerage::pex
