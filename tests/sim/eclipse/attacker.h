// The attacker: a number of addresses in a number of groups, as many IDs as it likes, and
// strategies that decide what it does with them.
//
// Its nodes never leave and never misbehave: a node that dials them finds a good peer for ever.
// Beyond that it may connect to the victim AttackPlan::rate times a minute, each time with a claim
// about itself (`Visit`). It looks into the victim's book (an attacker learns much of it from
// answers), to see whether it gains anything: if not, it slows down.
//
// Each ID has a port of its own, because the node that is dialled must know as which ID.
//
// Threads: the world's one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "tests/sim/eclipse/honest_world.h"
#include "tests/sim/eclipse/plans.h"
#include "tests/sim/eclipse/puppet.h"
#include "tests/sim/eclipse/trial_random.h"
#include "tests/sim/eclipse/victim.h"

namespace peerage::sim::eclipse {

// What the attacker owns, and where it is.
class Estate {
 public:
  Estate(const AttackPlan& plan, std::size_t ids_per_address);

  std::size_t addresses() const { return addresses_.size(); }
  const std::vector<conn::IpAddress>& all() const { return addresses_; }
  const conn::IpAddress& address(std::size_t index) const { return addresses_[index]; }
  bool owns(const conn::IpAddress& ip) const { return index_.contains(ip); }
  std::optional<std::size_t> index_of(const conn::IpAddress& ip) const;

  // The node number `index`: with those below addresses() each is at an address of its own.
  std::size_t nodes() const { return addresses_.size() * ids_per_address_; }
  std::size_t ids_per_address() const { return ids_per_address_; }
  conn::NetAddress node(std::size_t index) const;
  KeyPtr key(std::size_t index) const;

 private:
  std::vector<conn::IpAddress> addresses_;
  std::map<conn::IpAddress, std::size_t> index_;
  std::size_t ids_per_address_;
  mutable std::vector<KeyPtr> keys_;  // made when they are asked for
};

// An inbound connection of the victim's, made for what it claims.
struct Visit {
  std::size_t node = 0;   // the node with the ID that it proves
  conn::IpAddress from;   // the socket
  conn::Endpoint claims;  // where it says that it listens
  conn::Duration stay = 2s;
  // Where the socket is for a victim that believes claims about that; nothing: at `claims`.
  std::optional<conn::IpAddress> alibi = {};
};

class Strategy;

class Attacker final : private Puppet::Owner {
 public:
  // Whether the sockets bear the addresses that they claim: for a victim that believes claims.
  enum class Sockets : std::uint8_t { own, as_claimed };

  Attacker(SimWorld& world, const AttackPlan& plan, std::size_t ids_per_address, Sockets sockets,
           HonestWorld& honest, Victim& victim, TrialRandom& random);
  ~Attacker() override;

  void begin();

  const Estate& estate() const { return estate_; }
  Estate& estate() { return estate_; }
  HonestWorld& honest() { return honest_; }
  Victim& victim() { return victim_; }
  TrialRandom& random() { return random_; }
  const AttackPlan& plan() const { return plan_; }

  // Lasting connections that it has dialled, by the index of their address.
  const std::set<std::size_t>& occupants() const { return occupants_; }
  std::uint64_t visits() const { return visits_; }
  bool refreshing() const { return refreshing_; }

  // An endpoint without a node, in any group.
  conn::Endpoint nowhere();

 private:
  void on_arrival(std::unique_ptr<conn::Arrival> arrival);
  void next_visit();
  void make(const Visit& visit);
  void look_at_gain();
  // Whether a node that was dialled is to leave when it has become tried.
  bool harvests() const;
  // How many of its nodes are in the victim's new table for each honest one.
  double hold() const;

  void on_ready(Puppet& puppet) override;
  void on_request(Puppet& puppet) override;
  void on_end(Puppet& puppet) override;

  SimWorld& world_;
  const AttackPlan plan_;
  Estate estate_;
  const Sockets sockets_;
  HonestWorld& honest_;
  Victim& victim_;
  TrialRandom& random_;
  SimHost* host_ = nullptr;
  std::vector<std::unique_ptr<conn::Listener>> listeners_;
  std::vector<std::unique_ptr<Strategy>> strategies_;
  std::size_t turn_ = 0;
  Puppets puppets_;
  std::set<std::size_t> occupants_;
  std::map<const Puppet*, conn::Duration> stays_;  // of visits under way
  std::map<std::size_t, conn::TimePoint> rests_;   // by address: it has left
  conn::TimePoint began_;
  std::uint64_t visits_ = 0;
  double hold_ = 0;  // at the last look
  bool refreshing_ = false;
};

}  // namespace peerage::sim::eclipse
