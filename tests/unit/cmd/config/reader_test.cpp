#include "cmd/config/reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

TEST(ConfigReading, OtherPartsOfACometNodeAreNamedOnceOrKeyByKey) {
  const std::string toml =
      "proxy_app = \"x\"\nabci = \"socket\"\n[mempool]\nsize = 5000\nbroadcast = false\n"
      "[rpc]\nladdr = \"\"\ngrpc_laddr = \"\"\ngrpc_max_open_connections = 900\n";
  const auto brief = read_config(toml);
  ASSERT_EQ(brief.findings.size(), 3u);
  EXPECT_EQ(brief.findings[0].text, "[mempool] has no effect: this node keeps no transactions");
  EXPECT_TRUE(brief.findings[1].text.starts_with("proxy_app, abci have no effect: "));
  EXPECT_EQ(brief.findings[2].text,
            "rpc.grpc_laddr, rpc.grpc_max_open_connections have no effect: there is no gRPC server "
            "here");
  const auto full = read_config(toml, Listing::full);
  std::vector<std::string> texts;
  for (const Finding& each : full.findings) {
    EXPECT_EQ(each.severity, Severity::notice);
    texts.push_back(each.text.substr(0, each.text.find(' ')));
  }
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(texts,
            (std::vector<std::string>{"abci", "mempool.broadcast", "mempool.size", "proxy_app",
                                      "rpc.grpc_laddr", "rpc.grpc_max_open_connections"}));
}

TEST(ConfigReading, ReadingGoesOnAfterAMistakeAndReportsEachWithItsLine) {
  const auto reading = read_config(
      "moniker = []\n[p2p]\npex = \"yes\"\nseeds = \"a@b:1, 1.2.3.4:5\"\nladdr = \"1.2.3.4:7\"\n");
  std::vector<std::size_t> lines;
  for (const Finding& each : reading.findings) {
    EXPECT_EQ(each.severity, Severity::error);
    lines.push_back(each.line);
  }
  EXPECT_EQ(lines, (std::vector<std::size_t>{1, 4, 4, 3}));
  EXPECT_EQ(reading.config.p2p.laddr, "1.2.3.4:7");
  EXPECT_EQ(reading.lines.at("p2p.laddr"), 5u);
}

TEST(ConfigReading, WhatIsAskedForAndNotDoneIsAWarning) {
  for (const auto listing : {Listing::brief, Listing::full}) {
    const auto reading = read_config(
        "filter_peers = true\n[p2p]\nupnp = \"1\"\n[rpc]\npprof_laddr = \":6060\"\n", listing);
    std::vector<std::string> names;
    for (const Finding& each : reading.findings) {
      if (each.severity == Severity::notice) continue;
      EXPECT_EQ(each.severity, Severity::warning);
      names.push_back(std::to_string(each.line) + " " + each.text.substr(0, each.text.find(' ')));
    }
    EXPECT_EQ(names,
              (std::vector<std::string>{"1 filter_peers", "3 p2p.upnp", "5 rpc.pprof_laddr"}));
  }
  for (const Finding& each : read_config("filter_peers = \"false\"\npriv_validator_laddr = \"\"\n"
                                         "[rpc]\npprof_laddr = \"\"\n")
                                 .findings) {
    EXPECT_EQ(each.severity, Severity::notice) << each.text;
  }
}

TEST(ConfigReading, MistakesWithoutEndAreReportedInBounds) {
  std::string list;
  for (int i = 0; i < 50'000; ++i) list += "x,";
  const auto reading = read_config("[p2p]\nseeds = \"" + list + "\"\nprivate_peer_ids = \"" + list +
                                   "\"\n[peerage]\nexempt_networks = \"" + list + "\"\n");
  EXPECT_LT(reading.findings.size(), 100u);
}

}  // namespace
}  // namespace peerage::cmd
