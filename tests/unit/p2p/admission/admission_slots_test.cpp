// Who gets an inbound slot, who loses one for it, and how they are counted.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "p2p/base/peer_reason.h"
#include "tests/support/effort.h"
#include "tests/unit/p2p/admission/admission_helpers.h"

namespace peerage::p2p {
namespace {

using conn::Cidr;
using conn::IpAddress;
using conn::NodeId;
using conn::Reason;
using conn::TimePoint;
using test::ip;
using test::numbered_id;
using namespace std::chrono_literals;

TEST(Admission, FullInboundSlotsRefuseANewcomerWhenNoPeerMayBeEvicted) {
  Admission admission = new_admission();
  fill(admission);
  EXPECT_EQ(refusal(admission.on_proven(inbound(41), 41, offering({}), kStart)),
            PeerReason::no_free_slot);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 40u);
  admission.on_gone(numbered_id(7), 7);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 39u);
  EXPECT_TRUE(admission.on_proven(inbound(41), 41, never_asked, kStart));
}

TEST(Admission, WithoutEvictionAStrangerIsRefusedOnArrivalAndHandshakesCount) {
  AdmissionConfig config;
  config.full_inbound = FullInbound::refuse;
  Admission admission = new_admission(config);
  fill(admission, 39);
  const auto last = admission.on_arrival(stranger(40), kStart);
  ASSERT_TRUE(last);
  EXPECT_EQ(refusal(admission.on_arrival(stranger(41), kStart)), PeerReason::no_free_slot);
  admission.half_open().leave(last->ticket);
  EXPECT_TRUE(admission.on_proven(inbound(40), 40, never_asked, kStart));
  EXPECT_EQ(refusal(admission.on_arrival(stranger(41), kStart)), PeerReason::no_free_slot);
  EXPECT_EQ(refusal(admission.on_proven(inbound(41), 41, never_asked, kStart)),
            PeerReason::no_free_slot);
  EXPECT_TRUE(admission.on_proven(outbound(42), 42, never_asked, kStart));
  admission.on_gone(numbered_id(7), 7);
  EXPECT_TRUE(admission.on_arrival(stranger(41), kStart));
}

TEST(Admission, ASlotThatIsEvictedIsPromisedToTheNewcomer) {
  Admission admission = new_admission();
  fill(admission);
  const auto admitted =
      admission.on_proven(inbound(41), 41, offering_besides_old_ones({candidate(7)}), kStart);
  ASSERT_TRUE(admitted);
  EXPECT_EQ(admitted->evict, std::vector<LinkId>{7});
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 40u);
  // While 7 is on its way out no other gets the slot, and it cannot be evicted twice.
  EXPECT_EQ(refusal(admission.on_proven(inbound(42), 42, offering_besides_old_ones({candidate(7)}),
                                        kStart)),
            PeerReason::no_free_slot);
  admission.on_gone(numbered_id(7), 7);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 40u);
  EXPECT_EQ(refusal(admission.on_proven(inbound(42), 42, offering({}), kStart)),
            PeerReason::no_free_slot);
  admission.on_gone(numbered_id(41), 41);
  EXPECT_TRUE(admission.on_proven(inbound(42), 42, never_asked, kStart));
}

TEST(Admission, FortyAttackersThatHoldAllSlotsDoNotKeepANewcomerOut) {
  Admission admission = new_admission();
  fill(admission);
  Candidates candidates;
  for (LinkId link = 1; link <= 40; ++link) {
    candidates.push_back(candidate(link));
    candidates.back().ip =
        IpAddress::v4(6, static_cast<std::uint8_t>(link % 3), static_cast<std::uint8_t>(link), 1);
    candidates.back().last_useful = kStart + 1h;
  }
  for (unsigned newcomer = 41; newcomer <= 60; ++newcomer) {
    const TimePoint now = kStart + 1h + (newcomer - 41) * 30s;
    const auto admitted =
        admission.on_proven(inbound(newcomer), newcomer, offering(candidates), now);
    ASSERT_TRUE(admitted);
    ASSERT_EQ(admitted->evict.size(), 1u);
    EXPECT_LE(admitted->evict[0], 40u);
    EXPECT_EQ(admission.slots_taken(Direction::inbound), 40u);
    std::erase_if(candidates, [&](const auto& peer) { return peer.link == admitted->evict[0]; });
    candidates.push_back({newcomer, stranger(newcomer), now, {}});
    admission.on_gone(numbered_id(static_cast<unsigned>(admitted->evict[0])), admitted->evict[0]);
  }
}

TEST(Admission, AnEvictedHostPausesWhileTheSlotsAreTaken) {
  Admission admission = new_admission();
  fill(admission);
  ASSERT_TRUE(
      admission.on_proven(inbound(41), 41, offering_besides_old_ones({candidate(7)}), kStart));
  admission.on_gone(numbered_id(7), 7);
  EXPECT_EQ(refusal(admission.on_arrival(stranger(7), kStart)), PeerReason::no_free_slot);
  EXPECT_EQ(refusal(admission.on_arrival(stranger(7), kStart + kEvictedPause - 1ns)),
            PeerReason::no_free_slot);
  EXPECT_TRUE(admission.on_arrival(stranger(7), kStart + kEvictedPause));
  admission.on_gone(numbered_id(8), 8);
  EXPECT_TRUE(admission.on_arrival(stranger(7), kStart + 1s)) << "there is a slot";
}

TEST(Admission, AnExemptHostThatLosesAPeerPausesForASecond) {
  AdmissionConfig config;
  config.exempt = {Cidr(ip("1.0.0.0"), 8)};
  Admission admission = new_admission(config);
  fill(admission);
  ASSERT_TRUE(
      admission.on_proven(inbound(41), 41, offering_besides_old_ones({candidate(7)}), kStart));
  EXPECT_EQ(refusal(admission.on_arrival(stranger(7), kStart)), PeerReason::no_free_slot);
  EXPECT_TRUE(admission.on_arrival(stranger(7), kStart + kFirstSlotPause));
}

TEST(Admission, ANodeCountsAtTheAddressOfTheLinkThatIsLeft) {
  Admission admission = new_admission();
  ASSERT_TRUE(admission.on_proven(inbound(1, stranger(1)), 1, never_asked, kStart));
  ASSERT_TRUE(admission.on_proven(inbound(1, stranger(2)), 2, never_asked, kStart));
  admission.on_gone(numbered_id(1), 1);
  EXPECT_TRUE(admission.on_proven(inbound(3, stranger(1)), 3, never_asked, kStart));
  EXPECT_EQ(refusal(admission.on_proven(inbound(4, stranger(2)), 4, never_asked, kStart)),
            PeerReason::too_many_from_address);
  admission.on_gone(numbered_id(1), 2);
  EXPECT_TRUE(admission.on_proven(inbound(4, stranger(2)), 4, never_asked, kStart));
}

TEST(Admission, AnEvictedNodeGoesWithAllItsLinks) {
  Admission admission = new_admission();
  fill(admission);
  ASSERT_TRUE(admission.on_proven(inbound(7), 107, never_asked, kStart));
  const auto admitted =
      admission.on_proven(inbound(41), 41, offering_besides_old_ones({candidate(7)}), kStart);
  ASSERT_TRUE(admitted);
  EXPECT_EQ(admitted->evict, (std::vector<LinkId>{7, 107}));
  admission.on_gone(numbered_id(7), 7);
  admission.on_gone(numbered_id(7), 107);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 40u);
}

TEST(Admission, ANodeOnItsWayOutGetsNoNewLinkUntilItIsGone) {
  Admission admission = new_admission();
  fill(admission);
  ASSERT_TRUE(
      admission.on_proven(inbound(41), 41, offering_besides_old_ones({candidate(7)}), kStart));
  EXPECT_EQ(refusal(admission.on_proven(inbound(7), 107, never_asked, kStart)),
            PeerReason::no_free_slot);
  admission.on_gone(numbered_id(7), 7);
  EXPECT_EQ(refusal(admission.on_proven(inbound(7), 107, offering({}), kStart)),
            PeerReason::no_free_slot);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 40u);
}

TEST(Admission, OnlyANodeThatHoldsAnInboundSlotIsEvicted) {
  Admission admission = new_admission();
  fill(admission);
  ASSERT_TRUE(admission.on_proven(outbound(50), 50, never_asked, kStart));
  ASSERT_TRUE(admission.on_proven(privileged(inbound(51)), 51, never_asked, kStart));
  EXPECT_EQ(refusal(admission.on_proven(
                inbound(41), 41,
                offering_besides_old_ones({candidate(50), candidate(51), candidate(999)}), kStart)),
            PeerReason::no_free_slot);
  const auto admitted = admission.on_proven(
      inbound(41), 41, offering_besides_old_ones({candidate(50), candidate(51), candidate(7)}),
      kStart);
  ASSERT_TRUE(admitted);
  EXPECT_EQ(admitted->evict, std::vector<LinkId>{7});
}

TEST(Admission, PrivilegedPeersNeedNoSlot) {
  Admission admission = new_admission();
  fill(admission);
  for (unsigned i = 41; i <= 60; ++i) {
    EXPECT_TRUE(admission.on_proven(privileged(inbound(i)), i, never_asked, kStart));
  }
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 40u);
}

TEST(Admission, ANodeThatIsPrivilegedByItsSecondLinkFreesItsSlot) {
  Admission admission = new_admission();
  fill(admission);
  ASSERT_TRUE(admission.on_proven(privileged(inbound(7)), 107, never_asked, kStart));
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 39u);
  EXPECT_TRUE(admission.on_proven(inbound(41), 41, never_asked, kStart));
  // Even when it was on its way out.
  ASSERT_TRUE(
      admission.on_proven(inbound(42), 42, offering_besides_old_ones({candidate(8)}), kStart));
  EXPECT_TRUE(admission.on_proven(privileged(inbound(8)), 108, never_asked, kStart));
}

TEST(Admission, ANodeFreesItsSlotOrTakesOneAgainWhenItsStandingChanges) {
  Admission admission = new_admission();
  fill(admission);
  admission.set_standing(numbered_id(7), Standing::privileged);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 39u);
  EXPECT_TRUE(admission.on_proven(inbound(41), 41, never_asked, kStart));
  admission.set_standing(numbered_id(7), Standing::ordinary);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 41u);
  EXPECT_EQ(refusal(admission.on_proven(inbound(42), 42, offering({}), kStart)),
            PeerReason::no_free_slot);
  admission.set_standing(numbered_id(99), Standing::privileged);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 41u);
}

TEST(Admission, OutboundPeersTakeNoInboundSlot) {
  Admission admission = new_admission();
  for (unsigned i = 1; i <= 50; ++i) {
    EXPECT_TRUE(admission.on_proven(outbound(i), i, never_asked, kStart));
  }
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 0u);
  EXPECT_EQ(admission.slots_taken(Direction::outbound), 50u);
  EXPECT_TRUE(admission.on_proven(inbound(51), 51, never_asked, kStart));
}

TEST(Admission, ASecondLinkOfANodeTakesNoSecondSlot) {
  Admission admission = new_admission();
  fill(admission);
  EXPECT_TRUE(admission.on_proven(inbound(7), 107, never_asked, kStart));
  EXPECT_TRUE(admission.on_proven(outbound(7), 207, never_asked, kStart));
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 40u);
  EXPECT_EQ(admission.slots_taken(Direction::outbound), 0u);
  admission.on_gone(numbered_id(7), 7);
  admission.on_gone(numbered_id(7), 207);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 40u);
  admission.on_gone(numbered_id(7), 107);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 39u);
}

TEST(Admission, ASeedsLimitForOneAddressIsAboutPeersThatDialledIt) {
  AdmissionConfig config;
  config.per_ip_limit = PerIpLimit::inbound_peers;
  Admission admission = new_admission(config);
  const auto at_one_ip = [](unsigned number, Direction direction) {
    return Admission::Newcomer{numbered_id(number), direction, stranger(1), Standing::ordinary};
  };
  for (unsigned i = 1; i < 10; ++i) {
    EXPECT_TRUE(admission.may_dial(numbered_id(i), stranger(1), Standing::ordinary, kStart));
    EXPECT_TRUE(admission.on_proven(at_one_ip(i, Direction::outbound), i, never_asked, kStart));
  }
  EXPECT_TRUE(admission.on_proven(at_one_ip(20, Direction::inbound), 20, never_asked, kStart));
  EXPECT_EQ(
      refusal(admission.on_proven(at_one_ip(21, Direction::inbound), 21, never_asked, kStart)),
      PeerReason::too_many_from_address);
  EXPECT_TRUE(admission.may_dial(numbered_id(22), stranger(1), Standing::ordinary, kStart));
}

TEST(Admission, OfTwoThatDialledEachOtherTheOneThatStaysDecidesWhichSlotItTakes) {
  Admission admission = new_admission();
  const Admission::Newcomer inbound{numbered_id(1), Direction::inbound, stranger(1),
                                    Standing::ordinary};
  Admission::Newcomer outbound = inbound;
  outbound.direction = Direction::outbound;
  ASSERT_TRUE(admission.on_proven(inbound, 1, never_asked, kStart));
  ASSERT_TRUE(admission.on_proven(outbound, 2, never_asked, kStart));
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 1u);
  admission.on_gone(numbered_id(1), 1);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 0u);
  EXPECT_EQ(admission.slots_taken(Direction::outbound), 1u);
}

TEST(Admission, WhatIsGoneTwiceOrWasNeverThereChangesNothing) {
  Admission admission = new_admission();
  ASSERT_TRUE(admission.on_proven(inbound(1), 1, never_asked, kStart));
  admission.on_gone(numbered_id(1), 99);
  admission.on_gone(numbered_id(2), 1);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 1u);
  admission.on_gone(numbered_id(1), 1);
  admission.on_gone(numbered_id(1), 1);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 0u);
}

TEST(Admission, WithoutInboundSlotsOnlyPrivilegedPeersComeIn) {
  AdmissionConfig config;
  config.max_inbound = 0;
  Admission admission = new_admission(config);
  EXPECT_EQ(refusal(admission.on_proven(inbound(1), 1, offering({}), kStart)),
            PeerReason::no_free_slot);
  EXPECT_TRUE(admission.on_proven(privileged(inbound(2)), 2, never_asked, kStart));
}

// A naive account of which node holds what, to be compared with after every step.
class Model {
 public:
  struct Node {
    Admission::Newcomer first;
    std::set<LinkId> links;
    bool evicted = false;
  };

  std::size_t taken(Direction direction) const {
    return static_cast<std::size_t>(
        std::count_if(nodes.begin(), nodes.end(), [direction](const auto& entry) {
          return holds_slot(entry.second) && entry.second.first.direction == direction;
        }));
  }
  std::size_t at(const IpAddress& address) const {
    return static_cast<std::size_t>(
        std::count_if(nodes.begin(), nodes.end(), [&address](const auto& entry) {
          return holds_slot(entry.second) && entry.second.first.ip == address;
        }));
  }
  void lose(const NodeId& id, LinkId link, std::size_t max_inbound) {
    Node& node = nodes.at(id);
    node.links.erase(link);
    if (node.links.empty()) {
      nodes.erase(id);
      return;
    }
    node.first.ip = addresses.at(*node.links.begin());
    const Direction left = directions.at(*node.links.begin());
    if (left == Direction::outbound || taken(Direction::inbound) < max_inbound) {
      node.first.direction = left;
    }
  }
  static bool holds_slot(const Node& node) {
    return node.first.standing == Standing::ordinary && !node.evicted;
  }

  std::map<NodeId, Node> nodes;
  std::map<LinkId, Direction> directions;
  std::map<LinkId, IpAddress> addresses;
};

TEST(Admission, NoSlotIsLostOrGivenTwiceWhateverHappens) {
  const auto seeds =
      test::by_effort<unsigned>({.whole = 10'000, .usual = 10'000, .sanitized = 1'000});
  for (unsigned seed = 0; seed < seeds; ++seed) {
    std::mt19937 engine(seed);
    const auto below = [&engine](unsigned count) {
      return static_cast<unsigned>(engine() % count);
    };
    AdmissionConfig config;
    config.max_inbound = below(5);
    config.max_per_ip = below(3);
    config.exempt = {Cidr(ip("10.0.0.0"), 8)};
    Admission admission = new_admission(config);
    Model model;
    LinkId next = 1;
    for (int step = 0; step < 30; ++step) {
      const unsigned node = below(10);
      if (below(3) == 0 && !model.nodes.empty()) {
        const auto chosen =
            std::next(model.nodes.begin(), below(static_cast<unsigned>(model.nodes.size())));
        const LinkId link = *chosen->second.links.begin();
        admission.on_gone(chosen->first, link);
        model.lose(chosen->first, link, config.max_inbound);
      } else {
        const Admission::Newcomer newcomer = {
            numbered_id(node), below(3) == 0 ? Direction::outbound : Direction::inbound,
            IpAddress::v4(below(4) == 0 ? 10 : 20, 0, 0, static_cast<std::uint8_t>(below(4))),
            node == 0 ? Standing::privileged : Standing::ordinary};
        // Any link at all may be offered, also of one that may not go; the caller may be late.
        Candidates candidates;
        for (const auto& [other, entry] : model.nodes) {
          for (const LinkId link : entry.links) {
            if (below(2) == 0) candidates.push_back(candidate(link));
          }
        }
        Candidates holders = candidates;
        std::erase_if(holders, [&model](const auto& peer) {
          return std::none_of(model.nodes.begin(), model.nodes.end(), [&](const auto& entry) {
            return entry.second.links.contains(peer.link) && Model::holds_slot(entry.second) &&
                   entry.second.first.direction == Direction::inbound;
          });
        });
        const bool somebody_may_go =
            !contested(holders, config.max_inbound, RecentAdmissions({}), kStart).empty();
        bool asked = false;
        const LinkId link = next++;
        const auto admitted = admission.on_proven(
            newcomer, link,
            [&] {
              asked = true;
              return candidates;
            },
            kStart);
        const auto known = model.nodes.find(newcomer.id);
        const bool ordinary = newcomer.standing == Standing::ordinary;
        std::optional<Reason> expected;
        bool expect_asked = false;
        if (known != model.nodes.end()) {
          if (known->second.evicted) expected = PeerReason::no_free_slot;
        } else if (ordinary && config.max_per_ip > 0 && newcomer.ip.v4_bytes()[0] != 10 &&
                   model.at(newcomer.ip) >= config.max_per_ip) {
          expected = PeerReason::too_many_from_address;
        } else if (ordinary && newcomer.direction == Direction::inbound &&
                   model.taken(Direction::inbound) >= config.max_inbound) {
          expect_asked = true;
          if (!somebody_may_go) expected = PeerReason::no_free_slot;
        }
        ASSERT_EQ(refusal(admitted), expected) << "seed " << seed;
        ASSERT_EQ(asked, expect_asked) << "seed " << seed;
        if (admitted) {
          ASSERT_EQ(admitted->evict.empty(), !expect_asked) << "seed " << seed;
          if (!admitted->evict.empty()) {
            const auto evicted = std::find_if(
                model.nodes.begin(), model.nodes.end(),
                [&](const auto& entry) { return entry.second.links.contains(admitted->evict[0]); });
            ASSERT_NE(evicted, model.nodes.end());
            ASSERT_EQ(std::set<LinkId>(admitted->evict.begin(), admitted->evict.end()),
                      evicted->second.links);
            ASSERT_TRUE(Model::holds_slot(evicted->second));
            evicted->second.evicted = true;
          }
          Model::Node& entry =
              model.nodes.try_emplace(newcomer.id, Model::Node{newcomer, {}, false}).first->second;
          entry.links.insert(link);
          model.directions[link] = newcomer.direction;
          model.addresses[link] = newcomer.ip;
        }
      }
      ASSERT_LE(admission.slots_taken(Direction::inbound), config.max_inbound) << "seed " << seed;
      ASSERT_EQ(admission.slots_taken(Direction::inbound), model.taken(Direction::inbound));
      ASSERT_EQ(admission.slots_taken(Direction::outbound), model.taken(Direction::outbound));
    }
    for (const auto& [node, entry] : model.nodes) {
      for (const LinkId link : entry.links) admission.on_gone(node, link);
    }
    ASSERT_EQ(admission.slots_taken(Direction::inbound), 0u) << "seed " << seed;
    ASSERT_EQ(admission.slots_taken(Direction::outbound), 0u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace peerage::p2p
