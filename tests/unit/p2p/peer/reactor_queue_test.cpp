#include "p2p/peer/reactor_queue.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/peer/inbox.h"
#include "tests/support/linked_connections.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::Bytes;
using conn::Failure;
using conn::Reason;
using conn::Stage;

constexpr conn::ChannelId kChannel{0x30};
const Failure kGone{Stage::established, Reason::closed_by_remote, "it went"};

// Notes its calls, and throws where it is asked to.
struct Recorder final : Reactor {
  std::string name() const override { return "recorder"; }
  std::vector<ReactorChannel> channels() const override { return {{.id = kChannel}}; }
  void init_peer(const PeerPtr& peer) override { note("init", peer); }
  void add_peer(const PeerPtr& peer) override { note("add", peer); }
  void receive(const PeerPtr& peer, Message message) override {
    if (keep) kept.push_back(std::move(message.lease));
    note(std::string(conn::as_text(message.bytes)), peer);
  }
  void remove_peer(const PeerPtr& peer, const Failure& why) override {
    removed_for = why;
    note("remove", peer);
  }

  void note(const std::string& call, const PeerPtr& peer) {
    ASSERT_TRUE(peer);
    calls.push_back(call);
    if (on_call) on_call(call);
  }
  using Calls = std::vector<std::string>;
  Calls calls;
  Failure removed_for;
  std::function<void(const std::string&)> on_call;
  bool keep = false;
  std::vector<Lease> kept;
};

// A peer over a simulated connection, and queues from it to a reactor.
struct QueueFixture {
  explicit QueueFixture(Delivery delivery) {
    entry->reactor = reactor;
    entry->name = "recorder";
    entry->delivery = delivery;
    if (delivery == Delivery::executor) entry->executor = here.make_executor();
  }

  PeerPtr make_peer() {
    auto streams = test::connect_streams(world, here, there);
    auto sessions = test::make_sessions(test::key_from(1), test::key_from(2));
    const auto connection =
        conn::Connection::create(here.shard(0), std::move(streams.first), std::move(sessions.first),
                                 {{.id = kChannel}}, conn::ConnectionConfig{}, budget, {});
    return std::make_shared<Peer>(Peer::Description{}, here, here.shard(0), connection, inbox);
  }
  std::shared_ptr<ReactorQueue> make_queue(PeerPtr for_peer) {
    return std::make_shared<ReactorQueue>(
        entry, std::move(for_peer), [this](const std::string& what) { failures.push_back(what); });
  }
  Message message(const std::string& text) {
    Message made{kChannel, {text.begin(), text.end()}, {}};
    (void)inbox->charge(0, text.size(), made.lease);
    return made;
  }
  void run() { world.run_for(1s); }

  sim::SimWorld world{3};
  sim::SimHost& here = world.add_host({conn::IpAddress::v4(10, 0, 0, 1)});
  sim::SimHost& there = world.add_host({conn::IpAddress::v4(10, 1, 0, 1)});
  conn::ReassemblyBudget budget;
  std::shared_ptr<Inbox> inbox =
      std::make_shared<Inbox>(std::vector<ReactorChannel>{{.id = kChannel}}, std::size_t{1} << 30,
                              std::make_shared<InboxBudget>(std::size_t{1} << 30), [] {});
  std::shared_ptr<Recorder> reactor = std::make_shared<Recorder>();
  std::shared_ptr<ReactorEntry> entry = std::make_shared<ReactorEntry>();
  std::vector<std::string> failures;
};

using Calls = Recorder::Calls;

class ReactorQueueTest : public testing::TestWithParam<Delivery>, protected QueueFixture {
 protected:
  ReactorQueueTest() : QueueFixture(GetParam()) {}
  PeerPtr peer = make_peer();
  std::shared_ptr<ReactorQueue> queue = make_queue(peer);
};

INSTANTIATE_TEST_SUITE_P(Deliveries, ReactorQueueTest,
                         testing::Values(Delivery::executor, Delivery::in_line),
                         [](const auto& each) {
                           return each.param == Delivery::executor ? "OnAnExecutor" : "InLine";
                         });

TEST_P(ReactorQueueTest, AReactorHearsOfAPeerInOrder) {
  queue->init_and_add();
  for (const char* text : {"1", "2", "3"}) queue->deliver(message(text));
  queue->remove(kGone, ReactorQueue::Rest::deliver);
  run();
  EXPECT_EQ(reactor->calls, (Calls{"init", "add", "1", "2", "3", "remove"}));
  EXPECT_EQ(reactor->removed_for.reason, Reason::closed_by_remote);
  EXPECT_EQ(reactor->removed_for.detail, "it went");
  EXPECT_TRUE(failures.empty());
}

TEST_P(ReactorQueueTest, WithoutInitThereIsNothingElse) {
  queue->deliver(message("1"));
  queue->remove(kGone, ReactorQueue::Rest::deliver);
  run();
  EXPECT_TRUE(reactor->calls.empty());
  EXPECT_EQ(inbox->held_bytes(), 0u) << "the message is released";
}

TEST_P(ReactorQueueTest, RemoveIsTheLastCallAndComesOnce) {
  queue->init_and_add();
  queue->remove(kGone, ReactorQueue::Rest::deliver);
  queue->remove(kGone, ReactorQueue::Rest::discard);
  queue->deliver(message("late"));
  run();
  EXPECT_EQ(reactor->calls, (Calls{"init", "add", "remove"}));
  EXPECT_EQ(inbox->held_bytes(), 0u);
}

TEST_P(ReactorQueueTest, AMessageIsReleasedWhenTheReactorIsDoneWithItOrWhenItDropsIt) {
  queue->init_and_add();
  queue->deliver(message("1"));
  run();
  EXPECT_EQ(inbox->held_bytes(), 0u);
  reactor->keep = true;
  queue->deliver(message("2"));
  run();
  EXPECT_EQ(inbox->held_bytes(), 1 + kMessageOverhead);
  reactor->kept.clear();
  EXPECT_EQ(inbox->held_bytes(), 0u);
}

TEST_P(ReactorQueueTest, AMessageThatTheReactorTookIsNotedAndIsNoUse) {
  queue->init_and_add();
  run();
  EXPECT_EQ(peer->last_message(), std::nullopt);
  const auto before = world.now();
  queue->deliver(message("1"));
  run();
  ASSERT_TRUE(peer->last_message());
  EXPECT_GE(*peer->last_message(), before);
  EXPECT_EQ(peer->last_useful(), std::nullopt);
}

TEST_P(ReactorQueueTest, APeerIsUsefulWhenTheReactorSaysSo) {
  reactor->on_call = [this](const std::string& call) {
    if (call == "1") peer->mark_useful();
  };
  const auto before = world.now();
  queue->init_and_add();
  queue->deliver(message("1"));
  run();
  ASSERT_TRUE(peer->last_useful());
  EXPECT_GE(*peer->last_useful(), before);
}

TEST_P(ReactorQueueTest, AMessageThatTheReactorThrewAtIsNotNoted) {
  reactor->on_call = [](const std::string& call) {
    if (call == "1") throw std::runtime_error("no");
  };
  queue->init_and_add();
  queue->deliver(message("1"));
  run();
  EXPECT_EQ(peer->last_message(), std::nullopt);
}

TEST_P(ReactorQueueTest, AfterRemoveTheQueueKeepsNoPeer) {
  queue->init_and_add();
  run();
  const std::weak_ptr<Peer> weak = std::exchange(peer, nullptr);
  EXPECT_FALSE(weak.expired());
  queue->remove(kGone, ReactorQueue::Rest::deliver);
  run();
  EXPECT_TRUE(weak.expired());
}

// In each call, whatever its type, an exception is reported once, with the call and the reactor,
// and only remove follows.
TEST_P(ReactorQueueTest, AnExceptionIsReportedOnceAndFollowedByRemoveAlone) {
  struct Case {
    std::string where;
    std::string call;
    Calls expected;
  };
  const std::vector<Case> cases = {
      {"init", "init_peer", {"init", "remove"}},
      {"add", "add_peer", {"init", "add", "remove"}},
      {"1", "receive", {"init", "add", "1", "remove"}},
      {"2", "receive", {"init", "add", "1", "2", "remove"}},
      {"remove", "remove_peer", {"init", "add", "1", "2", "3", "remove"}}};
  const std::vector<std::pair<std::function<void()>, std::string>> thrown = {
      {[] { throw std::runtime_error("out of luck"); }, "out of luck"},
      {[] { throw std::runtime_error("line\nbreak"); }, "line\\x0abreak"},
      {[] { throw std::runtime_error(""); }, "an exception"},
      {[] { throw 42; }, "an exception of an unknown type"}};
  for (const Case& each_case : cases) {
    for (const auto& [raise, text] : thrown) {
      SCOPED_TRACE(each_case.where + " " + text);
      reactor->calls.clear();
      failures.clear();
      reactor->on_call = [&at = each_case.where, &act = raise](const std::string& call) {
        if (call == at) act();
      };
      const auto each = make_queue(peer);
      each->init_and_add();
      for (const char* message_text : {"1", "2", "3"}) each->deliver(message(message_text));
      run();
      each->remove(kGone, ReactorQueue::Rest::deliver);
      run();
      EXPECT_EQ(reactor->calls, each_case.expected);
      EXPECT_EQ(failures, Calls{"recorder: " + each_case.call + " failed: " + text});
      EXPECT_EQ(inbox->held_bytes(), 0u) << "what is not delivered is released";
    }
  }
}

TEST_P(ReactorQueueTest, AReactorThatThrowsInEveryCallIsReportedOnce) {
  reactor->on_call = [](const std::string&) { throw std::runtime_error("always"); };
  queue->init_and_add();
  queue->deliver(message("1"));
  queue->remove(kGone, ReactorQueue::Rest::deliver);
  run();
  EXPECT_EQ(reactor->calls, (Calls{"init", "remove"}));
  EXPECT_EQ(failures.size(), 1u);
}

TEST_P(ReactorQueueTest, OnePeersExceptionDoesNotTouchAnother) {
  reactor->on_call = [](const std::string& call) {
    if (call == "bad") throw std::runtime_error("bad");
  };
  const auto other = make_queue(peer);
  queue->init_and_add();
  other->init_and_add();
  queue->deliver(message("bad"));
  other->deliver(message("good"));
  queue->deliver(message("never"));
  other->deliver(message("better"));
  run();
  EXPECT_EQ(std::count(reactor->calls.begin(), reactor->calls.end(), "good"), 1);
  EXPECT_EQ(std::count(reactor->calls.begin(), reactor->calls.end(), "better"), 1);
  EXPECT_EQ(std::count(reactor->calls.begin(), reactor->calls.end(), "never"), 0);
}

// Any interleaving of what comes from the network with what the reactor gets done: everything comes
// once and in order, but what was to be discarded.
TEST_P(ReactorQueueTest, EveryCallComesOnceAndInOrderWhateverTheTiming) {
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    reactor->calls.clear();
    const auto each = make_queue(peer);
    Calls sent = {"init", "add"};
    const auto some_steps = [&] {
      for (auto steps = random() % 4; steps > 0; --steps) world.step();
    };
    each->init_and_add();
    some_steps();
    for (auto left = random() % 200; left > 0; --left) {
      sent.push_back(std::to_string(left));
      each->deliver(message(sent.back()));
      if (random() % 8 == 0) some_steps();
      if (random() % 50 == 0 && GetParam() == Delivery::executor) {
        // The next one takes its time.
        reactor->on_call = [&](const std::string&) {
          reactor->on_call = nullptr;
          here.block_executor(10ms);
        };
      }
    }
    const auto rest = random() % 2 == 0 ? ReactorQueue::Rest::deliver : ReactorQueue::Rest::discard;
    const std::size_t done = reactor->calls.size();
    each->remove(kGone, rest);
    run();
    reactor->on_call = nullptr;
    if (rest == ReactorQueue::Rest::discard) sent.resize(std::max<std::size_t>(done, 2));
    sent.push_back("remove");
    ASSERT_EQ(reactor->calls, sent);
    ASSERT_EQ(inbox->held_bytes(), 0u);
  }
}

struct ExecutorReactorQueueTest : testing::Test, QueueFixture {
  ExecutorReactorQueueTest() : QueueFixture(Delivery::executor) {}
  PeerPtr peer = make_peer();
  std::shared_ptr<ReactorQueue> queue = make_queue(peer);
};

TEST_F(ExecutorReactorQueueTest, NothingIsCalledOnTheNetworksThread) {
  reactor->on_call = [this](const std::string&) { EXPECT_TRUE(entry->executor->is_current()); };
  queue->init_and_add();
  queue->deliver(message("1"));
  EXPECT_TRUE(reactor->calls.empty());
  queue->remove(kGone, ReactorQueue::Rest::deliver);
  EXPECT_TRUE(reactor->calls.empty());
  run();
  EXPECT_EQ(reactor->calls.size(), 4u);
}

TEST_F(ExecutorReactorQueueTest, WhatWaitsIsDeliveredBeforeRemoveOrDiscardedAsIsAsked) {
  queue->init_and_add();
  for (const char* text : {"1", "2"}) queue->deliver(message(text));
  queue->remove(kGone, ReactorQueue::Rest::discard);
  EXPECT_EQ(inbox->held_bytes(), 0u) << "at once";
  run();
  EXPECT_EQ(reactor->calls, (Calls{"init", "add", "remove"}));
}

TEST_F(ExecutorReactorQueueTest, APeerWithMuchToSayLetsOthersHaveTheirTurn) {
  const auto other = make_queue(peer);
  queue->init_and_add();
  other->init_and_add();
  for (int i = 0; i < 1000; ++i) queue->deliver(message("much"));
  other->deliver(message("little"));
  run();
  const auto little = std::find(reactor->calls.begin(), reactor->calls.end(), "little");
  ASSERT_NE(little, reactor->calls.end());
  EXPECT_LE(little - reactor->calls.begin(), static_cast<std::ptrdiff_t>(ReactorQueue::kBatch) + 2);
  EXPECT_EQ(reactor->calls.size(), 2u + 2u + 1000u + 1u);
}

TEST_F(ExecutorReactorQueueTest, AReactorThatBlocksHoldsUpNothingButItself) {
  const auto other_reactor = std::make_shared<Recorder>();
  const auto other_entry = std::make_shared<ReactorEntry>();
  other_entry->reactor = other_reactor;
  other_entry->executor = here.make_executor();
  const auto other = std::make_shared<ReactorQueue>(other_entry, peer, [](const std::string&) {});
  reactor->on_call = [this](const std::string& call) {
    if (call == "1") here.block_executor(120s);
  };
  queue->init_and_add();
  other->init_and_add();
  queue->deliver(message("1"));
  run();
  queue->deliver(message("2"));
  other->deliver(message("2"));
  world.run_for(100s);
  EXPECT_EQ(other_reactor->calls, (Calls{"init", "add", "2"}));
  EXPECT_EQ(reactor->calls, (Calls{"init", "add", "1"}));
  world.run_for(30s);
  EXPECT_EQ(reactor->calls, (Calls{"init", "add", "1", "2"}));
}

TEST_F(ExecutorReactorQueueTest, AQueueThatIsReleasedStillMakesTheCallsThatWait) {
  queue->init_and_add();
  queue->deliver(message("1"));
  queue->remove(kGone, ReactorQueue::Rest::deliver);
  queue.reset();
  peer.reset();
  run();
  EXPECT_EQ(reactor->calls, (Calls{"init", "add", "1", "remove"}));
}

TEST(InLineReactorQueueTest, TheReactorIsCalledAtOnce) {
  QueueFixture fixture(Delivery::in_line);
  const auto queue = fixture.make_queue(fixture.make_peer());
  queue->init_and_add();
  EXPECT_EQ(fixture.reactor->calls, (Calls{"init", "add"}));
  queue->deliver(fixture.message("1"));
  EXPECT_EQ(fixture.reactor->calls.back(), "1");
  queue->remove(kGone, ReactorQueue::Rest::discard);
  EXPECT_EQ(fixture.reactor->calls.back(), "remove");
}

// A thread that runs what is posted to it.
class ThreadExecutor final : public conn::Executor {
 public:
  ~ThreadExecutor() override {
    post([this] { stopped_ = true; });
    thread_.join();
  }
  void post(conn::Task task) override {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    ready_.notify_one();
  }
  bool is_current() const override { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  void run() {
    while (!stopped_) {
      conn::Task task;
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [this] { return !tasks_.empty(); });
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<conn::Task> tasks_;
  bool stopped_ = false;  // the thread's
  std::thread thread_{[this] { run(); }};
};

// The reactor is another one for each queue, so that each tells its own story; the thread is one.
TEST(ThreadedReactorQueueTest, EveryCallComesOnceAndInOrderFromAnotherThread) {
  QueueFixture fixture(Delivery::in_line);
  const PeerPtr peer = fixture.make_peer();
  std::atomic<std::size_t> removed = 0;
  struct Entered {
    std::shared_ptr<Recorder> reactor = std::make_shared<Recorder>();
    std::shared_ptr<ReactorEntry> entry = std::make_shared<ReactorEntry>();
  };
  std::vector<Entered> all(4);
  for (Entered& each : all) {
    each.reactor->on_call = [&removed](const std::string& call) {
      if (call == "remove") ++removed;
    };
    each.entry->reactor = each.reactor;
    each.entry->executor = std::make_unique<ThreadExecutor>();
  }
  std::size_t queues = 0;
  for (int round = 0; round < 300; ++round) {
    const auto rest = round % 2 == 0 ? ReactorQueue::Rest::deliver : ReactorQueue::Rest::discard;
    for (Entered& each : all) {
      each.reactor->calls.clear();
      const auto queue =
          std::make_shared<ReactorQueue>(each.entry, peer, [](const std::string&) {});
      queue->init_and_add();
      for (int i = 0; i < 200; ++i) queue->deliver(fixture.message(std::to_string(i)));
      queue->remove(kGone, rest);
      ++queues;
    }
    while (removed < queues) std::this_thread::yield();
    for (const Entered& each : all) {
      const Calls& calls = each.reactor->calls;
      ASSERT_GE(calls.size(), 3u);
      ASSERT_EQ(calls[0], "init");
      ASSERT_EQ(calls[1], "add");
      ASSERT_EQ(calls.back(), "remove");
      if (rest == ReactorQueue::Rest::deliver) {
        ASSERT_EQ(calls.size(), 203u);
      }
      for (std::size_t i = 2; i + 1 < calls.size(); ++i) ASSERT_EQ(calls[i], std::to_string(i - 2));
    }
  }
  all.clear();  // waits for the threads
  EXPECT_EQ(fixture.inbox->held_bytes(), 0u);
}

TEST_P(ReactorQueueTest, TheTimeOfEachMessageIsCounted) {
  queue->init_and_add();
  for (int i = 0; i < 3; ++i) {
    Message made = message("x");
    made.received_at = here.shard(0).now() - 50ms;
    queue->deliver(std::move(made));
  }
  run();
  const conn::HistogramCounts wait = entry->stats->wait();
  EXPECT_EQ(wait.count(), 3u);
  EXPECT_EQ(wait.counts[3], 3u) << "of at most 100 ms";
  EXPECT_EQ(entry->stats->receive().count(), 3u);
  EXPECT_EQ(entry->stats->failures(), 0u);
}

TEST_P(ReactorQueueTest, ACallThatThrowsIsAFailureAndHasNoTime) {
  reactor->on_call = [](const std::string& call) {
    if (call == "2") throw std::runtime_error("no");
  };
  queue->init_and_add();
  for (const char* text : {"1", "2", "3"}) queue->deliver(message(text));
  run();
  EXPECT_EQ(entry->stats->failures(), 1u);
  EXPECT_EQ(entry->stats->receive().count(), 1u);
}

}  // namespace
}  // namespace peerage::p2p
