#include "pex/outbound/policy.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/book_fixture.h"

namespace peerage::pex {
namespace {

using addrbook::KnownAddress;
using conn::NetAddress;
using conn::TimePoint;
using test::address;
using test::scattered;
using namespace std::chrono_literals;

// A node with dials that end as `answers` says, in steps of a second.
class OutboundPolicyTest : public test::BookTest {
 protected:
  OutboundPolicyTest() : policy(book, steady, 1) {}

  OutboundPolicy::Situation situation() {
    OutboundPolicy::Situation now_;
    now_.now = steady;
    now_.book_now = now;
    for (const NetAddress& each : outbound) {
      now_.outbound.push_back(
          {each.id, each.endpoint.ip, since[each.id], !stays.contains(each.id)});
    }
    now_.free_slots = slots - outbound.size();
    now_.connected = outbound.size();
    now_.unavailable = [this](const KnownAddress& known) {
      return std::any_of(outbound.begin(), outbound.end(),
                         [&](const NetAddress& each) { return each.id == known.address.id; });
    };
    return now_;
  }
  void second() {
    now += 1s;
    steady += 1s;
    const auto plan = policy.plan(situation());
    for (const NetAddress& each : plan.dials) {
      dialled.push_back(each);
      if (answers(each)) {
        join(each);
      } else {
        fail(each);
      }
    }
    if (plan.test) {
      tested.push_back(*plan.test);
      answers(*plan.test) ? visit(*plan.test) : fail(*plan.test);
    }
    if (plan.rotation) rotate(*plan.rotation);
    seeds_asked += plan.ask_seeds ? 1 : 0;
    peers_asked += plan.ask_a_peer ? 1 : 0;
  }
  void join(const NetAddress& each) {
    visit(each);
    // It is of use.
    book.mark_session(each, addrbook::kTriedSession, addrbook::AddressBook::Brought::messages, now);
    outbound.push_back(each);
    since[each.id] = steady;
  }
  void rotate(const NetAddress& target) {
    if (!answers(target)) {
      fail(target);
      return;
    }
    join(target);
    const auto leaves = policy.on_rotated(target.id, situation());
    ASSERT_NE(leaves, target.id);
    const auto found = std::find_if(outbound.begin(), outbound.end(),
                                    [&](const NetAddress& each) { return each.id == leaves; });
    ASSERT_NE(found, outbound.end());
    left.push_back(*found);
    came.push_back(target);
    outbound.erase(found);
  }
  void run(std::chrono::seconds span) {
    for (auto i = 0s; i < span; i += 1s) second();
  }
  std::set<std::uint64_t> groups() const {
    std::set<std::uint64_t> all;
    for (const NetAddress& each : outbound) all.insert(book.group(each.endpoint.ip));
    return all;
  }

  TimePoint steady{1h};
  std::size_t slots = 10;
  std::vector<NetAddress> outbound, dialled, tested;
  std::vector<NetAddress> came, left;  // by rotation
  std::map<conn::NodeId, TimePoint> since;
  std::set<conn::NodeId> stays;  // persistent peers
  int seeds_asked = 0, peers_asked = 0;
  std::function<bool(const NetAddress&)> answers = [](const NetAddress&) { return true; };
  OutboundPolicy policy;
};

TEST_F(OutboundPolicyTest, TheSetIsFullWithinAMinuteThoughMostAddressesAreDead) {
  for (std::uint32_t i = 0; i < 300; ++i)
    hear(scattered(i), "66." + std::to_string(i % 50) + ".1.1");
  answers = [](const NetAddress& each) { return each.id.bytes()[3] % 5 == 0; };
  run(60s);
  EXPECT_EQ(outbound.size(), 10u);
  EXPECT_EQ(seeds_asked, 0);
}

TEST_F(OutboundPolicyTest, NoMoreThanTwoDialsBeginInASecond) {
  for (std::uint32_t i = 0; i < 300; ++i)
    hear(scattered(i), "66." + std::to_string(i % 50) + ".1.1");
  answers = [](const NetAddress&) { return false; };
  for (int i = 0; i < 600; ++i) {
    const std::size_t before = dialled.size() + tested.size();
    second();
    ASSERT_LE(dialled.size() + tested.size() - before, 2u);
  }
}

TEST_F(OutboundPolicyTest, FivePeersAreOfFiveGroupsAndThenTwoMayBeOfOne) {
  // Six groups, one of them large.
  for (std::uint32_t i = 0; i < 200; ++i) {
    hear(address(1000 + i, "5.5." + std::to_string(i) + ".1"), "66." + std::to_string(i) + ".1.1");
  }
  for (std::uint32_t i = 0; i < 5; ++i) {
    hear(address(1 + i, "6." + std::to_string(i) + ".1.1"), "67.1.1.1");
  }
  slots = 5;
  run(10s);
  ASSERT_EQ(outbound.size(), 5u);
  EXPECT_EQ(groups().size(), 5u);
  slots = 10;
  run(60s);
  ASSERT_EQ(outbound.size(), 10u);
  EXPECT_EQ(groups().size(), 6u);
}

TEST_F(OutboundPolicyTest, ANetworkOfOneGroupIsConnectedAllTheSame) {
  for (std::uint32_t i = 0; i < 50; ++i) {
    hear(address(1000 + i, "5.5." + std::to_string(i) + ".1"), "66." + std::to_string(i) + ".1.1");
  }
  run(60s);
  EXPECT_EQ(outbound.size(), 10u);
}

TEST_F(OutboundPolicyTest, AnchorsComeFirstAndOnce) {
  std::vector<KnownAddress> rows;
  for (std::uint32_t i = 0; i < 30; ++i) {
    KnownAddress row;
    row.address = scattered(i);
    row.source = test::ip("66.1.1.1");
    row.first_seen = row.last_seen = now - 24h;
    if (i >= 20) row.connected_since = now - std::chrono::hours(i);
    rows.push_back(row);
  }
  book.load(test::book_key(), rows, now);
  ASSERT_EQ(book.anchors().size(), 3u);
  run(2s);
  ASSERT_GE(dialled.size(), 3u);
  EXPECT_EQ(std::vector(dialled.begin(), dialled.begin() + 3), book.anchors());
  EXPECT_EQ(dialled[0], scattered(29));
}

// A book of a day's experience, which an attacker has filled since.
struct LongKnownTest : OutboundPolicyTest {
  void SetUp() override {
    for (std::uint32_t i = 0; i < 20; ++i) {
      hear(scattered(i));
      make_tried(scattered(i));
      // The first is of the time when the book was fresh.
      now += i == 0 ? 6h : 1h;
      steady += i == 0 ? 6h : 1h;
    }
    for (std::uint32_t i = 0; i < 400; ++i) {
      hear(scattered(kAttackers + i), "66." + std::to_string(i % 50) + ".1.1");
      make_tried(scattered(kAttackers + i));
    }
    now += 1h;
    steady += 1h;
  }
  static constexpr std::uint32_t kAttackers = 1000;
  static bool is_old(const NetAddress& address) {
    for (std::uint32_t i = 0; i < 20; ++i) {
      if (address == scattered(i)) return true;
    }
    return false;
  }
  std::size_t old_ones() const {
    return static_cast<std::size_t>(std::count_if(outbound.begin(), outbound.end(), is_old));
  }
  // The six that have been known for longest, of those that were not met while the book was fresh.
  // Others of the old ones may be among those that are drawn at random.
  static bool is_chosen(const NetAddress& address) {
    for (std::uint32_t i = 1; i <= 6; ++i) {
      if (address == scattered(i)) return true;
    }
    return false;
  }
  std::size_t chosen_ones() const {
    return static_cast<std::size_t>(std::count_if(outbound.begin(), outbound.end(), is_chosen));
  }
  void lose(const std::function<bool(const NetAddress&)>& which) {
    std::erase_if(outbound, which);
    now += 1h;
    steady += 1h;
  }
};

TEST_F(LongKnownTest, SixOfTenAreThoseThatWeHaveKnownForLongest) {
  run(60s);
  ASSERT_EQ(outbound.size(), 10u);
  for (std::uint32_t i = 0; i < 6; ++i) EXPECT_EQ(outbound[i], scattered(i + 1)) << i;
}

TEST_F(LongKnownTest, APeerDrawnAtRandomCountsAsSuchHoweverGoodItIsMeanwhile) {
  run(60s);
  // Those drawn at random stay for ever; the others come and go.
  for (std::uint32_t round = 0; round < 10; ++round) {
    lose([round](const NetAddress& each) { return each == scattered(1 + round % 6); });
    run(60s);
    ASSERT_EQ(outbound.size(), 10u);
    EXPECT_GE(old_ones(), 6u) << round;
  }
}

TEST_F(LongKnownTest, APeerDrawnAtRandomThatComesBackCountsAsDrawnStill) {
  run(60s);
  const std::vector<NetAddress> by_lot(outbound.begin() + 6, outbound.end());
  lose([](const NetAddress&) { return true; });
  // As when the switch has dialled them again by itself.
  for (const NetAddress& each : by_lot) outbound.push_back(each);
  run(60s);
  ASSERT_EQ(outbound.size(), 10u);
  EXPECT_GE(old_ones(), 6u);
}

TEST_F(LongKnownTest, AnchorsCountAsDrawnAtRandom) {
  std::vector<KnownAddress> rows;
  book.for_each([&](const KnownAddress& known) {
    rows.push_back(known);
    rows.back().connected_since = is_old(known.address) ? addrbook::kNever : now;
  });
  book.load(test::book_key(), rows, now);
  ASSERT_EQ(book.anchors().size(), 3u);
  ASSERT_TRUE(std::none_of(book.anchors().begin(), book.anchors().end(), is_old));
  run(60s);
  ASSERT_EQ(outbound.size(), 10u);
  EXPECT_EQ(std::vector(dialled.begin(), dialled.begin() + 3), book.anchors());
  EXPECT_EQ(chosen_ones(), 6u);
}

TEST_F(OutboundPolicyTest, AddressesAreDrawnByGroups) {
  for (std::uint32_t i = 0; i < 40; ++i) hear(scattered(i), "70.1.1.1");
  std::set<conn::NodeId> of_four_groups;
  for (std::uint32_t i = 0; i < 160; ++i) {
    NetAddress address = scattered(1000 + i);
    const auto in_group = static_cast<std::uint8_t>(i / 4);
    address.endpoint.ip = conn::IpAddress::v4(77, static_cast<std::uint8_t>(i % 4), in_group, 1);
    of_four_groups.insert(address.id);
    hear(address, "70.1.1.1");
  }
  run(60s);
  ASSERT_EQ(outbound.size(), 10u);
  EXPECT_LE(std::count_if(outbound.begin(), outbound.end(),
                          [&](const NetAddress& each) { return of_four_groups.contains(each.id); }),
            3)
      << "by addresses it would be eight";
}

// Else lies about honest nodes would make every turn of theirs a failure, and none of a liar's.
TEST_F(OutboundPolicyTest, AGroupThatDoesNotAnswerIsDialledElsewhereUpToFourTimes) {
  // So many that hardly one has a second turn.
  for (std::uint32_t group = 0; group < 90; ++group) {
    for (std::uint32_t k = 0; k < 6; ++k) {
      const std::string ip = "5." + std::to_string(group) + "." + std::to_string(k) + ".1";
      hear(address(1000 + 6 * group + k, ip), "66." + std::to_string(k) + ".1.1");
    }
  }
  // Of the first thirty none, of the next thirty one, of the others all.
  answers = [](const NetAddress& each) {
    const auto octets = each.endpoint.ip.v4_bytes();
    return octets[1] >= 60 || (octets[1] >= 30 && octets[2] == 3);
  };
  slots = 60;
  run(20s);
  std::map<unsigned, std::size_t> tries, answered;
  for (const NetAddress& each : dialled) ++tries[each.endpoint.ip.v4_bytes()[1]];
  for (const NetAddress& each : outbound) ++answered[each.endpoint.ip.v4_bytes()[1]];
  std::size_t silent = 0;
  for (const auto& [group, times] : tries) {
    silent += answered[group] == 0 && times == 4 ? 1 : 0;
    EXPECT_LE(times, 4u) << group;
  }
  EXPECT_GE(silent, 1u);
}

TEST_F(OutboundPolicyTest, ATurnGoesOnAndEndsThoughItsAddressesAreForgotten) {
  for (std::uint32_t k = 0; k < 20; ++k) {
    hear(address(1000 + k, "5.5." + std::to_string(k) + ".1"), "66." + std::to_string(k) + ".1.1");
  }
  answers = [](const NetAddress&) { return false; };
  for (int i = 0; i < 60; ++i) {
    second();
    for (const NetAddress& each : dialled) book.forget(each);
  }
  EXPECT_EQ(dialled.size() + tested.size(), 20u);
}

TEST_F(OutboundPolicyTest, OfAGroupThoseThatHaveShownThemselvesAreDialledFirst) {
  for (std::uint32_t k = 0; k < 50; ++k) {
    hear(address(1000 + k, "5.5." + std::to_string(k) + ".1"), "66.1.1.1");
  }
  const NetAddress honest = address(1, "5.5.200.1");
  ASSERT_EQ(book.add(honest, {honest.endpoint.ip, honest.id, addrbook::Origin::inbound}, now),
            addrbook::Added::added);
  slots = 1;
  run(2s);
  EXPECT_EQ(outbound, std::vector{honest});
}

TEST_F(LongKnownTest, WhereNoneOfThemAnswersOthersAreTaken) {
  answers = [](const NetAddress& each) { return !is_old(each); };
  run(300s);
  EXPECT_EQ(outbound.size(), 10u);
}

TEST_F(LongKnownTest, TheyAreNoMoreOfAGroupThanOthers) {
  book.forget(scattered(0));
  for (std::uint32_t i = 0; i < 8; ++i) {
    const NetAddress each = address(5000 + i, "5.5." + std::to_string(i) + ".1");
    hear(each);
    // Known for longer than any other.
    const auto when = std::exchange(now, test::kBookStart - 24h);
    make_tried(each);
    now = when;
  }
  now += 1h;
  steady += 1h;
  run(60s);
  EXPECT_LE(std::count_if(outbound.begin(), outbound.end(),
                          [](const NetAddress& each) {
                            return each.endpoint.ip.v4_bytes()[0] == 5 &&
                                   each.endpoint.ip.v4_bytes()[1] == 5;
                          }),
            2);
}

// --- rotation ---

TEST_F(LongKnownTest, OneThatWasDrawnGivesItsPlaceToAnotherEachHour) {
  run(60s);
  std::set<NetAddress> drawn(outbound.begin(), outbound.end());
  std::erase_if(drawn, is_chosen);
  ASSERT_EQ(drawn.size(), 4u);
  left.clear();
  run(24h);
  EXPECT_NEAR(static_cast<double>(left.size()), 24, 6);
  EXPECT_EQ(outbound.size(), 10u);
  EXPECT_EQ(chosen_ones(), 6u) << "those that we have known for longest stay";
  // Those that have been here for longest go first.
  EXPECT_EQ(std::set(left.begin(), left.begin() + 4), drawn);
}

TEST_F(LongKnownTest, NobodyLeavesBeforeAnotherHasAnswered) {
  run(60s);
  left.clear();
  answers = [](const NetAddress&) { return false; };
  run(6h);
  EXPECT_TRUE(left.empty());
  EXPECT_EQ(outbound.size(), 10u);
}

TEST_F(LongKnownTest, PeersThatOthersHaveDialledAreNeverSentAway) {
  for (std::uint32_t i = 1; i <= 10; ++i) join(scattered(kAttackers + i));
  const auto before = outbound;
  run(24h);
  EXPECT_EQ(outbound, before);
}

TEST_F(LongKnownTest, NorPersistentOnes) {
  run(60s);
  const auto before = outbound;
  for (const NetAddress& each : before) stays.insert(each.id);
  left.clear();
  run(6h);
  EXPECT_EQ(outbound, before);
}

TEST_F(LongKnownTest, WhenEveryOtherOneHasGoneOrStaysTheNewOneLeaves) {
  run(60s);
  auto after = situation();
  for (auto& each : after.outbound) each.may_leave = false;
  const NetAddress target = scattered(kAttackers + 399);
  after.outbound.push_back({target.id, target.endpoint.ip, steady, true});
  EXPECT_EQ(policy.on_rotated(target.id, after), target.id);
}

TEST_F(LongKnownTest, OneThatWeHaveKnownForLongerTakesThePlaceOfTheYoungestOfTheSix) {
  answers = [](const NetAddress& each) { return each != scattered(1) && each != scattered(3); };
  run(60s);
  ASSERT_EQ(chosen_ones(), 4u);
  answers = [](const NetAddress&) { return true; };
  run(2h);
  EXPECT_EQ(chosen_ones(), 6u);
}

TEST_F(OutboundPolicyTest, AFreshNodeDrawsAllAndChangesThemOften) {
  for (std::uint32_t i = 0; i < 300; ++i) hear(scattered(i), "66.1.1.1");
  run(60s);
  const auto first = outbound;
  ASSERT_EQ(first.size(), 10u);
  run(3h);
  EXPECT_NEAR(static_cast<double>(left.size()), 36, 8);
  for (const NetAddress& each : first) {
    EXPECT_EQ(std::count(outbound.begin(), outbound.end(), each), 0);
  }
}

// The wider its book was when it met them, the better.
TEST_F(OutboundPolicyTest, OfTheNodesThatAFreshNodeMetItKeepsThoseOfTheLastHours) {
  for (std::uint32_t i = 0; i < 300; ++i) hear(scattered(i), "66.1.1.1");
  const auto began = now;
  run(24h);
  std::size_t late = 0, early = 0;
  for (const NetAddress& each : outbound) {
    const auto after = book.find(each)->verified_since - began;
    late += after > 5h && after < 7h ? 1 : 0;
    early += after < 1h ? 1 : 0;
  }
  EXPECT_GE(late, 6u);
  EXPECT_LE(early, 4u) << "these were drawn again";
}

TEST_F(OutboundPolicyTest, SeedsAreWantedWhileTheBookCannotServe) {
  run(15s);
  EXPECT_EQ(seeds_asked, 15);
  for (std::uint32_t i = 0; i < 300; ++i)
    hear(scattered(i), "66." + std::to_string(i % 50) + ".1.1");
  run(1h);
  EXPECT_EQ(seeds_asked, 15);
}

TEST_F(OutboundPolicyTest, TwoNodesThatLostThePeerAtTheSameMomentDoNotDialItAtTheSame) {
  const auto dials_with = [this](std::uint64_t salt) {
    addrbook::AddressBook other("test-chain", test::numbered_id(0), test::book_key(), test::seed(),
                                roomy());
    OutboundPolicy one(other, steady, salt);
    other.add(scattered(1), test::told_by("66.1.1.1"), now);
    std::vector<std::int64_t> when;
    for (auto second = 0s; second < 300s; second += 1s) {
      const auto plan =
          one.plan({steady + second, now + second, {}, 1, 0, [](const addrbook::KnownAddress&) {
                      return false;
                    }});
      if (plan.dials.empty()) continue;
      when.push_back(second.count());
      other.mark_attempt(scattered(1), now + second);
      other.mark_failed(scattered(1), {conn::Stage::connect, conn::Reason::unreachable, {}},
                        now + second);
    }
    return when;
  };
  const auto ours = dials_with(1), theirs = dials_with(2);
  ASSERT_GE(ours.size(), 3u);
  EXPECT_EQ(dials_with(1), ours);
  EXPECT_NE(ours, theirs);
}

TEST_F(OutboundPolicyTest, AfterARestartPeersThatWereReachedJustBeforeAreDialledAtOnce) {
  run(2s);
  hear(scattered(1));
  hear(scattered(2));
  visit(scattered(1));
  fail(scattered(2));
  EXPECT_TRUE(policy.plan(situation()).dials.empty());
  OutboundPolicy restarted(book, steady, 1);
  EXPECT_EQ(restarted.plan(situation()).dials, std::vector{scattered(1)});
}

TEST_F(OutboundPolicyTest, AnAddressThatFailedWaitsLongerEachTime) {
  hear(scattered(1));
  visit(scattered(1));  // so that it is not given up
  answers = [](const NetAddress&) { return false; };
  now += 1h;
  steady += 1h;
  meet_someone();
  std::vector<addrbook::Time> times;
  for (int i = 0; i < 4 * 3600; ++i) {
    const std::size_t before = dialled.size();
    meet_someone();
    second();
    if (dialled.size() > before) times.push_back(now);
  }
  ASSERT_GE(times.size(), 6u);
  for (std::size_t i = 2; i < times.size(); ++i) {
    const auto pause = times[i] - times[i - 1], earlier = times[i - 1] - times[i - 2];
    EXPECT_TRUE(pause >= 2 * earlier - 2s || pause >= 30min) << i;
  }
}

TEST_F(OutboundPolicyTest, AFeelerGoesOutEachTwoMinutesAndOfAGroupFourADay) {
  slots = 0;
  for (std::uint32_t i = 0; i < 50; ++i) {
    hear(address(1000 + i, "5.5." + std::to_string(i) + ".1"), "66." + std::to_string(i) + ".1.1");
  }
  run(59s);
  EXPECT_TRUE(tested.empty());
  run(1h);
  EXPECT_EQ(tested.size(), 4u);
  run(24h);
  EXPECT_EQ(tested.size(), 8u);
  EXPECT_TRUE(dialled.empty());
  for (std::uint32_t i = 0; i < 100; ++i) hear(scattered(i), "66." + std::to_string(i) + ".1.1");
  run(1h);
  EXPECT_NEAR(static_cast<double>(tested.size()), 8 + 30, 5);
}

TEST_F(OutboundPolicyTest, PeersAreAskedEachHalfMinuteWhileMoreIsWanted) {
  slots = 20;
  for (std::uint32_t i = 0; i < 10; ++i) hear(scattered(i));
  run(301s);
  EXPECT_NEAR(peers_asked, 10, 1);
  outbound.clear();
  slots = 0;
  run(300s);
  EXPECT_NEAR(peers_asked, 10, 1);  // there is no peer to ask
}

TEST_F(OutboundPolicyTest, WithAFullSetPeersAreAskedEverMoreSeldomUntilThereIsNews) {
  slots = 5;
  for (std::uint32_t i = 0; i < 10; ++i) hear(scattered(i));
  run(10s);
  ASSERT_EQ(outbound.size(), 5u);
  peers_asked = 0;
  run(1h);
  // After 30, 60, 120, 240, 480 s, and then each 16 minutes.
  EXPECT_NEAR(peers_asked, 5 + 2, 1);
  run(1h);
  EXPECT_NEAR(peers_asked, 7 + 4, 2);
  peers_asked = 0;
  policy.learnt(steady);
  run(2min);
  EXPECT_GE(peers_asked, 2);
}

}  // namespace
}  // namespace peerage::pex
