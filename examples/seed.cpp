// A seed in one file: it crawls a network from the seeds that it is given, and tells others of
// those that it has met itself. What it learns is kept in a file.
#include <iostream>

#include "pex/node.h"
#include "stop_signals.h"

using namespace peerage;

int main(int argc, char** argv) {
  const auto seeds = conn::parse_host_addresses(argc == 5 ? argv[4] : "");
  if (argc < 4 || argc > 5 || !conn::Endpoint::parse(argv[2]) || !seeds) {
    std::cerr << "usage: seed NETWORK IP:PORT BOOK [ID@HOST:PORT,...]\n";
    return 2;
  }
  const StopSignals signals;
  pex::NodeConfig config;
  config.role = pex::Role::seed;
  config.networks = {argv[1]};
  config.listen = argv[2];
  config.book_file = argv[3];
  config.seeds = *seeds;
  // For several nodes on this machine: private and loopback addresses count, too.
  config.exchange.strict = conn::IpAddress::Strict::no;
  config.connections.p2p.allow_duplicate_ip = true;

  // A new identity each time; see NodeKey::load_or_create.
  const auto node = pex::Node::create(config, conn::NodeKey::generate());
  auto outcome = node.map([](const auto&) {});
  if (outcome) outcome = (*node)->start();
  if (outcome) {
    std::cout << "listening " << (*node)->listen_address().to_string() << std::endl;
    signals.wait();
    outcome = (*node)->stop();
  }
  if (outcome) return 0;
  std::cerr << "seed: " << outcome.error().text() << '\n';
  return 1;
}
