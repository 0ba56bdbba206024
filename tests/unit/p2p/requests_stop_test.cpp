// The stop of a switch whose reactor asks and is asked, forced into every step: each request ends
// exactly once, before the reactor's stop, and nothing is called afterwards.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/requests.h"
#include "tests/support/effort.h"
#include "tests/support/sim_node.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::IpAddress;
using test::kEcho;
using test::node_config;
using test::RecordingReactor;
using test::SimNode;
using namespace std::chrono_literals;

// Asks each peer three questions again and again: one is answered at once, one late, one never.
// Messages are {is it an answer, key}.
class Asker final : public RecordingReactor {
 public:
  std::size_t asked = 0, ended = 0, after_stop = 0;

  void start(ReactorContext& context) override {
    RecordingReactor::start(context);
    requests_ = std::make_unique<Asking>(context);
    tick();
  }
  void stop() override {
    RecordingReactor::stop();
    EXPECT_EQ(requests_->open(), 0u);
  }
  void add_peer(const PeerPtr& peer) override {
    RecordingReactor::add_peer(peer);
    for (std::uint8_t key = 0; key < 3; ++key) ask(peer, key);
  }
  void receive(const PeerPtr& peer, Message message) override {
    const std::uint8_t key = message.bytes.at(1);
    const bool is_answer = message.bytes.at(0) != 0;
    RecordingReactor::receive(peer, std::move(message));
    if (is_answer) {
      (void)requests_->answer(peer, key, std::uint8_t{key});
    } else if (key == 0) {
      answer(peer, key);
    } else if (key == 1) {
      late_.push_back(context().after(8ms, [peer] { answer(peer, 1); }));
    }
  }
  void remove_peer(const PeerPtr& peer, const conn::Failure& why) override {
    requests_->peer_gone(peer, why);
    ask(peer, 3);  // too late: it is refused, and never called back
    RecordingReactor::remove_peer(peer, why);
  }

 private:
  using Asking = Requests<std::uint8_t, std::uint8_t>;

  // A task that posts itself again.
  void tick() {
    if (stopped()) ++after_stop;
    late_.push_back(context().after(3ms, [this] { context().post([this] { tick(); }); }));
  }
  void ask(const PeerPtr& peer, std::uint8_t key) {
    const auto question = std::make_shared<const Bytes>(Bytes{0, key});
    const auto done = [this, peer, key](const conn::Result<std::uint8_t>&) {
      ++ended;
      if (stopped()) ++after_stop;
      ask(peer, key);
    };
    if (requests_->ask(peer, kEcho, question, key, 5ms + 3ms * key, done) == Asked::asked) ++asked;
  }
  static void answer(const PeerPtr& peer, std::uint8_t key) {
    (void)peer->try_send(kEcho, std::make_shared<const Bytes>(Bytes{1, key}));
  }

  std::unique_ptr<Asking> requests_;
  std::vector<std::shared_ptr<void>> late_;
};

class Stopping {
 public:
  bool run(std::size_t steps) {
    target_.start();
    source_.start();
    world_.run_for(1ms);
    source_.node->dial(target_.address());
    const conn::TimePoint end = world_.now() + 80ms;
    for (std::size_t i = 0; i < steps; ++i) {
      if (world_.now() >= end || !world_.step()) return false;
    }
    target_.stop();
    EXPECT_TRUE(world_.run_until([this] { return target_.stopped; }, 1min));
    const Asker& asker = *asker_;
    EXPECT_EQ(asker.ended, asker.asked);
    const std::size_t calls = asker.received() + asker.removes() + asker.ended;
    world_.run_for(10s);
    EXPECT_EQ(asker.received() + asker.removes() + asker.ended, calls);
    EXPECT_EQ(asker.after_stop, 0u);
    EXPECT_EQ(asker.removes(), asker.inits());
    EXPECT_EQ(asker.breaches(), std::vector<std::string>());
    return true;
  }
  std::size_t asked() const { return asker_->asked; }

 private:
  sim::SimWorld world_{1};
  std::shared_ptr<Asker> asker_ = std::make_shared<Asker>();
  SimNode target_{world_.add_host({IpAddress::v4(51, 1, 0, 1)}), 1, node_config(), asker_};
  SimNode source_{world_.add_host({IpAddress::v4(52, 1, 0, 1)}), 2, node_config(),
                  std::make_shared<Asker>()};
};

TEST(RequestsStop, AtAnyStepEachRequestHasEndedOnceAndNothingIsCalledAfterwards) {
  const auto stride = test::by_effort<std::size_t>({.whole = 1, .usual = 5, .sanitized = 23});
  std::size_t most_asked = 0, at = 0;
  for (;; at += stride) {
    SCOPED_TRACE("step " + std::to_string(at));
    Stopping stopping;
    if (!stopping.run(at) || HasFailure()) break;
    most_asked = std::max(most_asked, stopping.asked());
  }
  EXPECT_GT(at, 100u);
  EXPECT_GT(most_asked, 10u) << "nothing was under way";
}

}  // namespace
}  // namespace peerage::p2p
