// The driver of a seed: visits. It dials what Crawler chooses, asks for addresses, and disconnects;
// a visit ends with the answer, or when its time is over. CrawlLimits::parallel are under way at
// once; the networks take turns.
//
// What an operator asks for comes first (pex/seed/visit_queue.h). While the switch drains no visit
// begins.
//
// Its clients are disconnected with their answer, or after their time. Persistent and unconditional
// peers stay, and are asked now and then.
//
// Configured seeds are asked when the crawler finds nothing due in a network that has too few
// addresses.
//
// Threads: the control shard.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "pex/limits/seed_list.h"
#include "pex/role/role_driver.h"
#include "pex/seed/crawler.h"
#include "pex/seed/visit_queue.h"

namespace peerage::pex {

class Visits final : public RoleDriver {
 public:
  Visits(Context context, const CrawlLimits& limits);

  conn::TimePoint on_time(conn::TimePoint now) override;
  void on_event(const p2p::SwitchEvent& event, conn::TimePoint now) override;
  void on_list(const p2p::PeerPtr& peer, std::size_t added, conn::TimePoint now) override;
  void on_asked(const p2p::PeerPtr& peer) override;
  void set_seeds(const std::vector<conn::HostAddress>& seeds) override { seeds_.set(seeds); }

  // Visits are wanted now: of this node, at all its addresses, or of every address that does not
  // rest.
  struct Asked {
    std::size_t known = 0;   // addresses that were meant
    std::size_t queued = 0;  // of them, those that did not wait already
  };
  Asked ask_for(const std::optional<conn::NodeId>& id);
  std::size_t asked_for() const noexcept { return wanted_.size(); }

  std::size_t under_way() const noexcept { return visits_.size(); }
  std::uint64_t made() const noexcept { return made_; }

 private:
  enum class Why : std::uint8_t { crawl, seed, asked_for };
  struct Visit {
    conn::HostAddress target;
    std::string network;
    conn::TimePoint until;
    Why why = Why::crawl;
  };
  void begin_visits(conn::TimePoint now);
  bool begin_one(conn::TimePoint now);
  bool visit_wanted(conn::TimePoint now);
  bool visit_seed(conn::TimePoint now);
  void begin(const conn::HostAddress& target, const std::string& network, Why why,
             conn::TimePoint now);
  // Connected, being dialled, or ourselves.
  bool is_busy(const conn::NodeId& id) const;
  // The switch had no slot for it.
  void take_back(const Visit& visit);
  void end_late(conn::TimePoint now);
  std::set<conn::NodeId> moved_nodes() const;
  void part(const p2p::Peer& peer);
  static bool stays(const p2p::Peer& peer);

  void on_connected(const p2p::Connected& event, conn::TimePoint now);
  void look_at_growth(conn::TimePoint now);
  void on_dial_failed(const p2p::DialFailed& event, conn::TimePoint now);

  Context context_;
  CrawlLimits limits_;
  std::vector<Crawler> crawlers_;   // in the order of the books
  std::vector<std::size_t> sizes_;  // of the books, when we looked last
  conn::TimePoint next_growth_;
  std::size_t turn_ = 0;
  SeedList seeds_;
  VisitQueue wanted_;
  std::map<conn::NodeId, Visit> visits_;
  std::map<conn::NodeId, conn::TimePoint> next_ask_;  // of those that stay
  std::uint64_t made_ = 0;
  conn::TimePoint full_until_;  // the switch had no slot for one more
};

}  // namespace peerage::pex
