// The n-th call to the disk fails, for each n and in each way. Whatever fails: nothing crashes, no
// file is moved aside for it, and when the fault is over everything is in the file within a minute.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "addrbook/file/store.h"
#include "tests/sim/sim_world.h"
#include "tests/support/book_source.h"
#include "tests/support/effort.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/files.h"

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;
using conn::Result;
using test::Fault;
using test::FaultyVfs;
using test::kBookNow;
using test::row_of;

constexpr std::uint64_t kPoints = 500;
constexpr std::uint64_t kSeq = 1'795'256'100'000;
// From one point to the next.
const auto kStep = test::by_effort<std::uint64_t>({.whole = 1, .usual = 3, .sanitized = 12});

// A node that opens its book after a crash, writes for a while, and closes it.
class Life {
 public:
  explicit Life(const std::filesystem::path& path) : path_(path) {
    world_.set_wall_clock(kBookNow);
    auto options = test::options_with(1, FaultyVfs::name());
    options.patience_ms = 0;
    store_ = std::make_unique<Store>(host_, host_.shard(0), path_, options, source_);
    store_->on_reopened = [this](const Report& report) { note(report); };
    // What is in the file already.
    source_.set(0, 300);
    (void)source_.take(1000);
  }

  void live() {
    // A host may open as often as it likes; this one does once a second.
    for (int tries = 0; tries < 100 && !opened_; ++tries) {
      store_->open([this](Result<Store::Loaded> loaded) {
        if (!loaded) return;
        opened_ = true;
        note(loaded->report);
        rows_found_ = loaded->contents.addresses["net"].size();
        source_.discovery().load(std::move(loaded->contents.discovery), kBookNow);
      });
      world_.run_for(1s);
    }
    for (std::size_t i = 0; i < 6; ++i) {
      source_.set(300 + 60 * i, 300 + 60 * (i + 1));
      source_.erase(row_of(i).address);
      // Some again and again, some once.
      for (std::size_t j = 0; j < 20; ++j) {
        source_.tell(test::told_of(j));
        source_.tell(test::told_of(100 * (i + 1) + j));
      }
      source_.discovery().set_seq(kSeq + i);
      source_.discovery().set_nodes({test::discovered_of(i), test::discovered_of(i + 1)});
      source_.discovery().ban({test::discovered_of(i).id, std::nullopt});
      store_->changed();
      world_.run_for(1s);
    }
    world_.run_for(10s);
  }
  // The fault is over.
  void settle() {
    FaultyVfs::disarm();
    if (!opened_) live();
    const bool saved =
        world_.run_until([this] { return source_.waiting() == 0 && healthy(); }, 60s);
    EXPECT_TRUE(saved);
    std::optional<Result<void>> closed;
    store_->close([&](Result<void> done) { closed = std::move(done); });
    world_.run_for(1s);
    EXPECT_TRUE(closed && closed->has_value());
  }
  void expect_saved() const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &handle), SQLITE_OK);
    std::string verdict;
    sqlite3_exec(
        handle, "PRAGMA integrity_check",
        [](void* into, int, char** columns, char**) {
          static_cast<std::string*>(into)->append(columns[0]);
          return 0;
        },
        &verdict, nullptr);
    expect_told(handle);
    sqlite3_close(handle);
    EXPECT_EQ(verdict, "ok");
    Report report;
    auto contents = BookFile::read(path_, kBookNow, report);
    ASSERT_TRUE(contents) << contents.error().text();
    std::map<conn::NetAddress, KnownAddress> rows;
    for (const KnownAddress& row : contents->addresses["net"]) rows.emplace(row.address, row);
    EXPECT_TRUE(rows == source_.all()) << rows.size() << " rows, not " << source_.all().size();
    EXPECT_TRUE(contents->discovery == source_.discovery().rows());
    EXPECT_EQ(contents->discovery.seq, kSeq + 5) << "of our own record, as it was last sent";
    EXPECT_EQ(contents->key, test::key_of(1));
    EXPECT_EQ(rows_found_, 300u) << "what the last life left";
    EXPECT_EQ(moved_, 0u) << "a disk that fails is no reason to move a file aside";
  }

 private:
  // Each row counts how often it was noted, although batches have failed and come again. In one
  // query: the book's own is about one teller, and opens the file for it.
  void expect_told(sqlite3* file) const {
    std::map<std::string, std::uint32_t> told, expected;
    for (const auto& [who, times] : source_.told()) {
      const auto& [teller, address] = who;
      expected[conn::to_hex(teller.bytes()) + conn::to_hex(address.id.bytes()) +
               conn::to_hex(address.endpoint.ip.bytes()) + std::to_string(address.endpoint.port)] =
          times;
    }
    sqlite3_exec(
        file, "SELECT lower(hex(teller) || hex(id) || hex(ip)) || port, times FROM told",
        [](void* into, int, char** columns, char**) {
          (*static_cast<decltype(told)*>(into))[columns[0]] =
              static_cast<std::uint32_t>(std::strtoul(columns[1], nullptr, 10));
          return 0;
        },
        &told, nullptr);
    EXPECT_FALSE(expected.empty());
    EXPECT_TRUE(told == expected) << told.size() << ", not " << expected.size();
  }
  bool healthy() const { return store_->state().condition == Store::State::Condition::healthy; }
  void note(const Report& report) {
    if (report.found != Report::Found::book) ++moved_;
  }

  std::filesystem::path path_;
  sim::SimWorld world_;
  sim::SimHost& host_ = world_.add_host({conn::IpAddress::v4(10, 0, 0, 1)});
  test::BookSource source_;
  std::unique_ptr<Store> store_;
  bool opened_ = false;
  std::size_t rows_found_ = 0;
  std::size_t moved_ = 0;
};

struct DiskFault : testing::TestWithParam<Fault> {
  ~DiskFault() override { FaultyVfs::disarm(); }
  test::TemporaryDirectory directory;
  std::filesystem::path left = directory.path() / "left";

  // A book that a crash has left: 300 rows, most of them in its log.
  void SetUp() override {
    std::filesystem::create_directory(left);
    auto opened = BookFile::open(left / "addrbook.db", test::options_with(1), kBookNow);
    ASSERT_TRUE(opened);
    for (std::size_t i = 0; i < 300; i += 100) {
      ASSERT_TRUE(opened->file.apply(test::rows_of("net", i, i + 100)));
    }
  }
  void live_through(std::uint64_t first, std::uint64_t count, const std::string& what) {
    SCOPED_TRACE(what);
    const auto here = directory.path() / "here";
    std::filesystem::remove_all(here);
    std::filesystem::copy(left, here);
    Life life(here / "addrbook.db");
    FaultyVfs::arm(GetParam(), first, count);
    life.live();
    EXPECT_GE(FaultyVfs::hits(), 1u) << "nothing was injected";
    life.settle();
    life.expect_saved();
  }
};

TEST_P(DiskFault, OneAtAnyCallIsOutlived) {
  for (std::uint64_t n = 1; n <= kPoints && !HasFailure(); n += kStep) {
    live_through(n, 1, "call " + std::to_string(n));
  }
}

TEST_P(DiskFault, ManyInARowFromAnyCallOnAreOutlived) {
  for (std::uint64_t n = 1; n <= kPoints && !HasFailure(); n += 7) {
    live_through(n, 40, "40 calls from " + std::to_string(n));
  }
}

std::string name_of(const testing::TestParamInfo<Fault>& kind) {
  constexpr const char* kNames[] = {"IoError", "Full", "Busy", "ShortWrite"};
  return kNames[static_cast<std::size_t>(kind.param)];
}
INSTANTIATE_TEST_SUITE_P(Kinds, DiskFault,
                         testing::Values(Fault::io_error, Fault::full, Fault::busy,
                                         Fault::short_write),
                         name_of);

TEST(DiskFaultInjector, CountsWhatItHits) {
  const test::TemporaryDirectory directory;
  FaultyVfs::arm(Fault::io_error, 1, 1);
  EXPECT_FALSE(BookFile::open(directory.path() / "book", test::options_with(1, FaultyVfs::name()),
                              kBookNow));
  EXPECT_EQ(FaultyVfs::hits(), 1u);
  FaultyVfs::disarm();
  EXPECT_TRUE(BookFile::open(directory.path() / "book", test::options_with(1, FaultyVfs::name()),
                             kBookNow));
  EXPECT_EQ(FaultyVfs::hits(), 1u);
  EXPECT_GT(FaultyVfs::calls(), 10u);
}

}  // namespace
}  // namespace peerage::addrbook
