// The internet of a scenario: which addresses there are, how far apart two of them are, which can
// be dialled, and what is cut.
//
// Addresses are IPv4. Most nodes rent from a few hosting companies, as on the real network: 60 % of
// the addresses lie in 40 networks (/16), the rest in one of thousands each. The latency between
// two addresses is 10 to 150 ms, always the same for the same two.
//
// Threads: none of its own. The world must outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_set>
#include <utility>

#include "tests/sim/sim_world.h"

namespace peerage::sim {

class Internet {
 public:
  struct Options {
    Duration shortest = 10ms;  // one way
    Duration longest = 150ms;
    double loss = 0;            // of what is written, comes later; of datagrams, for ever
    double hosted_share = 0.6;  // of addresses
    std::size_t hosting_networks = 40;
  };

  // Sets the world's link rule.
  Internet(SimWorld& world, const Options& options);
  explicit Internet(SimWorld& world) : Internet(world, Options{}) {}

  // An unused address.
  IpAddress draw();

  // It cannot be dialled; it can dial others.
  void hide(const IpAddress& address) { hidden_.insert(address.to_string()); }
  bool is_hidden(const IpAddress& address) const { return hidden_.contains(address.to_string()); }

  // Called last whenever a link between two addresses is asked for; may change its plan.
  using Bend = std::function<void(const IpAddress& from, const IpAddress& to, LinkPlan& plan)>;
  void set_bend(Bend bend) { bend_ = std::move(bend); }

  // From now on nothing passes between addresses with different `side`: connections fall silent,
  // dials are not answered, datagrams are lost. Replaces an earlier partition.
  using Side = std::function<bool(const IpAddress&)>;
  void split(Side side);
  void heal();

 private:
  LinkPlan plan(const IpAddress& from, const IpAddress& to) const;

  SimWorld& world_;
  Options options_;
  Side side_;
  Bend bend_;
  std::unordered_set<std::string> drawn_;
  std::unordered_set<std::string> hidden_;
};

}  // namespace peerage::sim
