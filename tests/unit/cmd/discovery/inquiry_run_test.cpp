#include "cmd/discovery/inquiry_run.h"

#include <gtest/gtest.h>

#include "cmd/discovery/ping.h"
#include "tests/sim/sim_world.h"
#include "tests/unit/cmd/discovery/answering_nodes.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

struct InquiryRunTest : testing::Test {
  sim::SimWorld world{3};
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(10, 0, 0, 1)});
  conn::Shard& shard = host.shard(0);
  test::AnsweringNodes nodes;
  PingInquiry inquiry{nodes.add(1, "net-1").contact, {.count = 2, .interval = 1s}};
  std::vector<std::function<void(const Answer&)>> waiting;
  std::vector<Question> asked;
  int done = 0;

  std::unique_ptr<InquiryRun> run(conn::Duration span) {
    return std::make_unique<InquiryRun>(
        shard, inquiry,
        [this](const Question& question, std::function<void(const Answer&)> answer) {
          asked.push_back(question);
          waiting.push_back(std::move(answer));
        },
        span, [this] { ++done; });
  }
  void answer_last() {
    shard.post([this] { waiting.back()(nodes.ask(asked.back())); });
  }
};

TEST_F(InquiryRunTest, AsksWaitsForDeadlinesAndEndsOnce) {
  const auto running = run(10s);
  EXPECT_TRUE(asked.empty()) << "never inside the call";
  world.run_for(1ms);
  ASSERT_EQ(asked.size(), 1u);
  answer_last();
  world.run_for(500ms);
  EXPECT_EQ(asked.size(), 1u) << "the second ping is not due";
  world.run_for(600ms);
  ASSERT_EQ(asked.size(), 2u);
  answer_last();
  world.run_for(1ms);
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked.back().what, Question::What::record);
  EXPECT_EQ(done, 0);
  answer_last();
  world.run_for(20s);
  EXPECT_EQ(done, 1);
}

TEST_F(InquiryRunTest, EndsWhenItsTimeIsOverAndIgnoresWhatComesLater) {
  const auto running = run(3s);
  world.run_for(4s);
  EXPECT_EQ(done, 1);
  ASSERT_EQ(asked.size(), 1u);
  answer_last();
  world.run_for(5s);
  EXPECT_EQ(done, 1);
  EXPECT_EQ(asked.size(), 1u);
}

TEST_F(InquiryRunTest, AnOutcomeAfterItIsGoneIsIgnored) {
  auto running = run(3s);
  world.run_for(1ms);
  running.reset();
  answer_last();
  world.run_for(5s);
  EXPECT_EQ(done, 0);
  EXPECT_EQ(asked.size(), 1u);
}

}  // namespace
}  // namespace peerage::cmd
