// Our own address in our record: what others say, and what they cannot make us believe.
#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

class OwnAddressTest : public CoreTest {
 protected:
  OwnAddressTest() { start(); }
  // Another start, with what is known.
  void start_knowing(ExternalIp source) {
    settings.external_ip = source;
    settings.known_ip = conn::IpAddress::v4(10, 0, 0, 9);
    start();
  }
  static constexpr std::string_view kHere = "5.9.9.9:30303";

  static ScriptedPeer voter(std::uint32_t number) {
    return {number, "20." + std::to_string(number) + ".1.1:30303"};
  }
  // It answers our ping, and says in its Pong where it sees us.
  void vote(const ScriptedPeer& from, std::string_view seen_at) {
    send(from, ping_of(from));
    for (const auto& [hash, ping] : take<v4::Ping>(from)) {
      const auto at = conn::Endpoint::parse(seen_at).value();
      send(from, v4::Pong{.to = {at.ip, at.port, 0}, .ping = hash, .expires = soon()});
    }
  }
  std::optional<conn::Endpoint> advertised() const { return core->record()->udp4(); }
};

TEST_F(OwnAddressTest, ThreeNetworksThatAgreeMakeIt) {
  const std::uint64_t before = core->record()->seq();
  for (std::uint32_t i = 1; i <= 2; ++i) vote(voter(i), kHere);
  pass(2s);
  EXPECT_EQ(advertised(), std::nullopt);
  vote(voter(3), kHere);
  const auto changed = take_updates<update::ExternalAddress>();
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].ip, conn::IpAddress::v4(5, 9, 9, 9));
  pass(2s);
  EXPECT_EQ(advertised(), conn::Endpoint::parse(kHere));
  EXPECT_EQ(core->record()->seq(), before + 1);
  EXPECT_EQ(core->counters().external_address_changes, 1u);
}

TEST_F(OwnAddressTest, WhatIsKnownStandsInTheFirstRecordAndIsNoChange) {
  for (const ExternalIp external_ip : {ExternalIp::vote, ExternalIp::given}) {
    start_knowing(external_ip);
    EXPECT_EQ(advertised(), conn::Endpoint::parse("10.0.0.9:30303"));
    EXPECT_EQ(core->external_address(IpFamily::v4), advertised());
    EXPECT_EQ(core->counters().external_address_changes, 0u);
    EXPECT_TRUE(take_updates<update::ExternalAddress>().empty());
    const std::uint64_t seq = core->record()->seq();
    core->set_external_ip(conn::IpAddress::v4(10, 0, 0, 9), now());
    pass(2s);
    EXPECT_EQ(core->record()->seq(), seq);
  }
  start_knowing(ExternalIp::none);
  EXPECT_EQ(advertised(), std::nullopt);
}

TEST_F(OwnAddressTest, WhereOthersSeeItIsBelievedBeforeWhereItListens) {
  start_knowing(ExternalIp::vote);
  for (std::uint32_t i = 1; i <= 3; ++i) vote(voter(i), kHere);
  pass(2s);
  EXPECT_EQ(advertised(), conn::Endpoint::parse(kHere));
  EXPECT_EQ(core->counters().external_address_changes, 1u);
}

TEST_F(OwnAddressTest, APortThatAllOfThemNameIsOurs) {
  for (std::uint32_t i = 1; i <= 3; ++i) vote(voter(i), "5.9.9.9:41000");
  pass(2s);
  EXPECT_EQ(advertised(), conn::Endpoint::parse("5.9.9.9:41000"));
}

TEST_F(OwnAddressTest, WherePortsDifferItIsTheBoundOne) {
  for (std::uint32_t i = 1; i <= 3; ++i) vote(voter(i), "5.9.9.9:4100" + std::to_string(i));
  pass(2s);
  EXPECT_EQ(advertised(), conn::Endpoint::parse(kHere));
}

TEST_F(OwnAddressTest, AThousandNodesOfOneNetworkAreOneVoter) {
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const ScriptedPeer liar(
        1000 + i, "30.1.1." + std::to_string(1 + i % 250) + ":" + std::to_string(2000 + i));
    vote(liar, "66.6.6.6:30303");
    pass(20ms);
  }
  pass(2s);
  EXPECT_EQ(advertised(), std::nullopt);
  for (std::uint32_t i = 1; i <= 3; ++i) vote(voter(i), kHere);
  pass(2s);
  EXPECT_EQ(advertised(), conn::Endpoint::parse(kHere));
}

TEST_F(OwnAddressTest, WhatAPingSaysCountsFromProvenNodesAlone) {
  for (std::uint32_t i = 1; i <= 3; ++i) send(voter(i), ping_of(voter(i)));
  pass(2s);
  EXPECT_EQ(advertised(), std::nullopt);
}

TEST_F(OwnAddressTest, AChangeIsFoundInALaterRound) {
  for (std::uint32_t i = 1; i <= 3; ++i) vote(voter(i), kHere);
  pass(1min);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    v4::Ping ping = ping_of(voter(i));
    ping.to.ip = conn::IpAddress::v4(5, 8, 8, 8);
    send(voter(i), ping);
  }
  pass(10s);
  EXPECT_EQ(advertised(), conn::Endpoint::parse(kHere)) << "not before the round ends";
  pass(5min);
  EXPECT_EQ(advertised(), conn::Endpoint::parse("5.8.8.8:30303"));
}

TEST_F(OwnAddressTest, NobodyIsBelievedWhereTheAddressIsGiven) {
  settings.external_ip = ExternalIp::given;
  start();
  for (std::uint32_t i = 1; i <= 5; ++i) vote(voter(i), kHere);
  pass(10min);
  EXPECT_EQ(advertised(), std::nullopt);
  core->set_external_ip(conn::IpAddress::v4(7, 7, 7, 7), now());
  pass(2s);
  EXPECT_EQ(advertised(), conn::Endpoint::parse("7.7.7.7:30303"));
  core->remove_external_ip(IpFamily::v4, now());
  pass(2s);
  EXPECT_EQ(advertised(), std::nullopt);
}

TEST_F(OwnAddressTest, WhereNoneIsWantedThereIsNone) {
  settings.external_ip = ExternalIp::none;
  start();
  for (std::uint32_t i = 1; i <= 5; ++i) vote(voter(i), kHere);
  core->set_external_ip(conn::IpAddress::v4(7, 7, 7, 7), now());
  pass(10min);
  EXPECT_EQ(advertised(), std::nullopt);
}

TEST_F(OwnAddressTest, OurPingsCarryIt) {
  for (std::uint32_t i = 1; i <= 3; ++i) vote(voter(i), kHere);
  pass(2s);
  send(voter(9), ping_of(voter(9)));
  EXPECT_EQ(take<v4::Ping>(voter(9)).at(0).second.from.ip, conn::IpAddress::v4(5, 9, 9, 9));
}

}  // namespace
}  // namespace peerage::pex
