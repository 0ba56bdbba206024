// `addrbook list --format peers|seeds`: the line to paste, from a home's book.
#include <fstream>

#include <gtest/gtest.h>

#include "cmd/addrbook/addrbook.h"
#include "tests/support/files.h"
#include "tests/unit/cmd/status/lists_fixture.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using addrbook::BookFile;
using addrbook::KnownAddress;
using test::kBookNow;
using test::verified_row;
using test::verified_rows;

struct LineTest : testing::Test {
  LineTest() { config("[peerage]\nnetwork = \"net-1\"\n"); }

  void config(const std::string& toml) {
    std::filesystem::create_directories(folder / "config");
    std::ofstream(folder / "config/config.toml") << toml;
  }
  BookHome home() const {
    const auto found = BookHome::of(folder.path());
    EXPECT_TRUE(found) << found.error().text();
    return *found;
  }
  void put(const std::vector<KnownAddress>& rows, const std::string& network = "net-1") const {
    std::filesystem::create_directories(home().file.parent_path());
    auto opened = BookFile::open(home().file, test::options_with(7), kBookNow);
    ASSERT_TRUE(opened) << opened.error().text();
    ASSERT_TRUE(opened->file.apply(addrbook::Changes{network, false, rows, {}}));
    ASSERT_TRUE(opened->file.close());
  }
  std::string line(const ListFilter& filter = {}, LineOf what = LineOf::peers) const {
    const auto found = list_line(home(), filter, what, kBookNow);
    EXPECT_TRUE(found) << found.error().text();
    return found ? found->text : std::string();
  }
  std::string at_most(std::size_t limit) const {
    ListFilter filter;
    filter.limit = limit;
    return line(filter);
  }
  static std::size_t count(const std::string& line) {
    return line.empty() ? 0
                        : 1 + static_cast<std::size_t>(std::count(line.begin(), line.end(), ','));
  }

  test::TemporaryDirectory folder;
};

TEST_F(LineTest, ItIsOfVerifiedAddressesAlone) {
  KnownAddress heard = verified_row(2);
  heard.last_verified = heard.last_connected = addrbook::kNever;
  put({verified_row(1), heard, verified_row(3, 25h)});
  EXPECT_EQ(line(), verified_row(1).address.to_string());
}

TEST_F(LineTest, ThirtyUnlessALimitSaysOtherwise) {
  put(verified_rows(0, 60));
  EXPECT_EQ(count(line()), 30U);
  EXPECT_EQ(count(at_most(45)), 45U);
  EXPECT_EQ(count(at_most(1)), 1U);
  EXPECT_EQ(line().find_first_of(" \t\r\n|/"), std::string::npos);
}

TEST_F(LineTest, SeedsAreThoseThatSpeakPeerExchangeAlone) {
  KnownAddress seed = verified_row(1);
  seed.facts = std::make_shared<const addrbook::NodeFacts>(
      addrbook::NodeFacts{"seed", "v1", {conn::kPexChannel}});
  put({seed, verified_row(2)});
  EXPECT_EQ(line({}, LineOf::seeds), seed.address.to_string());
  EXPECT_EQ(count(line()), 2U);
}

TEST_F(LineTest, TheFilterOfTheListHoldsForTheLine) {
  KnownAddress fresh = verified_row(1, 1h), late = verified_row(2, 5h);
  late.kind = addrbook::Kind::new_;
  put({fresh, late});
  ListFilter lately, untried;
  lately.verified_since = 2h;
  untried.kind = addrbook::Kind::new_;
  EXPECT_EQ(line(lately), fresh.address.to_string());
  EXPECT_EQ(line(untried), late.address.to_string());
}

TEST_F(LineTest, NetworksAreKeptApart) {
  put({verified_row(1)});
  put({verified_row(2)}, "net-2");
  EXPECT_EQ(line(), verified_row(1).address.to_string());
  ListFilter other;
  other.network = "net-2";
  EXPECT_EQ(line(other), verified_row(2).address.to_string());
  config("");
  EXPECT_FALSE(list_line(home(), {}, LineOf::peers, kBookNow)) << "which of the two?";
}

TEST_F(LineTest, PrivateIdsAreNotOnIt) {
  put({verified_row(1), verified_row(2)});
  config("[p2p]\nprivate_peer_ids = \"" + verified_row(1).address.id.to_string() +
         "\"\n[peerage]\nnetwork = \"net-1\"\n");
  EXPECT_EQ(line(), verified_row(2).address.to_string());
}

TEST_F(LineTest, WhenNobodyFitsItIsEmpty) {
  put({verified_row(3, 25h)});
  const auto found = list_line(home(), {}, LineOf::peers, kBookNow);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->text, "");
  EXPECT_EQ(found->network, "net-1");
}

}  // namespace
}  // namespace peerage::cmd
