// The table and a naive one, given the same at random, agree after every step.
#include <random>

#include "tests/unit/pex/discovery/naive_table.h"
#include "tests/unit/pex/discovery/table_fixture.h"

namespace peerage::pex {
namespace {

class TableModelTest : public TableTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  std::size_t below(std::size_t bound) { return random() % bound; }

  // Few buckets, IDs and networks, so that all bounds are met.
  EnodeId some_id() {
    if (below(200) == 0) return own;
    const auto distance = static_cast<unsigned>(256 - below(3));
    return test::enode_id_at(own, distance, below(40));
  }
  conn::Endpoint some_endpoint() {
    switch (below(10)) {
      case 0:
        return {conn::IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(below(9))), 30303};
      case 1:
        return {conn::IpAddress::v4(20, 0, 0, 1), static_cast<std::uint16_t>(1020 + below(9))};
      case 2:
        return test::public_endpoint(static_cast<std::uint32_t>(below(3)),
                                     static_cast<std::uint8_t>(below(250)));
      default:
        return test::public_endpoint(static_cast<std::uint32_t>(below(60)));
    }
  }
  HeardBy some_way() {
    static constexpr std::array kWays = {HeardBy::inbound, HeardBy::inbound, HeardBy::told,
                                         HeardBy::boot};
    return kWays[below(kWays.size())];
  }

  void offer_to_both() {
    const EnodeId id = some_id();
    const auto udp = some_endpoint();
    const HeardBy how = some_way();
    const auto protocol = static_cast<Protocol>(below(2));
    const auto contact = test::contact(id, udp);
    ASSERT_EQ(table.offer(contact, protocol, how, now), naive.offer(id, udp, protocol, how));
  }
  void ping_both() {
    if (naive.rows.empty()) return;
    const auto row = naive.rows[below(naive.rows.size())];
    const auto protocol = static_cast<Protocol>(below(2));
    table.on_pinged(row.id, protocol, row.udp, now);
    naive.on_pinged(row.id, protocol);
    if (below(3) == 0) {
      ASSERT_EQ(table.on_missed(row.id, protocol, row.udp), naive.on_missed(row.id, protocol));
      return;
    }
    const auto elsewhere = some_endpoint();
    const bool moves = below(8) == 0 && NodeTable::usable_endpoint(elsewhere);
    const conn::Endpoint at = moves ? elsewhere : row.udp;
    const Live live = table.on_live(row.id, protocol, at, now);
    std::vector<EnodeId> made_room;
    for (const auto& each : naive.rows) {
      const bool left = each.place == NaiveTable::Place::entry && table.find(each.id) == nullptr;
      if (left) made_room.push_back(each.id);
    }
    boot_nodes_made_room += made_room.size();
    ASSERT_EQ(live, naive.on_live(row.id, protocol, at, now, made_room));
  }
  void step() {
    now += std::chrono::seconds(1);
    switch (below(12)) {
      case 0: {
        const EnodeId id = some_id();
        for (int i = 0; i < 3 && naive.find(id) != nullptr; ++i) {
          ASSERT_EQ(table.on_find_failed(id), naive.on_find_failed(id));
        }
        break;
      }
      case 1: {
        const EnodeId id = some_id();
        ASSERT_EQ(table.remove(id), naive.remove(id));
        break;
      }
      case 2:
      case 3:
      case 4:
      case 5:
        ping_both();
        break;
      default:
        offer_to_both();
    }
  }
  void expect_agreement() {
    ASSERT_TRUE(naive.promote(table.take_promoted()));
    std::size_t entries = 0, replacements = 0, live = 0;
    for (const auto& row : naive.rows) {
      const bool is_entry = row.place == NaiveTable::Place::entry;
      (is_entry ? entries : replacements) += 1;
      live += row.is_live() ? 1 : 0;
      const TableNode* node = table.find_any(row.id);
      ASSERT_NE(node, nullptr);
      ASSERT_EQ(table.find(row.id) != nullptr, is_entry);
      ASSERT_EQ(node->contact.udp, row.udp);
      ASSERT_EQ(node->speaks, row.speaks);
      ASSERT_EQ(node->last_live, row.live);
      ASSERT_EQ(node->missed, row.missed);
    }
    const auto counts = table.counts();
    ASSERT_EQ(counts.entries, entries);
    ASSERT_EQ(counts.replacements, replacements);
    ASSERT_EQ(counts.live, live);
  }
  void expect_order() {
    const TableNode* before = nullptr;
    table.for_each([&](const TableNode& node) {
      const bool follows = before != nullptr && log_distance(own, before->contact.id) ==
                                                    log_distance(own, node.contact.id);
      if (follows) {
        ASSERT_LE(before->live_at(), node.live_at());
      }
      before = &node;
    });
  }

  std::mt19937 random{GetParam()};
  NaiveTable naive{own};
  std::size_t boot_nodes_made_room = 0;
};

TEST_P(TableModelTest, BothAgreeAfterEveryStep) {
  table.open_to_inbound();
  for (int i = 0; i < 6'000; ++i) {
    step();
    expect_agreement();
    expect_order();
    if (HasFatalFailure()) FAIL() << "at step " << i;
  }
  EXPECT_GT(table.counts().replacements, 0u);
  EXPECT_GT(table.counts().live, 10u);
  EXPECT_GT(boot_nodes_made_room, 0u);
}
INSTANTIATE_TEST_SUITE_P(Seeds, TableModelTest, ::testing::Range(1u, 5u));

}  // namespace
}  // namespace peerage::pex
