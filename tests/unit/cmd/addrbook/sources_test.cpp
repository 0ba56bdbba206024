#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cmd/addrbook/addrbook.h"
#include "tests/support/book_rows.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using addrbook::Provenance;
using addrbook::ProvenanceList;
using addrbook::ProvenanceQuery;
using test::id_of;
using test::kBookNow;
using namespace std::chrono_literals;
using Who = ProvenanceQuery::Who;

struct Sources : testing::Test {
  test::TemporaryDirectory folder;
  BookHome home{folder.path(), {}, {}, folder / "addrbook.db", {}};
  KnownAddress row = test::row_of(1);

  Sources() {
    addrbook::Batch batch;
    batch.addresses.push_back({"net", false, {row}, {}});
    for (std::uint8_t i = 1; i <= 3; ++i) {
      const auto age = std::chrono::hours(i);
      batch.provenance.push_back(
          {"net", id_of(100u + i), row.address, kBookNow - 24h, kBookNow - age, i});
    }
    auto opened = addrbook::BookFile::open(home.file, test::options_with(1), kBookNow);
    EXPECT_TRUE(opened->file.apply(batch));
    EXPECT_TRUE(opened->file.close());
  }
  ProvenanceList ask(const ProvenanceQuery& query) const {
    const auto list = read_provenance(home, query, kBookNow);
    EXPECT_TRUE(list) << list.error().text();
    return list.value_or(ProvenanceList{});
  }
  static ProvenanceQuery about(const conn::NodeId& id, Who who = Who::told_of_it,
                               std::size_t limit = 100) {
    return {id, who, {}, {}, limit};
  }
};

TEST_F(Sources, ShowCountsTheNodesThatToldOfAnAddress) {
  const ProvenanceList told = ask(about(id_of(1)));
  EXPECT_NE(show_text({"net", &row}, {}, told, kBookNow).find("3 nodes"), std::string::npos);
  EXPECT_NE(show_text({"net", &row}, {}, told, kBookNow).find("first 24 h ago, last 1 h ago"),
            std::string::npos)
      << show_text({"net", &row}, {}, told, kBookNow);
  EXPECT_EQ(show_text({"net", &row}, {}, {}, kBookNow).find("told of by"), std::string::npos);
}

TEST_F(Sources, TheNodesThatToldOfANodeAreListedTheLastFirst) {
  const auto query = about(id_of(1));
  const std::string text = sources_text(ask(query), query, kBookNow);
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "3 nodes told of " + id_of(1).to_string() + ", first 24 h ago, last 1 h ago");
  const auto at = [&](unsigned i) { return text.find(id_of(100u + i).to_string()); };
  EXPECT_LT(at(1), at(2));
  EXPECT_LT(at(2), at(3));
  EXPECT_NE(at(3), std::string::npos);
  EXPECT_NE(text.find(row.address.endpoint.to_string()), std::string::npos);
}

TEST_F(Sources, TheNodesThatANodeToldOfAreListedWithTheirAddresses) {
  const auto query = about(id_of(102), Who::it_told_of);
  const std::string text = sources_text(ask(query), query, kBookNow);
  EXPECT_EQ(text.substr(0, text.find(',')), id_of(102).to_string() + " told of 1 node");
  EXPECT_NE(text.find(row.address.to_string()), std::string::npos);
}

TEST_F(Sources, WhatIsLeftOutIsCounted) {
  const auto query = about(id_of(1), Who::told_of_it, 1);
  EXPECT_NE(sources_text(ask(query), query, kBookNow).find("and 2 more"), std::string::npos);
}

TEST_F(Sources, ForProgramsARowIsAnObject) {
  const auto json = nlohmann::json::parse(to_json(ask(about(id_of(1))).rows.at(1)));
  EXPECT_EQ(json["network"], "net");
  EXPECT_EQ(json["teller"], id_of(102).to_string());
  EXPECT_EQ(json["address"], row.address.to_string());
  EXPECT_EQ(json["id"], id_of(1).to_string());
  EXPECT_EQ(json["port"], row.address.endpoint.port);
  EXPECT_EQ(json["first_seen"], "2026-11-20T10:15:00Z");
  EXPECT_EQ(json["last_seen"], "2026-11-21T08:15:00Z");
  EXPECT_EQ(json["times"], 2);
}

}  // namespace
}  // namespace peerage::cmd
