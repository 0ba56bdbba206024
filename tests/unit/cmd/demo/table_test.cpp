#include "cmd/demo/table.h"

#include <gmock/gmock.h>

#include "cmd/base/program_log.h"

namespace peerage::cmd {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

const std::string kId(40, 'a');
const Names kNames = {{kId, "node-2"}};

NodeView a_node() {
  NodeView node;
  node.name = "node-1";
  node.address = "127.1.2.1:7";
  node.begin_life();
  return node;
}

// As the program logs it.
std::string line(conn::LogLevel level, std::string_view message,
                 const std::vector<conn::LogField>& fields) {
  return json_line("p2p", {level, message, fields}, {});
}

TEST(DemoTable, ASummaryIsTheStateOfANode) {
  NodeView node = a_node();
  const auto event = take_log_line(node,
                                   line(conn::LogLevel::info, "summary",
                                        {{"in", 1},
                                         {"out", 2},
                                         {"peers", 4},
                                         {"book_new", 5},
                                         {"book_old", 6},
                                         {"book_verified", 7}}),
                                   kNames);
  EXPECT_FALSE(event);
  EXPECT_EQ(node.in, 1u);
  EXPECT_EQ(node.out, 2u);
  EXPECT_EQ(node.peers, 4u);
  EXPECT_EQ(node.book_new, 5u);
  EXPECT_EQ(node.book_old, 6u);
  EXPECT_EQ(node.verified, 7u);
  EXPECT_EQ(node.summaries, 1u);
}

TEST(DemoTable, EventsNameNodesAsPeopleDo) {
  NodeView node = a_node();
  const auto info = conn::LogLevel::info;
  EXPECT_EQ(
      take_log_line(node, line(info, "peer connected", {{"peer", kId}, {"direction", "outbound"}}),
                    kNames),
      "dialled node-2");
  EXPECT_EQ(take_log_line(node,
                          line(info, "peer connected",
                               {{"peer", std::string(40, 'b')}, {"direction", "inbound"}}),
                          kNames),
            "was dialled by bbbbbbbbbb");
  EXPECT_EQ(take_log_line(node, line(info, "peer gone", {{"peer", kId}, {"why", "gone"}}), kNames),
            "lost node-2 (gone)");
  EXPECT_EQ(node.last_event, "lost node-2 (gone)");
}

TEST(DemoTable, ANewLifeBeginsWithNothingButItsBook) {
  NodeView node = a_node();
  take_log_line(node, line(conn::LogLevel::info, "node started", {}), kNames);
  take_log_line(node, line(conn::LogLevel::info, "summary", {{"in", 3}}), kNames);
  EXPECT_TRUE(node.started);
  node.end_life("killed");
  EXPECT_FALSE(node.up);
  EXPECT_FALSE(node.started);
  EXPECT_EQ(node.in, 0u);
  node.begin_life();
  EXPECT_FALSE(node.book_at_start);
  take_log_line(node, line(conn::LogLevel::info, "address book", {{"addresses", 4}}), kNames);
  EXPECT_EQ(node.book_at_start, 4u);
}

TEST(DemoTable, AnErrorIsKeptForTheVerdict) {
  NodeView node = a_node();
  take_log_line(node, line(conn::LogLevel::error, "the switch cannot start", {{"why", "in use"}}),
                kNames);
  EXPECT_EQ(node.error, "the switch cannot start in use");
}

TEST(DemoTable, WhatIsNoLogLineIsOfNoInterest) {
  NodeView node = a_node();
  for (const char* text : {"", "{", "[1]", "7", "\"summary\"", "terminate called", "\xff\xfe",
                           R"({"_msg":7})", R"({"_msg":"summary","in":"3"})"}) {
    EXPECT_FALSE(take_log_line(node, text, kNames)) << text;
  }
  EXPECT_EQ(node.in, 0u);
  EXPECT_EQ(node.last_event, "");
}

TEST(DemoTable, HasARowForEachNodeAndNothingRawInIt) {
  NodeView node = a_node();
  take_log_line(
      node,
      R"({"_msg":"peer gone","peer":"x","why":"\u001b[2J\n)" + std::string(200, 'y') + R"("})",
      kNames);
  NodeView down = a_node();
  down.name = "node-9";
  down.end_life("killed");
  const std::string table = table_text({node, down});
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3);
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
  EXPECT_THAT(table, HasSubstr("node-9  127.1.2.1:7   -    -    -    -         -  killed"));
}

TEST(DemoTable, SpansHaveATenth) {
  EXPECT_EQ(seconds_text(12340ms), "12.3 s");
}

}  // namespace
}  // namespace peerage::cmd
