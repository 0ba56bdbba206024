#include "cmd/config/surface.h"

#include <gtest/gtest.h>

#include "cmd/config/config.h"
#include "cmd/config/node_config.h"

namespace peerage::cmd {
namespace {

using conn::Endpoint;
using Path = std::filesystem::path;
using Addresses = std::vector<ServiceAddress>;

Endpoint at(std::string_view text) {
  return *Endpoint::parse(text);
}
ServiceAddress one(std::string_view text) {
  const auto parsed = parse_service_addresses(text);
  EXPECT_TRUE(parsed) << text;
  EXPECT_EQ(parsed.value_or(Addresses{}).size(), 1U) << text;
  return parsed && !parsed->empty() ? parsed->front() : ServiceAddress{};
}

TEST(ServiceAddresses, AreReadAsACometNodeReadsThem) {
  EXPECT_EQ(one("tcp://127.0.0.1:26657"), ServiceAddress(at("127.0.0.1:26657")));
  EXPECT_EQ(one("127.0.0.1:26657"), ServiceAddress(at("127.0.0.1:26657")));
  EXPECT_EQ(one(":26660"), ServiceAddress(at("0.0.0.0:26660"))) << "every interface";
  EXPECT_EQ(one("tcp://localhost:1"), ServiceAddress(at("127.0.0.1:1")));
  EXPECT_EQ(one("tcp://[::1]:26657"), ServiceAddress(at("[::1]:26657")));
  EXPECT_EQ(one("127.0.0.1:0"), ServiceAddress(at("127.0.0.1:0"))) << "any port";
  EXPECT_EQ(one("unix:///run/rpc.sock"), ServiceAddress(Path("/run/rpc.sock")));
}

TEST(ServiceAddresses, ThereMayBeSeveralOrNone) {
  EXPECT_EQ(parse_service_addresses(""), Addresses());
  EXPECT_EQ(parse_service_addresses("127.0.0.1:1, unix:///a"),
            (Addresses{at("127.0.0.1:1"), Path("/a")}));
}

TEST(ServiceAddresses, WhatIsNoAddressIsAnError) {
  for (const char* text : {"unix://", "127.0.0.1", "127.0.0.1:65536", "http://127.0.0.1:1",
                           "example.org:26657", "127.0.0.1:1,nonsense", "tcp://", ":"}) {
    EXPECT_FALSE(parse_service_addresses(text)) << text;
  }
}

TEST(ServiceAddresses, OnesThatCannotBothBeListenedAtCollide) {
  const auto collide_ = [](std::string_view first, std::string_view second) {
    EXPECT_EQ(collide(one(first), one(second)), collide(one(second), one(first)));
    return collide(one(first), one(second));
  };
  EXPECT_TRUE(collide_("127.0.0.1:1", "127.0.0.1:1"));
  EXPECT_TRUE(collide_("127.0.0.1:1", ":1")) << "every interface is this one, too";
  EXPECT_FALSE(collide_("127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_FALSE(collide_("127.0.0.1:1", "127.0.0.2:1"));
  EXPECT_FALSE(collide_("127.0.0.1:0", "127.0.0.1:0")) << "each gets a port of its own";
  EXPECT_TRUE(collide_("unix:///a", "unix:///a"));
  EXPECT_FALSE(collide_("unix:///a", "unix:///b"));
  EXPECT_FALSE(collide_("unix:///a", "127.0.0.1:1"));
}

TEST(ServiceAddresses, LoopbackAndFilesAreLocal) {
  for (const char* text : {"127.0.0.1:1", "127.3.2.1:1", "[::1]:1", "unix:///a"}) {
    EXPECT_TRUE(is_local(one(text))) << text;
  }
  for (const char* text : {":1", "10.0.0.1:1", "[::]:1"}) EXPECT_FALSE(is_local(one(text))) << text;
}

// --- series of each peer ---

TEST(PeerMetrics, AreAutoOffOrANumberOfPeers) {
  using Peers = std::optional<std::size_t>;
  EXPECT_EQ(parse_peer_metrics("auto").value(), Peers());
  EXPECT_EQ(parse_peer_metrics("off").value(), Peers(0));
  EXPECT_EQ(parse_peer_metrics("0").value(), Peers(0));
  EXPECT_EQ(parse_peer_metrics("200").value(), Peers(200));
  EXPECT_EQ(parse_peer_metrics("100000").value(), Peers(100'000));
  for (const char* text : {"100001", "-1", "on", "64 ", "6.4", "99999999999999999999", "Off"}) {
    const auto parsed = parse_peer_metrics(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().detail.find("\"auto\", \"off\""), std::string::npos);
  }
}

TEST(PeerMetrics, TheNodeHasThemAsTheSettingsSay) {
  Config config;
  EXPECT_EQ(node_config(config, pex::Role::node).peer_metrics, std::nullopt) << "as the role says";
  config.surface.peer_metrics = "off";
  EXPECT_EQ(node_config(config, pex::Role::node).peer_metrics, 0U);
  config.surface.peer_metrics = "7";
  EXPECT_EQ(node_config(config, pex::Role::seed).peer_metrics, 7U);
  config.instrumentation.metrics_namespace = "tendermint";
  EXPECT_EQ(node_config(config, pex::Role::node).metrics_namespace, "tendermint");
}

}  // namespace
}  // namespace peerage::cmd
