#include "pex/discovery/endpoint_proof.h"

#include <gtest/gtest.h>

#include "tests/support/addresses.h"
#include "tests/support/discovery_nodes.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using test::enode_id;

class EndpointProofsTest : public ::testing::Test {
 protected:
  bool proven(std::uint64_t id, const conn::IpAddress& ip) {
    return proofs.proven(enode_id(id), ip, now);
  }
  // In a network of its own.
  static conn::IpAddress home(std::uint32_t id) { return test::public_endpoint(id).ip; }
  conn::TimePoint now{100h};
  EndpointProofs proofs{DiscoveryLimits{}};
};

TEST_F(EndpointProofsTest, AProofIsOfOneIdAtOneIp) {
  proofs.add(enode_id(1), home(1), now);
  EXPECT_TRUE(proven(1, home(1)));
  EXPECT_FALSE(proven(1, home(2)));
  EXPECT_FALSE(proven(2, home(1)));
}

TEST_F(EndpointProofsTest, AProofLastsTwelveHours) {
  proofs.add(enode_id(1), home(1), now);
  now += 12h;
  EXPECT_TRUE(proven(1, home(1)));
  EXPECT_TRUE(proofs.proven(home(1), now));
  EXPECT_EQ(proofs.since(enode_id(1), home(1), now), now - 12h);
  now += 1s;
  EXPECT_FALSE(proven(1, home(1)));
  EXPECT_FALSE(proofs.proven(home(1), now));
  EXPECT_EQ(proofs.since(enode_id(1), home(1), now), std::nullopt);
}

TEST_F(EndpointProofsTest, ToUseAProofDoesNotMakeItLastLonger) {
  proofs.add(enode_id(1), home(1), now);
  for (int i = 0; i < 12; ++i, now += 1h) EXPECT_TRUE(proven(1, home(1)));
  now += 1s;
  EXPECT_FALSE(proven(1, home(1)));
  proofs.add(enode_id(1), home(1), now);
  EXPECT_TRUE(proven(1, home(1)));
  EXPECT_EQ(proofs.size(), 1u);
}

TEST_F(EndpointProofsTest, AnIpIsProvenByAnyOfItsNodes) {
  proofs.add(enode_id(1), home(1), now);
  now += 11h;
  proofs.add(enode_id(2), home(1), now);
  now += 2h;
  EXPECT_TRUE(proofs.proven(home(1), now));
  EXPECT_FALSE(proofs.proven(home(2), now));
}

TEST_F(EndpointProofsTest, SweptAreThoseThatHaveEnded) {
  proofs.add(enode_id(1), home(1), now);
  proofs.add(enode_id(2), home(2), now + 1h);
  now += 12h + 1s;
  proofs.sweep(now);
  EXPECT_EQ(proofs.size(), 1u);
  EXPECT_TRUE(proven(2, home(2)));
}

TEST_F(EndpointProofsTest, WhenAllIsFullTheOneThatWasLongestUnusedGoes) {
  for (std::uint32_t i = 1; i <= 4096; ++i) proofs.add(enode_id(i), home(i), now);
  EXPECT_TRUE(proven(1, home(1)));
  proofs.add(enode_id(5000), home(5000), now);
  EXPECT_EQ(proofs.size(), 4096u);
  EXPECT_TRUE(proven(1, home(1)));
  EXPECT_FALSE(proven(2, home(2)));
}

TEST_F(EndpointProofsTest, ManyIdsOfOneNetworkPushOutEachOtherAndNobodyElse) {
  for (std::uint32_t i = 1; i <= 4000; ++i) proofs.add(enode_id(i), home(i), now);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    const auto ip = conn::IpAddress::v4(66, 6, 6, static_cast<std::uint8_t>(i % 200));
    proofs.add(enode_id(100'000 + i), ip, now);
  }
  EXPECT_EQ(proofs.size(), 4064u);
  for (std::uint32_t i = 1; i <= 4000; ++i) ASSERT_TRUE(proven(i, home(i))) << i;
}

TEST_F(EndpointProofsTest, ANetworkThatIsFullLosesItsOwnThatWasLongestUnused) {
  const auto ip = test::ip("66.6.6.6");
  for (std::uint32_t i = 1; i <= 64; ++i) proofs.add(enode_id(i), ip, now);
  EXPECT_TRUE(proven(1, ip));
  proofs.add(enode_id(65), test::ip("66.6.6.7"), now);
  EXPECT_EQ(proofs.size(), 64u);
  EXPECT_TRUE(proven(1, ip));
  EXPECT_FALSE(proven(2, ip));
  EXPECT_TRUE(proven(3, ip));
}

TEST_F(EndpointProofsTest, PrivateAddressesHaveNoShareOfTheirNetwork) {
  for (std::uint32_t i = 1; i <= 500; ++i) proofs.add(enode_id(i), test::ip("127.0.0.1"), now);
  EXPECT_EQ(proofs.size(), 500u);
}

TEST_F(EndpointProofsTest, RemovedByIdOrByARule) {
  for (std::uint32_t i = 1; i <= 9; ++i) proofs.add(enode_id(i), home(i), now);
  proofs.add(enode_id(1), home(2), now);
  proofs.remove(enode_id(1));
  EXPECT_EQ(proofs.size(), 8u);
  proofs.remove_if([](const EnodeId&, const conn::IpAddress& ip) { return ip == home(2); });
  EXPECT_EQ(proofs.size(), 7u);
  EXPECT_FALSE(proven(2, home(2)));
  // Its share of the network is free again.
  for (std::uint32_t i = 100; i < 164; ++i) proofs.add(enode_id(i), home(2), now);
  EXPECT_EQ(proofs.size(), 71u);
}

}  // namespace
}  // namespace peerage::pex
