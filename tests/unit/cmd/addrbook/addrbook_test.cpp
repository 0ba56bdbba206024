#include "cmd/addrbook/addrbook.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "addrbook/file/sqlite.h"
#include "addrbook/record/book_reason.h"
#include "p2p/base/peer_reason.h"
#include "tests/support/book_fixture.h"
#include "tests/support/book_rows.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using addrbook::Added;
using addrbook::BookFile;
using addrbook::Changes;
using addrbook::Kind;
using addrbook::kNever;
using addrbook::Origin;
using addrbook::Seconds;
using conn::Reason;
using test::address;
using test::kBookNow;
using test::numbered_id;

KnownAddress known(const conn::NetAddress& address) {
  KnownAddress row;
  row.address = address;
  row.source = test::ip("8.8.8.8");
  row.first_seen = row.last_seen = kBookNow - 24h;
  return row;
}

KnownAddress verified(const conn::NetAddress& address, Seconds before, Kind kind = Kind::tried) {
  KnownAddress row = known(address);
  row.kind = kind;
  row.last_attempt = row.last_connected = row.verified_since = row.last_verified =
      kBookNow - before;
  row.attempts = 1;
  row.reliability.record(addrbook::Outcome::succeeded, row.last_verified);
  row.round_trip_us = 12'345;
  row.facts = std::make_shared<const addrbook::NodeFacts>(
      addrbook::NodeFacts{"a node", "0.38.25", {conn::ChannelId{0x20}, conn::ChannelId{0}}});
  return row;
}

KnownAddress failed(const conn::NetAddress& address, Reason reason) {
  KnownAddress row = known(address);
  row.last_attempt = row.last_failed = kBookNow - 1h;
  row.attempts = row.failures = 1;
  row.failure = reason;
  return row;
}

class HomeTest : public ::testing::Test {
 protected:
  HomeTest() { config("[peerage]\nnetwork = \"net-1\"\n"); }

  void config(const std::string& toml) {
    std::filesystem::create_directories(folder.path() / "config");
    std::ofstream(folder.path() / "config" / "config.toml") << toml;
  }
  BookHome home() const {
    const auto found = BookHome::of(folder.path());
    EXPECT_TRUE(found) << found.error().text();
    return *found;
  }
  BookFile open() const {
    std::filesystem::create_directories(home().file.parent_path());
    auto opened = BookFile::open(home().file, test::options_with(7), kBookNow);
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(opened->file);
  }
  void put(const std::vector<KnownAddress>& rows, const std::string& network = "net-1") const {
    BookFile file = open();
    ASSERT_TRUE(file.apply(Changes{network, false, rows, {}}));
    ASSERT_TRUE(file.close());
  }
  addrbook::Contents contents() const {
    const auto read = read_book(home(), kBookNow);
    EXPECT_TRUE(read) << read.error().text();
    return read.value_or(addrbook::Contents{});
  }
  std::vector<std::string> listed(const ListFilter& filter) const {
    const auto all = contents();
    std::vector<std::string> found;
    for (const Listed& each : select(all, filter, kBookNow)) {
      found.push_back(each.row->address.endpoint.ip.to_string());
    }
    return found;
  }
  // An addrbook.json of these addresses.
  std::filesystem::path json_of(const std::vector<KnownAddress>& rows) const {
    const auto path = folder.path() / "addrbook.json";
    EXPECT_TRUE(addrbook::save_json_book(path, addrbook::export_text(rows, "", kBookNow)));
    return path;
  }

  test::TemporaryDirectory folder;
};

TEST_F(HomeTest, WhatDiscoveryKeepsIsThereAfterEveryVerbThatChangesTheFile) {
  addrbook::Batch batch;
  batch.discovery.seq = 42;
  batch.discovery.nodes = {test::discovered_of(1), test::discovered_of(2)};
  batch.discovery.banned = {{test::discovered_of(3).id, std::nullopt}};
  {
    BookFile file = open();
    ASSERT_TRUE(file.apply(batch));
    ASSERT_TRUE(file.close());
  }
  const addrbook::DiscoveryRows kept = contents().discovery;
  ASSERT_EQ(kept.nodes.size(), 2u);
  ASSERT_TRUE(import_json(home(), "net-1", json_of({test::row_of(1), test::row_of(2)}), kBookNow));
  EXPECT_EQ(contents().discovery, kept);
  ASSERT_TRUE(forget(home(), test::row_of(1).address.id, "", kBookNow));
  ASSERT_TRUE(ban(home(), test::id_of(5), 24h, "test", kBookNow));
  ASSERT_TRUE(unban(home(), test::id_of(5), kBookNow));
  EXPECT_EQ(contents().discovery, kept);
}

// --- where it is ---

TEST_F(HomeTest, TheBookIsWhereTheConfigSays) {
  EXPECT_EQ(home().file, folder.path() / "data/addrbook.db");
  config("[peerage]\nbook_file = \"elsewhere.db\"");
  EXPECT_EQ(home().file, folder.path() / "elsewhere.db");
  config("[peerage]\nbook_file = \"/var/lib/peerage/addrbook.db\"");
  EXPECT_EQ(home().file, "/var/lib/peerage/addrbook.db");
  std::filesystem::remove(folder.path() / "config" / "config.toml");
  EXPECT_EQ(home().file, folder.path() / "data/addrbook.db");
}

TEST_F(HomeTest, TheNetworkIsThatOfTheOptionOrElseOfTheConfig) {
  EXPECT_EQ(home().network("other"), "other");
  EXPECT_EQ(home().network(""), "net-1");
  config("");
  const auto none = home().network("");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().detail.find("--network"), std::string::npos);
}

TEST(BookSpan, IsADurationOrDaysOrWeeks) {
  EXPECT_EQ(parse_span("90m"), 90min);
  EXPECT_EQ(parse_span("7d"), std::chrono::days(7));
  EXPECT_EQ(parse_span("2w"), std::chrono::weeks(2));
  for (const char* text :
       {"", "d", "w", "1.5d", "-1d", "+1d", "1dd", "d1", "100000d", "soon", "7", "9999999999d"}) {
    EXPECT_FALSE(parse_span(text)) << text;
  }
}

// --- looking ---

TEST_F(HomeTest, ABookThatIsMissingIsNotMadeByLookingForIt) {
  const auto read = read_book(home(), kBookNow);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason, addrbook::BookReason::book_missing);
  EXPECT_FALSE(check_book(home(), kBookNow));
  EXPECT_FALSE(export_json(home(), "", kBookNow));
  EXPECT_FALSE(unban(home(), numbered_id(1), kBookNow));
  EXPECT_FALSE(forget(home(), numbered_id(1), "", kBookNow));
  EXPECT_FALSE(std::filesystem::exists(home().file.parent_path()));
}

TEST_F(HomeTest, AddressesAreListedByTheFilter) {
  put({known(address(1, "20.0.0.1")), verified(address(2, "20.0.0.2"), 3h),
       verified(address(3, "20.0.0.3"), 1h, Kind::new_),
       failed(address(4, "20.0.0.4"), Reason::wrong_id),
       failed(address(5, "20.0.0.5"), Reason::connection_refused)});
  put({known(address(6, "20.0.0.6"))}, "net-2");
  using Ips = std::vector<std::string>;
  ListFilter filter;
  EXPECT_EQ(listed(filter).size(), 6u);
  EXPECT_EQ(listed(filter)[0], "20.0.0.3") << "verified last first";
  EXPECT_EQ(listed(filter)[1], "20.0.0.2");
  filter.limit = 2;
  EXPECT_EQ(listed(filter), (Ips{"20.0.0.3", "20.0.0.2"}));
  filter = {};
  filter.network = "net-2";
  EXPECT_EQ(listed(filter), Ips{"20.0.0.6"});
  filter = {};
  filter.kind = Kind::tried;
  EXPECT_EQ(listed(filter), Ips{"20.0.0.2"});
  filter = {};
  filter.verified_since = 2h;
  EXPECT_EQ(listed(filter), Ips{"20.0.0.3"});
  filter.verified_since = 1h;
  EXPECT_EQ(listed(filter), Ips{"20.0.0.3"}) << "the end belongs to it";
  filter = {};
  filter.last_failure = Reason::wrong_id;
  EXPECT_EQ(listed(filter), Ips{"20.0.0.4"});
  // What a row that never failed has in that field is no failure.
  filter.last_failure = KnownAddress().failure;
  EXPECT_EQ(listed(filter), Ips{});
}

TEST_F(HomeTest, AnIdIsFoundByItsFirstDigitsInEitherCase) {
  conn::ByteArray<20> bytes{0xab, 0xcd, 0xef};
  const conn::NetAddress there{conn::NodeId(bytes), {test::ip("20.0.0.1"), 1}};
  put({known(there), known(address(2, "20.0.0.2"))});
  const auto all = contents();
  for (const char* prefix : {"abcd", "ABCD", "abcdef00"}) {
    EXPECT_EQ(select_id(all, prefix, "").size(), 1u) << prefix;
  }
  EXPECT_EQ(select_id(all, there.id.to_string(), "net-1").size(), 1u);
  for (const char* prefix : {"", "abc", "abce", "xyzw"}) {
    EXPECT_EQ(select_id(all, prefix, "").size(), 0u) << prefix;
  }
  EXPECT_EQ(select_id(all, "abcd", "net-2").size(), 0u);
}

TEST_F(HomeTest, TheListIsATableWithAlignedColumns) {
  put({known(address(1, "20.0.0.1")), verified(address(2, "20.0.0.2"), 3h)});
  const auto all = contents();
  EXPECT_EQ(list_text(select(all, {}, kBookNow), kBookNow),
            "ADDRESS                                                  KIND  VERIFIED\n" +
                address(2, "20.0.0.2").to_string() + "  old   3 h ago\n" +
                address(1, "20.0.0.1").to_string() + "  new   -\n");
  const std::string wide = list_text(select(all, {}, kBookNow), kBookNow, Width::wide);
  EXPECT_NE(wide.find("  RELIABLE    RTT  VERSION  LAST FAILURE  MONIKER\n"), std::string::npos)
      << wide;
  EXPECT_NE(wide.find("      100%  12 ms  0.38.25  -             a node\n"), std::string::npos)
      << wide;
}

TEST_F(HomeTest, WithSeveralNetworksTheListNamesThem) {
  put({known(address(1, "20.0.0.1"))});
  put({known(address(2, "20.0.0.2"))}, "net-2");
  const auto all = contents();
  const std::string text = list_text(select(all, {}, kBookNow), kBookNow);
  EXPECT_TRUE(text.starts_with("network net-1\nADDRESS ")) << text;
  EXPECT_NE(text.find("\n\nnetwork net-2\nADDRESS "), std::string::npos) << text;
}

TEST(BookReport, TablesFitANarrowTerminalWithWholeIds) {
  KnownAddress row = verified(address(1, "203.100.113.254"), 12min);
  const Listed listed{"net-1", &row};
  addrbook::BanRow ban;
  ban.target = row.address.id;
  ban.reason = std::string(100, 'r');
  ban.added = kBookNow - 26h;
  ban.until = kBookNow + 25h;
  ban.origin = p2p::BanOrigin::misbehaviour;
  for (const std::string& text : {list_text({listed}, kBookNow), bans_text({ban}, kBookNow)}) {
    EXPECT_NE(text.find(row.address.id.to_string()), std::string::npos);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST(BookReport, TextFromTheNetworkIsShownInPrintableForm) {
  KnownAddress row = verified(address(1, "20.0.0.1"), 1h);
  row.facts =
      std::make_shared<const addrbook::NodeFacts>(addrbook::NodeFacts{"\x1b[31m\xff", "\r\n", {}});
  row.failure = Reason::wrong_id;
  const Listed listed{"net\a", &row};
  for (const std::string& text : {list_text({listed}, kBookNow, Width::wide),
                                  show_text(listed, {}, {}, kBookNow), to_json(listed)}) {
    EXPECT_NE(text.find("x1b[31m"), std::string::npos);
    for (const char c : text) EXPECT_TRUE((c >= 0x20 && c < 0x7f) || c == '\n') << text;
  }
}

TEST_F(HomeTest, ShowPrintsEverythingWithTheFiveWindowsAndTheBan) {
  KnownAddress row = verified(address(1, "20.0.0.1"), 2h);
  row.last_failed = kBookNow - 30min;
  row.failed_stage = conn::Stage::connect;
  row.failure = Reason::connection_refused;
  row.failures = 1;
  row.reliability.record(addrbook::Outcome::failed, row.last_failed);
  row.bad_until = kBookNow + 2h;
  addrbook::Contents all;
  all.bans = {{conn::Cidr(test::ip("20.0.0.0"), 24), kBookNow + 48h, kBookNow, "scans ports"}};
  const std::string text = show_text({"net-1", &row}, all, {}, kBookNow);
  for (const char* part :
       {"@20.0.0.1:26656\n", "old", "pex", "from 8.8.8.8", "2 h ago", "connect: nothing listens",
        "12 ms", "over 2h", "over 8h", "over 1d", "over 1w", "over 30d", "a node", "0.38.25",
        "20 00", "rests", "for 2 h", "20.0.0.0/24: scans ports"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  const auto json = nlohmann::json::parse(to_json(Listed{"net-1", &row}));
  EXPECT_EQ(json["windows"].size(), 5u);
  EXPECT_EQ(json["last_failure"]["reason"], "connection_refused");
  EXPECT_EQ(json["node"]["channels"], (nlohmann::json{0x20, 0}));
  EXPECT_EQ(json["last_verified"], "2026-11-21T08:15:00Z");
  EXPECT_EQ(json["first_seen"], "2026-11-20T10:15:00Z");
  EXPECT_EQ(json["connected_since"], nullptr);
}

TEST_F(HomeTest, StatsCountWhatThereIs) {
  KnownAddress imported = failed(address(4, "20.1.0.4"), Reason::wrong_id);
  imported.origin = Origin::import;
  imported.bad_until = kBookNow + 1h;
  put({known(address(1, "20.0.0.1")), verified(address(2, "20.0.0.2"), 3h),
       verified(address(3, "30.0.0.3"), 30min), imported,
       failed(address(5, "20.0.0.5"), Reason::silent),
       failed(address(6, "20.0.0.6"), Reason::wrong_id)});
  put({known(address(9, "20.0.0.9"))}, "net-2");
  ASSERT_TRUE(ban(home(), numbered_id(1), 1h, "", kBookNow));
  ASSERT_TRUE(ban(home(), numbered_id(2), 1s, "", kBookNow - 1h));
  BookStats stats = stats_of(contents(), conn::IpAddress::Strict::yes, kBookNow);
  ASSERT_TRUE(add_file_stats(home().file, stats));
  ASSERT_EQ(stats.networks.size(), 2u);
  const auto& of = stats.networks["net-1"];
  EXPECT_EQ(of.addresses, 6u);
  EXPECT_EQ(of.in_new, 4u);
  EXPECT_EQ(of.in_tried, 2u);
  EXPECT_EQ(of.resting, 1u);
  EXPECT_EQ(of.groups, 3u);
  EXPECT_EQ(of.by_origin[static_cast<std::size_t>(Origin::import)], 1u);
  EXPECT_EQ(of.verified_within, (std::array<std::size_t, 4>{1, 2, 2, 2}));
  ASSERT_EQ(of.failures.size(), 2u);
  EXPECT_EQ(of.failures[0], (std::pair<Reason, std::size_t>(Reason::wrong_id, 2)));
  EXPECT_EQ(stats.bans, 1u) << "one has ended";
  EXPECT_GT(stats.file_bytes, 4096u);
  EXPECT_EQ(stats.schema_version, 5);
  EXPECT_NE(stats_text(stats).find("another node than the one dialled"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(to_json(stats))["networks"]["net-2"]["addresses"], 1);
}

TEST_F(HomeTest, ABookIsReadWhileANodeHasIt) {
  put({known(address(1, "20.0.0.1"))});
  BookFile running = open();
  ASSERT_TRUE(running.apply(Changes{"net-1", false, {known(address(2, "20.0.0.2"))}, {}}));
  EXPECT_EQ(listed({}).size(), 2u);
  EXPECT_TRUE(export_json(home(), "", kBookNow));
  const auto check = check_book(home(), kBookNow);
  ASSERT_TRUE(check);
  EXPECT_TRUE(check->wrong.empty());
}

// --- check ---

TEST_F(HomeTest, ASoundBookIsFoundSound) {
  put({known(address(1, "20.0.0.1")), verified(address(2, "20.0.0.2"), 3h)});
  ASSERT_TRUE(ban(home(), numbered_id(1), 1h, "", kBookNow));
  const auto check = check_book(home(), kBookNow);
  ASSERT_TRUE(check) << check.error().text();
  EXPECT_TRUE(check->wrong.empty()) << to_text(*check);
  EXPECT_EQ(check->addresses, 2u);
  EXPECT_EQ(check->bans, 1u);
  EXPECT_NE(to_text(*check).find("the book is sound"), std::string::npos);
}

TEST_F(HomeTest, RowsThatCannotBeReadAndAMissingKeyAreFound) {
  put({known(address(1, "20.0.0.1")), known(address(2, "20.0.0.2"))});
  {
    auto database = addrbook::sqlite::Database::open(home().file, addrbook::sqlite::Access::write);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute(
        "UPDATE address SET port = 70000 WHERE hex(id) LIKE '00000001%'; DELETE FROM meta"));
    database->on_close(addrbook::sqlite::Database::Log::merged);
  }
  const auto check = check_book(home(), kBookNow);
  ASSERT_TRUE(check) << check.error().text();
  ASSERT_EQ(check->wrong.size(), 2u) << to_text(*check);
  EXPECT_NE(check->wrong[0].find("1 rows cannot be read: bad_address=1"), std::string::npos);
  EXPECT_NE(check->wrong[1].find("no key"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(to_json(*check))["sound"], false);
}

TEST_F(HomeTest, AddressesWithoutAPlaceInTheBookAreFound) {
  put({known(address(1, "20.0.0.1")), known(address(2, "192.168.0.1"))});
  auto check = check_book(home(), kBookNow);
  ASSERT_TRUE(check);
  ASSERT_EQ(check->wrong.size(), 1u);
  EXPECT_NE(check->wrong[0].find("1 have no place"), std::string::npos);
  config("[p2p]\naddr_book_strict = false");
  check = check_book(home(), kBookNow);
  ASSERT_TRUE(check);
  EXPECT_TRUE(check->wrong.empty());
}

TEST_F(HomeTest, AnotherProgramsFileIsAnErrorAndStaysWhereItIs) {
  std::filesystem::create_directories(home().file.parent_path());
  const std::string text(10'000, 'x');
  std::ofstream(home().file) << text;
  EXPECT_FALSE(check_book(home(), kBookNow));
  EXPECT_FALSE(read_book(home(), kBookNow));
  EXPECT_FALSE(ban(home(), numbered_id(1), 1h, "", kBookNow));
  EXPECT_FALSE(import_json(home(), "net-1", json_of({known(address(1, "20.0.0.1"))}), kBookNow));
  EXPECT_EQ(std::filesystem::file_size(home().file), text.size());
  const auto entries = std::filesystem::directory_iterator(home().file.parent_path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

// --- changing ---

TEST_F(HomeTest, WhatANodeHasOpenIsNotChanged) {
  put({known(address(1, "20.0.0.1"))});
  BookFile running = open();
  const auto refused = [](const auto& outcome) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().reason, addrbook::BookReason::book_in_use);
    EXPECT_NE(outcome.error().detail.find("stop the node"), std::string::npos);
  };
  refused(ban(home(), numbered_id(1), 1h, "", kBookNow));
  refused(unban(home(), numbered_id(1), kBookNow));
  refused(forget(home(), numbered_id(1), "", kBookNow));
  refused(import_json(home(), "net-1", json_of({known(address(2, "20.0.0.2"))}), kBookNow));
}

TEST_F(HomeTest, ABanIsAddedReplacedAndLifted) {
  const BanTarget id = numbered_id(1), network = *conn::Cidr::parse("20.0.0.0/8");
  ASSERT_TRUE(ban(home(), id, 1h, "first", kBookNow));
  ASSERT_TRUE(ban(home(), id, 2h, "second", kBookNow));
  ASSERT_TRUE(ban(home(), network, 48h, "", kBookNow));
  const auto bans = contents().bans;
  ASSERT_EQ(bans.size(), 2u);
  const std::string text = bans_text(bans, kBookNow);
  EXPECT_NE(text.find("second"), std::string::npos);
  EXPECT_EQ(text.find("first"), std::string::npos);
  EXPECT_NE(text.find("20.0.0.0/8"), std::string::npos);
  EXPECT_EQ(bans_text(bans, kBookNow + 72h), "no bans are in force\n");
  EXPECT_EQ(unban(home(), id, kBookNow), true);
  EXPECT_EQ(unban(home(), id, kBookNow), false);
  EXPECT_EQ(contents().bans.size(), 1u);
}

TEST_F(HomeTest, ABanIsAnOperatorsAndOneBeyondTheirRoomIsRefused) {
  addrbook::BanChanges changes;
  for (std::uint32_t i = 0; i < conn::kMaxBans; ++i) {
    changes.written.push_back({numbered_id(i + 1), kBookNow + 1h, kBookNow, "by hand"});
  }
  changes.written.push_back(
      {numbered_id(50'000), kBookNow + 1h, kBookNow, "floods", conn::BanOrigin::misbehaviour});
  {
    BookFile file = open();
    ASSERT_TRUE(file.apply_bans(changes));
    ASSERT_TRUE(file.close());
  }
  const auto refused = ban(home(), numbered_id(60'000), 1h, "", kBookNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, p2p::PeerReason::ban_list_full);
  EXPECT_EQ(contents().bans.size(), conn::kMaxBans + 1) << "nothing is lost";
  const auto renewed = ban(home(), numbered_id(1), 2h, "renewed", kBookNow);
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->origin, conn::BanOrigin::operator_);
  EXPECT_EQ(nlohmann::json::parse(to_json(*renewed))["origin"], "operator");
  EXPECT_NE(bans_text({changes.written.back()}, kBookNow).find("misbehaviour"), std::string::npos);
}

TEST_F(HomeTest, ABansReasonIsShortAndPrintable) {
  EXPECT_TRUE(ban(home(), numbered_id(1), 1h, std::string(256, 'a'), kBookNow));
  for (const std::string& reason : {std::string(257, 'a'), std::string("\x1b[2J"),
                                    std::string("\n"), std::string("caf\xc3\xa9")}) {
    const auto refused = ban(home(), numbered_id(2), 1h, reason, kBookNow);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::invalid_argument);
  }
  EXPECT_EQ(contents().bans.size(), 1u);
}

TEST(BookTarget, IsAnIdAnAddressOrANetwork) {
  const std::string id = "ABababababababababababababababababababab";
  EXPECT_EQ(p2p::to_string(*parse_target(id)), "abababababababababababababababababababab");
  EXPECT_EQ(p2p::to_string(*parse_target("1.2.3.4")), "1.2.3.4");
  EXPECT_EQ(p2p::to_string(*parse_target("2001:db8::/32")), "2001:db8::/32");
  for (const char* text : {"", "abab", "1.2.3", "1.2.3.4/33", "1.2.3.4/8", "example.org",
                           "0000000000000000000000000000000000000000"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

TEST_F(HomeTest, AnIdIsForgottenEverywhereOrInOneNetwork) {
  put({known(address(1, "20.0.0.1")), known(address(1, "20.0.0.2")),
       known(address(2, "20.0.0.3"))});
  put({known(address(1, "20.0.0.1"))}, "net-2");
  put({known(address(1, "20.0.0.1"))}, "net-3");
  EXPECT_EQ(forget(home(), numbered_id(1), "net-3", kBookNow), 1u);
  EXPECT_EQ(forget(home(), numbered_id(1), "", kBookNow), 3u);
  EXPECT_EQ(forget(home(), numbered_id(1), "", kBookNow), 0u);
  EXPECT_EQ(listed({}), std::vector<std::string>{"20.0.0.3"});
}

// --- import and export ---

TEST_F(HomeTest, ImportedAddressesAreNewAndFiledUnderTheNetwork) {
  const auto path = json_of({verified(address(1, "20.0.0.1"), 1h), known(address(2, "30.0.0.2")),
                             known(address(3, "10.0.0.3"))});
  const auto report = import_json(home(), "net-9", path, kBookNow);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->entries, 3u);
  EXPECT_EQ(report->outcomes[static_cast<std::size_t>(Added::added)], 2u);
  EXPECT_EQ(report->outcomes[static_cast<std::size_t>(Added::unroutable)], 1u);
  const auto rows = contents().addresses.at("net-9");
  ASSERT_EQ(rows.size(), 2u);
  for (const KnownAddress& row : rows) {
    EXPECT_EQ(row.kind, Kind::new_);
    EXPECT_EQ(row.origin, Origin::import);
    EXPECT_EQ(row.last_connected, kNever);
    EXPECT_EQ(row.last_verified, kNever);
    EXPECT_EQ(row.attempts, 0u);
  }
  const auto again = import_json(home(), "net-9", path, kBookNow);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->outcomes[static_cast<std::size_t>(Added::known)], 2u);
  EXPECT_EQ(again->outcomes[static_cast<std::size_t>(Added::added)], 0u);
}

TEST_F(HomeTest, AnImportGoesByTheHomesRules) {
  config(
      "[p2p]\naddr_book_strict = false\nexternal_address = \"20.0.0.9:26656\"\n"
      "private_peer_ids = \"" +
      numbered_id(2).to_string() + "\"");
  const auto report =
      import_json(home(), "net-1",
                  json_of({known(address(1, "10.0.0.1")), known(address(2, "20.0.0.2")),
                           known(address(3, "20.0.0.9"))}),
                  kBookNow);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcomes[static_cast<std::size_t>(Added::added)], 1u);
  EXPECT_EQ(report->outcomes[static_cast<std::size_t>(Added::private_id)], 1u);
  EXPECT_EQ(report->outcomes[static_cast<std::size_t>(Added::own)], 1u);
  const std::string text = to_text(*report);
  EXPECT_NE(text.find("refused: private_id"), std::string::npos) << text;
}

// As a node's book: else an operator's own network would be cut down on its way in, and a check
// would find what the node rightly keeps.
TEST_F(HomeTest, NetworksThatAreExemptFromTheCapsAreSoForAnImportAndACheck) {
  config("[peerage]\nnetwork = \"net-1\"\nexempt_networks = \"34.1.2.0/24\"\n");
  std::vector<KnownAddress> rows;
  for (std::uint32_t i = 0; i < 40; ++i) {
    rows.push_back(known(address(i + 1, "34.1.2." + std::to_string(i / 4 + 1),
                                 static_cast<std::uint16_t>(1000 + i))));
    // Told by many: one of them reaches few places with a group.
    rows.back().source = test::ip("77." + std::to_string(i) + ".1.1");
  }
  const auto report = import_json(home(), "net-1", json_of(rows), kBookNow);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->outcomes[static_cast<std::size_t>(Added::too_many_for_host)], 0u);
  EXPECT_EQ(report->outcomes[static_cast<std::size_t>(Added::too_many_for_neighbourhood)], 0u);
  const auto check = check_book(home(), kBookNow);
  ASSERT_TRUE(check) << check.error().text();
  EXPECT_TRUE(check->wrong.empty()) << to_text(*check);
}

TEST_F(HomeTest, WhatTheBookKnowsSurvivesAnImport) {
  KnownAddress connected = verified(address(1, "20.0.0.1"), 3h);
  connected.connected_since = kBookNow - 2h;
  put({connected, verified(address(2, "30.0.0.2"), 1h)});
  put({known(address(7, "20.0.0.7"))}, "net-2");
  // The file says that the ID is elsewhere, and that this has been proven.
  ASSERT_TRUE(
      import_json(home(), "net-1", json_of({verified(address(1, "40.0.0.1"), 1s)}), kBookNow));
  const auto all = contents();
  EXPECT_EQ(all.addresses.at("net-2").size(), 1u);
  const auto& rows = all.addresses.at("net-1");
  ASSERT_EQ(rows.size(), 2u);
  for (const KnownAddress& row : rows) {
    EXPECT_EQ(row.kind, Kind::tried);
    if (row.address != connected.address) continue;
    EXPECT_EQ(row.connected_since, connected.connected_since) << "an anchor of the next run";
    EXPECT_EQ(row.last_verified, connected.last_verified);
  }
}

TEST_F(HomeTest, AMalformedFileMakesNoBook) {
  std::ofstream(folder.path() / "bad.json") << "{\"addrs\": [";
  const auto report = import_json(home(), "net-1", folder.path() / "bad.json", kBookNow);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, addrbook::BookReason::address_file_malformed);
  EXPECT_FALSE(std::filesystem::exists(home().file));
}

TEST_F(HomeTest, BadEntriesOfAFileAreReported) {
  const auto path = folder.path() / "some_bad.json";
  std::string entries = "[7";
  for (int i = 0; i < 30; ++i) entries += ",\n8";
  std::ofstream(path) << "{\"addrs\": " + entries + "]}";
  const auto report = import_json(home(), "net-1", path, kBookNow);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->entries, 31u);
  const std::string text = to_text(*report);
  EXPECT_NE(text.find("make no sense  31"), std::string::npos) << text;
  EXPECT_NE(text.find("line 20: it is no object\n  ...\n"), std::string::npos) << text;
  EXPECT_EQ(nlohmann::json::parse(to_json(*report))["bad"].size(), 31u);
}

TEST_F(HomeTest, WhatIsExportedIsTheNetworkWithoutPrivateIds) {
  config("[p2p]\nprivate_peer_ids = \"" + numbered_id(2).to_string() + "\"");
  put({verified(address(1, "20.0.0.1"), 1h), known(address(2, "20.0.0.2"))});
  const auto only = export_json(home(), "", kBookNow);
  ASSERT_TRUE(only) << only.error().text();
  EXPECT_EQ(only->network, "net-1");
  EXPECT_EQ(only->written, 1u);
  EXPECT_EQ(only->left_out, 1u);
  const auto book = addrbook::parse_json_book(only->text, kBookNow);
  ASSERT_TRUE(book);
  ASSERT_EQ(book->entries.size(), 1u);
  EXPECT_EQ(book->entries[0].address, address(1, "20.0.0.1"));

  put({known(address(1, "20.0.0.1"))}, "net-2");
  EXPECT_FALSE(export_json(home(), "", kBookNow)) << "which of the two?";
  EXPECT_EQ(export_json(home(), "net-2", kBookNow)->written, 1u);
  EXPECT_FALSE(export_json(home(), "net-3", kBookNow));
}

TEST_F(HomeTest, ABookSurvivesTheWayThroughAFile) {
  std::vector<KnownAddress> rows;
  for (std::uint32_t i = 0; i < 200; ++i) rows.push_back(verified(test::scattered(i), 1h));
  put(rows);
  const auto exported = export_json(home(), "", kBookNow);
  ASSERT_TRUE(exported);
  ASSERT_TRUE(addrbook::save_json_book(folder.path() / "out.json", exported->text));
  const auto report = import_json(home(), "net-2", folder.path() / "out.json", kBookNow);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcomes[static_cast<std::size_t>(Added::added)], 200u);
  EXPECT_EQ(contents().addresses.at("net-2").size(), 200u);
}

}  // namespace
}  // namespace peerage::cmd
