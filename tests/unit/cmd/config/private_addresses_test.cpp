#include "cmd/config/private_addresses.h"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kId(40, 'a');

class PrivateAddresses : public testing::Test {
 protected:
  std::vector<Finding> found(const std::string& toml, Flags flags = {}) const {
    std::ofstream(folder / "config.toml") << toml;
    flags.config_file = "config.toml";
    const auto settings = load_settings(folder.path(), flags, {});
    EXPECT_TRUE(settings) << settings.error().text();
    return settings ? private_addresses(*settings) : std::vector<Finding>();
  }
  // Nodes of their own IDs.
  static std::string list(const std::vector<std::string>& hosts) {
    std::string text;
    char digit = '0';
    for (const std::string& host : hosts) {
      text += (text.empty() ? "" : ",") + std::string(40, digit++) + "@" + host;
    }
    return text;
  }

  test::TemporaryDirectory folder;
};

TEST_F(PrivateAddresses, OfEachSettingAreWarnedOfWithItsLineAndWhatHelps) {
  const auto findings = found("[p2p]\nladdr = \"192.168.1.2:26656\"\nseeds = \"" + kId +
                              "@10.0.0.1:1\"\npersistent_peers = \"" + kId + "@localhost:1\"\n");
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_THAT(findings[0].text, StartsWith("p2p.seeds: 10.0.0.1 is private, "));
  EXPECT_THAT(findings[1].text, StartsWith("p2p.persistent_peers: localhost is private, "));
  EXPECT_THAT(findings[2].text, StartsWith("p2p.laddr: 192.168.1.2 is private, "));
  EXPECT_EQ(findings[0].line, 3u);
  for (const Finding& each : findings) {
    EXPECT_EQ(each.severity, Severity::warning);
    EXPECT_THAT(each.text, HasSubstr("use --private, or set addr_book_strict = false"));
  }
}

TEST_F(PrivateAddresses, OfAPublicNetworkThereAreNone) {
  EXPECT_TRUE(found("[p2p]\nladdr = \"0.0.0.0:26656\"\nseeds = \"" + kId +
                    "@8.8.8.8:1\"\npersistent_peers = \"" + kId + "@node.example.org:1\"\n")
                  .empty());
  EXPECT_TRUE(found("[p2p]\nladdr = \"[::]:26656\"\n").empty());
  // It is reached by another address.
  EXPECT_TRUE(
      found("[p2p]\nladdr = \"10.0.0.2:26656\"\nexternal_address = \"8.8.8.8:26656\"\n").empty());
}

TEST_F(PrivateAddresses, AreWelcomeWhereTheBookIsNotStrict) {
  const std::string seeds = "seeds = \"" + kId + "@10.0.0.1:1\"\n";
  EXPECT_TRUE(found("[p2p]\naddr_book_strict = false\n" + seeds).empty());
  EXPECT_EQ(found("[p2p]\n" + seeds).size(), 1u);
  Flags flags;
  flags.private_network = true;
  EXPECT_TRUE(found("[p2p]\naddr_book_strict = true\n" + seeds, flags).empty());
  flags.addr_book_strict = "true";
  EXPECT_EQ(found("[p2p]\n" + seeds, flags).size(), 1u);
}

TEST_F(PrivateAddresses, OfALongListAreCounted) {
  const auto findings =
      found("[p2p]\nseeds = \"" +
            list({"10.0.0.1:1", "10.0.0.2:1", "8.8.8.8:1", "10.0.0.3:1", "10.0.0.4:1", "[::1]:1"}) +
            "\"\n");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].text, HasSubstr("10.0.0.1, 10.0.0.2, 10.0.0.3 and 2 more are private"));
}

}  // namespace
}  // namespace peerage::cmd
