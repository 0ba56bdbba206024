// When the lists are read from the book's file, in virtual time.
#include "cmd/status/served_addresses.h"

#include <gtest/gtest.h>

#include "addrbook/file/book_file.h"
#include "tests/sim/sim_world.h"
#include "tests/support/files.h"
#include "tests/support/log_lines.h"
#include "tests/unit/cmd/status/lists_fixture.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using addrbook::BookFile;
using test::kBookNow;
using test::verified_rows;

TEST(ServedLists, TheBoundIsSharedEquallyByTheNetworks) {
  addrbook::Contents contents;
  std::vector<std::string> networks;
  for (int i = 0; i < 100; ++i) {
    networks.push_back("net-" + std::to_string(i));
    if (i < 2) contents.addresses[networks.back()] = verified_rows(0, 300);
  }
  conn::Random random(test::seed());
  const ServedLists lists = lists_of(contents, networks, test::rules(), random, kBookNow);
  ASSERT_EQ(lists.networks.size(), 100U);
  EXPECT_EQ(lists.networks[0].addresses.size(), kMaxServed / 100);
  EXPECT_EQ(lists.networks[1].addresses.size(), kMaxServed / 100);
  EXPECT_EQ(lists.networks[1].known, 300U);
  EXPECT_FALSE(lists.empty());
  EXPECT_EQ(lists.find("net-7"), &lists.networks[7]);
  EXPECT_EQ(lists.networks[7].book, nullptr) << "an empty file would be taken for a list";
  EXPECT_EQ(lists.find("net"), nullptr);
  EXPECT_TRUE(lists_of({}, networks, test::rules(), random, kBookNow).empty());
}

class ServedAddressesTest : public testing::Test {
 protected:
  std::shared_ptr<ServedAddresses> make(const std::filesystem::path& path) {
    return std::make_shared<ServedAddresses>(
        host, ServedAddresses::Settings{path, {"net-1"}, {}, [] { return kBookNow; }},
        conn::Log(log));
  }
  void put(std::uint32_t first, std::uint32_t end) {
    auto opened = BookFile::open(file, test::options_with(7), kBookNow);
    ASSERT_TRUE(opened) << opened.error().text();
    ASSERT_TRUE(
        opened->file.apply(addrbook::Changes{"net-1", false, verified_rows(first, end), {}}));
    ASSERT_TRUE(opened->file.close());
  }
  static std::size_t size_of(const ServedLists& lists) {
    return lists.networks.at(0).addresses.size();
  }
  std::size_t listed() { return size_of(*served->read()); }

  test::TemporaryDirectory folder;
  const std::filesystem::path file = folder / "addrbook.db";
  std::shared_ptr<test::LogLines> log = std::make_shared<test::LogLines>();
  sim::SimWorld world{5};
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(20, 1, 3, 1)}, 1);
  std::shared_ptr<ServedAddresses> served = make(file);
};

TEST_F(ServedAddressesTest, BeforeTheStartAndWithoutAFileThereAreNetworksWithoutAddresses) {
  EXPECT_EQ(listed(), 0U);
  world.run_for(1min);
  EXPECT_EQ(listed(), 0U) << "a file that is not there yet is not looked for";
  served = make({});
  served->start();
  world.run_for(1min);
  EXPECT_EQ(listed(), 0U);
  EXPECT_EQ(served->read()->networks.at(0).chain_id, "net-1");
  EXPECT_TRUE(log->lines.empty());
}

TEST_F(ServedAddressesTest, TheFirstListIsThereWithinSecondsOfTheFirstVerification) {
  put(0, 0);
  served->start();
  world.run_for(10s);
  EXPECT_EQ(listed(), 0U);
  put(0, 5);
  world.run_for(ServedAddresses::kPaceWhileEmpty + 1s);
  EXPECT_EQ(listed(), 5U);
}

TEST_F(ServedAddressesTest, AListStaysTheSameForAMinuteHoweverOftenItIsAskedFor) {
  put(0, 5);
  served->start();
  world.run_for(1s);
  const auto first = served->read();
  EXPECT_EQ(size_of(*first), 5U);
  put(5, 8);
  for (int i = 0; i < 57; ++i) {
    world.run_for(1s);
    ASSERT_EQ(served->read(), first) << i;
  }
  world.run_for(5s);
  EXPECT_EQ(listed(), 8U);
}

TEST_F(ServedAddressesTest, WhenNobodyAsksNothingIsRead) {
  put(0, 5);
  served->start();
  world.run_for(ServedAddresses::kInterest + 2min);
  put(5, 8);
  world.run_for(1h);
  EXPECT_EQ(listed(), 5U) << "the next to ask gets the last";
  world.run_for(1s);
  EXPECT_EQ(listed(), 8U) << "and those after it fresh ones";
}

TEST_F(ServedAddressesTest, AReadingThatFailsLeavesTheListsAndIsLoggedOnce) {
  put(0, 5);
  served->start();
  world.run_for(1s);
  const auto first = served->read();
  std::filesystem::rename(file, folder / "aside");
  std::filesystem::create_directory(file);
  for (int i = 0; i < 5; ++i) {
    world.run_for(1min);
    EXPECT_EQ(served->read(), first);
  }
  ASSERT_EQ(log->lines.size(), 1U);
  EXPECT_TRUE(log->lines[0].starts_with("warn lists of addresses stay as they are"));
  std::filesystem::remove(file);
  std::filesystem::rename(folder / "aside", file);
  world.run_for(1min);
  EXPECT_NE(served->read(), first);
  ASSERT_EQ(log->lines.size(), 2U);
  EXPECT_EQ(log->lines[1], "info lists of addresses are made anew again");
}

TEST_F(ServedAddressesTest, AfterTheStopNothingIsReadAnyMore) {
  put(0, 5);
  served->start();
  world.run_for(1s);
  served->stop();
  put(5, 8);
  world.run_for(5min);
  (void)listed();
  world.run_for(5min);
  EXPECT_EQ(listed(), 5U);
}

TEST_F(ServedAddressesTest, ItMayGoAtAnyMoment) {
  put(0, 5);
  served->start();
  world.run_for(1s);
  (void)served->read();
  served.reset();
  world.run_for(5min);
}

}  // namespace
}  // namespace peerage::cmd
