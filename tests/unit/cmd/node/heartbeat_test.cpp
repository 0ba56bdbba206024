#include "cmd/node/heartbeat.h"

#include <chrono>

#include <gtest/gtest.h>

#include "tests/sim/sim_world.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

struct HeartbeatTest : testing::Test {
  sim::SimWorld world;
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(20, 1, 3, 1)}, 1);
  int beats = 0;
  int elsewhere = 0;  // not on the shard
  Heartbeat heartbeat{host.shard(0), 15s, [this] {
                        ++beats;
                        elsewhere += host.shard(0).is_current() ? 0 : 1;
                      }};
};

TEST_F(HeartbeatTest, IsGivenByTheShardAtOnceAndThenEachInterval) {
  heartbeat.start();
  world.run_for(1s);
  EXPECT_EQ(beats, 1);
  world.run_for(60s);
  EXPECT_EQ(beats, 5);
  EXPECT_EQ(elsewhere, 0) << "a shard that hangs gives none";
}

TEST_F(HeartbeatTest, EndsWhenItIsStoppedAndWithItsOwner) {
  heartbeat.start();
  world.run_for(20s);
  heartbeat.stop();
  world.run_for(60s);
  EXPECT_EQ(beats, 2);
  {
    Heartbeat brief(host.shard(0), 1s, [this] { ++beats; });
    brief.start();
    world.run_for(500ms);
    EXPECT_EQ(beats, 3);
  }
  world.run_for(60s);
  EXPECT_EQ(beats, 3);
}

}  // namespace
}  // namespace peerage::cmd
