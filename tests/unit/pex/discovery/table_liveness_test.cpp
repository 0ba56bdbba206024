// When a node counts as live, when it is asked again, and when it is given up.
#include "tests/unit/pex/discovery/table_fixture.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using TableLivenessTest = TableTest;
using FindFailed = NodeTable::FindFailed;

TEST_F(TableLivenessTest, ANodeIsLiveOnceItHasAnsweredAPing) {
  const auto node = far_node(1);
  offer(node);
  EXPECT_FALSE(table.find(node.id)->live());
  EXPECT_TRUE(table.closest(node.id, 16).empty());
  EXPECT_EQ(answers(node), Live::became);
  EXPECT_EQ(table.find(node.id)->live_at(), now);
  EXPECT_EQ(table.closest(node.id, 16).size(), 1u);
  now += 1s;
  EXPECT_EQ(answers(node), Live::stayed);
  EXPECT_EQ(table.find(node.id)->live_at(), now);
  EXPECT_EQ(table.find(node.id)->checks, 2u);
}

TEST_F(TableLivenessTest, AReplacementThatAnswersWaitsForAPlace) {
  fill_bucket();
  const auto waiting = far_node(17);
  offer(waiting);
  EXPECT_EQ(answers(waiting), Live::waits);
  table.remove(far_node(1).id);
  EXPECT_FALSE(table.find(waiting.id)->live()) << "it is asked once more";
  EXPECT_EQ(answers(waiting), Live::became);
}

TEST_F(TableLivenessTest, AnAnswerOfAStrangerChangesNothing) {
  EXPECT_EQ(answers(far_node(1)), Live::absent);
  EXPECT_EQ(table.counts().entries, 0u);
}

TEST_F(TableLivenessTest, AKnownIdSeenElsewhereChangesNothingUntilItAnswersThere) {
  const auto node = fill_bucket(1)[0];
  const auto elsewhere = test::contact(node.id, test::public_endpoint(900));
  EXPECT_EQ(offer(elsewhere, HeardBy::inbound), Offered::known);
  EXPECT_EQ(offer(elsewhere, HeardBy::told), Offered::known);
  EXPECT_EQ(table.find(node.id)->contact.udp, node.udp);
  EXPECT_TRUE(table.find(node.id)->live());
  EXPECT_EQ(misses(elsewhere), Missed::absent) << "that it is not there says nothing of it";
  EXPECT_EQ(table.find(node.id)->missed[0], 0u);
  EXPECT_EQ(answers(elsewhere), Live::became);
  EXPECT_EQ(table.find(node.id)->contact.udp, elsewhere.udp);
}

TEST_F(TableLivenessTest, WhoMovesIsLiveAsProvenThereOnly) {
  const auto node = fill_bucket(1)[0];
  answers(node, Protocol::v5);
  const auto elsewhere = test::contact(node.id, test::public_endpoint(900));
  answers(elsewhere, Protocol::v5);
  const TableNode& moved = *table.find(node.id);
  EXPECT_FALSE(moved.last_live[index_of(Protocol::v4)]);
  EXPECT_TRUE(moved.last_live[index_of(Protocol::v5)]);
  EXPECT_EQ(moved.checks, 1u);
}

TEST_F(TableLivenessTest, ANodeThatNeverAnsweredLeavesAfterOnePing) {
  offer(far_node(1));
  EXPECT_EQ(misses(far_node(1)), Missed::removed);
  EXPECT_EQ(table.find_any(far_node(1).id), nullptr);
  EXPECT_EQ(misses(far_node(1)), Missed::absent);
}

TEST_F(TableLivenessTest, ALiveOneGetsTwoMoreTries) {
  const auto node = fill_bucket(1)[0];
  EXPECT_EQ(misses(node), Missed::ask_again);
  EXPECT_EQ(misses(node), Missed::ask_again);
  EXPECT_TRUE(table.find(node.id)->live());
  EXPECT_EQ(misses(node), Missed::removed);
}

TEST_F(TableLivenessTest, OneThatWasStoredHasBeenLiveAndGetsThemToo) {
  const auto node = far_node(1);
  offer(node, HeardBy::disk);
  EXPECT_EQ(misses(node), Missed::ask_again);
  EXPECT_FALSE(table.find(node.id)->live());
  EXPECT_EQ(misses(node), Missed::ask_again);
  EXPECT_EQ(misses(node), Missed::removed);
}

TEST_F(TableLivenessTest, AnAnswerGivesAllTriesBack) {
  const auto node = fill_bucket(1)[0];
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(misses(node), Missed::ask_again);
    EXPECT_EQ(misses(node), Missed::ask_again);
    EXPECT_EQ(answers(node), Live::stayed);
  }
}

TEST_F(TableLivenessTest, WhoIsSilentInOneProtocolStaysForTheOther) {
  const auto node = fill_bucket(1)[0];
  answers(node, Protocol::v5);
  EXPECT_EQ(misses(node, Protocol::v4), Missed::ask_again);
  EXPECT_EQ(misses(node, Protocol::v4), Missed::ask_again);
  EXPECT_EQ(misses(node, Protocol::v4), Missed::other_protocol);
  EXPECT_TRUE(table.find(node.id)->live());
  EXPECT_FALSE(table.find(node.id)->speaks[index_of(Protocol::v4)]);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(misses(node, Protocol::v5), Missed::ask_again);
  EXPECT_EQ(misses(node, Protocol::v5), Missed::removed);
}

TEST_F(TableLivenessTest, OthersMayNameAProtocolThatWeHaveNeverTriedAndNoOther) {
  const auto node = fill_bucket(1)[0];
  const auto speaks_v5 = [&] { return table.find(node.id)->speaks[index_of(Protocol::v5)]; };
  EXPECT_FALSE(speaks_v5());
  offer(node, HeardBy::told, Protocol::v5);
  EXPECT_TRUE(speaks_v5());
  table.on_pinged(node.id, Protocol::v5, node.udp, now);
  EXPECT_EQ(misses(node, Protocol::v5), Missed::other_protocol);
  offer(node, HeardBy::told, Protocol::v5);
  EXPECT_FALSE(speaks_v5()) << "it did not answer";
  offer(node, HeardBy::inbound, Protocol::v5);
  EXPECT_TRUE(speaks_v5()) << "its own word";
}

TEST_F(TableLivenessTest, AReplacementThatDoesNotAnswerLeaves) {
  fill_bucket();
  offer(far_node(17));
  EXPECT_EQ(misses(far_node(17)), Missed::removed);
  EXPECT_EQ(table.counts().replacements, 0u);
}

TEST_F(TableLivenessTest, FindNodeThatFailsFiveTimesInARowWantsAPingFirst) {
  const auto node = fill_bucket(1)[0];
  for (int i = 0; i < 4; ++i) EXPECT_EQ(table.on_find_failed(node.id), FindFailed::stays);
  table.on_find_answered(node.id);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(table.on_find_failed(node.id), FindFailed::stays);
  EXPECT_EQ(table.on_find_failed(node.id), FindFailed::ping_first);
}

TEST_F(TableLivenessTest, MoreFailuresRemoveItFromABucketThatIsHalfFullOnly) {
  const auto nodes = fill_bucket(7);
  for (int i = 0; i < 4; ++i) table.on_find_failed(nodes[0].id);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(table.on_find_failed(nodes[0].id), FindFailed::ping_first);
  }
  offer(far_node(8));
  EXPECT_EQ(table.on_find_failed(nodes[0].id), FindFailed::removed);
  EXPECT_EQ(table.on_find_failed(nodes[0].id), FindFailed::absent);
  EXPECT_EQ(table.find(nodes[0].id), nullptr);
}

// --- whom to ask next ---

class TableRevalidationTest : public TableTest {
 protected:
  // Whom to ask now; it counts as asked.
  std::optional<EnodeId> ask(Protocol protocol) {
    const TableNode* const next = table.next_to_revalidate(protocol, now);
    if (next == nullptr) return std::nullopt;
    const Contact asked = next->contact;
    table.on_pinged(asked.id, protocol, asked.udp, now);
    return asked.id;
  }
};

TEST_F(TableRevalidationTest, WhoHasNeverAnsweredIsAskedAtOnceAndBeforeAllOthers) {
  const auto live = fill_bucket(1)[0];
  now += 13h;
  offer(far_node(2));
  now += 1s;
  offer(far_node(3));
  EXPECT_EQ(ask(Protocol::v4), far_node(2).id);
  EXPECT_EQ(ask(Protocol::v4), far_node(3).id);
  EXPECT_EQ(ask(Protocol::v4), live.id);
  EXPECT_EQ(ask(Protocol::v4), std::nullopt);
}

TEST_F(TableRevalidationTest, AV4ProofIsRenewedAfterTwelveHoursTheOldestFirst) {
  const auto nodes = fill_bucket(3);  // proofs of the last three seconds
  now = table.find(nodes[0].id)->live_at().value() + 12h - 1ns;
  EXPECT_EQ(ask(Protocol::v4), std::nullopt);
  now += 1ns;
  EXPECT_EQ(ask(Protocol::v4), nodes[0].id);
  EXPECT_EQ(ask(Protocol::v4), std::nullopt);
  now += 2s;
  EXPECT_EQ(ask(Protocol::v4), nodes[1].id);
  EXPECT_EQ(ask(Protocol::v4), nodes[2].id);
}

TEST_F(TableRevalidationTest, AV5ProofIsRenewedAfterThirtySeconds) {
  const auto node = far_node(1);
  offer(node, HeardBy::told, Protocol::v5);
  answers(node, Protocol::v5);
  now += 30s - 1ns;
  EXPECT_EQ(ask(Protocol::v5), std::nullopt);
  now += 1ns;
  EXPECT_EQ(ask(Protocol::v5), node.id);
}

TEST_F(TableRevalidationTest, OnlyWhoSpeaksAProtocolIsAskedInIt) {
  offer(far_node(1), HeardBy::told, Protocol::v4);
  offer(far_node(2), HeardBy::told, Protocol::v5);
  EXPECT_EQ(ask(Protocol::v4), far_node(1).id);
  EXPECT_EQ(ask(Protocol::v4), std::nullopt);
  EXPECT_EQ(ask(Protocol::v5), far_node(2).id);
  EXPECT_EQ(ask(Protocol::v5), std::nullopt);
}

TEST_F(TableRevalidationTest, AV5AnswerIsNoV4Proof) {
  const auto node = far_node(1);
  offer(node, HeardBy::told, Protocol::v4);
  answers(node, Protocol::v5);
  EXPECT_TRUE(table.find(node.id)->live());
  EXPECT_EQ(ask(Protocol::v4), node.id);
}

TEST_F(TableRevalidationTest, ALiveNodeThatMissedAPingIsAskedAgainTenSecondsLater) {
  const auto node = far_node(1);
  offer(node, HeardBy::told, Protocol::v5);
  answers(node, Protocol::v5);
  now += 30s;
  ASSERT_EQ(ask(Protocol::v5), node.id);
  now += 1s;
  EXPECT_EQ(misses(node, Protocol::v5), Missed::ask_again);
  EXPECT_EQ(ask(Protocol::v5), std::nullopt);
  now += 9s;
  EXPECT_EQ(ask(Protocol::v5), node.id);
}

TEST_F(TableRevalidationTest, WhoMayStillAnswerDoesNotHoldTheOthersOff) {
  const auto nodes = fill_bucket(2);
  now += 12h;
  ASSERT_EQ(ask(Protocol::v4), nodes[0].id);
  now += 19s;
  EXPECT_EQ(ask(Protocol::v4), nodes[1].id);
  EXPECT_EQ(ask(Protocol::v4), std::nullopt);
}

}  // namespace
}  // namespace peerage::pex
