#include "cmd/addrbook/mirror.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "addrbook/file/book_file.h"
#include "addrbook/record/book_reason.h"
#include "conn/base/file_reason.h"
#include "tests/sim/sim_world.h"
#include "tests/support/book_rows.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using Event = JsonMirror::Event;
using namespace std::chrono_literals;

struct MirrorTest : testing::Test {
  const test::TemporaryDirectory folder;
  const std::filesystem::path book = folder / "addrbook.db";
  std::filesystem::path json = folder / "addrbook.json";
  sim::SimWorld world;
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(20, 1, 3, 1)}, 1);
  std::vector<Event> told;
  conn::Failure why;
  std::unique_ptr<JsonMirror> mirror;

  void make_book() const {
    auto opened = addrbook::BookFile::open(book, test::options_with(1), test::kBookNow);
    ASSERT_TRUE(opened);
    ASSERT_TRUE(opened->file.apply(test::rows_of("net", 0, 5)));
    ASSERT_TRUE(opened->file.close());
  }
  void begin() {
    mirror = std::make_unique<JsonMirror>(host, book, "net", json,
                                          [this](Event event, const conn::Failure& failure) {
                                            told.push_back(event);
                                            why = failure;
                                          });
    host.shard(0).post([this] { mirror->start(); });
    world.run_for(1s);
  }
  bool end() {
    host.shard(0).post([this] { mirror->stop(); });
    world.run_for(1s);
    return mirror->finish();
  }
};

TEST_F(MirrorTest, ThatCanBeWrittenIsNotTalkedOf) {
  make_book();
  begin();
  EXPECT_TRUE(std::filesystem::exists(json));
  std::filesystem::remove(json);
  world.run_for(2min);
  EXPECT_TRUE(std::filesystem::exists(json)) << "two minutes later again";
  EXPECT_TRUE(end());
  EXPECT_TRUE(told.empty());
}

// As where a configuration is mounted read-only.
TEST_F(MirrorTest, WhereNothingCanBeWrittenIsToldOnceAndNoFailure) {
  make_book();
  json = folder / "no such directory" / "addrbook.json";
  begin();
  world.run_for(1h);
  EXPECT_TRUE(end()) << "all that is ours was saved";
  EXPECT_EQ(told, (std::vector<Event>{Event::not_kept}));
  EXPECT_EQ(why.reason, conn::FileReason::missing);
}

TEST_F(MirrorTest, AFailureThatMayPassIsToldWhenItBeginsAndWhenItEnds) {
  begin();  // there is no book
  world.run_for(1h);
  EXPECT_EQ(told, (std::vector<Event>{Event::failing}));
  EXPECT_EQ(why.reason, addrbook::BookReason::book_missing);
  make_book();
  world.run_for(1h);
  EXPECT_EQ(told, (std::vector<Event>{Event::failing, Event::written}));
  std::filesystem::remove(book);
  world.run_for(1h);
  EXPECT_EQ(told, (std::vector<Event>{Event::failing, Event::written, Event::failing}));
  EXPECT_FALSE(end()) << "the file is not what it should be";
}

TEST_F(MirrorTest, ADirectoryThatIsClosedLaterIsToldWhenItBeginsAndWhenItEnds) {
  make_book();
  json = folder / "config" / "addrbook.json";
  std::filesystem::create_directory(folder / "config");
  begin();
  std::filesystem::rename(folder / "config", folder / "elsewhere");
  world.run_for(1h);
  EXPECT_EQ(told, (std::vector<Event>{Event::failing}));
  std::filesystem::rename(folder / "elsewhere", folder / "config");
  world.run_for(1h);
  EXPECT_EQ(told, (std::vector<Event>{Event::failing, Event::written}));
  EXPECT_TRUE(end());
}

}  // namespace
}  // namespace peerage::cmd
