// What a discovery server writes to its log: what an operator acts on, little of what others
// cause, and nothing secret.
#include <algorithm>

#include <gtest/gtest.h>

#include "pex/discovery/server.h"
#include "tests/sim/sim_world.h"
#include "tests/support/discovery_nodes.h"
#include "tests/support/log_lines.h"
#include "tests/support/secp256k1_keys.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 30303;

class DiscoveryLog : public ::testing::Test {
 protected:
  // Many nodes that know the first one, all at once; the log is the first one's.
  void run(std::uint32_t nodes, conn::Duration time) {
    for (std::uint32_t number = 1; number <= nodes; ++number) {
      sim::SimHost& host = world.add_host({test::public_endpoint(number).ip});
      if (number == 1) host.set_clock_ahead(ahead);
      DiscoveryServer::Settings settings;
      settings.listen = {conn::IpAddress::v4(0, 0, 0, 0), kPort};
      settings.core.lookups = Switched::off;
      if (number > 1) {
        settings.core.boot = {Contact::at(test::secp256k1_key(1).public_key(),
                                          {test::public_endpoint(1).ip, kPort}, 0)};
      }
      auto started = DiscoveryServer::start(
          test::secp256k1_key(number), settings,
          {.runtime = host, .shard = host.shard(0), .log = number == 1 ? log : nullptr});
      ASSERT_TRUE(started);
      servers.push_back(std::move(*started));
    }
    world.run_for(time);
    live = servers.front()->core().table().counts().live;
    servers.clear();
  }
  std::size_t count(std::string_view level) const {
    return static_cast<std::size_t>(
        std::count_if(log->lines.begin(), log->lines.end(),
                      [level](const std::string& line) { return line.starts_with(level); }));
  }

  sim::SimWorld world{3};
  std::chrono::milliseconds ahead{0};  // of the first one's clock
  std::shared_ptr<test::LogLines> log = std::make_shared<test::LogLines>();
  std::vector<std::unique_ptr<DiscoveryServer>> servers;
  std::size_t live = 0;  // that the first one knew at the end
};

TEST_F(DiscoveryLog, HasTheStartTheEndAndOurAddressAndNothingElseAboveDebug) {
  run(10, 60s);
  EXPECT_EQ(log->lines.size() - count("debug"), 3u);
  EXPECT_EQ(count("info discovery started protocol=discv4 address=0.0.0.0:30303 id="), 1u);
  EXPECT_EQ(count("info external address changed protocol=discv4"), 1u);
  EXPECT_EQ(count("info discovery stopped protocol=discv4"), 1u);
}

TEST_F(DiscoveryLog, OfManyStrangersAtOnceHasFewLines) {
  run(60, 3s);
  EXPECT_GT(count("debug discovered a node"), 0u);
  EXPECT_GT(live, 20u + 2 * 3);
  EXPECT_LE(count("debug"), 20u + 2 * 3);
}

TEST_F(DiscoveryLog, WarnsOfAWrongClockOnceInTenMinutes) {
  ahead = 1min;
  run(5, 25min);
  EXPECT_EQ(live, 0u);
  EXPECT_EQ(count("warn clock may be wrong"), 3u);
  EXPECT_EQ(count("warn"), 3u);
}

TEST_F(DiscoveryLog, NamesNoSecretKey) {
  run(5, 10s);
  ASSERT_FALSE(log->lines.empty());
  // As long as a key, of the first node: zeros and a one.
  const std::string secret = std::string(60, '0');
  for (const std::string& line : log->lines) {
    EXPECT_EQ(line.find(secret), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace peerage::pex
