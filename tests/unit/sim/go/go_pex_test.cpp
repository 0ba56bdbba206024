#include "tests/sim/go/go_pex.h"

#include <random>

#include <gtest/gtest.h>

namespace peerage::sim::go {
namespace {

using conn::IpAddress;
using conn::NetAddress;
using conn::NodeId;
using conn::TimePoint;
using p2p::Direction;

// A node in a /16 of its own.
NetAddress node(std::uint32_t number) {
  conn::ByteArray<NodeId::kBytes> id{};
  for (std::size_t i = 0; i < 4; ++i) id[i] = static_cast<std::uint8_t>(number >> (8 * i));
  id[19] = 1;
  return {NodeId(id),
          {IpAddress::v4(static_cast<std::uint8_t>(20 + number / 250),
                         static_cast<std::uint8_t>(number % 250), 1, 1),
           26656}};
}

struct GoPexTest : testing::Test {
  GoPexConfig config;
  std::mt19937_64 lots{3};
  GoBook book{{}, [this] { return lots(); }};
  std::optional<GoPex> made;
  TimePoint now{1000h};

  GoPex& pex() {
    if (!made) made.emplace(config, book, [this] { return lots(); });
    return *made;
  }
  void know(std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t i = from; i < to; ++i) book.add(node(i), node(i), now);
  }
  GoPex::Actions connect(std::uint32_t number, Direction direction = Direction::outbound) {
    return pex().on_peer({node(number).id, direction, node(number).endpoint.ip, node(number)}, now);
  }
  GoPex::Actions tick() {
    EXPECT_TRUE(pex().deadline());
    now = pex().deadline().value_or(now + 30s);
    return pex().on_time(now);
  }
  template <typename Kind>
  static std::vector<Kind> of(const GoPex::Actions& actions) {
    std::vector<Kind> chosen;
    for (const auto& each : actions) {
      if (const auto* one = std::get_if<Kind>(&each)) chosen.push_back(*one);
    }
    return chosen;
  }
};

TEST_F(GoPexTest, ANodeWithoutPeersLooksAtOnceAndThenEvery30Seconds) {
  know(1, 100);
  EXPECT_EQ(of<GoPex::Dial>(pex().start(now)).size(), 10u);
  EXPECT_EQ(pex().deadline(), now + 30s);
}

TEST_F(GoPexTest, ANodeWithPeersAtItsStartWaitsForARandomTime) {
  know(1, 100);
  connect(1, Direction::inbound);
  EXPECT_TRUE(pex().start(now).empty());
  const TimePoint first = *pex().deadline();
  EXPECT_GT(first, now);
  EXPECT_LT(first, now + 30s);
  EXPECT_EQ(of<GoPex::Dial>(tick()).size(), 10u);
  EXPECT_EQ(pex().deadline(), first + 30s);
}

TEST_F(GoPexTest, WithAFullOutboundSetNothingIsDone) {
  know(1, 100);
  (void)pex().start(now);
  for (std::uint32_t i = 1; i <= 10; ++i) connect(i);
  for (std::uint32_t i = 1; i < 100; ++i) {
    (void)pex().on_dial_failed(node(i), GoPex::DialEnd::busy, now);
  }
  EXPECT_TRUE(tick().empty());
}

TEST_F(GoPexTest, DialsUnderWayCountAgainstTheLimit) {
  know(1, 100);
  EXPECT_EQ(of<GoPex::Dial>(pex().start(now)).size(), 10u);
  EXPECT_EQ(of<GoPex::Dial>(tick()).size(), 0u);
}

TEST_F(GoPexTest, AnAddressThatFailsIsTriedAtDoublingPausesAndBannedAfter17Times) {
  config.max_outbound = 1;
  know(1, 2);
  GoPex::Actions actions = pex().start(now);
  std::vector<TimePoint> tried;
  for (int i = 0; i < 20'000 && !book.is_banned(node(1).id); ++i) {
    for (const auto& dial : of<GoPex::Dial>(actions)) {
      tried.push_back(now);
      (void)pex().on_dial_failed(dial.target, GoPex::DialEnd::failed, now);
    }
    actions = tick();
  }
  ASSERT_EQ(tried.size(), kMaxAttemptsToDial + 1);
  for (std::size_t i = 1; i < tried.size(); ++i) {
    EXPECT_GE(tried[i] - tried[i - 1], (1 << i) * 1s);
    EXPECT_LE(tried[i] - tried[i - 1], (1 << i) * 1s + 31s);
  }
  EXPECT_TRUE(book.is_banned(node(1).id));
}

TEST_F(GoPexTest, ABusyNodeIsNotHeldAgainstItsAddress) {
  config.max_outbound = 1;
  know(1, 2);
  (void)pex().start(now);
  (void)pex().on_dial_failed(node(1), GoPex::DialEnd::busy, now);
  EXPECT_EQ(of<GoPex::Dial>(tick()).size(), 1u);
}

TEST_F(GoPexTest, AnAddressThatLedToUsIsForgottenAndRefused) {
  know(1, 2);
  (void)pex().start(now);
  (void)pex().on_dial_failed(node(1), GoPex::DialEnd::ourselves, now);
  EXPECT_TRUE(book.empty());
  EXPECT_EQ(book.add(node(1), node(2), now), GoBook::Added::ours);
}

TEST_F(GoPexTest, NoOtherNodeAtTheAddressOfAPeerIsDialled) {
  NetAddress neighbour = node(2);
  neighbour.endpoint.ip = node(1).endpoint.ip;
  book.add(neighbour, neighbour, now);
  connect(1, Direction::inbound);
  book.remove(node(1).id);
  (void)pex().start(now);
  EXPECT_EQ(of<GoPex::Dial>(tick()).size(), 0u);
}

TEST_F(GoPexTest, AnOutboundPeerIsAskedAndAnInboundOneIsBelieved) {
  EXPECT_EQ(of<GoPex::Ask>(connect(1)).size(), 1u);
  EXPECT_FALSE(book.has(node(1).id));
  EXPECT_TRUE(connect(2, Direction::inbound).empty());
  EXPECT_TRUE(book.has(node(2).id));
}

TEST_F(GoPexTest, APeerThatNeverAnswersIsAskedOnce) {
  (void)pex().start(now);
  EXPECT_EQ(of<GoPex::Ask>(connect(1)).size(), 1u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(of<GoPex::Ask>(tick()).size(), 0u);
  EXPECT_TRUE(of<GoPex::Stop>(pex().on_addresses(node(1).id, {}, now)).empty());
  EXPECT_EQ(of<GoPex::Ask>(tick()).size(), 1u);
}

TEST_F(GoPexTest, TwoRequestsAreFreeAndThenOneEvery10Seconds) {
  connect(1, Direction::inbound);
  const NodeId peer = node(1).id;
  EXPECT_EQ(of<GoPex::Answer>(pex().on_request(peer, now)).size(), 1u);
  EXPECT_EQ(of<GoPex::Answer>(pex().on_request(peer, now)).size(), 1u);
  now += 10s;
  EXPECT_EQ(of<GoPex::Answer>(pex().on_request(peer, now)).size(), 1u);
  now += 10s - 1ns;
  const auto actions = pex().on_request(peer, now);
  EXPECT_EQ(of<GoPex::Answer>(actions).size(), 0u);
  EXPECT_EQ(of<GoPex::Stop>(actions).size(), 1u);
  EXPECT_TRUE(book.is_banned(peer));
  // A new connection forgets all of it; only the book remembers.
  pex().on_gone(peer);
  connect(1, Direction::inbound);
  EXPECT_EQ(of<GoPex::Answer>(pex().on_request(peer, now)).size(), 1u);
  EXPECT_FALSE(book.has(peer));
}

TEST_F(GoPexTest, APeerThatSendsAddressesUnaskedOrNonsenseIsStoppedAndBanned) {
  connect(1, Direction::inbound);
  connect(2, Direction::inbound);
  const std::vector<NetAddress> list = {node(50)};
  EXPECT_EQ(of<GoPex::Stop>(pex().on_addresses(node(1).id, list, now)).size(), 1u);
  EXPECT_EQ(of<GoPex::Stop>(pex().on_malformed(node(2).id, now)).size(), 1u);
  EXPECT_TRUE(book.is_banned(node(1).id));
  EXPECT_TRUE(book.is_banned(node(2).id));
  EXPECT_TRUE(book.empty());
}

TEST_F(GoPexTest, TheSourceOfAnAddressIsWhatThePeerSaysOfItself) {
  NetAddress claim = node(7);
  claim.id = node(1).id;
  (void)pex().on_peer({node(1).id, Direction::outbound, node(1).endpoint.ip, claim}, now);
  const std::vector<NetAddress> list = {node(50)};
  (void)pex().on_addresses(node(1).id, list, now);
  EXPECT_EQ(book.rows().at(0).source, claim);
}

TEST_F(GoPexTest, SeedsAreAskedOneAfterAnotherWhenTheBookIsEmpty) {
  config.seeds = {node(1), node(2), node(3)};
  auto dials = of<GoPex::Dial>(pex().start(now));
  std::set<NodeId> tried;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(dials.size(), 1u);
    EXPECT_FALSE(pex().deadline());
    tried.insert(dials[0].target.id);
    now += 1s;
    dials = of<GoPex::Dial>(pex().on_dial_failed(dials[0].target, GoPex::DialEnd::failed, now));
  }
  EXPECT_TRUE(dials.empty());
  EXPECT_EQ(tried.size(), 3u);
  EXPECT_EQ(pex().deadline(), now + 30s);
  EXPECT_EQ(of<GoPex::Dial>(tick()).size(), 1u) << "a seed never rests";
}

TEST_F(GoPexTest, AddressesFromASeedAreDialledAMomentLaterAndNoPeerIsAsked) {
  config.seeds = {node(1)};
  (void)pex().start(now);
  EXPECT_EQ(of<GoPex::Ask>(connect(1)).size(), 1u);
  std::vector<NetAddress> list;
  for (std::uint32_t i = 10; i < 40; ++i) list.push_back(node(i));
  EXPECT_TRUE(pex().on_addresses(node(1).id, list, now).empty());
  EXPECT_EQ(pex().deadline(), now + 15ms);
  const auto actions = tick();
  EXPECT_EQ(of<GoPex::Dial>(actions).size(), 9u);
  EXPECT_EQ(of<GoPex::Ask>(actions).size(), 0u);
  EXPECT_GT(pex().deadline(), now + 10s) << "and then the next tick";
}

TEST_F(GoPexTest, WithNothingNewToDialItDialsItsSeedAgainAMomentAfterTheAnswer) {
  config.seeds = {node(1)};
  for (const auto version : {GoPexConfig::Version::v038, GoPexConfig::Version::v039}) {
    config.version = version;
    made.reset();
    ASSERT_EQ(of<GoPex::Dial>(pex().start(now)).size(), 1u);
    connect(1);
    (void)pex().on_addresses(node(1).id, {}, now);
    pex().on_gone(node(1).id);
    const auto dials = of<GoPex::Dial>(tick());
    ASSERT_EQ(dials.size(), 1u);
    EXPECT_EQ(dials[0].target.id, node(1).id);
  }
}

TEST_F(GoPexTest, OneOfVersion39AsksAPeerAtRandomThenToo) {
  config.seeds = {node(1)};
  config.version = GoPexConfig::Version::v039;
  (void)pex().start(now);
  connect(1);
  connect(2, Direction::inbound);
  (void)pex().on_addresses(node(1).id, {}, now);
  EXPECT_EQ(of<GoPex::Ask>(tick()).size(), 1u);
}

TEST_F(GoPexTest, OneOfVersion34DialsEveryAddressOfASeedAtOnceWhateverItsLimits) {
  config.seeds = {node(1)};
  config.version = GoPexConfig::Version::v034;
  (void)pex().start(now);
  connect(1);
  std::vector<NetAddress> list;
  for (std::uint32_t i = 10; i < 40; ++i) list.push_back(node(i));
  EXPECT_EQ(of<GoPex::Dial>(pex().on_addresses(node(1).id, list, now)).size(), 30u);
  pex().on_gone(node(1).id);
  EXPECT_GT(pex().deadline(), now + 10s) << "an answer does not wake it";
}

TEST_F(GoPexTest, APeerOfAnHourIsMarkedGoodUnlessThatIsOff) {
  for (const bool marks : {true, false}) {
    config.mark_good_after.reset();
    if (marks) config.mark_good_after = 1h;
    book.remove(node(1).id);
    made.reset();
    (void)pex().start(now);
    connect(1, Direction::inbound);
    const TimePoint met = now;
    while (now < met + 59min) (void)tick();
    EXPECT_FALSE(book.is_old(node(1).id));
    while (now < met + 61min) (void)tick();
    EXPECT_EQ(book.is_old(node(1).id), marks);
  }
}

TEST_F(GoPexTest, ASeedAnswersOnceAndDisconnects) {
  config.mode = GoPexConfig::Mode::seed;
  know(10, 60);
  connect(1, Direction::inbound);
  const auto actions = pex().on_request(node(1).id, now);
  ASSERT_EQ(of<GoPex::Answer>(actions).size(), 1u);
  EXPECT_EQ(of<GoPex::Answer>(actions)[0].addresses.size(), 32u);
  EXPECT_EQ(of<GoPex::Part>(actions).size(), 1u);
  EXPECT_TRUE(pex().on_request(node(1).id, now).empty());
}

TEST_F(GoPexTest, ASeedVisitsOneAfterAnotherAndNoneTwiceIn2Minutes) {
  config.mode = GoPexConfig::Mode::seed;
  know(10, 20);
  const TimePoint start = now;
  GoPex::Actions actions = pex().start(now);
  std::multiset<NodeId> visited;
  std::size_t asked = 0;
  while (now < start + 119s) {
    const auto dials = of<GoPex::Dial>(actions);
    ASSERT_LE(dials.size(), 1u);
    asked += of<GoPex::Ask>(actions).size();
    if (dials.empty()) {
      actions = tick();
      continue;
    }
    visited.insert(dials[0].target.id);
    now += 1s;
    if (visited.size() % 2 == 0) {
      actions = pex().on_dial_failed(dials[0].target, GoPex::DialEnd::failed, now);
    } else {
      actions = pex().on_peer(
          {dials[0].target.id, Direction::outbound, dials[0].target.endpoint.ip, dials[0].target},
          now);
    }
  }
  EXPECT_EQ(visited.size(), 10u);
  EXPECT_EQ(std::set<NodeId>(visited.begin(), visited.end()).size(), 10u);
  EXPECT_EQ(asked, 5u);
}

TEST_F(GoPexTest, ASeedStaysConnectedToANodeThatItVisitedFor28Hours) {
  config.mode = GoPexConfig::Mode::seed;
  (void)pex().start(now);
  connect(1);
  const TimePoint met = now;
  while (now < met + 28h - 30s) ASSERT_TRUE(of<GoPex::Stop>(tick()).empty());
  (void)tick();
  EXPECT_EQ(of<GoPex::Stop>(tick()).size(), 1u);
}

}  // namespace
}  // namespace peerage::sim::go
