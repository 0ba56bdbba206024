#include "cmd/cli/arguments.h"

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

using Words = std::vector<std::string>;

TEST(Arguments, ATenderseedsCommandLineIsASeeds) {
  EXPECT_EQ(normalise_arguments({"-home", "/h", "-config", "c.toml", "-chain-id", "net-1", "-seeds",
                                 "a@b:1,c@d:2", "start"}),
            (Words{"seed", "--home=/h", "--config=c.toml", "--network=net-1", "--seeds=a@b:1,c@d:2",
                   "--tenderseed"}));
  EXPECT_EQ(normalise_arguments({"--chain-id=net-1", "-home=/h", "start"}),
            (Words{"seed", "--network=net-1", "--home=/h", "--tenderseed"}));
}

TEST(Arguments, AHomeAloneMakesNoTenderseed) {
  EXPECT_EQ(normalise_arguments({"-home", "/h", "start"}), (Words{"start", "--home=/h"}));
  EXPECT_EQ(normalise_arguments({"--home", "/h", "start", "--moniker", "m"}),
            (Words{"start", "--home=/h", "--moniker", "m"}));
  EXPECT_EQ(normalise_arguments({"-home", "/h", "show-node-id"}),
            (Words{"show-node-id", "--home=/h"}));
}

TEST(Arguments, WithoutAHomeItIsATenderseeds) {
  EXPECT_EQ(normalise_arguments({"-chain-id", "x", "start"}),
            (Words{"seed", "--network=x", "--home=~/.tenderseed", "--tenderseed"}));
}

TEST(Arguments, ShowNodeIdMakesAKeyAndNeedsNoNetwork) {
  EXPECT_EQ(normalise_arguments(
                {"-home", "/h", "-chain-id", "x", "-seeds", "s", "-config", "c", "show-node-id"}),
            (Words{"show-node-id", "--home=/h", "--config=c", "--tenderseed", "--create"}));
}

TEST(Arguments, AnotherSubcommandIsNoTenderseeds) {
  EXPECT_EQ(normalise_arguments({"-home", "/h", "-seeds", "s", "crawl"}),
            (Words{"crawl", "--home=/h", "--seeds=s"}));
}

TEST(Arguments, AValueMayLookLikeAnOption) {
  EXPECT_EQ(normalise_arguments({"-home", "-config", "start"}), (Words{"start", "--home=-config"}));
  EXPECT_EQ(normalise_arguments({"-home=", "start"}), (Words{"start", "--home="}));
  EXPECT_EQ(normalise_arguments({"-home=a=b", "start"}), (Words{"start", "--home=a=b"}));
}

TEST(Arguments, AllOthersAreLeftAsTheyAre) {
  for (const Words& words : std::vector<Words>{{},
                                               {"start", "--home", "/h"},
                                               {"addrbook", "ban", "x", "--reason", "-home"},
                                               {"-h"},
                                               {"--help"},
                                               {"-home"},
                                               {"-home", "/h"},
                                               {"-home", "/h", "--help"},
                                               {"-", "start"},
                                               {"--", "start"},
                                               {"-homer", "/h", "start"},
                                               {""}}) {
    EXPECT_EQ(normalise_arguments(words), words);
  }
}

}  // namespace
}  // namespace peerage::cmd
