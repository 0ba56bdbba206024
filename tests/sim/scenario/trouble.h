// What is wrong with the links of an internet at the moment: of single addresses, of pairs, and
// between two sides.
//
// Each trouble counts what it has met: connections that were open when it came, and dials.
//
// Threads: none of its own. The world and the internet outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>

#include "tests/sim/scenario/internet.h"

namespace peerage::sim {

// For everything that an address sends and receives.
struct LinkTrouble {
  double loss = 0;
  Duration delay{0};  // more, one way
  // In one direction of each connection.
  std::size_t cut_after = std::numeric_limits<std::size_t>::max();
  LinkPlan::Cut cut = LinkPlan::Cut::reset;
  LinkPlan::Connect connect = LinkPlan::Connect::answered;  // for dials to it
};

class Trouble {
 public:
  using Id = std::uint64_t;

  Trouble(SimWorld& world, Internet& internet);

  Id trouble(const IpAddress& address, const LinkTrouble& what);
  // Nothing passes any more, silently, between addresses for which it is true.
  using Severed = std::function<bool(const IpAddress&, const IpAddress&)>;
  Id sever(Severed between);
  void end(Id id);
  void end_all();

  // Connections that had a delay, and dials.
  std::uint64_t delayed() const { return delayed_; }
  std::uint64_t hidden() const { return hidden_; }  // dials to addresses that cannot be dialled
  // How many open connections the last `sever` met.
  std::uint64_t last_met() const { return last_met_; }

 private:
  struct Link {
    IpAddress address;
    LinkTrouble what;
  };
  void bend(const IpAddress& from, const IpAddress& to, LinkPlan& plan);
  bool severed(const IpAddress& a, const IpAddress& b) const;

  SimWorld& world_;
  Internet& internet_;
  std::map<Id, Link> links_;
  std::map<Id, Severed> severed_;
  Id last_ = 0;
  std::uint64_t delayed_ = 0, hidden_ = 0, last_met_ = 0;
};

}  // namespace peerage::sim
