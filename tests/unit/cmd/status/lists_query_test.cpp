#include "cmd/status/lists_query.h"

#include <gtest/gtest.h>

#include "cmd/addrbook/served.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

ListsQuery good(std::string_view query, ListsForm form = ListsForm::line) {
  const auto parsed = parse_lists_query(query, form);
  EXPECT_TRUE(parsed) << query << ": " << parsed.error().error;
  return parsed.value_or(ListsQuery{});
}
ListsProblem bad(std::string_view query, ListsForm form = ListsForm::line) {
  const auto parsed = parse_lists_query(query, form);
  EXPECT_FALSE(parsed) << query;
  return parsed ? ListsProblem{} : parsed.error();
}

TEST(ListsQuery, WithoutParametersItIsThirtyAddressesOfDifferentNeighbourhoods) {
  const ListsQuery query = good("");
  EXPECT_EQ(query.served.most, 30U);
  EXPECT_EQ(query.served.spread, ServedQuery::Spread::yes);
  EXPECT_FALSE(query.network);
  EXPECT_FALSE(query.served.max_age);
  EXPECT_EQ(query.separator, ',');
}

TEST(ListsQuery, AllParametersAreUnderstood) {
  const ListsQuery query = good("n=7&network=net%2D1&version=0.38&max_age=2h&sep=lf");
  EXPECT_EQ(query.served.most, 7U);
  EXPECT_EQ(query.network, "net-1");
  EXPECT_EQ(query.served.version_prefix, "0.38");
  EXPECT_EQ(query.served.max_age, 2h);
  EXPECT_EQ(query.separator, '\n');
}

TEST(ListsQuery, ALineHasAtMost250Addresses) {
  EXPECT_EQ(good("n=250").served.most, 250U);
  for (const char* query :
       {"n=251", "n=0", "n=-1", "n=", "n=1x", "n=+1", "n=18446744073709551616"}) {
    EXPECT_EQ(bad(query).status, 400U) << query;
  }
  EXPECT_NE(bad("n=251").hint.find("/peers.json"), std::string::npos);
}

TEST(ListsQuery, RowsAreNotBounded) {
  const ListsQuery query = good("n=100000", ListsForm::rows);
  EXPECT_EQ(query.served.most, 100'000U);
  EXPECT_EQ(query.served.spread, ServedQuery::Spread::no);
  EXPECT_EQ(bad("n=0", ListsForm::rows).status, 400U);
}

TEST(ListsQuery, AnAgeIsADurationOrSeconds) {
  EXPECT_EQ(good("max_age=3600").served.max_age, 1h);
  EXPECT_EQ(good("max_age=90m").served.max_age, 90min);
  EXPECT_EQ(good("max_age=7d").served.max_age, 168h);
  for (const char* query : {"max_age=", "max_age=0", "max_age=0s", "max_age=-1h", "max_age=soon",
                            "max_age=99999999999999999999", "max_age=31536001"}) {
    EXPECT_EQ(bad(query).status, 400U) << query;
  }
}

TEST(ListsQuery, WhatIsNotUnderstoodIsAnErrorThatSaysHowToAsk) {
  EXPECT_EQ(bad("nn=3").error, "unknown parameter nn");
  EXPECT_EQ(bad("nn=3").hint, "there are n, network, version, max_age, sep");
  EXPECT_EQ(bad("n=3&n=3").error, "n is there twice");
  EXPECT_EQ(bad("sep=crlf").status, 400U);
  EXPECT_EQ(bad("n=%4").error, "the query is malformed");
  EXPECT_EQ(bad("x=1", ListsForm::bare).hint, "there are no parameters here");
}

TEST(ListsQuery, PlacesAreNotKnownAndTheErrorSaysWhy) {
  for (const char* query : {"country=DE", "asn=3320"}) {
    EXPECT_NE(bad(query).hint.find("is configured"), std::string::npos) << query;
  }
}

TEST(ListsQuery, EachRouteHasItsOwnParameters) {
  bad("sep=lf", ListsForm::rows);
  bad("network=net-1", ListsForm::of_network);
  good("n=3&version=0.3&max_age=1h", ListsForm::of_network);
  good("network=net-1", ListsForm::file);
  bad("n=3", ListsForm::file);
  bad("network=net-1", ListsForm::bare);
}

// A name of a stranger's choice goes into JSON alone; even so it is printable and short.
TEST(ListsQuery, AnUnknownNameIsShownPrintableAndShort) {
  const std::string error = bad("%1b%5b2J" + std::string(1000, 'x') + "=1").error;
  EXPECT_EQ(error.find('\x1b'), std::string::npos);
  EXPECT_LT(error.size(), 100U);
}

}  // namespace
}  // namespace peerage::cmd
