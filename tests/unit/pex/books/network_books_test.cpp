#include "pex/books/network_books.h"

#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

#include "addrbook/file/book_file.h"
#include "addrbook/file/sqlite.h"
#include "addrbook/record/book_reason.h"
#include "conn/runtime/asio_runtime.h"
#include "p2p/base/peer_reason.h"
#include "tests/sim/sim_world.h"
#include "tests/support/book_fixture.h"
#include "tests/support/files.h"

namespace peerage::pex {
namespace {

using conn::Result;
using test::address;
using namespace std::chrono_literals;

// With real files: the subject is what a file brings back.
class NetworkBooksTest : public testing::Test {
 protected:
  conn::AsioRuntime runtime{1};
  test::TemporaryDirectory directory;
  std::unique_ptr<NetworkBooks> books;

  void make(std::vector<std::string> networks = {"net-a"},
            NetworkBooks::Settings::Provenance provenance =
                NetworkBooks::Settings::Provenance::forgotten) {
    on_shard([&] {
      books.reset();
      addrbook::BookConfig config;
      books = std::make_unique<NetworkBooks>(
          runtime, test::numbered_id(0),
          NetworkBooks::Settings{directory.path() / "book.db", std::move(networks), config,
                                 provenance});
    });
  }
  void on_shard(const std::function<void()>& task) {
    wait<int>([&](const std::function<void(int)>& done) {
      task();
      done(0);
    });
  }
  // Runs `begin` on the control shard, and waits for its result.
  template <typename T>
  T wait(const std::function<void(std::function<void(T)>)>& begin) {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<T> outcome;
    runtime.shard(0).post([&] {
      begin([&](T value) {
        const std::lock_guard lock(mutex);
        outcome.emplace(std::move(value));
        changed.notify_one();
      });
    });
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, 20s, [&] { return outcome.has_value(); }));
    return std::move(*outcome);
  }
  NetworkBooks::Opened open() {
    auto opened = wait<Result<NetworkBooks::Opened>>([this](auto done) { books->open(done); });
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
    return opened ? *opened : NetworkBooks::Opened{};
  }
  std::vector<p2p::Ban> in_force() {
    return wait<std::vector<p2p::Ban>>([this](auto done) { done(books->bans_in_force()); });
  }
  void close() {
    const auto closed = wait<Result<void>>([this](auto done) { books->close(done); });
    EXPECT_TRUE(closed) << (closed ? "" : closed.error().text());
  }
  void TearDown() override {
    on_shard([this] { books.reset(); });
  }
};

TEST_F(NetworkBooksTest, EachNetworkHasABookOfItsOwnThatComesBackFromTheFile) {
  make({"net-a", "net-b"});
  open();
  on_shard([this] {
    const auto now = books->now();
    books->find("net-a")->add(address(1, "20.1.1.1"), test::told_by("30.1.1.1"), now);
    books->find("net-b")->add(address(2, "21.1.1.1"), test::told_by("30.1.1.1"), now);
    EXPECT_EQ(books->find("net-c"), nullptr);
    books->changed();
  });
  close();
  make({"net-b", "net-a"});
  EXPECT_EQ(open().addresses, 2u);
  on_shard([this] {
    EXPECT_NE(books->find("net-a")->find(address(1, "20.1.1.1")), nullptr);
    EXPECT_EQ(books->find("net-a")->size(), 1u);
    EXPECT_NE(books->find("net-b")->find(address(2, "21.1.1.1")), nullptr);
  });
  close();
}

TEST_F(NetworkBooksTest, AReasonOfAPeersRefusalComesBackFromTheFile) {
  make({"net-a"});
  open();
  on_shard([this] {
    addrbook::AddressBook& book = books->first();
    book.add(address(1, "20.1.1.1"), test::told_by("30.1.1.1"), books->now());
    book.mark_failed(address(1, "20.1.1.1"),
                     {conn::Stage::admission, p2p::PeerReason::no_free_slot, {}}, books->now());
    books->changed();
  });
  close();
  make({"net-a"});
  open();
  on_shard([this] {
    const auto* known = books->first().find(address(1, "20.1.1.1"));
    ASSERT_NE(known, nullptr);
    EXPECT_EQ(known->failure, p2p::PeerReason::no_free_slot);
  });
  close();
}

TEST_F(NetworkBooksTest, RowsOfANetworkThatIsNotServedStayInTheFile) {
  make({"net-a", "net-b"});
  open();
  on_shard([this] {
    books->find("net-b")->add(address(2, "21.1.1.1"), test::told_by("30.1.1.1"), books->now());
    books->changed();
  });
  close();
  make({"net-a"});
  EXPECT_EQ(open().addresses, 0u);
  on_shard([this] {
    books->first().add(address(1, "20.1.1.1"), test::told_by("30.1.1.1"), books->now());
    books->changed();
  });
  close();
  make({"net-b"});
  EXPECT_EQ(open().addresses, 1u);
  close();
}

TEST_F(NetworkBooksTest, BansComeBackUntilTheyEndOrAreLifted) {
  make();
  open();
  const p2p::BanTarget host = conn::Cidr(test::ip("20.1.1.1"));
  const p2p::BanTarget node = test::numbered_id(5);
  on_shard([&] {
    const auto now = runtime.shard(0).now();
    books->on_banned({host, now + 1h, "too much", p2p::BanOrigin::misbehaviour});
    books->on_banned({node, now + 1h, "too little"});
    books->on_banned({test::numbered_id(6), now - 1s, "over"});
    books->on_unbanned(node);
  });
  close();
  make();
  EXPECT_EQ(open().bans, 1u);
  const auto bans = in_force();
  ASSERT_EQ(bans.size(), 1u);
  EXPECT_EQ(bans[0].target, host);
  EXPECT_EQ(bans[0].reason, "too much");
  EXPECT_EQ(bans[0].origin, p2p::BanOrigin::misbehaviour);
  const auto left = bans[0].until - runtime.shard(0).now();
  EXPECT_GT(left, 59min);
  EXPECT_LE(left, 1h);
  close();
}

TEST_F(NetworkBooksTest, AnOperatorsBanInTheFileHoldsAgainstOneThatWasMadeBeforeItWasOpened) {
  const p2p::BanTarget node = test::numbered_id(5), other = test::numbered_id(6);
  make();
  open();
  on_shard([&] {
    const auto now = runtime.shard(0).now();
    books->on_banned({node, now + 24h * 30, "by hand", p2p::BanOrigin::operator_});
    books->on_banned({other, now + 1h, "floods", p2p::BanOrigin::misbehaviour});
  });
  close();
  make();
  on_shard([&] {
    const auto now = runtime.shard(0).now();
    books->on_banned({node, now + 10min, "floods", p2p::BanOrigin::misbehaviour});
    books->on_banned({other, now + 10min, "floods again", p2p::BanOrigin::misbehaviour});
  });
  open();
  EXPECT_EQ(in_force().size(), 2u);
  for (const p2p::Ban& each : in_force()) {
    EXPECT_EQ(each.reason, each.target == node ? "by hand" : "floods again");
  }
  close();
}

TEST_F(NetworkBooksTest, ABanWithoutAnEndIsAnAgeLongAndBreaksNoClock) {
  make();
  open();
  on_shard([&] { books->on_banned({test::numbered_id(5), conn::TimePoint::max(), "for ever"}); });
  close();
  make();
  open();
  const auto bans = in_force();
  ASSERT_EQ(bans.size(), 1u);
  EXPECT_GT(bans[0].until - runtime.shard(0).now(), 24h * 365 * 90);
  close();
}

TEST_F(NetworkBooksTest, BansThatHaveEndedTakeNoRoomWithoutAFileEither) {
  sim::SimWorld world;
  sim::SimHost& host = world.add_host({test::ip("20.1.1.1")});
  NetworkBooks memory(host, test::numbered_id(0), NetworkBooks::Settings{{}, {"net-a"}, {}, {}});
  for (std::uint32_t i = 0; i < 3 * NetworkBooks::kMostBans; ++i) {
    if (i % 1000 == 0) world.run_for(10s);
    memory.on_banned({test::numbered_id(i), world.now() + 5s, "too much"});
    ASSERT_LE(memory.bans(), NetworkBooks::kMostBans);
  }
  EXPECT_LE(memory.bans_in_force().size(), 1000u);
}

TEST_F(NetworkBooksTest, ABanOfAClockThatWasAheadEndsHoweverOftenTheNodeStarts) {
  sim::SimWorld world;
  sim::SimHost& host = world.add_host({test::ip("20.1.1.1")});
  const auto life =
      [&](const std::function<void(NetworkBooks&, const NetworkBooks::Opened&)>& in_it) {
        NetworkBooks sims(host, test::numbered_id(0),
                          NetworkBooks::Settings{directory.path() / "sim.db", {"net-a"}, {}, {}});
        bool over = false;
        sims.open([&](Result<NetworkBooks::Opened> opened) {
          ASSERT_TRUE(opened);
          in_it(sims, *opened);
          sims.close([&](const Result<void>&) { over = true; });
        });
        ASSERT_TRUE(world.run_until([&] { return over; }, 1min));
      };
  host.set_clock_ahead(24h * 3652);
  life([&](NetworkBooks& sims, const NetworkBooks::Opened&) {
    sims.on_banned({test::numbered_id(5), world.now() + 1h, "too much"});
  });
  host.set_clock_ahead(0ms);
  const conn::TimePoint begun = world.now();
  for (int start = 0; start < 3; ++start) {
    life([&](NetworkBooks& sims, const NetworkBooks::Opened&) {
      const auto bans = sims.bans_in_force();
      ASSERT_EQ(bans.size(), 1u);
      EXPECT_LE(bans[0].until, begun + 1h + 2s);
      EXPECT_GE(bans[0].until, begun + 1h - 2s);
    });
    world.run_for(19min);
  }
  world.run_for(10min);
  life([](NetworkBooks& sims, const NetworkBooks::Opened& opened) {
    EXPECT_EQ(opened.bans, 0u);
    EXPECT_TRUE(sims.bans_in_force().empty());
  });
}

TEST_F(NetworkBooksTest, ProvenanceIsKeptIfConfigured) {
  using Provenance = NetworkBooks::Settings::Provenance;
  for (const Provenance provenance : {Provenance::forgotten, Provenance::kept}) {
    make({"net-a"}, provenance);
    open();
    on_shard([this] {
      const auto from = conn::IpAddress::v4(31, 2, 3, 4);
      books->note_source("net-a", test::numbered_id(1), from, address(2, "21.1.1.1"));
      books->note_source("net-a", test::numbered_id(1), from, address(2, "21.1.1.1"));
      books->changed();
    });
    close();
    addrbook::ProvenanceQuery query;
    query.id = test::numbered_id(2);
    addrbook::Report report;
    const auto list = addrbook::BookFile::read_provenance(
        directory.path() / "book.db", query, addrbook::Time(std::chrono::days(30'000)), report);
    ASSERT_TRUE(list);
    if (provenance == Provenance::forgotten) {
      EXPECT_TRUE(list->rows.empty());
    } else {
      ASSERT_EQ(list->rows.size(), 1u);
      EXPECT_EQ(list->rows[0].teller, test::numbered_id(1));
      EXPECT_EQ(list->rows[0].times, 2u);
      const auto file = addrbook::sqlite::Database::open(directory.path() / "book.db",
                                                         addrbook::sqlite::Access::read);
      EXPECT_EQ(file->number("SELECT source_group FROM told").value(),
                static_cast<std::int64_t>(
                    conn::IpAddress::v4(31, 2, 0, 0).group(conn::IpAddress::Strict::no)));
    }
  }
}

TEST_F(NetworkBooksTest, ASecondOwnerOfTheSameFileIsRefused) {
  make();
  open();
  const auto path = directory.path() / "book.db";
  NetworkBooks other(runtime, test::numbered_id(0), {path, {"net-a"}, {}, {}});
  const auto refused =
      wait<Result<NetworkBooks::Opened>>([&other](auto done) { other.open(done); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, addrbook::BookReason::book_in_use);
  close();
}

TEST_F(NetworkBooksTest, WithoutAFileEverythingIsInMemory) {
  on_shard([this] {
    books = std::make_unique<NetworkBooks>(runtime, test::numbered_id(0),
                                           NetworkBooks::Settings{{}, {"net-a"}, {}, {}});
  });
  EXPECT_EQ(open().addresses, 0u);
  on_shard([this] {
    books->changed();
    EXPECT_EQ(books->file_state(), nullptr);
  });
  close();
}

}  // namespace
}  // namespace peerage::pex
