// The configured seeds: which of them to ask next, and as a node of which network.
//
// One after another in an order drawn by lot, none twice within its pause, which doubles with each
// time that it was asked. A seed that names another network than the one that we dialled it for,
// and one that we serve, is asked for that one from then on: with several networks on one port, an
// operator gives one list of seeds.
//
// Names are resolved at each use, by whoever dials.
// Threads: none of its own (the control shard).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conn/net_address.h"
#include "conn/runtime.h"

namespace peerage::pex {

class SeedList {
 public:
  // A number below its argument, at random.
  using Lot = std::function<std::size_t(std::size_t below)>;

  SeedList(conn::Duration pause, conn::Duration pause_cap, Lot lot)
      : pause_(pause), pause_cap_(pause_cap), lot_(std::move(lot)) {}

  // Replaces the list; what is known of seeds that stay is kept.
  void set(const std::vector<conn::HostAddress>& seeds);
  bool contains(const conn::NodeId& id) const { return find(id) != nullptr; }
  std::set<conn::NodeId> ids() const;
  std::size_t size() const noexcept { return seeds_.size(); }

  struct Target {
    conn::HostAddress address;
    std::string network;  // empty: of the first that we serve
  };
  // One that may be asked now, which then rests.
  std::optional<Target> next(conn::TimePoint now);
  // It has said that it is of this network: asked again at once.
  void is_of(const conn::NodeId& id, const std::string& network);
  // It may be asked again then, if not sooner anyway.
  void again(const conn::NodeId& id, conn::TimePoint when);
  // There is no need for seeds now: the pauses begin small again.
  void rested();

 private:
  struct Seed {
    conn::HostAddress address;
    std::string network;
    conn::TimePoint next;
    std::uint32_t asked = 0;
  };
  const Seed* find(const conn::NodeId& id) const;

  conn::Duration pause_;
  conn::Duration pause_cap_;
  Lot lot_;
  std::vector<Seed> seeds_;
};

}  // namespace peerage::pex
