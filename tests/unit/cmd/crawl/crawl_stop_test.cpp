// The end of a crawl, forced into every step of its beginning: it reports once, and nothing of it
// runs afterwards.
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "cmd/config/node_key_file.h"
#include "cmd/crawl/crawl.h"
#include "tests/sim/sim_world.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

// False when the crawl had no such step within some seconds.
bool finish_after(std::size_t steps, const std::filesystem::path& book) {
  sim::SimWorld world;
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(127, 0, 0, 1)});
  CrawlOptions options;
  options.network = "net-1";
  // Nobody listens there.
  options.seeds = {{*conn::NodeId::parse(std::string(40, 'a')), "127.0.0.1", 7}};
  options.strict = conn::IpAddress::Strict::no;
  options.book = book;
  Crawl crawl(host, conn::NodeKey::generate(), options);
  std::size_t started = 0, finished = 0;
  crawl.start([&](const conn::Result<void>&) { ++started; });
  const conn::TimePoint end = world.now() + 3s;
  for (std::size_t i = 0; i < steps; ++i) {
    if (world.now() >= end || !world.step()) return false;
  }
  crawl.finish(CrawlResult::Ended::interrupted,
               [&](const CrawlResult&, const conn::Result<void>&) { ++finished; });
  EXPECT_TRUE(world.run_until([&] { return finished == 1 && started == 1; }, 1min));
  world.run_for(10s);
  EXPECT_EQ(finished, 1u);
  EXPECT_EQ(started, 1u);
  EXPECT_EQ(world.events_waiting(), 0u) << "something of it is still to run";
  return true;
}

TEST(CrawlStop, AtAnyStepItReportsOnceAndNothingRunsAfterwards) {
  std::size_t steps = 0;
  while (finish_after(steps, {}) && !testing::Test::HasFailure()) ++steps;
  EXPECT_GT(steps, 10u);
}

TEST(CrawlStop, WithABookToo) {
  const test::TemporaryDirectory directory;
  std::size_t steps = 0;
  const auto book = [&] { return directory.path() / (std::to_string(steps) + ".db"); };
  while (finish_after(steps, book()) && !testing::Test::HasFailure()) ++steps;
  EXPECT_GT(steps, 10u);
}

}  // namespace
}  // namespace peerage::cmd
