// What the core does unasked: lookups, revalidation, boot nodes, all by its timers.
#include <algorithm>
#include <map>
#include <set>

#include "conn/address/node_id.h"
#include "tests/support/discovery_nodes.h"
#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

class CoreTimers : public CoreTest {
 protected:
  CoreTimers() {
    settings.lookups = Switched::on;
    settings.boot = {boot.contact()};
  }
  const ScriptedPeer boot{1, "20.1.1.1:30303"};
  const v4::WireKey own_key = test::secp256k1_key(9000).public_key().xy();

  // The boot node answers, and pings us back.
  void answer_boot() {
    for (const auto& [hash, ping] : take<v4::Ping>(boot)) send(boot, pong_of(hash));
    send(boot, ping_of(boot));
    take(boot);
  }
  // Each question is answered with nobody, for so long; their targets, and when they came.
  struct Asked {
    v4::WireKey target;
    conn::Duration after;
  };
  std::vector<Asked> answer_questions(conn::Duration time) {
    std::vector<Asked> asked;
    const conn::TimePoint start = steady;
    for (; steady - start < time; pass(100ms)) {
      for (const auto& [hash, find] : take<v4::FindNode>(boot)) {
        asked.push_back({find.target, steady - start});
        send(boot, v4::Neighbors{{}, soon()});
      }
    }
    return asked;
  }
};

TEST_F(CoreTimers, TheFirstLookupIsForOurselvesAndLeavesTheNewcomerInPeaceForASecond) {
  start();
  answer_boot();
  pass(999ms);
  EXPECT_TRUE(take(boot).empty());
  pass(1ms);
  const auto asked = take<v4::FindNode>(boot);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].second.target, own_key);
}

TEST_F(CoreTimers, EveryFourthLookupIsForOurselvesAndTheOthersAreByLot) {
  settings.limits.lookup_interval_idle = 20s;
  start();
  answer_boot();
  const auto asked = answer_questions(170s);
  ASSERT_EQ(asked.size(), 9u);
  std::set<v4::WireKey> others;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(asked[i].target == own_key, i % 4 == 0) << i;
    if (i % 4 != 0) others.insert(asked[i].target);
  }
  EXPECT_EQ(others.size(), 6u);
}

TEST_F(CoreTimers, WhereNothingNewIsFoundLookupsBecomeRarer) {
  start();
  answer_boot();
  const std::size_t first = answer_questions(180s).size();
  EXPECT_GE(first, 8u);
  EXPECT_LE(answer_questions(600s).size(), 11u);
}

TEST_F(CoreTimers, OneForOurselvesAsksSixteenAndOneByLotEight) {
  settings.boot.clear();
  settings.limits.bucket_inbound = 16;
  start();
  const std::vector<ScriptedPeer> peers = far_peers(16);
  for (const ScriptedPeer& peer : peers) bond(peer);
  std::map<v4::WireKey, std::set<EnodeId>> asked;
  for (int i = 0; i < 1'200; ++i) {
    pass(100ms);
    for (const ScriptedPeer& peer : peers) {
      for (const Seen& came : take(peer)) {
        if (std::holds_alternative<v4::Ping>(came.message)) send(peer, pong_of(came.hash));
        const auto* const find = std::get_if<v4::FindNode>(&came.message);
        if (find == nullptr) continue;
        asked[find->target].insert(peer.id());
        send(peer, v4::Neighbors{{}, soon()});
      }
    }
  }
  EXPECT_GE(asked.size(), 4u);
  EXPECT_TRUE(asked.contains(own_key));
  for (const auto& [target, nodes] : asked) {
    EXPECT_EQ(nodes.size(), target == own_key ? 16u : 8u);
  }
}

TEST_F(CoreTimers, ANewRecordOfOursIsToldToTheSixteenNearest) {
  settings.boot.clear();
  settings.lookups = Switched::off;
  settings.external_ip = ExternalIp::none;  // what peers see is no new record
  settings.limits.bucket_inbound = 16;
  start();
  std::vector<ScriptedPeer> peers;
  for (std::uint32_t i = 0; i < 24; ++i) {
    peers.emplace_back(100 + i, test::public_endpoint(i).to_string());
    bond(peers.back());
  }
  pass(1min);
  for (const ScriptedPeer& peer : peers) take(peer);
  const std::uint64_t before = core->record()->seq();
  core->set_p2p_port(12345, now());
  pass(5s);
  ASSERT_GT(core->record()->seq(), before);
  std::sort(peers.begin(), peers.end(), [this](const ScriptedPeer& a, const ScriptedPeer& b) {
    return compare_distance(core->id(), a.id(), b.id()) < 0;
  });
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const auto pings = take<v4::Ping>(peers[i]);
    ASSERT_EQ(pings.size(), i < 16 ? 1u : 0u) << i;
    if (i < 16) {
      EXPECT_EQ(pings[0].second.seq, core->record()->seq());
    }
  }
}

// By lot alone half of them would go to the farthest bucket.
TEST_F(CoreTimers, OfTheOthersHardlyAnyGoesWhereMostAreKnown) {
  settings.boot.clear();
  settings.limits.lookup_interval_idle = 20s;
  start();
  const std::vector<ScriptedPeer> peers = far_peers(4);
  for (const ScriptedPeer& peer : peers) bond(peer);
  std::set<v4::WireKey> far;
  std::set<v4::WireKey> near;
  for (int second = 0; second < 600; ++second) {
    pass(1s);
    for (const ScriptedPeer& peer : peers) {
      for (const Seen& came : take(peer)) {
        if (std::holds_alternative<v4::Ping>(came.message)) send(peer, pong_of(came.hash));
        const auto* const find = std::get_if<v4::FindNode>(&came.message);
        if (find == nullptr || find->target == own_key) continue;
        const EnodeId target = LookupTarget::of(find->target).id;
        (log_distance(core->id(), target) == 256 ? far : near).insert(find->target);
        send(peer, v4::Neighbors{{}, soon()});
      }
    }
  }
  EXPECT_GE(near.size(), 18u);
  EXPECT_LE(far.size(), 4u);
}

TEST_F(CoreTimers, AllAreForOurselvesWhereRandomOnesAreSwitchedOff) {
  settings.random_lookups = Switched::off;
  start();
  answer_boot();
  for (const Asked& each : answer_questions(100s)) EXPECT_EQ(each.target, own_key);
}

TEST_F(CoreTimers, ThereAreNoneWhereLookupsAreSwitchedOff) {
  settings.lookups = Switched::off;
  start();
  answer_boot();
  EXPECT_TRUE(answer_questions(2min).empty());
}

TEST_F(CoreTimers, WhoLacksPeersLooksEachSecondAndWhoLacksNoneEachTwenty) {
  start();
  answer_boot();
  core->set_need(10, 10);
  EXPECT_EQ(answer_questions(65s).size(), 4u);
  core->set_need(0, 10);
  EXPECT_GE(answer_questions(30s).size(), 28u);
}

TEST_F(CoreTimers, WhoHasNotAnsweredYetIsAskedTheSameAgainAndNothingElse) {
  start();
  answer_boot();
  core->set_need(0, 10);
  pass(16s);
  const auto asked = take<v4::FindNode>(boot);
  EXPECT_EQ(asked.size(), settings.limits.find_tries);
  for (const auto& [hash, find] : asked) EXPECT_EQ(find.target, own_key);
}

TEST_F(CoreTimers, ALookupThatNobodyAnswersEnds) {
  start();
  answer_boot();
  pass(1s);
  EXPECT_EQ(core->lookups_under_way(), 1u);
  pass(20s);
  EXPECT_EQ(core->counters().lookups[0].finished + core->counters().lookups[0].timed_out, 1u);
  const conn::HistogramCounts times = core->lookup_times(Protocol::v4);
  EXPECT_EQ(times.count(), 1u);
  EXPECT_EQ(times.sum, static_cast<std::uint64_t>(settings.limits.lookup_step.count()));
  EXPECT_EQ(core->lookup_times(Protocol::v5).count(), 0u);
}

TEST_F(CoreTimers, WithNobodyToAskTheBootNodesArePingedAgain) {
  start();
  EXPECT_EQ(take<v4::Ping>(boot).size(), 1u);
  EXPECT_FALSE(core->boot_nodes_wanted());
  pass(45s);
  EXPECT_GE(take<v4::Ping>(boot).size(), 1u);
  EXPECT_TRUE(core->boot_nodes_wanted());
  EXPECT_FALSE(core->boot_nodes_wanted()) << "once";
}

TEST_F(CoreTimers, BootNodesArePingedAgainAlsoWithoutLookups) {
  settings.lookups = Switched::off;
  start();
  EXPECT_EQ(take<v4::Ping>(boot).size(), 1u);
  pass(45s);
  EXPECT_GE(take<v4::Ping>(boot).size(), 1u);
}

TEST_F(CoreTimers, StrangersAreTakenInWhenTheFirstLookupForOurselvesIsDone) {
  const ScriptedPeer stranger(2, "20.2.2.2:30303");
  start();
  answer_boot();
  EXPECT_FALSE(core->table().open_to_inbound_now());
  answer_questions(2s);
  EXPECT_TRUE(core->table().open_to_inbound_now());
  bond(stranger);
}

TEST_F(CoreTimers, AProofIsRenewedAfterTwelveHours) {
  settings.lookups = Switched::off;
  start();
  answer_boot();
  pass(12h - 1min);
  EXPECT_TRUE(take<v4::Ping>(boot).empty());
  pass(2min);
  EXPECT_GE(take<v4::Ping>(boot).size(), 1u);
}

TEST_F(CoreTimers, AStoredNodeIsPingedBesideTheBootNodes) {
  const ScriptedPeer stored(2, "20.2.2.2:30303");
  settings.stored.rows = {{.node = stored.contact(),
                           .speaks = {true, false},
                           .first_seen = wall - 48h,
                           .last_live = wall - 1h,
                           .checks = 5}};
  start();
  EXPECT_EQ(take<v4::Ping>(boot).size(), 1u);
  EXPECT_EQ(take<v4::Ping>(stored).size(), 1u);
}

// They are silent, so that each has its three tries in an entry, or one without a place.
TEST_F(CoreTimers, ThirtyTwoOfTheStoredNodesArePingedAtOnceAndTheOthersOneEachSecond) {
  std::vector<ScriptedPeer> stored;
  for (std::uint32_t i = 0; i < 50; ++i) {
    stored.emplace_back(100 + i, test::public_endpoint(i).to_string());
    settings.stored.rows.push_back({.node = stored.back().contact(),
                                    .speaks = {true, false},
                                    .first_seen = wall - 48h,
                                    .last_live = wall - 1h,
                                    .checks = 5});
  }
  std::set<EnodeId> pinged;
  const auto count = [&] {
    for (const ScriptedPeer& peer : stored) {
      if (!take<v4::Ping>(peer).empty()) pinged.insert(peer.id());
    }
    return pinged.size();
  };
  start();
  EXPECT_GE(count(), 31u) << "one of those in flight is for the boot node";
  EXPECT_LE(pinged.size(), 32u);
  pass(40s);
  EXPECT_EQ(count(), 50u);
}

TEST_F(CoreTimers, AStoredNodeThatFindsNoPlaceIsACandidateAllTheSame) {
  settings.limits.bucket_entries = 1;
  const std::vector<ScriptedPeer> far = far_peers(2);
  for (const ScriptedPeer& peer : far) {
    settings.stored.rows.push_back({.node = peer.contact(),
                                    .speaks = {true, false},
                                    .first_seen = wall - 48h,
                                    .last_live = wall - 1h,
                                    .checks = 5});
  }
  settings.boot.clear();
  start();
  for (const ScriptedPeer& peer : far) {
    const auto pings = take<v4::Ping>(peer);
    ASSERT_EQ(pings.size(), 1u);
    send(peer, pong_of(pings[0].first));
  }
  const auto came = take_updates();
  const auto count = [&came](auto is) { return std::count_if(came.begin(), came.end(), is); };
  const auto is_added = [](const Update& each) {
    return std::holds_alternative<update::Added>(each);
  };
  const auto waits = [](const Update& each) {
    return std::holds_alternative<update::StillLive>(each);
  };
  EXPECT_EQ(count(is_added), 1);
  EXPECT_EQ(count(waits), 1);
}

TEST_F(CoreTimers, AStoredNodeThatIsLongGoneIsNot) {
  const ScriptedPeer stored(2, "20.2.2.2:30303");
  settings.stored.rows = {{.node = stored.contact(),
                           .speaks = {true, false},
                           .first_seen = wall - std::chrono::days(30),
                           .last_live = wall - std::chrono::days(6),
                           .checks = 5}};
  start();
  EXPECT_TRUE(take(stored).empty());
}

TEST_F(CoreTimers, AnIdleNodeSendsHardlyAnything) {
  start();
  answer_boot();
  answer_questions(1min);
  const std::uint64_t before = sent_in_all();
  answer_questions(10min);
  EXPECT_LE(sent_in_all() - before, 2 * 10 * 60u / 20);
}

// Two parts of a network that were cut apart have full tables, and meet again at the boot node.
TEST_F(CoreTimers, ABootNodeThatIsVisitedIsAskedThoughItsBucketIsFull) {
  settings.limits.bucket_entries = settings.limits.bucket_inbound = 2;
  settings.limits.boot_visits = 1;
  const std::vector<ScriptedPeer> far = far_peers(3);
  settings.boot = {far[0].contact()};
  start();
  pass(1min);
  bond(far[1]);
  pass(1min);
  bond(far[2]);
  take(far[0]);
  std::size_t asked = 0;
  for (int i = 0; i < 3'000; ++i) {
    pass(100ms);
    for (const ScriptedPeer& peer : far) {
      for (const Seen& came : take(peer)) {
        if (std::holds_alternative<v4::Ping>(came.message)) send(peer, pong_of(came.hash));
        const auto* const find = std::get_if<v4::FindNode>(&came.message);
        if (find == nullptr) continue;
        send(peer, v4::Neighbors{{}, soon()});
        asked += peer.id() == far[0].id() && find->target == own_key ? 1 : 0;
      }
    }
  }
  EXPECT_GE(asked, 1u);
  EXPECT_TRUE(is_live(far[1]) && is_live(far[2])) << "whose places it does not take";
}

TEST_F(CoreTimers, AFullBucketsOldestIsAskedAndTheNewcomerWaits) {
  settings.lookups = Switched::off;
  settings.boot.clear();
  settings.limits.bucket_entries = settings.limits.bucket_inbound = 1;
  start();
  const std::vector<ScriptedPeer> far = far_peers(2);
  bond(far[0]);
  take(far[0]);
  pass(1min);
  send(far[1], ping_of(far[1]));
  const auto asked = take<v4::Ping>(far[1]);
  ASSERT_EQ(asked.size(), 1u);
  send(far[1], pong_of(asked[0].first));
  EXPECT_EQ(take_updates<update::DiscoveredAtCapacity>().size(), 1u);
  EXPECT_EQ(take<v4::Ping>(far[0]).size(), 1u) << "is it still there?";
  EXPECT_TRUE(is_live(far[0]));
  pass(70s);
  EXPECT_EQ(core->table().find(far[0].id()), nullptr) << "it is not";
  EXPECT_NE(core->table().find(far[1].id()), nullptr);
  EXPECT_GE(take<v4::Ping>(far[1]).size(), 1u);
}

}  // namespace
}  // namespace peerage::pex
