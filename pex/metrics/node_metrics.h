// All that a node measures, as text. It looks at what its parts publish or count for any thread,
// and waits for none of them: a scrape takes no time of a network thread's but for what
// pex/metrics/collector.h says.
//
// Cardinality. One network has some 400 series and those of its reactors' channels, each further
// one at most 33, of which four are of persistent or unconditional peers alone; beyond kMaxNetworks
// they are summed up. Series of each peer are written for `peer_series` peers at most; with one
// more there are none.
//
// Threads: made before the start; `text` on any. What it is made of outlives it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "p2p/switch.h"
#include "pex/metrics/collector.h"
#include "pex/metrics/event_figures.h"
#include "pex/metrics/sums.h"

namespace peerage::pex {

class NodeMetrics {
 public:
  struct Settings {
    std::string comet_prefix;  // "cometbft"
    std::size_t peer_series = 0;
    std::vector<std::string> networks;
    std::filesystem::path book_file;  // empty: none
    NodeKind kind = NodeKind::node;
  };
  // On any thread.
  using PersistentPeers = std::function<std::vector<conn::HostAddress>()>;

  // Throws std::invalid_argument for a prefix that no name may begin with.
  NodeMetrics(Settings settings, conn::Runtime& runtime, const p2p::Switch& connections,
              std::shared_ptr<const EventFigures> events,
              std::shared_ptr<FigureCollector> collector, PersistentPeers persistent);

  std::string text() const;

 private:
  std::uint64_t persistent_down(const PeerSums& sums) const;

  const Settings settings_;
  const NetworkRows rows_;
  conn::Runtime& runtime_;
  const p2p::Switch& connections_;
  const std::shared_ptr<const EventFigures> events_;
  const std::shared_ptr<FigureCollector> collector_;
  const PersistentPeers persistent_;
};

}  // namespace peerage::pex
