// The honest nodes of the network, as far as the victim can meet them: where they are, which are
// online, what they answer, and when they come and go.
//
// Reachable ones accept (and are full now and then); all of them dial the victim once in a while.
// Their answers are samples of the reachable population, and of the attacker's addresses in
// proportion to their number: attackers behave well, so honest books are full of them. Seeds are
// always online, answer a request, and close.
//
// Threads: the world's one.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "tests/sim/eclipse/plans.h"
#include "tests/sim/eclipse/puppet.h"
#include "tests/sim/eclipse/trial_random.h"

namespace peerage::sim::eclipse {

class HonestWorld final : private Puppet::Owner {
 public:
  HonestWorld(SimWorld& world, const WorldPlan& plan, TrialRandom& random);
  ~HonestWorld() override;

  // Nodes begin to come and go, and to dial the victim.
  void begin(conn::NetAddress victim);

  std::vector<conn::HostAddress> seeds() const;
  bool has(const conn::IpAddress& ip) const { return at_.contains(ip); }
  // Of a node that can be dialled, when it is online.
  conn::NetAddress some_reachable();
  std::size_t reachable() const { return reachable_.size(); }
  std::size_t online() const;

  // The attacker is there: a share of what honest nodes answer, and of what seeds serve, are
  // addresses that `draw` gives.
  using Draw = std::function<conn::NetAddress()>;
  void contaminate(double share, double seed_share, Draw draw);

  // It goes offline for `span`.
  void take_down(const conn::IpAddress& ip, conn::Duration span);

  // Addresses that the victim has sent to nodes that asked: in all, and those for which `counts`
  // holds.
  struct Told {
    std::size_t all = 0;
    std::size_t counted = 0;
  };
  const Told& told() const { return told_; }
  void count_told(std::function<bool(const conn::IpAddress&)> counts);

 private:
  struct Node {
    KeyPtr key;
    conn::NetAddress address;
    bool reachable = false;
    bool seed = false;
    bool online = false;
    bool held_down = false;
    std::uint64_t session = 0;  // which one it is
    std::unique_ptr<conn::Listener> listener;
    std::vector<std::shared_ptr<Puppet>> puppets;
  };
  void settle(std::size_t index, const conn::IpAddress& ip);
  void move(std::size_t index);
  void go_online(std::size_t index);
  void go_offline(std::size_t index);
  void end_session(std::size_t index);
  void visit_victim();
  void on_arrival(std::size_t index, std::unique_ptr<conn::Arrival> arrival);
  std::vector<conn::NetAddress> sample(double share);
  conn::IpAddress place(bool hosted);

  void on_ready(Puppet& puppet) override;
  void on_request(Puppet& puppet) override;
  void on_list(Puppet& puppet, conn::ByteView bytes) override;
  void on_end(Puppet& puppet) override;

  SimWorld& world_;
  const WorldPlan plan_;
  TrialRandom& random_;
  SimHost* host_ = nullptr;
  std::vector<Node> nodes_;  // the seeds are the last
  std::vector<std::size_t> reachable_;
  std::map<conn::IpAddress, std::size_t> at_;
  std::vector<conn::IpAddress> spare_;  // where nodes that move go
  std::uint64_t keys_ = 0;
  conn::NetAddress victim_;
  double share_ = 0;
  double seed_share_ = 0;
  Draw draw_;
  std::function<bool(const conn::IpAddress&)> counts_;
  Told told_;
};

}  // namespace peerage::sim::eclipse
