// What one pass over a switch's peers adds up to, by network.
//
// A network that is served has a row of its own, in the order of the configuration; beyond
// kMaxNetworks the rest share one, "other". What peers that are gone have sent and received is in
// it, by one and the same snapshot, so that totals never fall.
//
// Threads: plain values; made on any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "p2p/base/direction.h"
#include "p2p/base/traffic.h"
#include "p2p/switch.h"

namespace peerage::pex {

inline constexpr std::size_t kMaxNetworks = 64;

// The row of each network, by its place in the configuration, and the rows' labels.
class NetworkRows {
 public:
  explicit NetworkRows(std::vector<std::string> networks);

  std::size_t size() const noexcept { return labels_.size(); }
  const std::string& label(std::size_t row) const { return labels_[row]; }
  std::size_t networks() const noexcept { return networks_.size(); }
  std::size_t row_of(std::size_t network) const noexcept;
  // Of a network that is not served, the last.
  std::size_t row_of(const std::string& network) const;

 private:
  std::vector<std::string> networks_;
  std::vector<std::string> labels_;
};

enum class PeerKind : std::uint8_t { persistent, unconditional, ordinary };
inline constexpr std::size_t kPeerKindCount = 3;
std::string_view name(PeerKind kind) noexcept;

struct PeerSums {
  struct Row {
    std::array<std::array<std::uint64_t, kPeerKindCount>, 2> peers{};  // by direction and kind
    p2p::Traffic traffic;

    std::uint64_t all_peers() const noexcept;
  };
  // Of one peer, when there are not too many of them.
  struct OnePeer {
    std::string id;
    std::size_t row = 0;
    p2p::Traffic traffic;
    std::uint64_t messages_queued = 0;
  };

  std::vector<Row> rows;
  std::vector<OnePeer> peers;
  p2p::Traffic traffic;  // of all networks
  std::uint64_t send_queue_bytes = 0, inbox_bytes = 0, reassembly_bytes = 0, frame_bytes = 0;
  std::vector<conn::NodeId> persistent;  // those connected
};

// Nothing, on each of their channels: so that series of channels exist before the first peer.
p2p::Traffic no_traffic_of(const std::vector<p2p::ReactorFigures>& reactors);

// `most_peers`: with more of them, none is listed by itself.
PeerSums sums_of(const p2p::SwitchSnapshot& snapshot, const NetworkRows& rows,
                 std::size_t most_peers);

}  // namespace peerage::pex
