#include "pex/discovery/kept_rows.h"

#include <set>

#include "tests/support/discovery_nodes.h"
#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

class KeptRowsTest : public CoreTest {
 protected:
  KeptRowsTest() { settings.limits.v4_revalidation = 2min; }
  const ScriptedPeer peer{1, "20.1.1.1:30303"};

  NodeRow row(std::uint64_t number, conn::Duration ago) const {
    return row_at(number, test::public_endpoint(static_cast<std::uint32_t>(number)), ago);
  }
  NodeRow row_at(std::uint64_t number, const conn::Endpoint& at, conn::Duration ago) const {
    return {.node = test::contact(test::enode_id(number), at),
            .speaks = {true, false},
            .first_seen = wall - std::chrono::days(9),
            .last_live = wall - std::chrono::floor<std::chrono::milliseconds>(ago),
            .checks = 7};
  }
  // The peer answers every ping of ours, for so long.
  void answer_for(conn::Duration time) {
    for (const conn::TimePoint end = steady + time; steady < end; pass(1s)) {
      for (const auto& [hash, ping] : take<v4::Ping>(peer)) send(peer, pong_of(hash));
    }
  }
};

TEST_F(KeptRowsTest, ANodeIsKeptAfterThreeAnswersOverTenMinutes) {
  start();
  bond(peer);
  answer_for(9min);
  EXPECT_TRUE(core->rows(now()).empty()) << "not for ten minutes";
  answer_for(2min);
  const auto rows = core->rows(now());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].node.id, peer.id());
  EXPECT_GE(rows[0].checks, kRowChecks);
  EXPECT_LE(wall - rows[0].last_live, 2min + 1s);
  EXPECT_GE(wall - rows[0].first_seen, 11min);
  EXPECT_TRUE(rows[0].speaks[0]);
}

TEST_F(KeptRowsTest, ANodeThatAnsweredOnceOnlyIsNotKept) {
  settings.limits.v4_revalidation = 12h;
  start();
  bond(peer);
  answer_for(20min);
  EXPECT_TRUE(core->rows(now()).empty());
}

TEST_F(KeptRowsTest, ARowOfTheLastRunIsKeptUntilItsNodeHasBeenGoneForFiveDays) {
  settings.stored.rows = {row(1, 1h), row(2, std::chrono::days(4) + 23h)};
  start();
  EXPECT_EQ(core->rows(now()).size(), 2u);
  pass(2h);
  const auto rows = core->rows(now());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].node.id, test::enode_id(1));
}

TEST_F(KeptRowsTest, OfOneNetworkTwoAreKeptThoseThatWereLiveLast) {
  for (std::uint8_t host = 1; host <= 5; ++host) {
    settings.stored.rows.push_back(
        row_at(host, test::public_endpoint(7, host), std::chrono::hours(host)));
  }
  start();
  const auto rows = core->rows(now());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].node.id, test::enode_id(1));
  EXPECT_EQ(rows[1].node.id, test::enode_id(2));
}

TEST_F(KeptRowsTest, RowsAreBounded) {
  settings.limits.rows = 10;
  for (std::uint64_t i = 1; i <= 30; ++i) settings.stored.rows.push_back(row(i, 1h));
  start();
  EXPECT_EQ(core->rows(now()).size(), 10u);
}

TEST_F(KeptRowsTest, TheyAreDrawnByLot) {
  std::vector<NodeRow> rows;
  for (std::uint64_t i = 1; i <= 100; ++i) rows.push_back(row(i, 1h));
  const KeptRows kept(rows, wall);
  std::vector<EnodeId> first, second;
  conn::Random random({1});
  for (const NodeRow& each : kept.draw(random)) first.push_back(each.node.id);
  for (const NodeRow& each : kept.draw(random)) second.push_back(each.node.id);
  EXPECT_EQ(first.size(), 100u);
  EXPECT_NE(first, second);
  EXPECT_TRUE(std::is_permutation(first.begin(), first.end(), second.begin(), second.end()));
}

TEST_F(KeptRowsTest, EachNetworkHasItsTurnBeforeASecondOfAny) {
  std::vector<NodeRow> rows;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    rows.push_back(row(i, 1h));
    rows.back().node.udp = test::public_endpoint(i <= 180 ? i % 2 : static_cast<std::uint32_t>(i),
                                                 static_cast<std::uint8_t>(i));
  }
  conn::Random random({1});
  std::size_t alone = 0;
  auto drawn = KeptRows(rows, wall).draw(random);
  drawn.erase(drawn.begin() + kRowsPingedAtStart, drawn.end());
  for (const NodeRow& each : drawn) {
    alone += each.node.udp.ip >= test::public_endpoint(100, 0).ip ? 1 : 0;
  }
  EXPECT_EQ(alone, 20u) << "all that are the only ones of their network";
}

}  // namespace
}  // namespace peerage::pex
