// What discovery keeps over a restart: through the books' own file, and without one.
#include "pex/books/discovery_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/sim_world.h"
#include "tests/support/discovery_contacts.h"
#include "tests/support/files.h"
#include "tests/support/forge.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using test::DiscoveredNode;
using testing::IsEmpty;
using testing::SizeIs;

class DiscoveryMemoryTest : public testing::Test {
 protected:
  sim::SimWorld world;
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(10, 0, 0, 1)}, 1);
  test::TemporaryDirectory directory;
  const std::filesystem::path file = directory / "addrbook.db";
  std::shared_ptr<NetworkBooks> books;
  std::unique_ptr<DiscoveryMemory> memory;

  enum class Kept : std::uint8_t { in_file, in_memory };
  void open(Kept kept = Kept::in_file) {
    close();
    NetworkBooks::Settings settings;
    if (kept == Kept::in_file) settings.file = file;
    settings.networks = {"test-chain"};
    books = std::make_shared<NetworkBooks>(host, test::numbered_key(1).id(), settings);
    bool opened = false;
    books->open([&](const conn::Result<NetworkBooks::Opened>& done) { opened = done.has_value(); });
    ASSERT_TRUE(world.run_until([&] { return opened; }, 10s));
    memory = std::make_unique<DiscoveryMemory>(host, books);
  }
  void close() {
    if (!books) return;
    bool closed = false;
    books->close([&](const conn::Result<void>&) { closed = true; });
    EXPECT_TRUE(world.run_until([&] { return closed; }, 10s));
    memory.reset();
    books.reset();
  }
  // As after a kill: what was acknowledged is there, and nothing is written any more.
  void kill() {
    memory.reset();
    books.reset();
  }
  void TearDown() override { close(); }

  bool save_seq(std::uint64_t seq) {
    std::optional<bool> safe;
    memory->save_seq(seq, [&](const conn::Result<void>& done) { safe = done.has_value(); });
    EXPECT_FALSE(safe) << "not at once";
    world.run_until([&] { return safe.has_value(); }, 10s);
    return safe.value_or(false);
  }
  NodeRow row(std::uint32_t number) const {
    DiscoveredNode node;
    node.number = number;
    NodeRow row{.node = node.contact()};
    if (number % 2 == 0) row.node.record = nullptr;
    row.speaks[number % kProtocolCount] = true;
    row.first_seen = std::chrono::floor<std::chrono::seconds>(host.wall_now()) - 1h;
    row.last_live = std::chrono::floor<std::chrono::seconds>(host.wall_now());
    row.checks = 3 + number;
    return row;
  }
  static void expect_same(const NodeRow& a, const NodeRow& b) {
    EXPECT_EQ(a.node.id, b.node.id);
    EXPECT_EQ(a.node.key, b.node.key);
    EXPECT_EQ(a.node.udp, b.node.udp);
    EXPECT_EQ(a.node.tcp, b.node.tcp);
    ASSERT_EQ(a.node.record == nullptr, b.node.record == nullptr);
    if (a.node.record) {
      EXPECT_EQ(a.node.record->hash(), b.node.record->hash());
    }
    EXPECT_EQ(a.speaks, b.speaks);
    EXPECT_EQ(a.first_seen, b.first_seen);
    EXPECT_EQ(a.last_live, b.last_live);
    EXPECT_EQ(a.checks, b.checks);
  }
};

TEST_F(DiscoveryMemoryTest, IsEmptyAtFirst) {
  open();
  const auto loaded = memory->load();
  EXPECT_EQ(loaded.seq, 0u);
  EXPECT_THAT(loaded.rows, IsEmpty());
  EXPECT_THAT(loaded.bans, IsEmpty());
}

TEST_F(DiscoveryMemoryTest, NodesAndBansAreThereAfterARestart) {
  open();
  memory->save({row(1), row(2), row(3)});
  const conn::WallTime end = std::chrono::floor<std::chrono::seconds>(host.wall_now()) + 24h;
  memory->save_ban(row(7).node.id, end);
  memory->save_ban(row(8).node.id, std::nullopt);
  memory->save_ban(row(9).node.id, std::nullopt);
  memory->remove_ban(row(9).node.id);
  open();
  const auto loaded = memory->load();
  ASSERT_THAT(loaded.rows, SizeIs(3));
  for (const NodeRow& each : loaded.rows) {
    const std::uint32_t number = each.checks - 3;
    ASSERT_TRUE(number >= 1 && number <= 3);
    NodeRow expected = row(number);
    expected.first_seen = each.last_live - 1h;
    expected.last_live = each.last_live;
    expect_same(each, expected);
  }
  ASSERT_THAT(loaded.bans, SizeIs(2));
  for (const auto& [id, until] : loaded.bans) {
    EXPECT_EQ(until, id == row(7).node.id ? std::optional(end) : std::nullopt);
  }
}

TEST_F(DiscoveryMemoryTest, TheSequenceIsSafeOnceThatIsSaid) {
  open();
  ASSERT_TRUE(save_seq(1'795'256'100'000));
  kill();
  open();
  EXPECT_EQ(memory->load().seq, 1'795'256'100'000u);
  ASSERT_TRUE(save_seq(7));
  open();
  EXPECT_EQ(memory->load().seq, 1'795'256'100'000u) << "and never becomes lower";
}

TEST_F(DiscoveryMemoryTest, WithoutAFileItIsInMemory) {
  open(Kept::in_memory);
  memory->save({row(1)});
  memory->save_ban(row(8).node.id, std::nullopt);
  EXPECT_TRUE(save_seq(5));
  const auto loaded = memory->load();
  EXPECT_EQ(loaded.seq, 5u);
  EXPECT_THAT(loaded.rows, SizeIs(1));
  EXPECT_THAT(loaded.bans, SizeIs(1));
}

TEST_F(DiscoveryMemoryTest, RowsNotLiveForFiveDaysAreLeftOut) {
  open();
  NodeRow old = row(1);
  old.last_live -= kRowLasts + 1s;
  NodeRow just = row(2);
  just.last_live -= kRowLasts - 1min;
  memory->save({old, just});
  const auto loaded = memory->load();
  ASSERT_THAT(loaded.rows, SizeIs(1));
  EXPECT_EQ(loaded.rows[0].node.id, just.node.id);
}

TEST_F(DiscoveryMemoryTest, RowsThatMakeNoSenseAreLeftOut) {
  open();
  memory->save({row(1), row(3), row(5), row(7)});
  close();
  const auto of = [this](std::uint32_t number) {
    return " WHERE id = x'" + row(number).node.id.to_string() + "'";
  };
  test::forge(file, "UPDATE discovery_node SET key = zeroblob(64)" + of(1));
  test::forge(file, "UPDATE discovery_node SET record = x'c0'" + of(3));
  test::forge(file, "UPDATE discovery_node SET record = (SELECT record FROM discovery_node" +
                        of(7) + ")" + of(5));
  open();
  const auto loaded = memory->load();
  ASSERT_THAT(loaded.rows, SizeIs(1));
  EXPECT_EQ(loaded.rows[0].node.id, row(7).node.id);
}

}  // namespace
}  // namespace peerage::pex
