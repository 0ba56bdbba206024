// Our node as the victim: a switch, its books and a PEX reactor, as `peerage start` puts them
// together, and a reactor that takes gossip from every peer, so that peers are of use.
//
// Its book is in memory while it runs, and in a SQLite file from the stop on: a store that commits
// each second for thirty days would be most of a trial's cost, and the file matters at a restart
// alone. A node that is made anew reads that file, and writes to it all the time.
//
// Threads: the world's one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "pex/pex_reactor.h"
#include "tests/sim/eclipse/victim.h"
#include "tests/sim/sim_world.h"

namespace peerage::sim::eclipse {

class OurVictim final : public Victim {
 public:
  struct Plan {
    p2p::SwitchConfig node;
    pex::PexConfig pex;
    addrbook::BookConfig book;
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
  std::size_t outbound_slots() const override { return plan_.node.p2p.max_num_outbound_peers; }
  std::vector<conn::IpAddress> inbound() const override;
  void for_each_known(const Visit& visit) const override;
  bool knows(const conn::NetAddress& address) const override;
  std::uint64_t dials() const override { return dials_; }

  const addrbook::AddressBook& book() const { return books_->first(); }
  bool started() const { return started_; }

 private:
  void make();
  void on_event(const p2p::SwitchEvent& event);
  void save();

  SimHost& host_;
  Plan plan_;
  std::filesystem::path file_;
  std::shared_ptr<pex::NetworkBooks> books_;
  std::shared_ptr<pex::PexReactor> pex_;
  std::map<p2p::LinkId, Outbound> outbound_;
  std::uint64_t dials_ = 0;
  bool from_file_ = false;
  bool started_ = false;
  bool stopped_ = false;
  std::unique_ptr<p2p::Switch> node_;  // destroyed first
};

}  // namespace peerage::sim::eclipse
