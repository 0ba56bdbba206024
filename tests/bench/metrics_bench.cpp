// What a scrape of a node with many peers costs: on the control shard, which peers wait for, and on
// the thread that asks. Medians; the limits for the control shard are 5 ms with 1 000 peers and 50
// ms with 10 000.
//
//   metrics_bench [PEERS...]     1000 and 10000 unless it is told
//
// The peers are whole nodes on the simulated network, on this thread; each has sent and got a
// message. The book has an address for each peer, and there are as many bans. The figures of the
// control shard are collected in the worst case: the book is walked through each time.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "pex/metrics.h"
#include "pex/metrics/collector.h"
#include "pex/node.h"
#include "tests/sim/sim_world.h"
#include "tests/support/sim_node.h"

namespace {

using namespace peerage;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kScrapes = 31;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// In milliseconds.
template <typename Work>
double time_of(const Work& work) {
  const auto began = Clock::now();
  work();
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

void expect(bool so, const char* what) {
  if (so) return;
  std::fprintf(stderr, "metrics_bench: %s\n", what);
  std::exit(1);
}

// In a /16 of its own.
conn::IpAddress numbered_ip(std::uint8_t net, std::size_t number) {
  return conn::IpAddress::v4(static_cast<std::uint8_t>(net + (number >> 8)),
                             static_cast<std::uint8_t>(number), 3, 1);
}

class Hub {
 public:
  explicit Hub(std::size_t peers) : host_(world_.add_host({conn::IpAddress::v4(11, 1, 3, 1)}, 1)) {
    pex::NodeConfig config;
    config.networks = {"test-chain"};
    config.listen = "0.0.0.0:26656";
    config.connections.p2p.max_num_inbound_peers = static_cast<std::uint32_t>(peers);
    config.connections.p2p.max_num_outbound_peers = 0;
    auto made = pex::Node::create(host_, config, test::numbered_key(1));
    expect(made.has_value(), "no node");
    node_ = std::move(*made);
    recorder_ = std::make_shared<test::RecordingReactor>();
    node_->add_reactor(recorder_);
    bool started = false;
    node_->start([&](const conn::Result<void>& outcome) { started = outcome.has_value(); });
    expect(world_.run_until([&] { return started; }, 10s), "it did not start");
    for (std::size_t i = 0; i < peers; ++i) connect(i);
    expect(world_.run_until([&] { return connected() == peers; }, 1h), "not all are connected");
    node_->get_switch().broadcast(test::kEcho, conn::Bytes(100));
    fill_book(peers);
    collector_ = std::make_shared<pex::FigureCollector>(pex::FigureCollector::Sources{
        node_->runtime(), node_->get_switch(), {std::shared_ptr<void>(), node_->books()}, [] {
          return pex::ExchangeCounts{};
        }});
    world_.run_for(10s);
  }

  std::size_t connected() const { return node_->get_switch().snapshot()->peers.size(); }

  void measure() {
    std::vector<double> text, control;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < kScrapes; ++i) {
      // Long enough for all books to be walked through again.
      world_.run_for(pex::FigureCollector::kWalkPause + 1s);
      text.push_back(time_of([&] { bytes = pex::metrics_text(*node_).size(); }));
      bool listed = false;
      control.push_back(time_of([&] {
        collector_->collect();
        node_->get_switch().list_bans([&](const auto&) { listed = true; });
        world_.run_until([&] { return listed; }, 1s);
      }));
      expect(listed, "no bans were listed");
    }
    std::printf("%6zu peers: control shard %7.3f ms, asking thread %7.2f ms, %zu bytes\n",
                connected(), median(control), median(text), bytes);
  }

 private:
  void connect(std::size_t number) {
    const std::size_t key = 1'000 + number;
    sim::SimHost& host = world_.add_host({numbered_ip(20, number)}, 1);
    guests_.push_back(std::make_unique<test::SimNode>(host, static_cast<std::uint32_t>(key)));
    test::SimNode& guest = *guests_.back();
    guest.keep_events = false;
    guest.start();
    guest.node->dial({node_->id(), host_.address().to_string(), 26656});
    // As fast as one node takes them in.
    if (number % 20 == 19) world_.run_for(1s);
  }
  void fill_book(std::size_t addresses) {
    addrbook::AddressBook& book = node_->books()->first();
    for (std::size_t i = 0; i < addresses; ++i) {
      const conn::IpAddress ip = numbered_ip(100, i);
      book.add({test::numbered_key(static_cast<std::uint32_t>(100'000 + i)).id(), {ip, 26656}},
               {ip, {}, addrbook::Origin::configuration}, node_->books()->now());
      node_->get_switch().ban(conn::Cidr(numbered_ip(160, i)), 24h, "a bench");
    }
  }

  sim::SimWorld world_{5};
  sim::SimHost& host_;
  std::shared_ptr<test::RecordingReactor> recorder_;
  std::vector<std::unique_ptr<test::SimNode>> guests_;
  std::unique_ptr<pex::Node> node_;
  std::shared_ptr<pex::FigureCollector> collector_;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::size_t> sizes = {1'000, 10'000};
  if (argc > 1) sizes.clear();
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoul(argv[i], nullptr, 10));
  for (const std::size_t peers : sizes) Hub(peers).measure();
  return 0;
}
