#include "cmd/discovery/targets.h"

#include <gtest/gtest.h>

#include "conn/base/random.h"
#include "tests/unit/cmd/discovery/answering_nodes.h"

namespace peerage::cmd {
namespace {

TargetPool pool(std::size_t targets = TargetPool::kTargets) {
  conn::Random random({7});
  return TargetPool(
      [&random](conn::MutableBytes into) {
        for (std::uint8_t& byte : into) byte = static_cast<std::uint8_t>(random.next());
      },
      targets);
}

TEST(TargetPool, ATargetLiesAtTheDistanceThatWasAskedFor) {
  const TargetPool targets = pool();
  for (std::uint16_t number = 1; number <= 20; ++number) {
    const pex::EnodeId node =
        pex::EnodeId::of(test::secp256k1_key(std::uint32_t{number}).public_key());
    for (unsigned distance = 256; distance > 249; --distance) {
      const auto target = targets.at(node, distance);
      ASSERT_TRUE(target) << number << ' ' << distance;
      EXPECT_EQ(pex::log_distance(target->id, node), distance);
      ASSERT_TRUE(target->key);
      EXPECT_EQ(target->id, pex::LookupTarget::of(*target->key).id) << "the ID is the key's hash";
    }
  }
}

TEST(TargetPool, WhatIsTooNearForItIsNotThere) {
  const TargetPool targets = pool();
  const pex::EnodeId node = pex::EnodeId::of(test::secp256k1_key(1u).public_key());
  for (const unsigned distance : {0U, 1U, 8U, 100U, 200U, 257U}) {
    EXPECT_FALSE(targets.at(node, distance)) << distance;
  }
  EXPECT_FALSE(pool(0).at(node, 256));
}

}  // namespace
}  // namespace peerage::cmd
