// Who is let through the two gates, and by what: bans, rates, pauses, addresses.
#include "p2p/base/peer_reason.h"
#include "tests/unit/p2p/admission/admission_helpers.h"

namespace peerage::p2p {
namespace {

using conn::Cidr;
using conn::IpAddress;
using conn::TimePoint;
using test::ip;
using test::numbered_id;
using namespace std::chrono_literals;

// --- the first gate ---

TEST(Admission, ABannedAddressIsRefusedAtTheFirstGate) {
  Admission admission = new_admission();
  admission.bans().add({Cidr(ip("203.0.113.0"), 24), kStart + 1h, "they know why"}, kStart);
  const auto arrival = admission.on_arrival(ip("203.0.113.7"), kStart);
  EXPECT_EQ(refusal(arrival), PeerReason::banned);
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
      EXPECT_EQ(refusal(arrival), PeerReason::connection_rate_exceeded);
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
  EXPECT_EQ(refusal(admission.on_arrival(ip("10.1.1.1"), kStart)), PeerReason::too_many_handshakes);
  admission.bans().add({Cidr(ip("10.2.0.0"), 16), kStart + 1h, ""}, kStart);
  EXPECT_EQ(refusal(admission.on_arrival(ip("10.2.1.1"), kStart)), PeerReason::banned);
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
      EXPECT_EQ(refusal(arrival), PeerReason::connection_rate_exceeded);
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
      EXPECT_EQ(refusal(arrival), PeerReason::no_free_slot);
      continue;
    }
    ++handshakes;
    EXPECT_EQ(refusal(admission.on_proven(dialler, 1'000, offering({}), now)),
              PeerReason::no_free_slot);
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
            PeerReason::authentication_failed_lately);
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
  EXPECT_EQ(refusal(admission.on_arrival(stranger(100), kStart)), PeerReason::too_many_handshakes);
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
      EXPECT_EQ(refusal(admission.on_proven(newcomer, 1, never_asked, kStart)), PeerReason::banned);
    }
  }
  EXPECT_EQ(admission.slots_taken(Direction::inbound), 0u);
  EXPECT_TRUE(admission.on_proven(inbound(1), 1, never_asked, kStart + 1h));
}

TEST(Admission, ANodeThatWasBannedMeanwhileGetsNoSecondLink) {
  Admission admission = new_admission();
  ASSERT_TRUE(admission.on_proven(inbound(1), 1, never_asked, kStart));
  admission.bans().add({numbered_id(1), kStart + 1h, ""}, kStart);
  EXPECT_EQ(refusal(admission.on_proven(inbound(1), 2, never_asked, kStart)), PeerReason::banned);
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
            PeerReason::too_many_from_address);
  EXPECT_TRUE(admission.on_proven(inbound(4, ip("203.0.113.8")), 4, never_asked, kStart));
  admission.on_gone(numbered_id(1), 1);
  EXPECT_TRUE(admission.on_proven(inbound(3, shared), 5, never_asked, kStart));
}

TEST(Admission, TheAddressesOfOneIpv6HostCountTogether) {
  Admission admission = new_admission();
  ASSERT_TRUE(admission.on_proven(inbound(1, ip("2001:db8:1:2::1")), 1, never_asked, kStart));
  EXPECT_EQ(
      refusal(admission.on_proven(inbound(2, ip("2001:db8:1:2:3::1")), 2, never_asked, kStart)),
      PeerReason::too_many_from_address);
  EXPECT_EQ(refusal(admission.may_dial(numbered_id(2), ip("2001:db8:1:2::7"), Standing::ordinary,
                                       kStart)),
            PeerReason::too_many_from_address);
  EXPECT_TRUE(admission.on_proven(inbound(3, ip("2001:db8:1:3::1")), 3, never_asked, kStart));
  admission.on_gone(numbered_id(1), 1);
  EXPECT_TRUE(admission.on_proven(inbound(2, ip("2001:db8:1:2:3::1")), 2, never_asked, kStart));
}

TEST(Admission, OutboundPeersCountForTheirAddressToo) {
  Admission admission = new_admission();
  ASSERT_TRUE(admission.on_proven(outbound(1), 1, never_asked, kStart));
  EXPECT_EQ(refusal(admission.on_proven(inbound(2, stranger(1)), 2, never_asked, kStart)),
            PeerReason::too_many_from_address);
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
            PeerReason::too_many_from_address);
}

TEST(Admission, ADialIsRefusedWhereItsPeerWouldBe) {
  Admission admission = new_admission();
  const IpAddress shared = ip("203.0.113.7");
  ASSERT_TRUE(admission.on_proven(inbound(1, shared), 1, never_asked, kStart));
  EXPECT_EQ(refusal(admission.may_dial(numbered_id(2), shared, Standing::ordinary, kStart)),
            PeerReason::too_many_from_address);
  EXPECT_TRUE(admission.may_dial(numbered_id(2), shared, Standing::privileged, kStart));
  EXPECT_TRUE(admission.may_dial(numbered_id(1), shared, Standing::ordinary, kStart));
  EXPECT_TRUE(admission.may_dial(numbered_id(2), ip("203.0.113.8"), Standing::ordinary, kStart));
  EXPECT_TRUE(admission.may_dial(numbered_id(2), std::nullopt, Standing::ordinary, kStart));
  admission.bans().add({numbered_id(2), kStart + 1h, ""}, kStart);
  admission.bans().add({Cidr(ip("198.51.100.0"), 24), kStart + 1h, ""}, kStart);
  EXPECT_EQ(refusal(admission.may_dial(numbered_id(2), std::nullopt, Standing::privileged, kStart)),
            PeerReason::banned);
  EXPECT_EQ(
      refusal(admission.may_dial(numbered_id(3), ip("198.51.100.1"), Standing::privileged, kStart)),
      PeerReason::banned);
}

}  // namespace
}  // namespace peerage::p2p
