// The metrics over HTTP, without a socket.
#include "cmd/status/metrics.h"

#include <gtest/gtest.h>

#include "tests/support/metric_lines.h"
#include "tests/unit/cmd/status/rpc_fixture.h"

namespace peerage::cmd {
namespace {

using test::body_of;
using test::get;

struct MetricsRoutesTest : testing::Test {
  MetricsHooks hooks{[] {
                       return std::string(
                           "# HELP cometbft_p2p_peers Number of peers.\n"
                           "# TYPE cometbft_p2p_peers gauge\n"
                           "cometbft_p2p_peers{chain_id=\"net-1\"} 3\n");
                     },
                     [] { return ProgramFigures{}; }};
  std::vector<HttpRoute> routes = metrics_routes(hooks, 3);

  HttpAnswer ask(const std::string& path, const std::string& query = {}) const {
    for (const HttpRoute& route : routes) {
      if (route.path == path) return route.handler(get(path, query));
    }
    return routes.back().handler(get(path, query));
  }
};

TEST_F(MetricsRoutesTest, AScrapeIsTheNodesTextAndTheProgramsAsOne) {
  const HttpAnswer answer = ask("/metrics");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8")
      << "Prometheus 3 refuses another";
  const test::MetricLines lines(body_of(answer));
  for (const std::string& fault : lines.faults()) ADD_FAILURE() << fault;
  EXPECT_EQ(lines.value("cometbft_p2p_peers"), 3);
  EXPECT_EQ(lines.count("peerage_build_info"), 1U);
}

TEST_F(MetricsRoutesTest, AQueryChangesNothing) {
  EXPECT_EQ(ask("/metrics", "name[]=x").status, 200U);
}

TEST_F(MetricsRoutesTest, ScrapesUnderWayAreBoundedAsTheSettingSays) {
  EXPECT_EQ(routes.front().path, "/metrics");
  EXPECT_EQ(routes.front().under_way, 3U);
  EXPECT_EQ(metrics_routes(hooks, 0).front().under_way, 0U) << "0: any";
}

TEST_F(MetricsRoutesTest, TheStartHasALinkAndNothingElseIsThere) {
  const HttpAnswer start = ask("/");
  EXPECT_EQ(start.status, 200U);
  EXPECT_EQ(start.content_type, "text/html; charset=utf-8");
  EXPECT_NE(body_of(start).find("href=\"/metrics\""), std::string::npos);
  const HttpAnswer other = ask("/<script>");
  EXPECT_EQ(other.status, 404U);
  EXPECT_EQ(body_of(other).find("script"), std::string::npos);
}

}  // namespace
}  // namespace peerage::cmd
