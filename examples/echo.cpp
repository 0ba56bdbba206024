// A node that greets those that it dials, and sends back what those that dial it say.
#include <iostream>

#include "pex/node.h"
#include "stop_signals.h"

using namespace peerage;

struct Echo : p2p::Reactor {
  static constexpr conn::ChannelId kChannel{0x70};
  std::string name() const override { return "echo"; }
  std::vector<p2p::ReactorChannel> channels() const override { return {{.id = kChannel}}; }
  void add_peer(const p2p::PeerPtr& peer) override {
    if (peer->dialled()) peer->send(kChannel, conn::Bytes{'h', 'e', 'l', 'l', 'o'});
  }
  void receive(const p2p::PeerPtr& peer, p2p::Message message) override {
    std::cout << peer->id().to_string() << (peer->dialled() ? " echoes " : " says ")
              << conn::printable(conn::as_text(message.bytes)) << std::endl;
    if (!peer->dialled()) peer->send(kChannel, std::move(message.bytes));
  }
};

int main(int argc, char** argv) {
  const StopSignals signals;
  const auto peers = conn::parse_host_addresses(argc > 2 ? argv[2] : "");
  if (argc > 3 || !peers) return std::cerr << "usage: echo [IP:PORT [ID@HOST:PORT,...]]\n", 2;
  pex::NodeConfig config;
  config.networks = {"echo"};
  config.listen = argc > 1 ? argv[1] : "127.0.0.1:0";
  config.persistent_peers = *peers;
  config.pex = false;
  config.connections.p2p.allow_duplicate_ip = true;  // for several nodes on this machine
  const auto node = pex::Node::create(config, conn::NodeKey::generate());
  if (!node) return std::cerr << "echo: " << node.error().text() << '\n', 2;
  (*node)->add_reactor(std::make_shared<Echo>());
  const auto up = (*node)->start();
  if (!up) return std::cerr << "echo: " << up.error().text() << '\n', 1;
  std::cout << "listening " << (*node)->listen_address().to_string() << std::endl;
  signals.wait();
}
