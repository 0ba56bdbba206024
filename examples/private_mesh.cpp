// A private network that stays whole: nodes at 127.0.1.1, 127.0.2.1 and so on, each of which has
// all others as persistent peers. One is killed and started again, and all find it.
//
//   private_mesh [--nodes N]
//
// It ends by itself: with 0 if the mesh has healed, with 1 if not.
#include <charconv>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "conn/runtime/asio_runtime.h"
#include "p2p/switch.h"
#include "stop_signals.h"

namespace {

using namespace peerage;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Peers must have a channel in common; that of an application would be here.
class Quiet : public p2p::Reactor {
 public:
  std::string name() const override { return "quiet"; }
  std::vector<p2p::ReactorChannel> channels() const override {
    return {{.id = conn::ChannelId{0x70}}};
  }
  void receive(const p2p::PeerPtr&, p2p::Message) override {}
};

// A node that can die. What it needs to come back as the same node is kept: key and address.
class MeshNode {
 public:
  explicit MeshNode(std::uint8_t number) : number_(number) {}

  conn::Result<void> start(const std::vector<conn::HostAddress>& others) {
    // A runtime of its own makes it independent of the others, as a process would be.
    runtime_ = std::make_unique<conn::AsioRuntime>(1);
    p2p::SwitchConfig config;
    config.networks = {"private-mesh"};
    config.moniker = "node " + std::to_string(number_);
    config.p2p.laddr = "127.0." + std::to_string(number_) + ".1:" + std::to_string(port_);
    config.p2p.persistent_peers = others;
    // On loopback all of them come from 127.0.0.1.
    config.p2p.allow_duplicate_ip = true;
    node_ = std::make_unique<p2p::Switch>(*runtime_, key(), config);
    node_->add_reactor(std::make_shared<Quiet>());
    auto started = node_->start_and_wait();
    if (started) port_ = node_->listen_endpoint().port;
    return started;
  }
  // As a crash: no peer is notified, its sockets are just gone.
  void kill() {
    runtime_->stop();
    node_.reset();
    runtime_.reset();
  }

  bool runs() const { return node_ != nullptr; }
  std::size_t peers() const { return node_->peers().size(); }
  conn::HostAddress address() const {
    return {key().id(), "127.0." + std::to_string(number_) + ".1", port_};
  }
  void add_persistent_peer(const conn::HostAddress& peer) { node_->add_persistent_peer(peer); }

 private:
  // The same each time; a real node keeps a random one, see NodeKey::load_or_create.
  conn::NodeKey key() const {
    return conn::NodeKey::from_seed(conn::Secret<32>(conn::ByteArray<32>{number_}));
  }

  std::uint8_t number_;
  std::uint16_t port_ = 0;
  std::unique_ptr<conn::AsioRuntime> runtime_;
  std::unique_ptr<p2p::Switch> node_;  // last: it goes before its runtime
};

class Mesh {
 public:
  Mesh(std::uint8_t size, const StopSignals& signals) : signals_(signals) {
    for (std::uint8_t i = 1; i <= size; ++i) nodes_.emplace_back(i);
  }

  // The whole story. False as soon as something does not come true.
  bool run() {
    for (MeshNode& node : nodes_) {
      if (!start(node, {})) return false;
    }
    // A node passes over itself in such a list, so all can have the same. When two dial each other
    // at once, as here, it takes 2 s until they know which of the two connections stays.
    for (MeshNode& node : nodes_) {
      for (const MeshNode& other : nodes_) node.add_persistent_peer(other.address());
    }
    const std::size_t others = nodes_.size() - 1;
    if (!until(others, "every node is connected with every other")) return false;

    MeshNode& victim = nodes_.back();
    std::cout << "the last node is killed\n";
    victim.kill();
    if (!until(others - 1, "the others have noticed")) return false;
    std::cout << "it stays away for 2 s, in which they dial it in vain\n";
    if (signals_.wait_for(2s)) return false;

    std::cout << "it is started again\n";
    std::vector<conn::HostAddress> all;
    for (const MeshNode& node : nodes_) all.push_back(node.address());
    return start(victim, all) && until(others, "the mesh has healed");
  }

 private:
  static bool start(MeshNode& node, const std::vector<conn::HostAddress>& others) {
    const auto started = node.start(others);
    if (started) {
      std::cout << node.address().to_string() << " has started\n";
    } else {
      std::cerr << "private_mesh: " << started.error().text() << '\n';
    }
    return started.has_value();
  }
  // Waits until every node that runs has this many peers.
  bool until(std::size_t peers, const std::string& what) {
    const auto begun = Clock::now();
    const auto done = [&] {
      for (const MeshNode& node : nodes_) {
        if (node.runs() && node.peers() != peers) return false;
      }
      return true;
    };
    while (!done()) {
      if (signals_.wait_for(5ms)) return false;
      if (Clock::now() - begun > 60s) {
        std::cout << "not within a minute: " << what << '\n';
        return false;
      }
    }
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
    std::cout << what << " (" << took.count() << " ms)" << std::endl;
    return true;
  }

  const StopSignals& signals_;
  std::vector<MeshNode> nodes_;
};

std::optional<std::uint8_t> parse(int argc, char** argv) {
  if (argc == 1) return 4;
  const std::string value = argc == 3 && std::string(argv[1]) == "--nodes" ? argv[2] : "";
  std::uint8_t nodes = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), nodes);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return nodes < 2 || nodes > 50 ? std::nullopt : std::optional(nodes);
}

}  // namespace

int main(int argc, char** argv) {
  const auto nodes = parse(argc, argv);
  if (!nodes) {
    std::cerr << "usage: private_mesh [--nodes N]      N from 2 to 50\n";
    return 2;
  }
  const StopSignals signals;
  return Mesh(*nodes, signals).run() ? 0 : 1;
}
