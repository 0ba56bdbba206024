#include "tests/sim/discovery/places.h"

#include <vector>

#include <gtest/gtest.h>

namespace peerage::sim::discovery {
namespace {

// At log distance 256 - `zeros` from the ID of all zeros; `last` tells them apart.
Neighbour at(unsigned zeros, std::uint8_t last, const conn::IpAddress& ip) {
  Neighbour neighbour;
  neighbour.id.bytes[zeros / 8] = static_cast<std::uint8_t>(0x80 >> (zeros % 8));
  neighbour.id.bytes[31] = last;
  neighbour.ip = ip;
  return neighbour;
}
conn::IpAddress in_network(std::uint8_t network, std::uint8_t host = 1) {
  return conn::IpAddress::v4(20, 1, network, host);
}

TEST(Places, ABucketHoldsSixteenOfManyAndAllOfFew) {
  std::vector<Neighbour> nodes;
  for (std::uint8_t i = 0; i < 40; ++i) nodes.push_back(at(0, i, in_network(i)));
  EXPECT_EQ(possible_places({}, nodes, {}), 16u);
  for (std::uint8_t i = 40; i < 45; ++i) nodes.push_back(at(7, i, in_network(i)));
  EXPECT_EQ(possible_places({}, nodes, {}), 21u);
}

TEST(Places, OfOneNetworkTwoHaveAPlaceInEachBucket) {
  std::vector<Neighbour> nodes;
  for (std::uint8_t i = 0; i < 5; ++i) nodes.push_back(at(0, i, in_network(1, i)));
  EXPECT_EQ(possible_places({}, nodes, {}), 2u);
  for (std::uint8_t i = 0; i < 5; ++i) nodes.push_back(at(3, i, in_network(1, i)));
  EXPECT_EQ(possible_places({}, nodes, {}), 4u);
}

TEST(Places, ANodeHasNoPlaceInItsOwnTable) {
  const std::vector<Neighbour> nodes = {{{}, in_network(1)}, at(1, 1, in_network(2))};
  EXPECT_EQ(possible_places({}, nodes, {}), 1u);
}

}  // namespace
}  // namespace peerage::sim::discovery
