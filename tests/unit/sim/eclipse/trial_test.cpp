// Whole trials, small and short: strategies do what they say, a trial repeats itself, and a planted
// weakness is seen.
#include "tests/sim/eclipse/trial.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <gtest/gtest.h>

#include "tests/sim/cheap_crypto.h"
#include "tests/sim/eclipse/campaign.h"
#include "tests/sim/eclipse/our_victim.h"
#include "tests/support/files.h"

namespace peerage::sim::eclipse {
namespace {

using addrbook::KnownAddress;
using addrbook::Origin;

class EclipseTest : public testing::Test {
 protected:
  EclipseTest() {
    use_cryptography(Cryptography::cheap);
    small.nodes = 300;
    small.hosting_groups = 10;
    attack.addresses = 64;
    attack.groups = 16;
  }
  ~EclipseTest() override { use_cryptography(Cryptography::real); }

  // The attack for `span`, on a victim of that age; `trial` stays for inspection.
  Outcome play(const char* tactics, conn::Duration span, conn::Duration age = 2h,
               const char* against = "ours", std::uint64_t seed = 1) {
    trial.reset();
    trial = std::make_unique<Trial>(policy(against), small, seed, directory.path());
    if (age > conn::Duration(0)) trial->warm_up(age);
    attack.tactics = parse_tactics(tactics);
    return trial->attack(attack, seed, {{span}, Timing::Restarts::none});
  }
  const addrbook::AddressBook& book() const {
    return dynamic_cast<OurVictim&>(trial->victim()).book();
  }
  bool is_attackers(const conn::IpAddress& ip) const { return trial->attacker().estate().owns(ip); }
  bool is_honest(const conn::IpAddress& ip) const { return trial->honest().has(ip); }
  std::size_t count(const std::function<bool(const KnownAddress&)>& condition) const {
    std::size_t counted = 0;
    book().for_each([&](const KnownAddress& known) { counted += condition(known) ? 1 : 0; });
    return counted;
  }

  test::TemporaryDirectory directory;
  WorldPlan small;
  AttackPlan attack;
  std::unique_ptr<Trial> trial;
};

TEST_F(EclipseTest, AVictimInAnHonestWorldIsFullAndKnowsMostReachableNodes) {
  const Outcome outcome = play("", 4h, 0h);
  ASSERT_TRUE(outcome.full_at);
  EXPECT_LT(*outcome.full_at, 60);
  EXPECT_EQ(outcome.visits, 0u);
  EXPECT_GE(trial->victim().outbound().size(), 9u);
  EXPECT_GT(trial->victim().inbound().size(), 0u);
  EXPECT_GT(
      count([this](const KnownAddress& known) { return is_honest(known.address.endpoint.ip); }),
      trial->honest().reachable() / 2);
}

TEST_F(EclipseTest, ASelfReportIsFiledUnderTheSocketsGroup) {
  play("s1", 2h);
  const auto told_of_another = [this](const KnownAddress& known) {
    return is_attackers(known.address.endpoint.ip) && is_attackers(known.source) &&
           known.source != known.address.endpoint.ip && known.origin == Origin::pex;
  };
  EXPECT_GT(count(told_of_another), 10u);
  // Half of its visits name an address without a node: that, too, came from the attacker's groups.
  const auto nowhere = [this](const KnownAddress& known) {
    return !is_attackers(known.address.endpoint.ip) && !is_honest(known.address.endpoint.ip);
  };
  EXPECT_GT(count(nowhere), 10u);
  // Honest nodes give addresses of nodes that have moved since.
  EXPECT_EQ(count([&](const KnownAddress& known) {
              return nowhere(known) && !is_attackers(known.source) && !is_honest(known.source);
            }),
            0u);
}

TEST_F(EclipseTest, ANodeThatBelievesClaimsFilesTheAttackerUnderGroupsThatItDoesNotHave) {
  play("s1", 2h, 2h, "source-claim");
  EXPECT_GT(count([this](const KnownAddress& known) {
              return !is_attackers(known.source) && !is_honest(known.source) &&
                     known.origin == Origin::inbound;
            }),
            10u);
}

TEST_F(EclipseTest, LongAnswersAreTheAttackersNodesAlone) {
  // A victim that has no book yet asks the nodes it meets.
  play("s2", 1h, 0h);
  const double lists = trial->standing().in_new;
  play("s5", 1h, 0h);
  EXPECT_GT(lists, trial->standing().in_new);
}

TEST_F(EclipseTest, TrashIsInTheBookAndNoNodeIsThere) {
  play("s3", 2h);
  const auto trash = count([this](const KnownAddress& known) {
    return !is_attackers(known.address.endpoint.ip) && !is_honest(known.address.endpoint.ip);
  });
  EXPECT_GT(trash, 100u);
}

TEST_F(EclipseTest, GrindingBringsEachNodeUnderItsOwnAddressUpToTheCap) {
  play("s4", 4h);
  const auto own = [this](const KnownAddress& known) {
    return is_attackers(known.address.endpoint.ip) && known.source == known.address.endpoint.ip &&
           known.origin == Origin::inbound;
  };
  EXPECT_GT(count(own), attack.addresses);
  EXPECT_LE(count(own), 2 * attack.addresses);
}

TEST_F(EclipseTest, AHarvestingAttackerLeavesAsSoonAsItIsTried) {
  attack.harvest = 24h;
  play("s2,s4", 12h, 0h);
  EXPECT_GT(count([this](const KnownAddress& known) {
              return is_attackers(known.address.endpoint.ip) && known.kind == addrbook::Kind::tried;
            }),
            0u);
  const auto peers = trial->victim().outbound();
  for (const Victim::Outbound& peer : peers) {
    if (!is_attackers(peer.address.endpoint.ip)) continue;
    EXPECT_LT(trial->world().now() - peer.since, 36min);
  }
}

TEST_F(EclipseTest, SlotsThatAreOccupiedStaySo) {
  play("s5", 2h);
  EXPECT_EQ(trial->attacker().occupants().size(), 16u) << "a quarter of its addresses";
  const auto inbound = trial->victim().inbound();
  EXPECT_GE(std::count_if(inbound.begin(), inbound.end(),
                          [this](const auto& ip) { return is_attackers(ip); }),
            15);
}

TEST_F(EclipseTest, WrongIdsStandAtHonestAddressesAndGoWhenTheyAreTried) {
  play("s6", 12h, 0h);
  EXPECT_GT(trial->attacker().visits(), 500u);
  std::set<conn::NodeId> ids;
  for (std::size_t i = 0; i < trial->attacker().estate().nodes(); ++i) {
    ids.insert(trial->attacker().estate().node(i).id);
  }
  const auto wrong = count([&](const KnownAddress& known) {
    return is_honest(known.address.endpoint.ip) && ids.contains(known.address.id);
  });
  EXPECT_GT(wrong, 10u);
  // They have kept no honest node out of the set.
  EXPECT_GE(trial->victim().outbound().size(), 9u);
  EXPECT_LT(trial->standing().outbound, 1);
}

TEST_F(EclipseTest, PoisonedSeedsServeTheAttackersNodesToNewNodes) {
  small.nodes = 2000;
  attack.addresses = 400;  // a quarter of all that can be reached
  play("", 2min, 0h);
  const double clean = trial->standing().in_new;
  play("s7", 2min, 0h);
  EXPECT_GT(trial->standing().in_new, clean);
}

TEST_F(EclipseTest, ATrialRepeatsItselfAndAnotherSeedIsAnother) {
  const std::uint64_t once = play("all", 6h, 0h, "ours", 5).trace;
  EXPECT_EQ(play("all", 6h, 0h, "ours", 5).trace, once);
  EXPECT_NE(play("all", 6h, 0h, "ours", 6).trace, once);
  const std::uint64_t go = play("all", 6h, 0h, "go", 5).trace;
  EXPECT_EQ(play("all", 6h, 0h, "go", 5).trace, go);
}

TEST_F(EclipseTest, AfterARestartTheVictimHasTheBookOfItsFile) {
  play("", 1h, 12h);
  Victim& victim = trial->victim();
  const std::size_t known = trial->standing().known;
  ASSERT_GT(known, 100u);
  victim.stop();
  ASSERT_TRUE(trial->world().run_until([&] { return victim.stopped(); }, 1min));
  EXPECT_TRUE(std::filesystem::exists(directory / "book.db"));
  victim.make_anew();
  EXPECT_EQ(trial->standing().known, 0u);
  victim.start();
  trial->world().run_for(1min);
  EXPECT_GE(trial->standing().known, known * 9 / 10);
  EXPECT_GE(victim.outbound().size(), 9u);
}

TEST_F(EclipseTest, TenAddressesOfOneGroupNeverSurroundUs) {
  Campaign campaign;
  campaign.cases = {{"ours", parse_attack("10/1"), 0h}, {"ours", parse_attack("10/1"), 6h}};
  campaign.trials = 2;
  campaign.timing.checkpoints = {1h, 24h};
  for (const auto& outcomes : run(campaign)) {
    for (const Outcome& outcome : outcomes) {
      for (const Checkpoint& point : outcome.checkpoints) {
        EXPECT_FALSE(point.eclipsed);
        EXPECT_FALSE(point.plain->eclipsed);
        EXPECT_FALSE(point.timed->eclipsed);
        EXPECT_LE(point.standing.outbound, 0.5);
      }
    }
  }
}

// The planted weakness: without caps one group has a bucket for each group that it comes from.
TEST_F(EclipseTest, AnAttackerOfOneGroupGainsWhereClaimsAreBelieved) {
  attack.addresses = 10;
  attack.groups = 1;
  play("s1,s4", 12h, 2h, "no-host-caps");
  const double by_socket = trial->standing().in_new;
  play("s1,s4", 12h, 2h, "source-claim-no-caps");
  EXPECT_GT(trial->standing().in_new, 2 * by_socket);
}

TEST_F(EclipseTest, AnAttackerThatNeverLeavesGainsWhereAllPeersAreDrawnAtRandom) {
  attack = parse_attack("512/64");
  small.nodes = 2000;
  play("s2,s4", 24h, 24h, "all-by-lot", 3);
  const double by_lot = trial->standing().outbound;
  play("s2,s4", 24h, 24h, "ours", 3);
  EXPECT_GT(by_lot, trial->standing().outbound);
}

}  // namespace
}  // namespace peerage::sim::eclipse
