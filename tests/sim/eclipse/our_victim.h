// Our node as the victim, with a reactor that takes gossip from every peer, so that peers are of
// use.
//
// Its book is in memory while it runs, and in a file from the stop on: a store that commits each
// second for thirty days would be most of a trial's cost, the file matters at a restart alone, and
// a trial goes on in several processes, none of which may have it open. A node that is made anew
// reads that file, and writes to it all the time.
//
// Threads: the world's one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "pex/node.h"
#include "tests/sim/eclipse/victim.h"
#include "tests/sim/sim_world.h"

namespace peerage::sim::eclipse {

class OurVictim final : public Victim {
 public:
  struct Plan {
    pex::NodeConfig node;
    // Whether it may remember at its start which outbound peers it had.
    enum class Anchors : std::uint8_t { forgotten, kept } anchors = Anchors::kept;
  };
  // The settings that every kind of victim has.
  static Plan default_plan();

  // The host outlives it; `file` is replaced at the stop.
  OurVictim(SimHost& host, Plan plan, std::filesystem::path file);
  ~OurVictim() override;

  void start() override;
  void stop() override;
  bool stopped() const override { return stopped_; }
  void make_anew() override;

  conn::NetAddress address() const override;
  std::vector<Outbound> outbound() const override;
  std::size_t outbound_slots() const override {
    return plan_.node.connections.p2p.max_num_outbound_peers;
  }
  std::vector<conn::IpAddress> inbound() const override;
  void for_each_known(const Visit& visit) const override;
  bool knows(const conn::NetAddress& address) const override;
  std::uint64_t dials() const override { return dials_; }

  const addrbook::AddressBook& book() const { return books().first(); }
  bool started() const { return started_; }

 private:
  void make();
  void on_event(const p2p::SwitchEvent& event);
  void save();
  pex::NetworkBooks& books() const { return *node_->books(); }

  SimHost& host_;
  Plan plan_;
  std::filesystem::path file_;
  std::map<p2p::LinkId, Outbound> outbound_;
  std::uint64_t dials_ = 0;
  bool started_ = false;
  bool stopped_ = false;
  std::unique_ptr<pex::Node> node_;  // destroyed first
};

}  // namespace peerage::sim::eclipse
