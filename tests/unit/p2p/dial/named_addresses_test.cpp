#include "p2p/dial/named_addresses.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/dial_targets.h"

namespace peerage::p2p {
namespace {

using conn::HostAddress;
using test::node;
using List = NamedAddresses::List;

HostAddress also(unsigned number) {
  HostAddress address = node(number);
  address.host = "also.example";
  return address;
}

TEST(NamedAddressesTest, ANodeHasASetOfAddressesInTheOrderInWhichTheyWereNamed) {
  NamedAddresses named;
  EXPECT_TRUE(named.add(List::persistent_peers, also(1)));
  EXPECT_TRUE(named.add(List::persistent_peers, node(1)));
  EXPECT_FALSE(named.add(List::persistent_peers, also(1))) << "once is enough";
  EXPECT_EQ(named.of(List::persistent_peers, node(1).id), (std::vector{also(1), node(1)}));
  EXPECT_EQ(named.of(List::persistent_peers), (std::vector{also(1), node(1)}));
  EXPECT_TRUE(named.of(List::seeds).empty());
  EXPECT_TRUE(named.of(List::persistent_peers, node(2).id).empty());
}

TEST(NamedAddressesTest, AnotherPortIsAnotherAddress) {
  NamedAddresses named;
  HostAddress other = node(1);
  ++other.port;
  named.add(List::seeds, node(1));
  EXPECT_FALSE(named.contains(other));
  EXPECT_TRUE(named.add(List::seeds, other));
}

TEST(NamedAddressesTest, TheListsAreTwoAndAnAddressMayStandInBoth) {
  NamedAddresses named;
  named.add(List::seeds, node(1));
  EXPECT_EQ(named.lists_of(node(1)), "seeds");
  EXPECT_FALSE(named.has(List::persistent_peers, node(1)));
  EXPECT_FALSE(named.remove(List::persistent_peers, node(1)));
  named.add(List::persistent_peers, node(1));
  EXPECT_EQ(named.lists_of(node(1)), "persistent_peers,seeds");
  EXPECT_TRUE(named.remove(List::seeds, node(1)));
  EXPECT_EQ(named.lists_of(node(1)), "persistent_peers");
  EXPECT_FALSE(named.has(List::seeds, node(1).id));
  EXPECT_TRUE(named.remove(List::persistent_peers, node(1)));
  EXPECT_FALSE(named.contains(node(1)));
  EXPECT_EQ(named.lists_of(node(1)), "");
}

TEST(NamedAddressesTest, NodesAreCountedNotAddresses) {
  NamedAddresses named;
  for (const HostAddress& each : {node(1), also(1), node(2), node(3)}) {
    named.add(List::persistent_peers, each);
  }
  named.add(List::seeds, node(4));
  EXPECT_EQ(named.ids_besides(List::persistent_peers, node(3).id), 2u);
  EXPECT_EQ(named.ids_besides(List::seeds, node(3).id), 1u);
}

}  // namespace
}  // namespace peerage::p2p
