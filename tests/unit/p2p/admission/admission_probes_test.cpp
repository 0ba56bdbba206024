// Connections that bring nothing of a comet node, at the first gate: what they take, and from whom.
#include <memory>

#include "p2p/base/peer_reason.h"
#include "tests/unit/p2p/admission/admission_helpers.h"

namespace peerage::p2p {
namespace {

using conn::Cidr;
using conn::IpAddress;
using conn::TimePoint;
using test::ip;
using namespace std::chrono_literals;

const IpAddress kBalancer = ip("203.0.113.7");

struct AdmissionProbes : testing::Test {
  std::unique_ptr<Admission> admission;
  TimePoint now = kStart;

  void SetUp() override { begin({}); }
  void begin(const AdmissionConfig& config) {
    admission = std::make_unique<Admission>(
        config, [](std::size_t) { return std::size_t{0}; }, kStart);
  }

  // One that ends without a byte after so long, or is refused on arrival.
  bool probe(const IpAddress& from = kBalancer, conn::Duration stay = 0ns) {
    auto entered = admission->on_arrival(from, now);
    std::optional<Admission::Handshake> handshake;
    if (entered) {
      handshake = *entered;
    } else if (refusal(entered) == PeerReason::connection_rate_exceeded) {
      handshake = admission->let_show_itself(from, now);
    }
    if (!handshake) return false;
    admission->half_open().leave(handshake->ticket);
    admission->on_brought_nothing(from, *handshake, stay, now + stay);
    return true;
  }
  // One that sends a key.
  bool client(const IpAddress& from = kBalancer) {
    const auto entered = admission->on_arrival(from, now);
    if (!entered) return false;
    admission->half_open().leave(entered->ticket);
    admission->on_was_no_probe(from, *entered, 50ms, now);
    return true;
  }
  int clients(int many) {
    int in = 0;
    for (int i = 0; i < many; ++i) in += client() ? 1 : 0;
    return in;
  }
};

TEST_F(AdmissionProbes, OneASecondForADayTakesNothingFromTheClientsBehindTheSameAddress) {
  for (; now < kStart + 24h; now += 1s) ASSERT_TRUE(probe());
  EXPECT_EQ(clients(100), 16);
}

TEST_F(AdmissionProbes, TheyHaveTenASecondAndFiftyAtOnceAndBeyondThatNothingIsAllocated) {
  int in = 0;
  for (int i = 0; i < 200; ++i) in += probe() ? 1 : 0;
  EXPECT_EQ(in, 50);
  EXPECT_EQ(refusal(admission->on_arrival(kBalancer, now)), PeerReason::probe_rate_exceeded);
  EXPECT_EQ(admission->half_open().size(), 0u);
  now += 1s;
  for (int i = 0; i < 200; ++i) in += probe() ? 1 : 0;
  EXPECT_EQ(in, 60);
  now += 1s;
  EXPECT_EQ(clients(100), 16) << "the connections of the host are all there";
}

TEST_F(AdmissionProbes, ThoseThatHadEndedBeforeTheyWereLookedAtTakeNoPlaceAndTheSameAllowance) {
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(admission->on_spent_probe(kBalancer, now));
  EXPECT_EQ(refusal(admission->on_spent_probe(kBalancer, now)), PeerReason::probe_rate_exceeded);
  EXPECT_EQ(refusal(admission->on_arrival(kBalancer, now)), PeerReason::probe_rate_exceeded);
  now += 1s;
  EXPECT_EQ(clients(100), 16);
  admission->bans().add({Cidr(kBalancer), now + 1h, "a test"}, now);
  EXPECT_EQ(refusal(admission->on_spent_probe(kBalancer, now)), PeerReason::banned);
}

TEST_F(AdmissionProbes, ThoseForWhichTheHostHasNoPlaceLeftTakeNoConnectionEither) {
  std::vector<Admission::Handshake> open;
  for (int i = 0; i < 4; ++i) open.push_back(admission->on_arrival(kBalancer, now).value());
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(refusal(admission->on_arrival(kBalancer, now)), PeerReason::too_many_handshakes);
  }
  for (const auto& each : open) {
    admission->half_open().leave(each.ticket);
    admission->on_brought_nothing(kBalancer, each, 0ns, now);
  }
  EXPECT_EQ(clients(100), 16);
}

TEST_F(AdmissionProbes, ThoseOfOneHostTakeNothingFromAnother) {
  for (int i = 0; i < 200; ++i) (void)probe();
  EXPECT_TRUE(client(ip("203.0.113.8")));
}

TEST_F(AdmissionProbes, AnExemptHostHasAsManyAsItHasConnections) {
  AdmissionConfig config;
  config.exempt = {Cidr(kBalancer)};
  begin(config);
  int in = 0;
  for (int i = 0; i < 5'000; ++i) in += probe() ? 1 : 0;
  EXPECT_EQ(in, 1'000);
}

TEST_F(AdmissionProbes, WithoutAConnectionRateTheyHaveNoLimitEither) {
  AdmissionConfig config;
  config.rate.interval = 0s;
  begin(config);
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(probe());
}

// --- what strangers cannot have by them ---

TEST_F(AdmissionProbes, OneThatStaysUntilItsDeadlineWasNone) {
  for (int i = 0; i < 16; ++i) {
    const auto silent = admission->on_arrival(kBalancer, now);
    ASSERT_TRUE(silent);
    admission->half_open().leave(silent->ticket);
    admission->on_was_no_probe(kBalancer, *silent, 5s, now);
  }
  EXPECT_FALSE(client());
}

// Against a host that takes all the time it can without being silent: what it does not pay for by
// its probes, it pays from its connections.
TEST_F(AdmissionProbes, AHostThatHoldsItsPlacesHasOneMoreThanItsConnectionsGiveIt) {
  conn::Duration held{};
  const auto stay = 4'900ms;
  for (; now < kStart + 1h; now += 5s) {
    for (int place = 0; place < 4; ++place) {
      const auto entered = admission->on_arrival(kBalancer, now);
      if (!entered) continue;
      held += stay;
      admission->half_open().leave(entered->ticket);
      admission->on_brought_nothing(kBalancer, *entered, stay, now + stay);
    }
  }
  const conn::Duration by_connections = 1h + 16 * stay;
  EXPECT_LE(held, by_connections + 1h + 5s);
}

TEST_F(AdmissionProbes, WhilePlacesAreScarceNothingIsGivenBack) {
  // Half of the pool.
  std::vector<HalfOpenPool::Ticket> held;
  for (unsigned i = 0; i < 32; ++i) {
    held.push_back(admission->on_arrival(stranger(i), now).value().ticket);
  }
  int in = 0;
  for (int i = 0; i < 50; ++i) in += probe() ? 1 : 0;
  EXPECT_EQ(in, 16) << "the rate of connections, as if there were no allowance";
  EXPECT_FALSE(admission->let_show_itself(kBalancer, now));
  for (const auto ticket : held) admission->half_open().leave(ticket);
  EXPECT_FALSE(client()) << "they were paid for good";
  EXPECT_TRUE(probe()) << "and now it may show what it is";
}

// --- a host that has no connection left ---

TEST_F(AdmissionProbes, AProbeIsOneAlsoWhereTheClientsHaveUsedUpTheConnections) {
  EXPECT_EQ(clients(100), 16);
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(probe());
  EXPECT_FALSE(client());
}

TEST_F(AdmissionProbes, OneOfAHostMayShowItselfAtATime) {
  EXPECT_EQ(clients(100), 16);
  const auto first = admission->let_show_itself(kBalancer, now);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->paid, Admission::Paid::nothing);
  EXPECT_EQ(admission->half_open().size(), 1u);
  EXPECT_FALSE(admission->let_show_itself(kBalancer, now));
  EXPECT_TRUE(admission->let_show_itself(ip("203.0.113.8"), now)) << "another host's is its own";
  admission->half_open().leave(first->ticket);
  EXPECT_TRUE(admission->let_show_itself(kBalancer, now));
}

TEST_F(AdmissionProbes, ThoseThatTurnOutToBeClientsHaveTenASecondAndTakeNoProbes) {
  EXPECT_EQ(clients(100), 16);
  int heard = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto one = admission->let_show_itself(kBalancer, now);
    if (!one) continue;
    ++heard;
    admission->half_open().leave(one->ticket);
    admission->on_was_no_probe(kBalancer, *one, 0ns, now);
  }
  EXPECT_EQ(heard, 50);
  // Its next connection is not refused for it.
  now += 5s;
  EXPECT_TRUE(client());
}

}  // namespace
}  // namespace peerage::p2p
