// How much of the table one network can have.
#include "tests/support/addresses.h"
#include "tests/unit/pex/discovery/table_fixture.h"

namespace peerage::pex {
namespace {

using TableSharesTest = TableTest;

TEST_F(TableSharesTest, TenThousandIdsAtOneAddressGetTwoPlacesOfABucketAndTenOfTheTable) {
  for (std::uint32_t i = 1; i <= 10'000; ++i) {
    const auto id = test::enode_id_at(own, 200 + i % 57, i);
    offer(test::contact(id, {test::ip("5.6.7.8"), static_cast<std::uint16_t>(2000 + i)}));
  }
  EXPECT_EQ(table.counts().entries + table.counts().replacements, 10u);
  for (unsigned distance = 1; distance <= 256; ++distance) {
    std::size_t here = 0;
    table.for_each([&](const TableNode& node) {
      here += log_distance(own, node.contact.id) == distance ? 1 : 0;
    });
    EXPECT_LE(here, 2u) << distance;
  }
}

TEST_F(TableSharesTest, AThirdOfANetworkIsRefusedInABucketEvenAsAReplacement) {
  for (std::uint32_t i = 1; i <= 14; ++i) offer(far_node(i));
  const auto neighbour = [this](std::uint32_t number, std::uint8_t host) {
    return test::contact(test::enode_id_at(own, 256, number), test::public_endpoint(500, host));
  };
  EXPECT_EQ(offer(neighbour(101, 1)), Offered::added);
  offer(far_node(16));
  EXPECT_EQ(offer(neighbour(102, 2)), Offered::replacement);
  EXPECT_EQ(offer(neighbour(103, 3)), Offered::network_full);
  EXPECT_EQ(offer(test::contact(test::enode_id_at(own, 255, 104), test::public_endpoint(500, 4))),
            Offered::added)
      << "another bucket";
}

TEST_F(TableSharesTest, ANetworkOfIPv6IsA48) {
  const auto at = [this](std::uint32_t number, const char* endpoint) {
    return offer(test::contact(test::enode_id_at(own, 256, number), endpoint));
  };
  EXPECT_EQ(at(1, "[2a00:1:2:3::1]:30303"), Offered::added);
  EXPECT_EQ(at(2, "[2a00:1:2:4::1]:30303"), Offered::added);
  EXPECT_EQ(at(3, "[2a00:1:2:5::1]:30303"), Offered::network_full);
  EXPECT_EQ(at(4, "[2a00:1:3:5::1]:30303"), Offered::added);
}

TEST_F(TableSharesTest, PrivateAddressesAreFree) {
  std::uint32_t number = 1;
  for (const char* endpoint : {"10.1.1.1:30303", "127.0.0.1:30303", "192.168.1.1:30303",
                               "169.254.1.1:30303", "[fd00::1]:30303", "[fe80::1]:30303"}) {
    for (int i = 0; i < 4; ++i, ++number) {
      const auto node = test::contact(test::enode_id_at(own, 256, number), endpoint);
      const auto offered = offer(node);
      EXPECT_TRUE(offered == Offered::added || offered == Offered::replacement) << endpoint;
    }
  }
}

TEST_F(TableSharesTest, ExemptNetworksAreFree) {
  table = make({}, {test::network("5.6.0.0/16")});
  for (std::uint32_t i = 1; i <= 5; ++i) {
    EXPECT_EQ(offer(test::contact(test::enode_id_at(own, 256, i), "5.6.7.8:30303")),
              Offered::added);
  }
}

TEST_F(TableSharesTest, WhoLeavesGivesItsShareBack) {
  const auto at = [this](std::uint32_t number) {
    return test::contact(test::enode_id_at(own, 256, number), test::public_endpoint(7));
  };
  for (std::uint32_t round = 0; round < 20; ++round) {
    ASSERT_EQ(offer(at(3 * round + 1)), Offered::added);
    ASSERT_EQ(offer(at(3 * round + 2)), Offered::added);
    ASSERT_EQ(offer(at(3 * round + 3)), Offered::network_full);
    table.remove(at(3 * round + 1).id);
    misses(at(3 * round + 2));
  }
  EXPECT_EQ(table.counts().entries, 0u);
}

TEST_F(TableSharesTest, AReplacementThatIsPushedOutGivesItsShareBack) {
  for (std::uint32_t i = 1; i <= 17; ++i) offer(far_node(i));
  for (std::uint32_t i = 18; i <= 27; ++i) offer(far_node(i));
  // 17 is gone; its network has two places again.
  for (std::uint32_t i = 0; i < 2; ++i) {
    const auto id = test::enode_id_at(own, 256, 1000 + i);
    EXPECT_EQ(offer(test::contact(id, test::public_endpoint(17))), Offered::replacement);
  }
}

TEST_F(TableSharesTest, NobodyMovesIntoANetworkThatIsFull) {
  const auto at = [this](std::uint32_t number) {
    return test::contact(test::enode_id_at(own, 256, number), test::public_endpoint(7));
  };
  offer(at(101));
  offer(at(102));
  const auto nodes = fill_bucket(1);
  EXPECT_EQ(table.on_live(nodes[0].id, Protocol::v4, at(103).udp, now), Live::refused);
  EXPECT_EQ(table.find(nodes[0].id)->contact.udp, nodes[0].udp);
  EXPECT_TRUE(table.find(nodes[0].id)->live());
  table.remove(at(101).id);
  EXPECT_EQ(table.on_live(nodes[0].id, Protocol::v4, at(103).udp, now), Live::became);
  EXPECT_EQ(offer(at(104)), Offered::network_full);
}

TEST_F(TableSharesTest, WithinItsNetworkANodeMovesAlsoWhenThatIsFull) {
  const auto first = test::contact(test::enode_id_at(own, 256, 1), test::public_endpoint(7, 1));
  const auto second = test::contact(test::enode_id_at(own, 256, 2), test::public_endpoint(7, 2));
  offer(first);
  offer(second);
  EXPECT_EQ(table.on_live(first.id, Protocol::v4, test::public_endpoint(7, 3), now), Live::became);
}

}  // namespace
}  // namespace peerage::pex
