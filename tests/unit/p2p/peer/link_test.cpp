#include "p2p/peer/link.h"

#include <gtest/gtest.h>

#include "conn/base/reassembly_budget.h"
#include "p2p/peer/inbox.h"
#include "tests/support/connection_fixture.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;

// A link to a peer that is moved by hand, of a node without reactors.
struct LinkTest : test::ConnectionFixture {
  std::size_t ends = 0;
  std::shared_ptr<Link> link;
  std::unique_ptr<test::ScriptedPeer> remote;

  void SetUp() override {
    auto streams = test::connect_streams(world, here, there);
    auto sessions = test::make_sessions(our_key, their_key);
    remote =
        std::make_unique<test::ScriptedPeer>(std::move(streams.second), std::move(sessions.second));
    const Link::Common common = {here, std::make_shared<ReactorTable>(),
                                 std::make_shared<conn::ReassemblyBudget>(),
                                 std::make_shared<InboxBudget>(1u << 20)};
    Peer::Description description;
    description.key = their_key.public_key();
    Link::Plan plan = {std::move(description),
                       conn::proven_stream(std::move(streams.first), std::move(sessions.first)),
                       config, 1u << 20};
    link = Link::create(common, here.shard(0), std::move(plan),
                        [this](const conn::Failure&, conn::EndedBy) { ++ends; });
    link->start();
  }
};

TEST_F(LinkTest, AProbeIsAnsweredByTheNextByteThatArrives) {
  world.run_for(1s);
  bool answered = false;
  link->probe([&answered] { answered = true; });
  world.run_for(5s);
  EXPECT_FALSE(answered) << "silence is no answer";
  remote->send(conn::kPingPacket);
  world.run_for(1s);
  EXPECT_TRUE(answered);
  link->stop({conn::Stage::established, conn::Reason::stopped_locally, {}});
  world.run_for(1s);
}

TEST_F(LinkTest, AProbeEndsWithItsLink) {
  const auto held = std::make_shared<int>();
  bool answered = false;
  link->probe([held, &answered] { answered = true; });
  link->stop({conn::Stage::established, conn::Reason::stopped_locally, {}});
  world.run_for(1s);
  EXPECT_EQ(ends, 1u);
  EXPECT_FALSE(answered);
}

TEST_F(LinkTest, OneThatHasEndedTakesNoProbeAndLeavesNothingToCome) {
  link->stop({conn::Stage::established, conn::Reason::stopped_locally, {}});
  world.run_for(1s);
  ASSERT_EQ(ends, 1u);
  const std::size_t idle = events_within(1s);
  const auto held = std::make_shared<int>();
  link->probe([held] { FAIL() << "nothing is there"; });
  EXPECT_EQ(held.use_count(), 1) << "what waited for the answer is released";
  EXPECT_EQ(events_within(1s), idle) << "no timer runs";
}

}  // namespace
}  // namespace peerage::p2p
