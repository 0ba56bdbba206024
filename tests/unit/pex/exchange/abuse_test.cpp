// Peers that ask too often, or send unsolicited lists, and their neighbours.
#include <gtest/gtest.h>

#include "pex/exchange/messages.h"
#include "tests/support/log_lines.h"
#include "tests/support/pex_visitor.h"
#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::IpAddress;
using test::PexNode;
using test::PexVisitor;

class Abuse : public test::PexWorld {
 protected:
  std::vector<std::unique_ptr<PexVisitor>> visitors;
  std::uint32_t next_key = 1000;
  std::size_t bans = 0;

  PexNode& add_watched(PexNode::Plan plan) {
    // What is tested is peer exchange; the rate of connections has tests of its own.
    plan.node.connection_rate.interval = 0s;
    plan.node.connection_rate.failed_authentication_pause = 0s;
    PexNode& node = add(std::move(plan));
    node.on_event = [this](const p2p::SwitchEvent& event) {
      if (std::holds_alternative<p2p::Banned>(event)) ++bans;
    };
    return node;
  }
  sim::SimHost& host_at(const char* ip) { return world.add_host({*IpAddress::parse(ip)}, 1); }
  // A new ID each time.
  PexVisitor& visit(sim::SimHost& from, const PexNode& to) {
    visitors.push_back(std::make_unique<PexVisitor>(
        from, next_key, static_cast<std::uint16_t>(30'000 + next_key - 1000)));
    ++next_key;
    PexVisitor& visitor = *visitors.back();
    visitor.dial(to.address());
    until([&] { return visitor.is_connected() || visitor.refusals() > 0; }, 5s);
    return visitor;
  }
  void TearDown() override {
    for (const auto& visitor : visitors) visitor->stop();
    PexWorld::TearDown();
    EXPECT_TRUE(until(
        [this] {
          return std::all_of(visitors.begin(), visitors.end(),
                             [](const auto& visitor) { return visitor->stopped(); });
        },
        30s));
  }
};

TEST_F(Abuse, AGoNodesRequestsAreAllAnswered) {
  PexNode& node = add_watched({});
  PexVisitor& visitor = visit(host_at("50.1.0.1"), node);
  // Two at will, then one each 10 s.
  visitor.ask();
  world.run_for(100ms);
  visitor.ask();
  for (int i = 0; i < 20; ++i) {
    world.run_for(10s);
    visitor.ask();
  }
  world.run_for(1s);
  EXPECT_EQ(visitor.lists().size(), 22u);
  EXPECT_TRUE(visitor.is_connected());
}

TEST_F(Abuse, APeerThatAsksTooOftenGoesUnansweredAndKeepsItsConnection) {
  PexNode& node = add_watched({});
  PexVisitor& visitor = visit(host_at("50.1.0.1"), node);
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 9; ++i) visitor.ask();
    world.run_for(1s);
  }
  EXPECT_TRUE(visitor.is_connected());
  EXPECT_LE(visitor.lists().size(), 3u + 10u);
  EXPECT_EQ(bans, 0u);
  EXPECT_EQ(node.report(world).counts.offences, 0u);
  EXPECT_EQ(node.book().resting(), 0u) << "nor is its address held for bad";
}

TEST_F(Abuse, AFloodOfRequestsEndsTheConnectionAndASecondBansTheHost) {
  PexNode::Plan plan;
  plan.pex.outbound.dials_per_second = 0;  // or we would dial it again
  PexNode& node = add_watched(std::move(plan));
  sim::SimHost& host = host_at("50.1.0.1");
  const auto flood = [this](PexVisitor& visitor) {
    for (int i = 0; i < 400 && visitor.is_connected(); ++i) {
      for (int k = 0; k < 10; ++k) visitor.ask();
      world.run_for(10ms);
    }
  };
  PexVisitor& first = visit(host, node);
  flood(first);
  EXPECT_FALSE(first.is_connected());
  EXPECT_EQ(bans, 0u) << "a drop is no ban";
  PexVisitor& second = visit(host, node);
  ASSERT_TRUE(second.is_connected());
  flood(second);
  EXPECT_FALSE(second.is_connected());
  EXPECT_EQ(bans, 1u);
  EXPECT_EQ(node.book().resting(), 0u) << "a flood says nothing of how good its address is";
  EXPECT_FALSE(visit(host, node).is_connected());
  world.run_for(11min);
  EXPECT_TRUE(visit(host, node).is_connected()) << "bans end";
}

TEST_F(Abuse, OneConnectionIsOneOffenceWhateverElseItHasSent) {
  PexNode& node = add_watched({});
  sim::SimHost& host = host_at("50.1.0.1");
  PexVisitor& first = visit(host, node);
  world.run_for(2s);
  for (int i = 0; i < 9; ++i) first.say({0xff, 0xff, 0xff});
  for (int i = 0; i < 9; ++i) first.say(encode_addresses({}));
  world.run_for(1s);
  EXPECT_FALSE(first.is_connected());
  EXPECT_EQ(bans, 0u);
  const auto counts = node.report(world).counts;
  EXPECT_EQ(counts.offences, 1u);
  EXPECT_EQ(counts.malformed, 1u) << "what came after the decision is not looked at";
  EXPECT_EQ(counts.unsolicited, 0u);
}

TEST_F(Abuse, MalformedMessagesOnTwoConnectionsBanTheHost) {
  PexNode& node = add_watched({});
  sim::SimHost& host = host_at("50.1.0.1");
  for (const std::size_t bans_then : {0u, 1u}) {
    PexVisitor& visitor = visit(host, node);
    ASSERT_TRUE(visitor.is_connected());
    visitor.say({0xff, 0xff, 0xff});
    world.run_for(1s);
    EXPECT_FALSE(visitor.is_connected());
    EXPECT_EQ(bans, bans_then);
  }
}

TEST_F(Abuse, TheLogSaysForWhatAPeerIsDroppedWithFigures) {
  PexNode::Plan plan;
  const auto log = std::make_shared<test::LogLines>();
  plan.pex.log = log;
  PexNode& node = add_watched(std::move(plan));
  PexVisitor& visitor = visit(host_at("50.1.0.1"), node);
  world.run_for(2s);
  visitor.say(encode_addresses({}));
  world.run_for(1s);
  visitor.say(encode_addresses(
      std::vector<conn::NetAddress>{{test::numbered_key(77).id(), {ip_of(150), 26656}}}));
  world.run_for(1s);
  std::string all;
  for (const std::string& line : log->lines) all += line + '\n';
  EXPECT_NE(all.find("sent 1 addresses that we did not ask for; 2 offences within 10 min bring a "
                     "ban of 10 min"),
            std::string::npos)
      << all;
}

TEST_F(Abuse, OneHundredReconnectionsWithFreshIdsBringOneAnswerEachTenSeconds) {
  PexNode& node = add_watched({});
  sim::SimHost& host = host_at("50.1.0.1");
  std::size_t answers = 0;
  for (int i = 0; i < 100; ++i) {
    PexVisitor& visitor = visit(host, node);
    visitor.ask();
    world.run_for(500ms);
    answers += visitor.lists().size();
    visitor.stop();
    world.run_for(500ms);
  }
  // 100 s: three at once, one each 10 s, less what the ban has cost.
  EXPECT_LE(answers, 3u + 10u);
  EXPECT_GE(answers, 3u);
}

TEST_F(Abuse, TheSameIdThatComesBackHasNoMoreThanAFreshOne) {
  PexNode& node = add_watched({});
  PexVisitor& visitor = visit(host_at("50.1.0.1"), node);
  std::size_t asked = 0;
  for (int i = 0; i < 100; ++i) {
    if (visitor.is_connected()) {
      visitor.ask();
      ++asked;
    }
    world.run_for(500ms);
    for (const auto& peer : visitor.node().peers()) visitor.node().disconnect(peer->id());
    world.run_for(500ms);
    visitor.dial(node.address());
    world.run_for(100ms);
  }
  EXPECT_GT(asked, 5u);
  EXPECT_LE(visitor.lists().size(), 3u + 11u);
}

TEST_F(Abuse, AnHonestNeighbourIsServedAllTheWhile) {
  PexNode& node = add_watched({});
  sim::SimHost& bad = host_at("50.1.0.1");
  PexVisitor& neighbour = visit(host_at("50.1.0.2"), node);
  for (int round = 0; round < 5; ++round) {
    PexVisitor& visitor = visit(bad, node);
    for (int i = 0; i < 50; ++i) visitor.ask();
    neighbour.ask();
    world.run_for(12s);
  }
  EXPECT_EQ(neighbour.lists().size(), 5u);
}

TEST_F(Abuse, AnUnsolicitedListCostsTheConnectionAndASecondBansTheHost) {
  PexNode& node = add_watched({});
  sim::SimHost& host = host_at("50.1.0.1");
  const std::vector<conn::NetAddress> list = {{test::numbered_key(77).id(), {ip_of(150), 26656}}};
  // The node asks any peer that is there; after the answer it has asked for nothing.
  PexVisitor& first = visit(host, node);
  world.run_for(2s);
  first.say(encode_addresses({}));
  world.run_for(1s);
  ASSERT_TRUE(first.is_connected());
  first.say(encode_addresses(list));
  world.run_for(1s);
  EXPECT_FALSE(first.is_connected());
  EXPECT_EQ(node.book().find(list[0]), nullptr) << "and nothing of it is kept";
  EXPECT_EQ(bans, 0u);
  PexVisitor& second = visit(host, node);
  ASSERT_TRUE(second.is_connected());
  second.say(encode_addresses(list));
  world.run_for(1s);
  EXPECT_FALSE(second.is_connected());
  EXPECT_EQ(bans, 1u);
}

// As an unconditional peer, and as one that is only named.
TEST_F(Abuse, NamedNodesAreNeverDroppedNorBanned) {
  const conn::NodeId trusted = test::numbered_key(1000).id();
  const conn::NodeId named = test::numbered_key(1001).id();
  PexNode::Plan plan;
  plan.node.p2p.unconditional_peer_ids = {trusted};
  plan.node.named_nodes = {named};
  PexNode& node = add_watched(plan);
  for (const char* ip : {"50.1.0.1", "50.2.0.1"}) {
    PexVisitor& visitor = visit(host_at(ip), node);
    for (int i = 0; i < 300; ++i) {
      for (int k = 0; k < 10; ++k) visitor.ask();
      world.run_for(10ms);
    }
    visitor.say(encode_addresses({}));
    visitor.say({0xff, 0xff, 0xff});
    world.run_for(1s);
    EXPECT_TRUE(visitor.is_connected());
    EXPECT_EQ(visitor.lists().size(), 3u) << "answered as often as any other";
  }
  EXPECT_EQ(bans, 0u);
}

TEST_F(Abuse, WhatIsNoMessageCostsTheConnection) {
  PexNode& node = add_watched({});
  PexVisitor& visitor = visit(host_at("50.1.0.1"), node);
  visitor.say({0xff, 0xff, 0xff});
  world.run_for(1s);
  EXPECT_FALSE(visitor.is_connected());
}

}  // namespace
}  // namespace peerage::pex
