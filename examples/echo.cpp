// A whole node in one file. Nodes that dial it get their messages on channel 0x70 sent back; those
// that it dials it greets.
#include <csignal>
#include <iostream>

#include "conn/runtime/asio_runtime.h"
#include "p2p/switch.h"

using namespace peerage;

class Echo : public p2p::Reactor {
 public:
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
  p2p::SwitchConfig config;
  config.networks = {"echo"};
  config.p2p.laddr = "127.0.0.1:0";
  config.p2p.allow_duplicate_ip = true;  // for several nodes on this machine
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    if (const auto peer = conn::HostAddress::parse(value); name == "--dial" && peer) {
      config.p2p.persistent_peers.push_back(*peer);
    } else if (name == "--listen" && conn::Endpoint::parse(value)) {
      config.p2p.laddr = value;
    } else {
      std::cerr << "usage: echo [--listen IP:PORT] [--dial ID@HOST:PORT]...\n";
      return 2;
    }
  }
  sigset_t stop_signals;  // blocked before any thread starts: only sigwait takes them
  sigemptyset(&stop_signals);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&stop_signals, signal);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  conn::AsioRuntime runtime;
  conn::Secret<32> seed;  // a new identity each time; see NodeKey::load_or_create
  runtime.random(seed.writable());
  p2p::Switch node(runtime, conn::NodeKey::from_seed(seed), config);
  node.add_reactor(std::make_shared<Echo>());
  if (const auto started = node.start_and_wait(); !started) {
    std::cerr << "echo: " << started.error().text() << '\n';
    return 1;
  }
  std::cout << "listening " << node.listen_address().to_string() << std::endl;
  int signal = 0;
  sigwait(&stop_signals, &signal);
}
