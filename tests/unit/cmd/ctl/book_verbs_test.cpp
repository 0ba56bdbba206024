#include "cmd/ctl/book_verbs.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "addrbook/json/file.h"
#include "cmd/addrbook/addrbook.h"
#include "tests/support/live_node.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

class BookVerbsTest : public test::LiveNodeTest {
 protected:
  // In the node's memory, as if it had just heard of it.
  void hear(std::size_t number) {
    node().book().add(at(number), {at(number).endpoint.ip, {}, addrbook::Origin::configuration},
                      node().books().now());
    node().books().changed();
  }
  // Each in a group of its own, as far as there are any.
  static conn::NetAddress at(std::size_t number) {
    std::string digits = std::to_string(number + 1);
    digits.insert(0, 40 - digits.size(), '0');
    const auto octet = [](std::size_t value) { return static_cast<std::uint8_t>(value); };
    return {*conn::NodeId::parse(digits),
            {conn::IpAddress::v4(octet(30 + number % 50), octet(number / 50 % 250),
                                 octet(number / 12'500), 1),
             26656}};
  }
  // An addrbook.json of so many.
  std::string json_file(std::size_t count) const {
    std::vector<addrbook::JsonEntry> entries;
    for (std::size_t i = 0; i < count; ++i) {
      addrbook::JsonEntry entry;
      entry.address = entry.source = at(i);
      entry.buckets = {static_cast<std::uint16_t>(i % 256)};
      entries.push_back(entry);
    }
    put("given.json", addrbook::json_text(std::string(24, '0'), entries));
    return (home / "given.json").string();
  }
};

// --- looking ---

TEST_F(BookVerbsTest, AListHasWhatTheNodeHasJustHeard) {
  start();
  for (std::size_t i = 0; i < 3; ++i) hear(i);
  const Json all = result("book list");
  EXPECT_EQ(all["total"], 3);
  ASSERT_EQ(all["addresses"].size(), 3u);
  EXPECT_EQ(all["addresses"][0]["network"], "test-chain");
  const Json some = result("book list", {{"limit", std::int64_t{2}}});
  EXPECT_EQ(some["total"], 3);
  EXPECT_EQ(some["addresses"].size(), 2u);
  EXPECT_EQ(result("book list", {{"kind", "old"}})["total"], 0);
  EXPECT_EQ(result("book list", {{"network", "another"}})["total"], 0);
  EXPECT_EQ(result("book list", {{"verified-since", "7d"}})["total"], 0);
  EXPECT_EQ(refusal("book list", {{"last-failure", "bad_luck"}}), "invalid_params");
}

TEST_F(BookVerbsTest, AnIdIsShownAndItsSources) {
  start();
  hear(0);
  const std::string id = at(0).id.to_string();
  EXPECT_EQ(result("book show", {{"id", id.substr(0, 39)}})["addresses"][0]["address"],
            at(0).to_string());
  EXPECT_EQ(refusal("book show", {{"id", "ffff"}}), "not_found");
  EXPECT_EQ(result("book sources", {{"id", id}})["total"], 0);
  EXPECT_EQ(refusal("book sources", {{"id", "ffff"}}), "invalid_params");
}

TEST_F(BookVerbsTest, TheBookIsCountedAndChecked) {
  start();
  for (std::size_t i = 0; i < 5; ++i) hear(i);
  const Json stats = result("book stats");
  EXPECT_EQ(stats["networks"]["test-chain"]["addresses"], 5);
  const Json check = result("book check");
  EXPECT_EQ(check["sound"], true);
  EXPECT_EQ(check["addresses"], 5);
}

TEST_F(BookVerbsTest, AnExportIsAnAddrbookJsonWithoutPrivatePeers) {
  start();
  for (std::size_t i = 0; i < 5; ++i) hear(i);
  result("set", {{"id", at(4).id.to_string()}, {"private", true}});
  const CtlParams params = {{"file", (home / "out.json").string()}};
  const Json exported = result("book export", params);
  EXPECT_EQ(exported["written"], 4);
  EXPECT_EQ(exported["changed"], true);
  const auto book = addrbook::load_json_book(home / "out.json", book_now());
  ASSERT_TRUE(book);
  EXPECT_EQ(book->entries.size(), 4u);
  EXPECT_EQ(book->bad_count, 0u);
  EXPECT_EQ(result("book export", params)["changed"], false);
  EXPECT_FALSE(ask("book export", {{"file", (home / "no/such/out.json").string()}}));
}

TEST_F(BookVerbsTest, ListsAndExportsWorkWhileTheNodeWrites) {
  start();
  std::size_t heard = 0, listed = 0, exported = 0;
  for (int round = 0; round < 8; ++round) {
    for (int i = 0; i < 50; ++i) hear(heard++);
    call("book list", {}, [&](const CtlResult& all) {
      ASSERT_TRUE(all) << all.error().message;
      EXPECT_GT(Json::parse(*all)["total"], 40 * round);
      ++listed;
    });
    call("book export", {{"file", (home / "out.json").string()}}, [&](const CtlResult& outcome) {
      ASSERT_TRUE(outcome) << outcome.error().message;
      ++exported;
    });
    ASSERT_TRUE(until([&] { return exported == static_cast<std::size_t>(round) + 1; }, 30s));
  }
  ASSERT_TRUE(until([&] { return listed == 8; }, 30s));
}

TEST_F(BookVerbsTest, ThereIsABoundOnQuestionsThatWait) {
  start();
  hear(0);
  std::size_t answered = 0, busy = 0;
  for (std::size_t i = 0; i < 3 * kMostBookReads; ++i) {
    call("book list", {}, [&](const CtlResult& outcome) {
      ++answered;
      if (!outcome && outcome.error().reason == "busy") ++busy;
    });
  }
  ASSERT_TRUE(until([&] { return answered == 3 * kMostBookReads; }, 30s));
  EXPECT_EQ(busy, 2 * kMostBookReads);
  EXPECT_TRUE(ask("book list")) << "and all can be asked again";
}

// --- changing ---

TEST_F(BookVerbsTest, AnImportIsInTheFileWhenItIsAnswered) {
  start();
  const CtlParams params = {{"file", json_file(1000)}};
  const Json imported = result("book import", params);
  EXPECT_EQ(imported["entries"], 1000);
  EXPECT_EQ(imported["changed"], true);
  const std::size_t known = node().book().size();
  EXPECT_EQ(imported["outcomes"]["added"], known);
  EXPECT_GT(known, 500u);
  addrbook::Report report;
  const auto contents = addrbook::BookFile::read(home / "data/addrbook.db", book_now(), report);
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->addresses.at("test-chain").size(), known);
  EXPECT_EQ(result("book import", params)["changed"], false);
}

TEST_F(BookVerbsTest, AnImportLetsOthersHaveTheirTurns) {
  start();
  const std::size_t count = 20 * kImportSlice;
  const std::string file = json_file(count);
  std::size_t most = 0, before = 0;
  bool answered = false, looked = false;
  call("book import", {{"file", file}}, [&](const CtlResult&) { answered = true; });
  // Each turn of another task sees at most so many new ones.
  std::function<void()> look = [&] {
    most = std::max(most, node().book().size() - before);
    before = node().book().size();
    looked = answered;
    if (!looked) node().whole->runtime().shard(0).post(look);
  };
  node().whole->runtime().shard(0).post(look);
  ASSERT_TRUE(until([&] { return looked; }, 30s));
  EXPECT_GT(before, count / 2);
  EXPECT_LE(most, kImportSlice);
}

TEST_F(BookVerbsTest, WhatCannotBeImportedIsRefused) {
  start();
  put("bad.json", "{\"addrs\": [");
  EXPECT_EQ(refusal("book import", {{"file", (home / "bad.json").string()}}),
            "address_file_malformed");
  EXPECT_EQ(refusal("book import", {{"file", (home / "none.json").string()}}),
            "address_file_unreadable");
  EXPECT_EQ(refusal("book import", {{"file", json_file(1)}, {"network", "another"}}), "not_found");
}

TEST_F(BookVerbsTest, WhatIsForgottenIsGoneFromMemoryAndFile) {
  start();
  hear(0);
  hear(1);
  const CtlParams params = {{"id", at(0).id.to_string()}};
  EXPECT_EQ(result("book forget", params), (Json{{"forgotten", 1}, {"changed", true}}));
  EXPECT_EQ(result("book forget", params), (Json{{"forgotten", 0}, {"changed", false}}));
  EXPECT_EQ(result("book list")["total"], 1);
  EXPECT_EQ(refusal("book forget", {{"id", "ffff"}}), "invalid_params");
  EXPECT_EQ(refusal("book forget", {{"id", at(1).id.to_string()}, {"network", "another"}}),
            "not_found");
}

}  // namespace
}  // namespace peerage::cmd
