#include "addrbook/file/store.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "addrbook/record/book_reason.h"
#include "conn/base/file_reason.h"
#include "conn/runtime/asio_runtime.h"
#include "tests/sim/sim_world.h"
#include "tests/support/book_source.h"
#include "tests/support/effort.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/files.h"

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;
using conn::Reason;
using conn::Result;
using test::BookSource;
using test::Fault;
using test::FaultyVfs;
using test::kBookNow;
using test::row_of;
using Condition = Store::State::Condition;

// Another program that holds the file's lock.
class Holder {
 public:
  explicit Holder(const std::filesystem::path& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &handle_), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  ~Holder() { sqlite3_close(handle_); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

 private:
  sqlite3* handle_ = nullptr;
};

struct StoreTest : testing::Test {
  StoreTest() { world.set_wall_clock(kBookNow); }
  ~StoreTest() override { FaultyVfs::disarm(); }

  test::TemporaryDirectory directory;
  std::filesystem::path path = directory.path() / "addrbook.db";
  sim::SimWorld world;
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(10, 0, 0, 1)});
  BookSource source;
  std::unique_ptr<Store> store = make_store();

  std::unique_ptr<Store> make_store() {
    auto options = test::options_with(1, FaultyVfs::name());
    options.patience_ms = 0;
    return std::make_unique<Store>(host, host.shard(0), path, options, source);
  }
  Result<Store::Loaded> try_open() {
    std::optional<Result<Store::Loaded>> result;
    store->open([&](Result<Store::Loaded> loaded) { result = std::move(loaded); });
    EXPECT_FALSE(result) << "not inside the call";
    EXPECT_TRUE(world.run_until([&] { return result.has_value(); }, 1min));
    return std::move(*result);
  }
  void open() {
    const auto loaded = try_open();
    ASSERT_TRUE(loaded) << loaded.error().text();
  }
  Result<void> wait_for(void (Store::*what)(Store::FlushDone)) {
    std::optional<Result<void>> result;
    (store.get()->*what)([&](Result<void> done) { result = std::move(done); });
    EXPECT_FALSE(result) << "not inside the call";
    EXPECT_TRUE(world.run_until([&] { return result.has_value(); }, 1min));
    return result ? std::move(*result) : conn::fail({}, {}, "no answer");
  }
  Result<void> flush() { return wait_for(&Store::flush); }
  Result<void> close() { return wait_for(&Store::close); }
  BookKey try_read_key() const {
    Report report;
    return BookFile::read(path, kBookNow, report)->key;
  }
  std::map<conn::NetAddress, KnownAddress> in_the_file() const {
    Report report;
    auto contents = BookFile::read(path, kBookNow + 24h, report);
    EXPECT_TRUE(contents) << contents.error().text();
    std::map<conn::NetAddress, KnownAddress> rows;
    if (!contents) return rows;
    for (const KnownAddress& row : contents->addresses["net"]) rows.emplace(row.address, row);
    return rows;
  }
};

TEST_F(StoreTest, WhatChangedIsWrittenAndThereTheNextTime) {
  open();
  source.set(0, 100);
  source.ban(test::ban_of(1));
  store->changed();
  world.run_for(1s);
  EXPECT_EQ(store->state().rows_written, 101u);
  source.erase(row_of(7).address);
  store->changed();
  ASSERT_TRUE(close());
  EXPECT_EQ(store->state().condition, Condition::closed);
  EXPECT_TRUE(in_the_file() == source.all());
  store = make_store();
  const auto loaded = try_open();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->report.found, Report::Found::book);
  EXPECT_EQ(loaded->contents.addresses.at("net").size(), 99u);
  EXPECT_EQ(loaded->contents.bans, std::vector<BanRow>{test::ban_of(1)});
}

TEST_F(StoreTest, ABatchGoesAtMostOnceASecond) {
  open();
  for (int i = 0; i < 100; ++i) {
    source.set(row_of(static_cast<std::size_t>(i)));
    store->changed();
    world.run_for(100ms);
  }
  EXPECT_GE(store->state().batches, 10u);
  EXPECT_LE(store->state().batches, 11u);
  EXPECT_GE(store->state().rows_written, 90u);
}

TEST_F(StoreTest, WithoutChangesNothingIsTaken) {
  open();
  world.run_for(1h);
  EXPECT_EQ(source.takes, 0u);
}

TEST_F(StoreTest, FullBatchesFollowOneAnother) {
  open();
  source.set(0, 23'000);
  store->changed();
  world.run_for(900ms);
  EXPECT_EQ(store->state().rows_written, 23'000u);
  EXPECT_EQ(store->state().batches, 5u);
}

TEST_F(StoreTest, TwentyThousandChangesASecondAreKeptUpWith) {
  open();
  const auto ticks = test::by_effort<std::size_t>({.whole = 100, .usual = 100, .sanitized = 25});
  std::size_t number = 0;
  for (std::size_t tick = 0; tick < ticks; ++tick) {
    source.set(number, number + 2000);
    number = (number + 2000) % 40'000;
    store->changed();
    world.run_for(100ms);
  }
  EXPECT_GE(store->state().rows_written, 2000 * ticks - 20'000);
  EXPECT_LE(source.waiting(), 20'000u);
}

TEST_F(StoreTest, AFlushAcknowledgesWhatIsCommittedAndDoesNotWaitForItsTime) {
  open();
  source.set(0, 10);
  store->changed();
  world.run_for(10ms);
  source.set(10, 12'000);  // the batch before was a moment ago
  const auto began = world.now();
  ASSERT_TRUE(flush());
  EXPECT_LT(world.now() - began, 100ms);
  EXPECT_TRUE(in_the_file() == source.all());
  EXPECT_TRUE(flush()) << "of nothing, it is done at once";
}

TEST_F(StoreTest, AFlushDuringABatchWaitsForWhatCameAfterIt) {
  open();
  source.set(0, 10);
  store->changed();
  world.step();  // the batch is under way, or about to be
  source.set(10, 20);
  ASSERT_TRUE(flush());
  EXPECT_TRUE(in_the_file() == source.all());
}

TEST_F(StoreTest, WhatIsNotCommittedGoesBackAndIsTriedAgain) {
  open();
  std::vector<Condition> seen;
  store->on_state = [&](const Store::State& state) { seen.push_back(state.condition); };
  source.set(0, 10);
  FaultyVfs::arm(Fault::full, 1, 1'000'000);
  store->changed();
  world.run_for(500ms);
  EXPECT_EQ(store->state().condition, Condition::degraded);
  EXPECT_EQ(store->state().failure->reason, BookReason::book_unwritable);
  EXPECT_EQ(source.waiting(), 10u) << "they are back at the source";
  const auto since = store->state().since;
  KnownAddress newer = row_of(3);
  newer.attempts = 4711;
  source.set(newer);
  world.run_for(20s);
  EXPECT_EQ(store->state().since, since) << "degraded since the first failure";
  EXPECT_GE(store->state().failures, 4u);
  EXPECT_LE(store->state().failures, 6u) << "after 1, 2, 4, 8 seconds";
  FaultyVfs::disarm();
  world.run_for(31s);
  EXPECT_EQ(store->state().condition, Condition::healthy);
  EXPECT_EQ(store->state().failure, std::nullopt);
  EXPECT_TRUE(in_the_file() == source.all()) << "also a row that changed meanwhile";
  EXPECT_EQ(seen, (std::vector<Condition>{Condition::degraded, Condition::healthy}));
  EXPECT_EQ(source.everything, 0u) << "the file was the same all the time";
  const Store::State& state = store->state();
  const auto errors = [&state](StoreError error) {
    return state.errors[static_cast<std::size_t>(error)];
  };
  EXPECT_EQ(errors(StoreError::full) + errors(StoreError::io), state.failures);
  EXPECT_EQ(store->batch_rows().count(), state.batches) << "of those that were committed alone";
  EXPECT_EQ(store->batch_rows().sum, state.rows_written);
  EXPECT_EQ(store->flush_times().count(), state.batches);
  EXPECT_GT(state.last_success, conn::WallTime(kBookNow));
}

TEST_F(StoreTest, RetriesComeNoLessOftenThanEveryHalfMinute) {
  open();
  source.set(0, 1);
  FaultyVfs::arm(Fault::io_error, 1, 1'000'000);
  store->changed();
  world.run_for(10min);
  const auto failures = store->state().failures;
  world.run_for(10min);
  EXPECT_GE(store->state().failures - failures, 20u);
  EXPECT_LE(store->state().failures - failures, 21u);
}

TEST_F(StoreTest, AFlushThatFailsSaysSo) {
  open();
  source.set(0, 10);
  FaultyVfs::arm(Fault::io_error, 1, 1'000'000);
  const auto flushed = flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().reason, BookReason::book_unwritable);
  FaultyVfs::disarm();
  EXPECT_TRUE(flush()) << "without waiting for the time of the retry";
  EXPECT_TRUE(in_the_file() == source.all());
}

TEST_F(StoreTest, AnotherProgramsLockIsOutlived) {
  open();
  source.set(0, 100);
  {
    const Holder holder(path);
    store->changed();
    world.run_for(60s);
    EXPECT_EQ(store->state().condition, Condition::degraded);
    EXPECT_EQ(store->state().failure->reason, BookReason::book_in_use);
    EXPECT_EQ(source.waiting(), 100u);
    EXPECT_TRUE(in_the_file().empty());
  }
  world.run_for(31s);
  EXPECT_EQ(store->state().condition, Condition::healthy);
  EXPECT_TRUE(in_the_file() == source.all());
}

TEST_F(StoreTest, AFileThatIsDeletedUnderItIsMadeAgainWithEverything) {
  open();
  source.set(0, 100);
  ASSERT_TRUE(flush());
  const auto key = try_read_key();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
  std::vector<Report::Found> reopened;
  store->on_reopened = [&](const Report& report) { reopened.push_back(report.found); };
  source.set(100, 110);
  store->changed();
  world.run_for(5s);
  EXPECT_EQ(reopened, std::vector<Report::Found>{Report::Found::nothing});
  EXPECT_EQ(source.everything, 1u);
  EXPECT_TRUE(in_the_file() == source.all());
  EXPECT_EQ(in_the_file().size(), 110u);
  EXPECT_EQ(try_read_key(), key) << "places in the book are what they were";
}

TEST_F(StoreTest, AFileThatIsDamagedUnderItIsMovedAsideAndMadeAgainWithEverything) {
  open();
  source.set(0, 20'000);
  ASSERT_TRUE(close());
  open();
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 20; page < 900; ++page) {
      file.seekp(std::streamoff{4096} * page);
      file << std::string(64, '\xa5');
    }
  }
  {
    // When another program has written, SQLite reads again what it holds in memory, and finds the
    // damage.
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
    EXPECT_EQ(
        sqlite3_exec(other, "INSERT INTO meta VALUES ('touched', x'')", nullptr, nullptr, nullptr),
        SQLITE_OK);
    sqlite3_close(other);
  }
  for (std::size_t i = 0; i < 20'000; i += 100) {
    KnownAddress row = row_of(i);
    row.attempts = 1;
    source.set(row);
  }
  std::vector<Report::Found> reopened;
  store->on_reopened = [&](const Report& report) { reopened.push_back(report.found); };
  store->changed();
  world.run_for(1min);
  EXPECT_EQ(reopened, std::vector<Report::Found>{Report::Found::corrupt});
  EXPECT_EQ(store->state().condition, Condition::healthy);
  EXPECT_TRUE(in_the_file() == source.all());
}

TEST_F(StoreTest, AnOpeningThatFailsCanBeTriedAgain) {
  {
    const auto other = BookFile::open(path, test::options_with(2), kBookNow);
    ASSERT_TRUE(other);
    const auto loaded = try_open();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().reason, BookReason::book_in_use);
    EXPECT_EQ(store->state().condition, Condition::closed);
    EXPECT_FALSE(flush());
    source.set(0, 5);
    store->changed();
    world.run_for(1min);
    EXPECT_EQ(source.takes, 0u) << "nothing is taken that cannot be written";
  }
  const auto loaded = try_open();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->contents.key, test::key_of(2));
  world.run_for(1s);
  EXPECT_TRUE(in_the_file() == source.all());
  EXPECT_FALSE(try_open()) << "it is open already";
}

TEST_F(StoreTest, ClosingWithAFullDiskSaysSoAndIsClosed) {
  open();
  source.set(0, 10);
  ASSERT_TRUE(flush());
  source.set(10, 20);
  FaultyVfs::arm(Fault::full, 1, 1'000'000);
  EXPECT_FALSE(close());
  EXPECT_EQ(store->state().condition, Condition::closed);
  FaultyVfs::disarm();
  EXPECT_EQ(in_the_file().size(), 10u);
}

TEST_F(StoreTest, ItMayBeDestroyedAtAnyMoment) {
  for (int steps = 0; steps < 12; ++steps) {
    store = make_store();
    store->open([](const Result<Store::Loaded>&) {});
    source.set(static_cast<std::size_t>(steps) * 10, static_cast<std::size_t>(steps) * 10 + 10);
    store->changed();
    bool acknowledged = false;
    store->flush([&](const Result<void>& done) { acknowledged = done.has_value(); });
    for (int i = 0; i < steps; ++i) world.step();
    store.reset();
    world.run_for(1s);
    (void)acknowledged;
  }
  SUCCEED();
}

// What a store does over some seconds while its disk fails now and then.
struct StoreEnd : StoreTest, testing::WithParamInterface<Fault> {
  static constexpr std::size_t kOpening = 4;
  std::size_t answers = 0, asked = 0;
  std::uint64_t hits = 0;

  Store::FlushDone counted() {
    ++asked;
    return [this](const Result<void>&) { ++answers; };
  }
  // Takes `steps` once it is open, or some of those of its opening; with calls of every kind in
  // between, and a disk that fails now and then.
  void live(std::size_t steps) {
    store = make_store();
    store->open([](const Result<Store::Loaded>&) {});
    if (steps < kOpening) {
      for (std::size_t i = 0; i < steps; ++i) world.step();
    } else {
      world.run_for(1s);
      EXPECT_EQ(store->state().condition, Condition::healthy);
    }
    for (std::size_t i = kOpening; i < steps; ++i) {
      if (i % 3 == 0) source.set(3 * i, 3 * i + 3);
      store->changed();
      if (i % 5 == 0) store->flush(counted());
      if (i % 7 == 0) FaultyVfs::arm(GetParam(), 1 + i % 11, 1 + i % 3);
      hits += FaultyVfs::hits();
      world.step();
    }
  }
  // From now on nobody may ask the source.
  void expect_silence() {
    const std::size_t takes = source.takes, put_backs = source.put_backs;
    const std::size_t given = answers;
    store->changed();
    world.run_for(40s);
    EXPECT_EQ(source.takes, takes);
    EXPECT_EQ(source.put_backs, put_backs);
    EXPECT_EQ(answers, given);
  }
};

TEST_P(StoreEnd, ClosedAtAnyStepItAnswersEachCallOnceAndTouchesNothingAfterwards) {
  const auto stride = test::by_effort<std::size_t>({.whole = 1, .usual = 2, .sanitized = 5});
  for (std::size_t steps = 0; steps < 60; steps += stride) {
    SCOPED_TRACE(steps);
    answers = asked = 0;
    live(steps);
    std::size_t closed = 0;
    store->close([&](const Result<void>&) { ++closed; });
    store->flush(counted());
    store->close([&](const Result<void>&) { ++closed; });
    EXPECT_TRUE(world.run_until([&] { return closed == 2 && answers == asked; }, 5min));
    // One that came before the opening was over has closed nothing.
    world.run_for(5s);
    if (store->state().condition != Condition::closed) (void)close();
    EXPECT_EQ(store->state().condition, Condition::closed);
    expect_silence();
    EXPECT_EQ(closed, 2u);
    FaultyVfs::disarm();
    store.reset();
  }
  EXPECT_GT(hits, 0u);
  EXPECT_GT(source.put_backs, 0u) << "no batch was caught by a fault";
}

TEST_P(StoreEnd, DestroyedAtAnyStepItAsksNothingMoreAndLeavesASoundFile) {
  const auto stride = test::by_effort<std::size_t>({.whole = 1, .usual = 2, .sanitized = 5});
  for (std::size_t steps = 0; steps < 60; steps += stride) {
    SCOPED_TRACE(steps);
    live(steps);
    const std::size_t takes = source.takes, put_backs = source.put_backs;
    store.reset();
    world.run_for(40s);
    EXPECT_EQ(source.takes, takes);
    EXPECT_EQ(source.put_backs, put_backs);
    FaultyVfs::disarm();
    source.everything_changed();
  }
  EXPECT_GT(hits, 0u);
  EXPECT_GT(source.takes, 10u);
  store = make_store();
  open();
  ASSERT_TRUE(flush());
  EXPECT_TRUE(in_the_file() == source.all());
}

INSTANTIATE_TEST_SUITE_P(Faults, StoreEnd,
                         testing::Values(Fault::io_error, Fault::full, Fault::busy,
                                         Fault::short_write),
                         [](const auto& each) { return std::to_string(each.index); });

// On the real runtime.

TEST_F(StoreTest, WhileTheDiskIsBusyTheShardIsNot) {
  store.reset();
  conn::AsioRuntime runtime(1);
  conn::Shard& shard = runtime.shard(0);
  BookSource rows;
  auto options = test::options_with(1);
  options.patience_ms = 1000;
  const auto on_shard = [&shard](auto task) {
    std::promise<void> done;
    shard.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  };
  std::unique_ptr<Store> real;
  std::promise<bool> opened;
  on_shard([&] {
    rows.set(0, 1000);
    real = std::make_unique<Store>(runtime, shard, path, options, rows);
    real->open([&](const Result<Store::Loaded>& loaded) { opened.set_value(loaded.has_value()); });
  });
  ASSERT_TRUE(opened.get_future().get());
  std::chrono::nanoseconds worst{0};
  std::size_t put_backs = 0;
  {
    const Holder holder(path);
    on_shard([&] { real->changed(); });
    const auto until = std::chrono::steady_clock::now() + 1500ms;
    while (std::chrono::steady_clock::now() < until) {
      const auto began = std::chrono::steady_clock::now();
      on_shard([&] { put_backs = rows.put_backs; });
      worst = std::max<std::chrono::nanoseconds>(worst, std::chrono::steady_clock::now() - began);
      std::this_thread::sleep_for(1ms);
    }
  }
  EXPECT_GE(put_backs, 1u) << "it has been waiting for the lock";
  // A wait for the lock would take a second; less is how busy the machine is.
  EXPECT_LT(worst, 500ms);
  std::promise<bool> closed;
  on_shard(
      [&] { real->close([&](const Result<void>& done) { closed.set_value(done.has_value()); }); });
  EXPECT_TRUE(closed.get_future().get());
  on_shard([&] { real.reset(); });
  EXPECT_TRUE(in_the_file() == rows.all());
}

TEST_F(StoreTest, DestroyedOnARealRuntimeItLeavesASoundFile) {
  store.reset();
  conn::AsioRuntime runtime(1);
  conn::Shard& shard = runtime.shard(0);
  for (int round = 0; round < 20; ++round) {
    BookSource rows;
    rows.set(0, 3000);
    std::promise<std::unique_ptr<Store>> made;
    shard.post([&] {
      auto real = std::make_unique<Store>(runtime, shard, path, test::options_with(1), rows);
      real->open([](const Result<Store::Loaded>&) {});
      real->changed();
      made.set_value(std::move(real));
    });
    auto real = made.get_future().get();
    std::this_thread::sleep_for(std::chrono::milliseconds(round));
    std::promise<void> gone;
    shard.post([&] {
      real.reset();
      gone.set_value();
    });
    gone.get_future().wait();
    const auto opened = BookFile::open(path, test::options_with(1), kBookNow);
    ASSERT_TRUE(opened) << opened.error().text();
    EXPECT_NE(opened->report.found, Report::Found::corrupt);
  }
}

TEST(StoreErrors, AFailureHasItsKind) {
  const auto kind = [](Reason reason) { return kind_of({conn::Stage::configuration, reason, {}}); };
  EXPECT_EQ(kind(BookReason::book_in_use), StoreError::busy);
  EXPECT_EQ(kind(BookReason::book_corrupt), StoreError::corrupt);
  EXPECT_EQ(kind(conn::FileReason::disk_full), StoreError::full);
  EXPECT_EQ(kind(BookReason::book_unwritable), StoreError::io);
  for (const auto why : {conn::FileReason::read_only, conn::FileReason::not_permitted,
                         conn::FileReason::missing, conn::FileReason::path_invalid,
                         conn::FileReason::no_locks, conn::FileReason::no_shared_memory}) {
    EXPECT_EQ(kind(why), StoreError::io);
  }
  EXPECT_EQ(kind(BookReason::book_unreadable), StoreError::io);
  EXPECT_EQ(kind(Reason::internal_error), StoreError::other);
}

}  // namespace
}  // namespace peerage::addrbook
