#include "pex/discovery/bans.h"

#include <gtest/gtest.h>

#include "tests/support/addresses.h"
#include "tests/support/discovery_nodes.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::BanOrigin;
using test::enode_id;
using Added = DiscoveryBans::Added;

class DiscoveryBansTest : public ::testing::Test {
 protected:
  Added ban(std::uint64_t id, DiscoveryBans::Until until = {},
            BanOrigin origin = BanOrigin::operator_) {
    return bans.ban(enode_id(id), until, origin, now);
  }
  Added ban(const char* network, DiscoveryBans::Until until = {}) {
    return bans.ban(test::network(network), until, now);
  }
  bool banned(std::uint64_t id) const { return bans.banned(enode_id(id), now); }
  bool banned(const char* ip) const { return bans.banned(test::ip(ip), now); }
  conn::TimePoint now{100h};
  DiscoveryBans bans;
};

TEST_F(DiscoveryBansTest, AnIdIsBannedForEverOrUntilATime) {
  EXPECT_EQ(ban(1), Added::yes);
  EXPECT_EQ(ban(2, now + 1h), Added::yes);
  EXPECT_EQ(ban(3, now), Added::ended);
  EXPECT_TRUE(banned(1) && banned(2));
  EXPECT_FALSE(banned(3));
  now += 1h;
  EXPECT_FALSE(banned(2));
  now += 100'000h;
  EXPECT_TRUE(banned(1));
}

TEST_F(DiscoveryBansTest, AnAddressIsBannedAloneOrWithItsNetwork) {
  EXPECT_EQ(ban("5.6.7.8"), Added::yes);
  EXPECT_EQ(ban("66.6.0.0/16", now + 1h), Added::yes);
  EXPECT_EQ(ban("2a00:1::/32"), Added::yes);
  EXPECT_TRUE(banned("5.6.7.8") && banned("66.6.1.1") && banned("2a00:1:2::3"));
  EXPECT_FALSE(banned("5.6.7.9") || banned("66.7.1.1") || banned("2a00:2::1"));
  now += 1h;
  EXPECT_FALSE(banned("66.6.1.1"));
}

TEST_F(DiscoveryBansTest, WhoCarriesABannedAddressIsBanned) {
  ban("5.6.7.8");
  EXPECT_TRUE(banned("2002:506:708::1"));
  EXPECT_TRUE(banned("64:ff9b::506:708"));
  ban("2002::/16");
  EXPECT_TRUE(banned("2002:909:909::1"));
}

TEST_F(DiscoveryBansTest, PrivateAndLoopbackAddressesAreNeverBannedByTheirAddress) {
  for (const char* network : {"127.0.0.1", "10.0.0.0/8", "192.168.7.0/24", "::1", "fe80::/10"}) {
    EXPECT_EQ(ban(network), Added::private_network) << network;
  }
  EXPECT_EQ(ban("0.0.0.0/0"), Added::yes);
  EXPECT_TRUE(banned("5.6.7.8"));
  EXPECT_FALSE(banned("10.0.0.1") || banned("127.0.0.1"));
}

TEST_F(DiscoveryBansTest, ABanThatIsLiftedIsNotInForce) {
  ban(1);
  ban("5.6.7.0/24");
  EXPECT_TRUE(bans.unban(enode_id(1)));
  EXPECT_TRUE(bans.unban(test::network("5.6.7.0/24")));
  EXPECT_FALSE(banned(1) || banned("5.6.7.8"));
  EXPECT_FALSE(bans.unban(enode_id(1)));
  EXPECT_FALSE(bans.unban(test::network("5.6.7.0/24")));
}

TEST_F(DiscoveryBansTest, ANewBanReplacesTheOldOne) {
  ban(1);
  ban(1, now + 1h);
  ban("5.6.7.8", now + 1h);
  ban("5.6.7.8");
  EXPECT_EQ(bans.networks(), 1u);
  now += 1h;
  EXPECT_FALSE(banned(1));
  EXPECT_TRUE(banned("5.6.7.8"));
}

TEST_F(DiscoveryBansTest, ABanOfOurOwnDoesNotReplaceAnOperators) {
  ban(1);
  EXPECT_EQ(ban(1, now + 1h, BanOrigin::misbehaviour), Added::yes);
  now += 2h;
  EXPECT_TRUE(banned(1));
}

TEST_F(DiscoveryBansTest, ThoseThatHaveEndedAreSwept) {
  ban(1, now + 1h);
  ban(2);
  ban("5.6.7.8", now + 1h);
  ban("5.6.7.9");
  now += 1h;
  bans.sweep(now);
  EXPECT_EQ(bans.ids(),
            (std::vector<std::pair<EnodeId, DiscoveryBans::Until>>{{enode_id(2), std::nullopt}}));
  EXPECT_EQ(bans.networks(), 1u);
}

TEST_F(DiscoveryBansTest, OurOwnBansMakeRoomByTheirEndAndAnOperatorsNever) {
  for (std::uint64_t i = 0; i < DiscoveryBans::kMostIds; ++i) {
    ASSERT_EQ(ban(i, now + 1h + 1s * i), Added::yes);
    ASSERT_EQ(ban(100'000 + i, now + 2h - 1s * (i % 3'000), BanOrigin::misbehaviour), Added::yes);
  }
  EXPECT_EQ(ban(50'000), Added::full);
  EXPECT_EQ(ban(200'000, now + 3h, BanOrigin::misbehaviour), Added::yes);
  EXPECT_FALSE(banned(102'999));
  EXPECT_EQ(bans.ids().size(), 2 * DiscoveryBans::kMostIds);
  for (std::uint64_t i = 0; i < DiscoveryBans::kMostIds; ++i) ASSERT_TRUE(banned(i));
  now += 1h;
  EXPECT_EQ(ban(50'000), Added::yes) << "one has ended";
}

TEST_F(DiscoveryBansTest, NetworksAreAsManyAsTheSwitchMayHave) {
  for (std::uint32_t i = 0; i < DiscoveryBans::kMostNetworks; ++i) {
    ASSERT_EQ(bans.ban(conn::Cidr(test::public_endpoint(i).ip), {}, now), Added::yes);
  }
  EXPECT_EQ(ban("99.0.0.1"), Added::full);
  EXPECT_EQ(bans.ban(conn::Cidr(test::public_endpoint(0).ip), {}, now), Added::yes);
}

}  // namespace
}  // namespace peerage::pex
