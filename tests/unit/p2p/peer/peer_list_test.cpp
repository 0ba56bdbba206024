#include "p2p/peer/peer_list.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::p2p {
namespace {

// Peers that are places and nothing else: a list does not look into them.
struct PeerListTest : testing::Test {
  PeerPtr peer(std::size_t number) { return {places, reinterpret_cast<Peer*>(&(*places)[number])}; }
  struct alignas(Peer) Place {
    std::array<std::byte, sizeof(Peer)> bytes;
  };
  std::shared_ptr<std::vector<Place>> places = std::make_shared<std::vector<Place>>(2000);
};

TEST_F(PeerListTest, AnEmptyOneHasNoBegin) {
  const PeerList none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.size(), 0u);
  EXPECT_TRUE(none.begin() == none.end());
  EXPECT_TRUE(none.to_vector().empty());
}

TEST_F(PeerListTest, KeepsTheOrderOfArrivalWhateverComesAndGoes) {
  std::mt19937 random(5);
  PeerList list;
  std::vector<PeerPtr> model;
  std::size_t next = 0;
  for (int step = 0; step < 6000; ++step) {
    // It grows, then shrinks, and so on.
    const bool add = model.empty() || random() % 100 < (step / 1500 % 2 == 0 ? 65u : 35u);
    if (add && next < places->size()) {
      model.push_back(peer(next++));
      list = list.with(model.back());
    } else if (!model.empty()) {
      const auto at = static_cast<std::ptrdiff_t>(random() % model.size());
      list = list.without(model[static_cast<std::size_t>(at)]);
      model.erase(model.begin() + at);
    }
    ASSERT_EQ(list.size(), model.size());
    ASSERT_TRUE(std::equal(list.begin(), list.end(), model.begin(), model.end())) << step;
    ASSERT_EQ(list.empty(), model.empty());
    if (!model.empty()) {
      ASSERT_EQ(list.front(), model.front());
    }
  }
  EXPECT_GT(next, 1000u);
  EXPECT_EQ(list.to_vector(), model);
}

TEST_F(PeerListTest, AnEarlierListStaysAsItWas) {
  PeerList list;
  for (std::size_t i = 0; i < 200; ++i) list = list.with(peer(i));
  const PeerList before = list;
  for (std::size_t i = 0; i < 200; i += 2) list = list.without(peer(i));
  list = list.with(peer(500));
  EXPECT_EQ(list.size(), 101u);
  ASSERT_EQ(before.size(), 200u);
  std::size_t i = 0;
  for (const PeerPtr& each : before) EXPECT_EQ(each, peer(i++));
}

TEST_F(PeerListTest, WithoutAPeerThatIsNotThereItIsTheSame) {
  const PeerList one = PeerList().with(peer(1));
  EXPECT_EQ(one.without(peer(2)).to_vector(), one.to_vector());
  EXPECT_TRUE(PeerList().without(peer(2)).empty());
}

TEST_F(PeerListTest, HoldsThePeersThatItNamesAndNoOthers) {
  const auto held = std::make_shared<int>(0);
  const auto holding = [&](std::size_t number) { return PeerPtr(held, peer(number).get()); };
  PeerList list;
  for (std::size_t i = 0; i < 130; ++i) list = list.with(holding(i));
  EXPECT_EQ(held.use_count(), 131);
  for (std::size_t i = 0; i < 130; ++i) list = list.without(holding(i));
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace peerage::p2p
