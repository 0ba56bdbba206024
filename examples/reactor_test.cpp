// How to test a reactor: two nodes on the simulated network, in virtual time. Nothing here sleeps,
// opens a socket or starts a thread, and every run is the same; an hour takes as long as what
// happens in it.
//
// Link peerage::sim (set PEERAGE_BUILD_SIM before add_subdirectory or FetchContent) with any test
// framework; this program uses none.
#include <iostream>
#include <map>

#include "p2p/base/peer_reason.h"
#include "p2p/requests.h"
#include "p2p/typed.h"
#include "tests/sim/sim_world.h"

namespace {

using namespace peerage;
using namespace std::chrono_literals;

// --- the reactor under test: it asks peers for blocks, and gives those that it has ---

// Stands for a generated protobuf class, which has these three functions.
struct BlockMessage {
  std::uint8_t height = 0;
  std::string block;  // empty: a question

  std::size_t ByteSizeLong() const { return 1 + block.size(); }
  bool SerializeToArray(void* out, int) const {
    auto* bytes = static_cast<std::uint8_t*>(out);
    *bytes = height;
    std::copy(block.begin(), block.end(), bytes + 1);
    return true;
  }
  bool ParseFromArray(const void* in, int size) {
    if (size < 1) return false;
    const auto* bytes = static_cast<const std::uint8_t*>(in);
    height = bytes[0];
    block.assign(bytes + 1, bytes + size);
    return height > 0;  // there is no block of height 0
  }
};

class BlockReactor : public p2p::TypedReactor<BlockMessage> {
 public:
  static constexpr conn::ChannelId kChannel{0x40};

  std::string name() const override { return "blocks"; }
  std::vector<p2p::ReactorChannel> channels() const override {
    return {{.id = kChannel, .max_message_bytes = 1000}};
  }
  void on_start() override { requests_.emplace(context()); }

  // In a call of the reactor. `done` gets the block, or why there is none within 5 s.
  void fetch(const p2p::PeerPtr& peer, std::uint8_t height,
             std::function<void(conn::Result<BlockMessage>)> done) {
    requests_->ask(peer, kChannel, p2p::encode(BlockMessage{height, ""}), height, 5s,
                   std::move(done));
  }

  void receive(const p2p::PeerPtr& peer, BlockMessage message, conn::ChannelId) override {
    if (!message.block.empty()) {
      const bool asked = requests_->answer(peer, message.height, std::move(message));
      if (!asked) ++unsolicited;
    } else if (const auto known = blocks.find(message.height); known != blocks.end()) {
      p2p::send(*peer, kChannel, BlockMessage{message.height, known->second});
    }
  }
  void remove_peer(const p2p::PeerPtr& peer, const conn::Failure& why) override {
    requests_->peer_gone(peer, why);
    last_end = why.reason;
  }

  std::map<std::uint8_t, std::string> blocks;
  std::size_t unsolicited = 0;
  std::optional<conn::Reason> last_end;

 private:
  std::optional<p2p::Requests<std::uint8_t, BlockMessage>> requests_;
};

// --- the test ---

struct Node {
  Node(sim::SimHost& machine, std::uint8_t number)
      : host(machine), node(machine, key(number), config()) {
    node.add_reactor(reactor);
    node.start();
  }
  static conn::NodeKey key(std::uint8_t number) {
    conn::ByteArray<32> seed{number};
    return conn::NodeKey::from_seed(conn::Secret<32>(seed));
  }
  static p2p::SwitchConfig config() {
    p2p::SwitchConfig config;
    config.networks = {"test"};
    return config;
  }
  conn::HostAddress address() const { return {node.id(), host.address().to_string(), 26656}; }

  sim::SimHost& host;
  std::shared_ptr<BlockReactor> reactor = std::make_shared<BlockReactor>();
  p2p::Switch node;
};

// Two nodes that are connected, new for each test.
struct TwoNodes {
  sim::SimWorld world;
  Node a{world.add_host({conn::IpAddress::v4(10, 1, 0, 1)}), 1};
  Node b{world.add_host({conn::IpAddress::v4(10, 2, 0, 1)}), 2};
  std::optional<conn::Result<BlockMessage>> outcome;

  TwoNodes() {
    world.run_for(1ms);  // both have started
    a.node.dial(b.address());
    until([this] { return b_at_a() && b.node.find_peer(a.node.id()); });
  }
  // What is stopped has released everything: no leak checker complains.
  ~TwoNodes() {
    a.node.stop();
    b.node.stop();
    world.run_for(p2p::kStopTimeout);
  }
  p2p::PeerPtr b_at_a() { return a.node.find_peer(b.node.id()); }
  // The world is one thread, so a test may call a reactor between events.
  void fetch(std::uint8_t height) {
    a.reactor->fetch(b_at_a(), height, [this](auto result) { outcome = std::move(result); });
  }
  bool until(const std::function<bool()>& done) { return world.run_until(done, 1min); }
};

int failures = 0;
void expect(bool holds, const std::string& what) {
  std::cout << (holds ? "ok      " : "FAILED  ") << what << '\n';
  if (!holds) ++failures;
}

void a_block_is_fetched_from_a_peer_that_has_it() {
  TwoNodes test;
  test.b.reactor->blocks[7] = "seven";
  test.fetch(7);
  test.until([&] { return test.outcome.has_value(); });
  expect(test.outcome && *test.outcome && (*test.outcome)->block == "seven",
         "a block is fetched from a peer that has it");
}

void without_an_answer_the_fetch_fails_after_exactly_5_s() {
  TwoNodes test;
  const conn::TimePoint asked = test.world.now();
  test.fetch(8);
  test.until([&] { return test.outcome.has_value(); });
  expect(test.outcome && !*test.outcome &&
             test.outcome->error().reason == p2p::PeerReason::answer_timed_out &&
             test.world.now() == asked + 5s,
         "without an answer the fetch fails after exactly 5 s");
}

void an_answer_that_comes_after_that_is_unsolicited() {
  TwoNodes test;
  test.b.reactor->blocks[7] = "seven";
  // From now on nothing arrives, silently; 6 s later the network works again.
  test.world.black_hole(test.a.host.address(), test.b.host.address());
  test.fetch(7);
  test.world.run_for(6s);
  test.world.heal(test.a.host.address(), test.b.host.address());
  test.until([&] { return test.a.reactor->unsolicited == 1; });
  expect(test.outcome && !*test.outcome && test.a.reactor->unsolicited == 1,
         "an answer that comes after that is unsolicited");
}

void when_the_peer_goes_the_fetch_fails_with_the_reason() {
  TwoNodes test;
  test.fetch(8);
  test.b.node.stop();
  test.until([&] { return test.outcome.has_value(); });
  expect(test.outcome && !*test.outcome &&
             test.outcome->error().reason == conn::Reason::closed_by_remote,
         "when the peer goes, the fetch fails with the reason");
}

void a_peer_that_sends_garbage_is_disconnected() {
  TwoNodes test;
  test.b_at_a()->send(BlockReactor::kChannel, conn::Bytes{0, 'x'});
  test.until([&] { return test.b.reactor->last_end.has_value(); });
  expect(test.b.reactor->last_end == p2p::PeerReason::message_malformed,
         "a peer that sends garbage is disconnected");
}

}  // namespace

int main(int argc, char**) {
  if (argc != 1) {
    std::cerr << "usage: reactor_test\n";
    return 2;
  }
  a_block_is_fetched_from_a_peer_that_has_it();
  without_an_answer_the_fetch_fails_after_exactly_5_s();
  an_answer_that_comes_after_that_is_unsolicited();
  when_the_peer_goes_the_fetch_fails_with_the_reason();
  a_peer_that_sends_garbage_is_disconnected();
  return failures == 0 ? 0 : 1;
}
