// A node of ours in a scenario: the Switch, the address book and the PEX reactor that run in
// production, on a machine of the simulated internet.
//
// Threads: none of its own. The host outlives it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pex/node.h"
#include "tests/sim/scenario/member.h"

namespace peerage::sim {

conn::NodeKey numbered_key(std::uint32_t number);

class Node final : public Member {
 public:
  struct Plan {
    p2p::SwitchConfig node;
    pex::PexConfig pex;
    std::vector<std::string> networks = {"sim-1"};
    std::filesystem::path book;  // empty: in memory, and lost with every stop
  };
  // Pings are rare: most events of a day in virtual time would be pings.
  static Plan plan();
  static Plan seed_plan();

  // `number` names its key.
  Node(SimHost& host, std::uint32_t number, Plan plan);
  ~Node() override;

  // `down` again soon when its file cannot be opened, or it cannot listen.
  void start() override;
  void stop() override;
  void crash(Disk disk) override;

  const conn::NodeId& id() const override { return id_; }
  p2p::Switch& node() override { return node_->get_switch(); }
  std::size_t known_addresses() override { return book().size(); }
  addrbook::AddressBook& book() { return node_->books()->first(); }
  // Null when the book is in memory alone.
  const addrbook::Store::State* book_file() const {
    return node_ ? node_->books()->file_state() : nullptr;
  }

 private:
  void make();
  Plan plan_;
  std::uint32_t number_;
  conn::NodeId id_;
  std::unique_ptr<pex::Node> node_;
};

}  // namespace peerage::sim
