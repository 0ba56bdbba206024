// A seed in one file: it crawls a network from the seeds that it is given, and tells others of
// those that it has met itself. What it learns is kept in a file.
#include <csignal>
#include <future>
#include <iostream>

#include "conn/runtime/asio_runtime.h"
#include "pex/pex_reactor.h"

using namespace peerage;

int main(int argc, char** argv) {
  const auto seeds = conn::parse_host_addresses(argc == 5 ? argv[4] : "");
  if (argc < 4 || argc > 5 || !conn::Endpoint::parse(argv[2]) || !seeds) {
    std::cerr << "usage: seed NETWORK IP:PORT BOOK [ID@HOST:PORT,...]\n";
    return 2;
  }
  p2p::SwitchConfig config;
  config.networks = {argv[1]};
  config.moniker = "seed";
  config.p2p.laddr = argv[2];
  config.p2p.addr_book_strict = false;   // private and loopback addresses count, too
  config.p2p.allow_duplicate_ip = true;  // for several nodes on this machine
  auto pex_config = pex::PexConfig::seed();
  pex_config.seeds = *seeds;

  sigset_t stop_signals;  // blocked before any thread starts: only sigwait takes them
  sigemptyset(&stop_signals);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&stop_signals, signal);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  conn::AsioRuntime runtime(1);
  conn::Secret<32> secret;  // a new identity each time; see NodeKey::load_or_create
  runtime.random(secret.writable());
  auto key = conn::NodeKey::from_seed(secret);

  auto books = std::make_shared<pex::NetworkBooks>(
      runtime, key.id(),
      pex::NetworkBooks::Settings{.file = argv[3],
                                  .networks = config.networks,
                                  .book = pex::book_config(config.p2p, pex_config)});
  auto pex = std::make_shared<pex::PexReactor>(runtime, books, pex_config);
  pex::prepare(config, pex_config);
  p2p::Switch node(runtime, std::move(key), config);
  pex::PexReactor::attach(node, pex);

  // The book lives on the control shard, as all that keeps it does.
  std::promise<conn::Result<void>> opened;
  runtime.shard(0).post(
      [&] { books->open([&](auto book) { opened.set_value(book.map([](const auto&) {})); }); });
  auto outcome = opened.get_future().get();
  if (outcome) outcome = node.start_and_wait();
  if (outcome) {
    std::cout << "listening " << node.listen_address().to_string() << std::endl;
    int signal = 0;
    sigwait(&stop_signals, &signal);
  }
  // Also when it could not start: what is being written to the book comes to its end.
  node.stop_and_wait();
  std::promise<conn::Result<void>> closed;
  runtime.shard(0).post([&] { books->close([&](auto saved) { closed.set_value(saved); }); });
  const auto saved = closed.get_future().get();
  runtime.stop();  // the book goes when nothing runs that may use it
  if (outcome) outcome = saved;
  if (!outcome) return std::cerr << "seed: " << outcome.error().text() << '\n', 1;
}
