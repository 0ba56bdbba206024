// Requests: the table alone, then questions and answers between nodes in virtual time.
#include "p2p/requests.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "p2p/base/peer_reason.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::Reason;
using conn::TimePoint;
using test::kEcho;
using test::SimNode;
using namespace std::chrono_literals;

using Table = RequestTable<int, std::string>;
using Noted = Table::Noted;

constexpr TimePoint kStart{100s};

TEST(RequestTable, AnAnswerIsMatchedByPeerAndKeyAndOnlyOnce) {
  Table table(4);
  ASSERT_EQ(table.note(1, 10, kStart, "one"), Noted::noted);
  ASSERT_EQ(table.note(2, 10, kStart, "two"), Noted::noted);
  EXPECT_EQ(table.take(1, 11), std::nullopt);
  EXPECT_EQ(table.take(3, 10), std::nullopt);
  EXPECT_EQ(table.take(2, 10), "two");
  EXPECT_EQ(table.take(2, 10), std::nullopt);
  EXPECT_EQ(table.take(1, 10), "one");
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.deadline(), std::nullopt);
}

TEST(RequestTable, ARequestIsDueAtItsDeadlineNotBeforeAndTheEarliestFirst) {
  Table table(4);
  table.note(1, 1, kStart + 3s, "late");
  table.note(2, 1, kStart + 1s, "early");
  EXPECT_EQ(table.deadline(), kStart + 1s);
  EXPECT_TRUE(table.take_due(kStart + 1s - 1ns).empty());
  EXPECT_EQ(table.take_due(kStart + 1s), std::vector<std::string>{"early"});
  EXPECT_EQ(table.deadline(), kStart + 3s);
  table.note(1, 2, kStart + 2s, "between");
  EXPECT_EQ(table.take_due(kStart + 1h), (std::vector<std::string>{"between", "late"}));
  EXPECT_TRUE(table.take_due(kStart + 1h).empty());
}

TEST(RequestTable, WhatAGonePeerWasAskedIsDroppedAndNothingElse) {
  Table table(4);
  table.note(1, 2, kStart + 1s, "b");
  table.note(1, 1, kStart + 2s, "a");
  table.note(2, 1, kStart + 3s, "c");
  EXPECT_EQ(table.take_all(1), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(table.take_all(1).empty());
  EXPECT_EQ(table.take(1, 1), std::nullopt);
  EXPECT_EQ(table.deadline(), kStart + 3s);
  EXPECT_EQ(table.size(), 1u);
}

TEST(RequestTable, APeerHasABoundedNumberOfRequestsAndEachOnce) {
  Table table(2);
  EXPECT_EQ(table.note(1, 1, kStart, "a"), Noted::noted);
  std::string kept = "kept";
  EXPECT_EQ(table.note(1, 1, kStart, std::move(kept)), Noted::asked_already);
  EXPECT_EQ(kept, "kept");
  EXPECT_EQ(table.note(1, 2, kStart, "b"), Noted::noted);
  EXPECT_EQ(table.note(1, 3, kStart, "c"), Noted::peer_full);
  EXPECT_EQ(table.note(2, 3, kStart, "d"), Noted::noted);
  EXPECT_EQ(table.size(1), 2u);
  table.take(1, 1);
  EXPECT_EQ(table.note(1, 3, kStart, "c"), Noted::noted);
  EXPECT_EQ(Table(0).note(1, 1, kStart, "a"), Noted::peer_full);
}

// Against the plainest implementation there is.
TEST(RequestTable, ItAgreesWithAListOverManySteps) {
  struct Line {
    LinkId peer;
    int key;
    TimePoint until;
    std::string ticket;
  };
  constexpr std::ptrdiff_t kPerPeer = 3;
  sim::SimWorld dice(5);
  const auto roll = [&dice](std::uint64_t below) { return dice.random() % below; };
  Table table(kPerPeer);
  std::vector<Line> list;
  TimePoint now = kStart;
  const auto extract = [&list](const auto& chosen) {
    std::vector<Line> taken;
    std::copy_if(list.begin(), list.end(), std::back_inserter(taken), chosen);
    std::erase_if(list, chosen);
    return taken;
  };
  const auto tickets = [](const std::vector<Line>& lines) {
    std::multiset<std::string> all;
    for (const Line& line : lines) all.insert(line.ticket);
    return all;
  };
  const auto as_set = [](const std::vector<std::string>& all) {
    return std::multiset<std::string>(all.begin(), all.end());
  };
  for (int step = 0; step < 20'000; ++step) {
    const LinkId peer = roll(4);
    const int key = static_cast<int>(roll(5));
    const auto same = [&](const Line& line) { return line.peer == peer && line.key == key; };
    const auto of_peer = [&](const Line& line) { return line.peer == peer; };
    switch (roll(5)) {
      case 0:
      case 1: {
        const TimePoint until = now + std::chrono::milliseconds(roll(50));
        const bool asked = std::any_of(list.begin(), list.end(), same);
        const bool full = std::count_if(list.begin(), list.end(), of_peer) >= kPerPeer;
        const std::string ticket = std::to_string(step);
        const Noted noted = table.note(peer, key, until, std::string(ticket));
        ASSERT_EQ(noted, asked ? Noted::asked_already : full ? Noted::peer_full : Noted::noted);
        if (noted == Noted::noted) list.push_back({peer, key, until, ticket});
        break;
      }
      case 2: {
        const auto taken = extract(same);
        const auto ticket = table.take(peer, key);
        ASSERT_EQ(ticket.has_value(), !taken.empty());
        if (ticket) {
          ASSERT_EQ(*ticket, taken.front().ticket);
        }
        break;
      }
      case 3:
        if (roll(10) == 0) {
          ASSERT_EQ(as_set(table.take_all(peer)), tickets(extract(of_peer)));
        }
        break;
      default:
        now += std::chrono::milliseconds(roll(5));
        ASSERT_EQ(as_set(table.take_due(now)),
                  tickets(extract([&](const Line& line) { return line.until <= now; })));
    }
    ASSERT_EQ(table.size(), list.size());
    const auto first = std::min_element(
        list.begin(), list.end(), [](const Line& a, const Line& b) { return a.until < b.until; });
    ASSERT_EQ(table.deadline(), list.empty() ? std::nullopt : std::optional(first->until));
  }
}

// Two nodes: `a` asks, `b` is told by the test how to answer. A question and its answer are a byte,
// which is the key.
struct RequestsOnTheNetwork : test::SwitchFixture {
  using Answers = Requests<std::uint8_t, Bytes>;
  SimNode& a = add();
  SimNode& b = add();
  std::unique_ptr<Answers> requests;
  std::vector<conn::Result<Bytes>> outcomes;
  std::size_t unsolicited = 0;

  void SetUp() override {
    ASSERT_TRUE(connect(a, b));
    requests = std::make_unique<Answers>(a.reactor->context(), 2);
    a.reactor->on_receive = [this](const PeerPtr& peer, Message message) {
      const std::uint8_t key = message.bytes.front();
      if (!requests->answer(peer, key, std::move(message.bytes))) ++unsolicited;
    };
    a.reactor->on_remove = [this](const PeerPtr& peer, const conn::Failure& why) {
      requests->peer_gone(peer, why);
    };
  }
  void echo_after(conn::Duration delay) {
    b.reactor->on_receive = [this, delay](const PeerPtr& peer, const Message& message) {
      world.after(delay, [peer, bytes = message.bytes] { peer->try_send(kEcho, bytes); });
    };
  }
  Asked ask(std::uint8_t key, conn::Duration within) { return ask(a.peer(b), key, within); }
  Asked ask(const PeerPtr& peer, std::uint8_t key, conn::Duration within) {
    return requests->ask(
        peer, kEcho, std::make_shared<const Bytes>(Bytes{key}), key, within,
        [this](conn::Result<Bytes> outcome) { outcomes.push_back(std::move(outcome)); });
  }
  std::vector<Reason> failures() const {
    std::vector<Reason> reasons;
    for (const auto& outcome : outcomes) {
      if (!outcome) reasons.push_back(outcome.error().reason);
    }
    return reasons;
  }
};

TEST_F(RequestsOnTheNetwork, AnAnswerInTimeIsHandedOverOnce) {
  echo_after(1s);
  ASSERT_EQ(ask(7, 2s), Asked::asked);
  EXPECT_EQ(requests->open(a.peer(b)), 1u);
  world.run_for(10s);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes.front(), Bytes{7});
  EXPECT_EQ(requests->open(), 0u);
  EXPECT_EQ(unsolicited, 0u);
}

TEST_F(RequestsOnTheNetwork, WithoutAnAnswerItTimesOutAtItsDeadlineAndALateAnswerIsUnsolicited) {
  echo_after(3s);
  const TimePoint asked = world.now();
  ASSERT_EQ(ask(7, 2s), Asked::asked);
  ASSERT_TRUE(until([this] { return !outcomes.empty(); }));
  EXPECT_EQ(world.now(), asked + 2s);
  EXPECT_EQ(failures(), std::vector<conn::Reason>{PeerReason::answer_timed_out});
  world.run_for(10s);
  EXPECT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(unsolicited, 1u);
}

TEST_F(RequestsOnTheNetwork, EachHasItsOwnDeadlineInWhateverOrderTheyWereAsked) {
  const TimePoint asked = world.now();
  ask(1, 5s);
  ask(2, 1s);
  ASSERT_TRUE(until([this] { return outcomes.size() == 1; }));
  EXPECT_EQ(world.now(), asked + 1s);
  ask(3, 1s);
  ASSERT_TRUE(until([this] { return outcomes.size() == 2; }));
  EXPECT_EQ(world.now(), asked + 2s);
  ASSERT_TRUE(until([this] { return outcomes.size() == 3; }));
  EXPECT_EQ(world.now(), asked + 5s);
}

TEST_F(RequestsOnTheNetwork, AnAnswerOfAnotherPeerAnswersNothing) {
  SimNode& c = add();
  ASSERT_TRUE(connect(a, c));
  ask(7, 2s);
  c.peer(a)->try_send(kEcho, Bytes{7});
  ASSERT_TRUE(until([this] { return unsolicited == 1; }));
  EXPECT_TRUE(outcomes.empty());
  EXPECT_EQ(requests->open(a.peer(b)), 1u);
}

TEST_F(RequestsOnTheNetwork, WhenThePeerGoesItsRequestsFailWithTheReason) {
  ask(1, 1h);
  ask(2, 2h);
  a.node->stop_peer(b.id(), {conn::Stage::established, PeerReason::misbehaved, {}});
  ASSERT_TRUE(until([this] { return outcomes.size() == 2; }));
  EXPECT_EQ(failures(),
            (std::vector<conn::Reason>{PeerReason::misbehaved, PeerReason::misbehaved}));
  EXPECT_EQ(requests->open(), 0u);
}

TEST_F(RequestsOnTheNetwork, WhenTheSwitchStopsEveryRequestHasEnded) {
  ask(1, 1h);
  a.stop();
  ASSERT_TRUE(until([this] { return a.stopped; }));
  EXPECT_EQ(failures(), std::vector<conn::Reason>{Reason::stopped_locally});
}

TEST_F(RequestsOnTheNetwork, ARequestThatIsNotSentIsRefusedAtOnceAndNeverCalledBack) {
  const PeerPtr peer = a.peer(b);
  EXPECT_EQ(ask(1, 1s), Asked::asked);
  EXPECT_EQ(ask(1, 1s), Asked::asked_already);
  EXPECT_EQ(ask(2, 1s), Asked::asked);
  EXPECT_EQ(ask(3, 1s), Asked::peer_full);
  world.run_for(2s);
  EXPECT_EQ(outcomes.size(), 2u);
  a.node->stop_peer(b.id(), {conn::Stage::established, PeerReason::misbehaved, {}});
  ASSERT_TRUE(until([this] { return a.peers() == 0; }));
  EXPECT_EQ(ask(peer, 1, 1s), Asked::not_sent);
  EXPECT_EQ(requests->open(), 0u);
  world.run_for(2s);
  EXPECT_EQ(outcomes.size(), 2u);
}

TEST_F(RequestsOnTheNetwork, ACallbackMayAskAgain) {
  std::size_t left = 5;
  std::function<void(conn::Result<Bytes>)> again = [&](conn::Result<Bytes> outcome) {
    outcomes.push_back(std::move(outcome));
    if (--left == 0) return;
    EXPECT_EQ(
        requests->ask(a.peer(b), kEcho, std::make_shared<const Bytes>(Bytes{1}), 1, 1s, again),
        Asked::asked);
  };
  const TimePoint begun = world.now();
  requests->ask(a.peer(b), kEcho, std::make_shared<const Bytes>(Bytes{1}), 1, 1s, again);
  ASSERT_TRUE(until([&] { return left == 0; }));
  EXPECT_EQ(world.now(), begun + 5s);
}

TEST_F(RequestsOnTheNetwork, DroppedWithRequestsOpenItRunsNoCallback) {
  ask(1, 1s);
  a.reactor->on_remove = nullptr;
  a.reactor->on_receive = nullptr;
  requests.reset();
  world.run_for(5s);
  EXPECT_TRUE(outcomes.empty());
}

}  // namespace
}  // namespace peerage::p2p
