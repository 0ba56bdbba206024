#include "p2p/admission/admission.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"
#include "tests/support/effort.h"

namespace peerage::p2p {
namespace {

using conn::Cidr;
using conn::IpAddress;
using conn::NodeId;
using conn::Reason;
using conn::TimePoint;
using test::ip;
using test::numbered_id;
using Standing = Admission::Standing;
using Candidates = std::vector<EvictionCandidate>;
const TimePoint kStart{1h};

// A host in a /24 of its own.
IpAddress stranger(unsigned number) {
  return IpAddress::v4(static_cast<std::uint8_t>(1 + (number >> 16)),
                       static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number),
                       1);
}

Admission new_admission(const AdmissionConfig& config = {}) {
  return {config, [](std::size_t) { return std::size_t{0}; }, kStart};
}

EvictionCandidate candidate(LinkId link) {
  return {link, stranger(static_cast<unsigned>(link)), kStart - 1h, {}};
}

std::function<Candidates()> offering(Candidates candidates) {
  return [candidates = std::move(candidates)] { return candidates; };
}
// Of forty slots: the nodes 21 to 40 have been here so long that they are protected.
std::function<Candidates()> offering_besides_old_ones(Candidates candidates) {
  for (LinkId link = 21; link <= 40; ++link) {
    const auto group = static_cast<std::uint8_t>(link);
    candidates.push_back({link, IpAddress::v4(30, group, 0, 1), kStart - 24h, {}});
  }
  return offering(std::move(candidates));
}
Candidates never_asked() {
  ADD_FAILURE() << "no eviction is needed";
  return {};
}

Admission::Newcomer inbound(unsigned node, const IpAddress& from) {
  return {numbered_id(node), Direction::inbound, from, Standing::ordinary};
}
Admission::Newcomer inbound(unsigned node) {
  return inbound(node, stranger(node));
}
Admission::Newcomer outbound(unsigned node) {
  return {numbered_id(node), Direction::outbound, stranger(node), Standing::ordinary};
}
Admission::Newcomer privileged(Admission::Newcomer newcomer) {
  newcomer.standing = Standing::privileged;
  return newcomer;
}

template <typename T>
std::optional<Reason> refusal(const conn::Result<T>& result) {
  if (result) return std::nullopt;
  EXPECT_EQ(result.error().stage, conn::Stage::admission);
  return result.error().reason;
}

// Takes all inbound slots, with nodes and links 1 to max_inbound.
void fill(Admission& admission, unsigned max_inbound = 40) {
  for (unsigned i = 1; i <= max_inbound; ++i) {
    ASSERT_TRUE(admission.on_proven(inbound(i), i, never_asked, kStart));
  }
}

// --- the first gate ---

TEST(Admission, ABannedAddressIsRefusedAtTheFirstGate) {
  Admission admission = new_admission();
  admission.bans().add({Cidr(ip("203.0.113.0"), 24), kStart + 1h, "they know why"}, kStart);
  const auto arrival = admission.on_arrival(ip("203.0.113.7"), kStart);
  EXPECT_EQ(refusal(arrival), Reason::banned);
  EXPECT_EQ(arrival.error().detail, "they know why");
  EXPECT_EQ(admission.half_open().size(), 0u);
  EXPECT_TRUE(admission.on_arrival(ip("203.0.114.7"), kStart));
  EXPECT_TRUE(admission.on_arrival(ip("203.0.113.7"), kStart + 1h));
}

TEST(Admission, AHostThatComesTooOftenIsRefusedAtTheFirstGate) {
  Admission admission = new_admission();
  int let_in = 0;
  for (int i = 0; i < 500; ++i) {
    const auto arrival = admission.on_arrival(ip("203.0.113.7"), kStart);
    if (arrival) {
      ++let_in;
      admission.half_open().leave(arrival->ticket);
    } else {
      EXPECT_EQ(refusal(arrival), Reason::connection_rate_exceeded);
    }
  }
  EXPECT_EQ(let_in, 16);
  EXPECT_EQ(admission.half_open().size(), 0u);
  EXPECT_TRUE(admission.on_arrival(ip("203.0.113.8"), kStart));
}

TEST(Admission, TheRateOfABannedHostIsNotTouched) {
  Admission admission = new_admission();
  admission.bans().add({Cidr(ip("203.0.113.7")), kStart + 1s, ""}, kStart);
  for (int i = 0; i < 100; ++i) (void)admission.on_arrival(ip("203.0.113.7"), kStart);
  EXPECT_TRUE(admission.on_arrival(ip("203.0.113.7"), kStart + 1s));
}

TEST(Admission, AnExemptNetworkHasAHigherRateAndTheSameBansAndThePool) {
  AdmissionConfig config;
  config.exempt = {Cidr(ip("10.0.0.0"), 8)};
  Admission admission = new_admission(config);
  for (int i = 0; i < 100; ++i) {
    const auto arrival = admission.on_arrival(ip("10.1.1.1"), kStart);
    ASSERT_TRUE(arrival);
    admission.half_open().leave(arrival->ticket);
  }
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(admission.on_arrival(ip("10.1.1.1"), kStart));
  EXPECT_EQ(refusal(admission.on_arrival(ip("10.1.1.1"), kStart)), Reason::too_many_handshakes);
  admission.bans().add({Cidr(ip("10.2.0.0"), 16), kStart + 1h, ""}, kStart);
  EXPECT_EQ(refusal(admission.on_arrival(ip("10.2.1.1"), kStart)), Reason::banned);
}

TEST(Admission, AHostOfAnExemptNetworkHasAThousandConnectionsAtOnceAndThenAHundredASecond) {
  AdmissionConfig config;
  config.exempt = {Cidr(ip("10.0.0.0"), 8)};
  config.handshake_rate = 0;
  Admission admission = new_admission(config);
  int let_in = 0;
  for (int i = 0; i < 10'000; ++i) {  // a thousand a second
    const auto arrival = admission.on_arrival(ip("10.1.1.1"), kStart + i * 1ms);
    if (arrival) {
      ++let_in;
      admission.half_open().leave(arrival->ticket);
    } else {
      EXPECT_EQ(refusal(arrival), Reason::connection_rate_exceeded);
    }
  }
  EXPECT_GE(let_in, 1'990);
  EXPECT_LE(let_in, 2'000);
  EXPECT_TRUE(admission.on_arrival(ip("10.1.1.2"), kStart + 10s));
}

// --- the first gate: the pause of a host that found no free slot ---

// A node on an exempt network that dials again at once whatever happens, 300 times a second for so
// long, while all slots are taken for good. The handshakes that it costs.
int handshakes_of_a_persistent_dialler(Admission& admission, const Admission::Newcomer& dialler,
                                       conn::Duration span, TimePoint now = kStart) {
  int handshakes = 0;
  for (const TimePoint end = now + span; now < end; now += 3'333us) {
    const auto arrival = admission.on_arrival(dialler.ip, now);
    if (!arrival) {
      EXPECT_EQ(refusal(arrival), Reason::no_free_slot);
      continue;
    }
    ++handshakes;
    EXPECT_EQ(refusal(admission.on_proven(dialler, 1'000, offering({}), now)),
              Reason::no_free_slot);
    admission.half_open().leave(arrival->ticket);
  }
  return handshakes;
}

Admission full_with_an_exempt_network() {
  AdmissionConfig config;
  config.exempt = {Cidr(ip("10.0.0.0"), 8)};
  Admission admission = new_admission(config);
  fill(admission);
  return admission;
}

TEST(Admission, ADiallerThatFindsNoSlotAndComesAgainAtOnceCostsAFewHandshakesAMinute) {
  Admission admission = full_with_an_exempt_network();
  // After 1, 2, 4, 8 and 16 s.
  EXPECT_EQ(handshakes_of_a_persistent_dialler(admission, inbound(900, ip("10.1.1.1")), 60s), 6);
}

TEST(Admission, AFreeSlotEndsThePauseOfAllHosts) {
  Admission admission = full_with_an_exempt_network();
  const Admission::Newcomer dialler = inbound(900, ip("10.1.1.1"));
  (void)handshakes_of_a_persistent_dialler(admission, dialler, 10s);
  EXPECT_FALSE(admission.on_arrival(dialler.ip, kStart + 10s));
  admission.on_gone(numbered_id(7), 7);
  EXPECT_TRUE(admission.on_arrival(dialler.ip, kStart + 10s));
  EXPECT_TRUE(admission.on_proven(dialler, 1'000, never_asked, kStart + 10s));
}

TEST(Admission, WhereAPrivilegedNodeWasProvenLastNobodyPausesForWantOfASlot) {
  Admission admission = full_with_an_exempt_network();
  const Admission::Newcomer friendly = privileged(inbound(800, ip("10.1.1.1")));
  ASSERT_TRUE(admission.on_proven(friendly, 800, never_asked, kStart));
  admission.on_gone(numbered_id(800), 800);
  // Its neighbour behind the same address is held to the rate alone.
  const Admission::Newcomer dialler = inbound(900, ip("10.1.1.1"));
  EXPECT_GT(handshakes_of_a_persistent_dialler(admission, dialler, 1s), 290);
  EXPECT_TRUE(admission.on_arrival(friendly.ip, kStart + 1s));
  EXPECT_TRUE(admission.on_proven(friendly, 801, never_asked, kStart + 1s));
  // Once it is named no more, the address is like any other.
  admission.on_gone(numbered_id(800), 801);
  admission.set_standing(numbered_id(800), Standing::ordinary);
  EXPECT_LE(handshakes_of_a_persistent_dialler(admission, dialler, 60s, kStart + 2s), 7);
}

TEST(Admission, WhereAPersistentPeerIsExpectedNobodyPausesEither) {
  Admission admission = full_with_an_exempt_network();
  admission.expect_at(numbered_id(800), ip("10.1.1.1"));
  const Admission::Newcomer dialler = inbound(900, ip("10.1.1.1"));
  EXPECT_GT(handshakes_of_a_persistent_dialler(admission, dialler, 1s), 290);
  admission.set_standing(numbered_id(800), Standing::ordinary);
  EXPECT_EQ(handshakes_of_a_persistent_dialler(admission, dialler, 1s, kStart + 1s), 1);
}

// --- the first gate: failed authentication ---

TEST(Admission, AHostThatFailedToAuthenticateIsRefusedAtTheFirstGateForAWhile) {
  Admission admission = new_admission();
  admission.on_failed_authentication(ip("203.0.113.7"), kStart);
  EXPECT_EQ(refusal(admission.on_arrival(ip("203.0.113.7"), kStart)),
            Reason::authentication_failed_lately);
  EXPECT_EQ(admission.half_open().size(), 0u);
  EXPECT_TRUE(admission.on_arrival(ip("203.0.113.8"), kStart));
  EXPECT_TRUE(admission.on_arrival(ip("203.0.113.7"), kStart + 30s));
  // It may be dialled meanwhile.
  EXPECT_TRUE(admission.may_dial(numbered_id(1), ip("203.0.113.7"), Standing::ordinary, kStart));
}

TEST(Admission, AnExemptAddressHasNoPauseAndBringsNoneToItsNeighbours) {
  AdmissionConfig config;
  config.exempt = {Cidr(ip("2001:db8::1"))};
  Admission admission = new_admission(config);
  admission.on_failed_authentication(ip("2001:db8::1"), kStart);
  EXPECT_TRUE(admission.on_arrival(ip("2001:db8::1"), kStart));
  EXPECT_TRUE(admission.on_arrival(ip("2001:db8::2"), kStart));
  // Nor do they to it.
  admission.on_failed_authentication(ip("2001:db8::2"), kStart);
  EXPECT_TRUE(admission.on_arrival(ip("2001:db8::1"), kStart));
  EXPECT_FALSE(admission.on_arrival(ip("2001:db8::2"), kStart));
}

TEST(Admission, AFullPoolOfHandshakesIsToldApartFromTheRate) {
  Admission admission = new_admission();
  for (unsigned i = 0; i < 64; ++i) ASSERT_TRUE(admission.on_arrival(stranger(i), kStart));
  EXPECT_EQ(refusal(admission.on_arrival(stranger(100), kStart)), Reason::too_many_handshakes);
  const auto later = admission.on_arrival(stranger(101), kStart + 1s);
  ASSERT_TRUE(later);
  EXPECT_TRUE(later->displaced);
  EXPECT_EQ(admission.half_open().size(), 64u);
}

TEST(Admission, HandshakesBeginWithinTheirBudget) {
  Admission admission = new_admission();
  std::uint64_t begun = 0;
  TimePoint now = kStart;
  while (now < kStart + 1s) {
    if (admission.take_handshake(now)) {
      ++begun;
    } else {
      const TimePoint next = admission.next_handshake(now);
      ASSERT_GT(next, now);
      now = next;
    }
  }
  EXPECT_GE(begun, kHandshakeRate);
  EXPECT_LE(begun, kHandshakeRate + kHandshakeBurst);
}

TEST(Admission, TheBudgetOfHandshakesIsTheConfiguredOne) {
  AdmissionConfig config;
  config.handshake_rate = 10;
  Admission admission = new_admission(config);
  for (std::uint64_t i = 0; i < kHandshakeBurst; ++i) EXPECT_TRUE(admission.take_handshake(kStart));
  EXPECT_FALSE(admission.take_handshake(kStart));
  EXPECT_EQ(admission.next_handshake(kStart), kStart + 100ms);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(admission.take_handshake(kStart + 1s));
  EXPECT_FALSE(admission.take_handshake(kStart + 1s));
}

TEST(Admission, ABudgetOfZeroIsNone) {
  AdmissionConfig config;
  config.handshake_rate = 0;
  Admission admission = new_admission(config);
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(admission.take_handshake(kStart));
}

// --- the second gate: bans and addresses ---

TEST(Admission, ABannedNodeIsRefusedAtTheSecondGateWhateverItsStanding) {
  Admission admission = new_admission();
  admission.bans().add({numbered_id(1), kStart + 1h, "liar"}, kStart);
  admission.bans().add({Cidr(stranger(2)), kStart + 1h, ""}, kStart);
  for (const unsigned node : {1u, 2u}) {
    for (const auto& newcomer : {inbound(node), privileged(inbound(node)), outbound(node)}) {
      EXPECT_EQ(refusal(admission.on_proven(newcomer, 1, never_asked, kStart)), Reason::banned);
    }
  }
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 0u);
  EXPECT_TRUE(admission.on_proven(inbound(1), 1, never_asked, kStart + 1h));
}

TEST(Admission, ANodeThatWasBannedMeanwhileGetsNoSecondLink) {
  Admission admission = new_admission();
  ASSERT_TRUE(admission.on_proven(inbound(1), 1, never_asked, kStart));
  admission.bans().add({numbered_id(1), kStart + 1h, ""}, kStart);
  EXPECT_EQ(refusal(admission.on_proven(inbound(1), 2, never_asked, kStart)), Reason::banned);
  admission.on_gone(numbered_id(1), 1);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 0u);
}

TEST(Admission, OnlyTheAllowedNumberOfPeersIsAtOneAddress) {
  AdmissionConfig config;
  config.max_per_ip = 2;
  Admission admission = new_admission(config);
  const IpAddress shared = ip("203.0.113.7");
  EXPECT_TRUE(admission.on_proven(inbound(1, shared), 1, never_asked, kStart));
  EXPECT_TRUE(admission.on_proven(inbound(2, shared), 2, never_asked, kStart));
  EXPECT_EQ(refusal(admission.on_proven(inbound(3, shared), 3, never_asked, kStart)),
            Reason::too_many_from_address);
  EXPECT_TRUE(admission.on_proven(inbound(4, ip("203.0.113.8")), 4, never_asked, kStart));
  admission.on_gone(numbered_id(1), 1);
  EXPECT_TRUE(admission.on_proven(inbound(3, shared), 5, never_asked, kStart));
}

TEST(Admission, TheAddressesOfOneIpv6HostCountTogether) {
  Admission admission = new_admission();
  ASSERT_TRUE(admission.on_proven(inbound(1, ip("2001:db8:1:2::1")), 1, never_asked, kStart));
  EXPECT_EQ(
      refusal(admission.on_proven(inbound(2, ip("2001:db8:1:2:3::1")), 2, never_asked, kStart)),
      Reason::too_many_from_address);
  EXPECT_EQ(refusal(admission.may_dial(numbered_id(2), ip("2001:db8:1:2::7"), Standing::ordinary,
                                       kStart)),
            Reason::too_many_from_address);
  EXPECT_TRUE(admission.on_proven(inbound(3, ip("2001:db8:1:3::1")), 3, never_asked, kStart));
  admission.on_gone(numbered_id(1), 1);
  EXPECT_TRUE(admission.on_proven(inbound(2, ip("2001:db8:1:2:3::1")), 2, never_asked, kStart));
}

TEST(Admission, OutboundPeersCountForTheirAddressToo) {
  Admission admission = new_admission();
  ASSERT_TRUE(admission.on_proven(outbound(1), 1, never_asked, kStart));
  EXPECT_EQ(refusal(admission.on_proven(inbound(2, stranger(1)), 2, never_asked, kStart)),
            Reason::too_many_from_address);
}

TEST(Admission, AnExemptNetworkHasNoLimitForAnAddress) {
  AdmissionConfig config;
  config.exempt = {Cidr(ip("10.0.0.0"), 8)};
  Admission admission = new_admission(config);
  for (unsigned i = 1; i <= 10; ++i) {
    EXPECT_TRUE(admission.on_proven(inbound(i, ip("10.1.1.1")), i, never_asked, kStart));
  }
}

TEST(Admission, ALimitOfZeroForAnAddressIsNone) {
  AdmissionConfig config;
  config.max_per_ip = 0;
  Admission admission = new_admission(config);
  for (unsigned i = 1; i <= 10; ++i) {
    EXPECT_TRUE(admission.on_proven(inbound(i, ip("203.0.113.7")), i, never_asked, kStart));
  }
}

TEST(Admission, PrivilegedPeersAreNotCountedForTheirAddress) {
  Admission admission = new_admission();
  const IpAddress shared = ip("203.0.113.7");
  ASSERT_TRUE(admission.on_proven(privileged(inbound(1, shared)), 1, never_asked, kStart));
  EXPECT_TRUE(admission.on_proven(inbound(2, shared), 2, never_asked, kStart));
  EXPECT_TRUE(admission.on_proven(privileged(inbound(3, shared)), 3, never_asked, kStart));
  EXPECT_EQ(refusal(admission.on_proven(inbound(4, shared), 4, never_asked, kStart)),
            Reason::too_many_from_address);
}

TEST(Admission, ADialIsRefusedWhereItsPeerWouldBe) {
  Admission admission = new_admission();
  const IpAddress shared = ip("203.0.113.7");
  ASSERT_TRUE(admission.on_proven(inbound(1, shared), 1, never_asked, kStart));
  EXPECT_EQ(refusal(admission.may_dial(numbered_id(2), shared, Standing::ordinary, kStart)),
            Reason::too_many_from_address);
  EXPECT_TRUE(admission.may_dial(numbered_id(2), shared, Standing::privileged, kStart));
  EXPECT_TRUE(admission.may_dial(numbered_id(1), shared, Standing::ordinary, kStart));
  EXPECT_TRUE(admission.may_dial(numbered_id(2), ip("203.0.113.8"), Standing::ordinary, kStart));
  EXPECT_TRUE(admission.may_dial(numbered_id(2), std::nullopt, Standing::ordinary, kStart));
  admission.bans().add({numbered_id(2), kStart + 1h, ""}, kStart);
  admission.bans().add({Cidr(ip("198.51.100.0"), 24), kStart + 1h, ""}, kStart);
  EXPECT_EQ(refusal(admission.may_dial(numbered_id(2), std::nullopt, Standing::privileged, kStart)),
            Reason::banned);
  EXPECT_EQ(
      refusal(admission.may_dial(numbered_id(3), ip("198.51.100.1"), Standing::privileged, kStart)),
      Reason::banned);
}

// --- the second gate: slots ---

TEST(Admission, FullInboundSlotsRefuseANewcomerWhenNoPeerMayBeEvicted) {
  Admission admission = new_admission();
  fill(admission);
  EXPECT_EQ(refusal(admission.on_proven(inbound(41), 41, offering({}), kStart)),
            Reason::no_free_slot);
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
  EXPECT_EQ(refusal(admission.on_arrival(stranger(41), kStart)), Reason::no_free_slot);
  admission.half_open().leave(last->ticket);
  EXPECT_TRUE(admission.on_proven(inbound(40), 40, never_asked, kStart));
  EXPECT_EQ(refusal(admission.on_arrival(stranger(41), kStart)), Reason::no_free_slot);
  EXPECT_EQ(refusal(admission.on_proven(inbound(41), 41, never_asked, kStart)),
            Reason::no_free_slot);
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
            Reason::no_free_slot);
  admission.on_gone(numbered_id(7), 7);
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 40u);
  EXPECT_EQ(refusal(admission.on_proven(inbound(42), 42, offering({}), kStart)),
            Reason::no_free_slot);
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
  EXPECT_EQ(refusal(admission.on_arrival(stranger(7), kStart)), Reason::no_free_slot);
  EXPECT_EQ(refusal(admission.on_arrival(stranger(7), kStart + kEvictedPause - 1ns)),
            Reason::no_free_slot);
  EXPECT_TRUE(admission.on_arrival(stranger(7), kStart + kEvictedPause));
  admission.on_gone(numbered_id(8), 8);
  EXPECT_TRUE(admission.on_arrival(stranger(7), kStart + 1s)) << "there is a slot";
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
            Reason::no_free_slot);
  admission.on_gone(numbered_id(7), 7);
  EXPECT_EQ(refusal(admission.on_proven(inbound(7), 107, offering({}), kStart)),
            Reason::no_free_slot);
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
            Reason::no_free_slot);
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
            Reason::no_free_slot);
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
      Reason::too_many_from_address);
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
            Reason::no_free_slot);
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
          if (known->second.evicted) expected = Reason::no_free_slot;
        } else if (ordinary && config.max_per_ip > 0 && newcomer.ip.v4_bytes()[0] != 10 &&
                   model.at(newcomer.ip) >= config.max_per_ip) {
          expected = Reason::too_many_from_address;
        } else if (ordinary && newcomer.direction == Direction::inbound &&
                   model.taken(Direction::inbound) >= config.max_inbound) {
          expect_asked = true;
          if (!somebody_may_go) expected = Reason::no_free_slot;
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
