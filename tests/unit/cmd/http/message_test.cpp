#include "cmd/http/message.h"

#include <gtest/gtest.h>

#include "cmd/http/answer_head.h"
#include "cmd/http/event_stream.h"
#include "cmd/http/route_table.h"

namespace peerage::cmd {
namespace {

TEST(HttpMessage, ParametersAreDecodedInOrder) {
  const auto parameters = parse_parameters("a=1&b=x%20y+z&&c&a=2&=e");
  ASSERT_TRUE(parameters);
  const HttpParameters expected = {{"a", "1"}, {"b", "x y z"}, {"c", ""}, {"a", "2"}, {"", "e"}};
  EXPECT_EQ(*parameters, expected);
  EXPECT_EQ(find_parameter(*parameters, "a"), "1");
  EXPECT_FALSE(find_parameter(*parameters, "d"));
  for (const char* bad : {"%", "a=%2", "a=%2g", "%zz=1"}) EXPECT_FALSE(parse_parameters(bad));
}

TEST(HttpMessage, GzipIsTakenByNameOrByAStarUnlessItsWeightIsZero) {
  for (const char* text : {"gzip", "GZip", "br, gzip;q=0.1", "*", "identity, *;q=1"}) {
    EXPECT_TRUE(accepts_gzip(text)) << text;
  }
  for (const char* text : {"", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *"}) {
    EXPECT_FALSE(accepts_gzip(text)) << text;
  }
}

TEST(HttpMessage, DatesAreThoseOfHttp) {
  EXPECT_EQ(http_date(conn::WallTime(std::chrono::milliseconds(784'111'777'123))),
            "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpMessage, AHeaderIsATokenAndALine) {
  EXPECT_TRUE(is_header("X-Server-Time", "1 2\t\xc3\xa9"));
  EXPECT_FALSE(is_header("", "x"));
  EXPECT_FALSE(is_header("a b", "x"));
  EXPECT_FALSE(is_header("a:", "x"));
  EXPECT_FALSE(is_header("a", "x\n"));
  EXPECT_FALSE(is_header("a", "x\r"));
  EXPECT_FALSE(is_header("a", std::string_view("\0", 1)));
}

TEST(HttpMessage, TheLongestRouteThatFitsIsTaken) {
  const RouteTable table({"/", "/a", "/a/", "/a/b/", "/c"});
  EXPECT_EQ(table.find("/a"), 1u);
  EXPECT_EQ(table.find("/a/x"), 2u);
  EXPECT_EQ(table.find("/a/b/c/d"), 3u);
  EXPECT_EQ(table.find("/c/x"), 0u);
  EXPECT_FALSE(RouteTable({"/a"}).find("/a/b"));
}

TEST(HttpMessage, AnEventsDataIsALineForEachOfItsLines) {
  EXPECT_EQ(event_text("node", "a\nb\r\nc\rd", 7),
            "event: node\nid: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(event_text("x\ndata: forged", "", 1), "event: x\nid: 1\ndata: \n\n");
  EXPECT_EQ(as_chunk(std::string(26, 'x')).substr(0, 4), "1a\r\n");
}

}  // namespace
}  // namespace peerage::cmd
