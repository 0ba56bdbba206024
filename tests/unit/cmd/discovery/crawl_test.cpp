#include "cmd/discovery/crawl.h"

#include <gtest/gtest.h>

#include "conn/base/random.h"
#include "tests/unit/cmd/discovery/answering_nodes.h"

namespace peerage::cmd {
namespace {

struct DiscoveryCrawlTest : testing::Test {
  test::AnsweringNodes nodes;
  DiscoveryCrawl::Settings settings;

  static TargetPool targets() {
    conn::Random random({7});
    return TargetPool([&random](conn::MutableBytes into) {
      for (std::uint8_t& byte : into) byte = static_cast<std::uint8_t>(random.next());
    });
  }
  DiscoveryCrawl crawl_from(const pex::Contact& start) const {
    return DiscoveryCrawl(settings, targets(), {start});
  }
  static const CrawledNode& of(const std::vector<CrawledNode>& nodes, const pex::EnodeId& id) {
    return *std::find_if(nodes.begin(), nodes.end(),
                         [&](const CrawledNode& node) { return node.contact.id == id; });
  }
};

TEST_F(DiscoveryCrawlTest, FindsEverybodyFromOne) {
  for (std::uint16_t number = 1; number <= 300; ++number) nodes.add(number, "net-1");
  nodes.introduce_all();
  const auto start = nodes.add(1).contact;
  DiscoveryCrawl crawl = crawl_from(start);
  nodes.run(crawl);
  EXPECT_TRUE(crawl.finished());
  EXPECT_EQ(crawl.progress().heard, 300u);
  EXPECT_EQ(crawl.progress().live, 300u);
  const auto seen = crawl.nodes();
  EXPECT_FALSE(of(seen, start.id).told_by) << "it was named";
  for (const CrawledNode& node : seen) {
    EXPECT_TRUE(node.contact.record);
    EXPECT_EQ(node.told_by.has_value(), node.contact.id != start.id);
    const auto& asked = nodes.at(node.contact.id);
    EXPECT_EQ(asked.pings, 1u);
    EXPECT_EQ(asked.records, 1u);
    EXPECT_LE(asked.finds, 14u);
  }
}

TEST_F(DiscoveryCrawlTest, ANodeThatTellsOfNobodyNewIsLeftInPeace) {
  auto& first = nodes.add(1);
  auto& second = nodes.add(2);
  first.others = {second.contact.id};
  second.others = {first.contact.id};
  DiscoveryCrawl crawl = crawl_from(first.contact);
  nodes.run(crawl);
  EXPECT_EQ(first.finds, 3u) << "one new, then two barren ones";
  EXPECT_EQ(second.finds, DiscoveryCrawl::kBarrenAnswers);
}

TEST_F(DiscoveryCrawlTest, ASilentNodeIsPingedOnceAndAskedNothingElse) {
  auto& first = nodes.add(1);
  auto& silent = nodes.add(2);
  silent.answers = false;
  first.others = {silent.contact.id};
  DiscoveryCrawl crawl = crawl_from(first.contact);
  nodes.run(crawl);
  EXPECT_EQ(silent.pings, 1u);
  EXPECT_EQ(silent.records + silent.finds, 0u);
  const auto seen = crawl.nodes();
  EXPECT_FALSE(of(seen, silent.contact.id).live());
  EXPECT_TRUE(of(seen, silent.contact.id).failure);
  EXPECT_EQ(crawl.progress().asked, 2u);
  EXPECT_EQ(crawl.progress().live, 1u);
}

TEST_F(DiscoveryCrawlTest, ANodeWithoutARecordStillTellsOfOthers) {
  auto& first = nodes.add(1);
  first.others = {nodes.add(2, "net-1").contact.id};
  DiscoveryCrawl crawl = crawl_from(first.contact);
  nodes.run(crawl);
  const auto seen = crawl.nodes();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_FALSE(seen[0].contact.record);
  EXPECT_EQ(seen[0].told_new, 1u);
  EXPECT_TRUE(seen[1].contact.record);
}

TEST_F(DiscoveryCrawlTest, OurOwnIdIsNoNode) {
  auto& first = nodes.add(1);
  first.others = {nodes.add(2).contact.id};
  settings.own = nodes.add(2).contact.id;
  DiscoveryCrawl crawl = crawl_from(first.contact);
  nodes.run(crawl);
  EXPECT_EQ(crawl.progress().heard, 1u);
  EXPECT_EQ(nodes.at(settings.own).pings, 0u);
}

TEST_F(DiscoveryCrawlTest, ALiarDoesNotHideANode) {
  auto& first = nodes.add(1);
  auto& hidden = nodes.add(2);
  // Asked by hand, so that the false endpoint comes first.
  settings.parallel = 1;
  DiscoveryCrawl crawl = crawl_from(first.contact);
  pex::Contact elsewhere = hidden.contact;
  elsewhere.udp.port = 9;
  const auto tell = [&](const pex::Contact& contact) {
    auto question = crawl.next({});
    while (question && question->what != Question::What::nodes) {
      crawl.on_answer(*question, nodes.ask(*question), {});
      question = crawl.next({});
    }
    ASSERT_TRUE(question);
    ASSERT_EQ(question->whom.id, first.contact.id);
    crawl.on_answer(*question, NodesAnswer{contact}, {});
  };
  tell(elsewhere);
  EXPECT_EQ(hidden.pings, 0u);
  tell(hidden.contact);
  nodes.run(crawl);
  const auto seen = crawl.nodes();
  EXPECT_TRUE(of(seen, hidden.contact.id).live());
  EXPECT_EQ(of(seen, hidden.contact.id).contact.udp, hidden.contact.udp);
  EXPECT_EQ(crawl.progress().asked, 2u);
}

TEST_F(DiscoveryCrawlTest, EndpointsOfOneNodeAreTriedSoOftenAndNoMore) {
  auto& first = nodes.add(1);
  auto& silent = nodes.add(2);
  silent.answers = false;
  DiscoveryCrawl crawl = crawl_from(first.contact);
  std::uint16_t port = 1000;
  while (const auto question = crawl.next({})) {
    if (question->what != Question::What::nodes) {
      crawl.on_answer(*question, nodes.ask(*question), {});
      continue;
    }
    pex::Contact elsewhere = silent.contact;
    elsewhere.udp.port = ++port;
    // Somebody new each time, so that it is asked again.
    auto& other = nodes.add(port);
    other.answers = false;
    crawl.on_answer(*question, NodesAnswer{elsewhere, other.contact}, {});
  }
  EXPECT_TRUE(crawl.finished());
  EXPECT_EQ(silent.pings, DiscoveryCrawl::kMostEndpoints);
}

TEST_F(DiscoveryCrawlTest, ALiveNodeIsNotAskedElsewhere) {
  auto& first = nodes.add(1);
  auto& live = nodes.add(2);
  first.others = {live.contact.id};
  DiscoveryCrawl crawl(settings, targets(), {first.contact, live.contact});
  std::size_t told = 0;
  while (const auto question = crawl.next({})) {
    auto answer = nodes.ask(*question);
    if (question->what == Question::What::nodes && live.pings > 0) {
      pex::Contact elsewhere = live.contact;
      elsewhere.udp.port = 9;
      answer = NodesAnswer{elsewhere};
      ++told;
    }
    crawl.on_answer(*question, answer, {});
  }
  EXPECT_GT(told, 0u);
  EXPECT_EQ(live.pings, 1u);
}

TEST_F(DiscoveryCrawlTest, NoMoreAreAskedAtOnceThanItMay) {
  settings.parallel = 4;
  std::vector<pex::Contact> start;
  for (std::uint16_t number = 1; number <= 10; ++number) {
    start.push_back(nodes.add(number).contact);
  }
  DiscoveryCrawl crawl(settings, targets(), start);
  std::vector<Question> asked;
  while (const auto question = crawl.next({})) asked.push_back(*question);
  EXPECT_EQ(asked.size(), 4u);
  EXPECT_EQ(crawl.progress().under_way, 4u);
  EXPECT_FALSE(crawl.finished());
  crawl.on_answer(asked[0], nodes.ask(asked[0]), {});
  EXPECT_TRUE(crawl.next({}));
  EXPECT_FALSE(crawl.next({}));
}

TEST_F(DiscoveryCrawlTest, OfMoreNodesThanItHasPlacesForTheRestIsCounted) {
  settings.most_nodes = 5;
  auto& first = nodes.add(1);
  for (std::uint16_t number = 2; number <= 11; ++number) {
    first.others.push_back(nodes.add(number).contact.id);
  }
  DiscoveryCrawl crawl = crawl_from(first.contact);
  nodes.run(crawl);
  EXPECT_EQ(crawl.progress().heard, 5u);
  EXPECT_GE(crawl.left_out(), 6u);
}

TEST_F(DiscoveryCrawlTest, NobodyToAskIsDoneAtOnce) {
  DiscoveryCrawl crawl(settings, targets(), {});
  EXPECT_TRUE(crawl.finished());
  EXPECT_FALSE(crawl.next({}));
}

}  // namespace
}  // namespace peerage::cmd
