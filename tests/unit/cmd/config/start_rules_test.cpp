#include "cmd/config/start_rules.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "conn/base/file_reason.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using Names = std::vector<std::string>;

TEST(StartRules, AnyNetworkIsThoseOfTheBookAndThereMustBeOne) {
  Settings settings;
  EXPECT_FALSE(served_networks(settings, {"a"})) << "none is named";
  settings.networks = {"b", "c"};
  EXPECT_EQ(*served_networks(settings, {"a"}), (Names{"b", "c"}));
  settings.networks = {"*"};
  EXPECT_EQ(*served_networks(settings, {"a", "d"}), (Names{"a", "d"}));
  const auto none = served_networks(settings, {});
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().detail.find("knows none yet"), std::string::npos);
}

TEST(StartRules, TheBookAndAKeyThatIsToBeMadeCanBeWritten) {
  const test::TemporaryDirectory folder;
  Settings settings;
  settings.book_file = folder / "data/deep/book.db";
  settings.node_key_file = folder / "config/key.json";
  EXPECT_TRUE(unwritable_files(settings).empty()) << "their directories are made";
  EXPECT_FALSE(std::filesystem::exists(folder / "data")) << "nothing is";
  EXPECT_TRUE(require_writable_files(settings));

  settings.book_file = folder / "file/book.db";
  std::ofstream(folder / "file") << "x";
  ASSERT_EQ(unwritable_files(settings).size(), 1u);
  const auto refused = require_writable_files(settings);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, conn::FileReason::path_invalid);
  settings.node_key_file = "/proc/peerage/key.json";
  EXPECT_EQ(unwritable_files(settings).size(), 2u);
  settings.node_key_file = folder / "file";  // it is there, and only read
  EXPECT_EQ(unwritable_files(settings).size(), 1u);
}

TEST(StartRules, ANodeWithoutSeedsPeersAndAddressesKnowsNobody) {
  Config config;
  EXPECT_TRUE(knows_nobody(config, 0));
  EXPECT_FALSE(knows_nobody(config, 1));
  config.seeds.emplace_back();
  EXPECT_FALSE(knows_nobody(config, 0));
  config.seeds.clear();
  config.p2p.persistent_peers.emplace_back();
  EXPECT_FALSE(knows_nobody(config, 0));
}

}  // namespace
}  // namespace peerage::cmd
