// An engine is tested in virtual time, on a simulated network: no socket, no thread, no sleeping.
#include <iostream>

#include "pex/node.h"
#include "tests/sim/sim_world.h"

using namespace peerage;
constexpr conn::ChannelId kChannel{0x70};

struct Engine : p2p::Reactor {  // under test: it counts its peers
  int peers = 0;
  std::string name() const override { return "engine"; }
  std::vector<p2p::ReactorChannel> channels() const override { return {{.id = kChannel}}; }
  void add_peer(const p2p::PeerPtr&) override { ++peers; }
  void remove_peer(const p2p::PeerPtr&, const conn::Failure&) override { --peers; }
  void receive(const p2p::PeerPtr&, p2p::Message) override {}
};

int main() {
  sim::SimWorld world;
  const auto start = [&world](std::uint8_t number, std::vector<conn::HostAddress> peers) {
    pex::NodeConfig config;
    config.networks = {"my-chain"};
    config.persistent_peers = std::move(peers);
    auto& host = world.add_host({conn::IpAddress::v4(20, number, 1, 1)});
    auto node = pex::Node::create(host, config, conn::NodeKey::generate()).value();
    auto engine = std::make_shared<Engine>();
    node->add_reactor(engine);
    node->start(nullptr);
    return std::pair(std::move(node), engine);
  };
  const auto a = start(1, {});
  const auto b = start(2, {{a.first->id(), "20.1.1.1", 26656}});
  const bool met = world.run_until([&] { return a.second->peers == 1; }, std::chrono::seconds(3));
  world.black_hole(conn::IpAddress::v4(20, 1, 1, 1), conn::IpAddress::v4(20, 2, 1, 1));
  const bool parted =
      world.run_until([&] { return a.second->peers == 0; }, std::chrono::minutes(3));
  std::cout << (met && parted ? "ok" : "FAILED") << " nodes meet, and notice a dead line\n";
  return met && parted ? 0 : 1;
}
