#include "pex/discovery/record/enode_url.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pex/discovery/record/record_reason.h"
#include "tests/support/secp256k1_keys.h"
#include "tests/support/vectors.h"

namespace peerage::pex {
namespace {

std::string with(const std::string& rest) {
  return "enode://" + conn::to_hex(test::secp256k1_key(1).public_key().xy()) + rest;
}

TEST(EnodeUrl, ThatGoEthereumTakesIsTakenAndWrittenAsItWas) {
  const auto valid = test::load_vectors("discovery/enr").at("enode_urls").at("valid");
  ASSERT_EQ(valid.size(), 6u);
  const std::tuple<std::string, std::uint16_t, std::uint16_t> expected[] = {
      {"", 0, 0},
      {"127.0.0.1", 52150, 52150},
      {"127.0.0.1", 52150, 22334},
      {"2001:db8:3c4d:15::abcd:ef12", 52150, 52150},
      {"::", 52150, 52150},
      {"valid.", 3, 3}};
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto url = EnodeUrl::parse(test::string_of(valid.at(i)));
    ASSERT_TRUE(url) << valid.at(i);
    EXPECT_EQ(std::tie(url->host, url->tcp, url->udp), expected[i]);
    EXPECT_EQ(url->to_string(), test::string_of(valid.at(i)));
  }
}

TEST(EnodeUrl, ThatGoEthereumRefusesIsRefused) {
  const auto vectors = test::load_vectors("discovery/enr");
  for (const auto& wrong : vectors.at("enode_urls").at("invalid")) {
    const auto url = EnodeUrl::parse(test::string_of(wrong.at("input")));
    ASSERT_FALSE(url) << wrong;
    EXPECT_EQ(url.error().stage, conn::Stage::configuration);
    EXPECT_EQ(url.error().reason, RecordReason::enode_malformed);
  }
}

TEST(EnodeUrl, HasAKeyOfTheCurveInEitherCase) {
  EXPECT_TRUE(EnodeUrl::parse(with("")));
  std::string upper = with("");
  for (std::size_t i = 8; i < upper.size(); ++i) {
    upper[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(upper[i])));
  }
  EXPECT_EQ(EnodeUrl::parse(upper)->key, test::secp256k1_key(1).public_key());
  EXPECT_FALSE(EnodeUrl::parse("enode://" + std::string(128, '0')));
  EXPECT_FALSE(EnodeUrl::parse("enode://" + std::string(128, '1') + "@1.2.3.4:5"));
  EXPECT_FALSE(EnodeUrl::parse(with("00")));
  EXPECT_FALSE(EnodeUrl::parse("ENODE" + with("").substr(5)));
}

TEST(EnodeUrl, HasAHostAndAPort) {
  for (const char* rest : {"@",
                           "@:1",
                           "@1.2.3.4",
                           "@1.2.3.4:",
                           "@1.2.3.4:65536",
                           "@1.2.3.4:-1",
                           "@1.2.3.4:+1",
                           "@1.2.3.4: 1",
                           "@1.2.3.4:1/",
                           "@1.2.3.4:1#x",
                           "@1.2.3.04:1",
                           "@1.2.3.4.5:1",
                           "@[1.2.3.4]:1",
                           "@2001:db8::1:1",
                           "@[2001:db8::1]",
                           "@[2001:db8::1:1",
                           "@2001:db8::1]:1",
                           "@[fe80::1%lo]:1",
                           "@a b:1",
                           "@a@b:1",
                           "@[]:1",
                           "@[:1"}) {
    EXPECT_FALSE(EnodeUrl::parse(with(rest))) << rest;
  }
  EXPECT_TRUE(EnodeUrl::parse(with("@1.2.3.4:0")));
  EXPECT_TRUE(EnodeUrl::parse(with("@1.2.3.4:65535")));
}

TEST(EnodeUrl, HasAUdpPortOfItsOwnIfItSaysSo) {
  EXPECT_EQ(EnodeUrl::parse(with("@1.2.3.4:1"))->udp, 1);
  EXPECT_EQ(EnodeUrl::parse(with("@1.2.3.4:1?discport=2"))->udp, 2);
  EXPECT_EQ(EnodeUrl::parse(with("@1.2.3.4:1?discport=0"))->udp, 0);
  EXPECT_EQ(EnodeUrl::parse(with("@1.2.3.4:1?a=b&discport=2&c"))->udp, 2);
  EXPECT_EQ(EnodeUrl::parse(with("@1.2.3.4:1?a=b"))->udp, 1);
  EXPECT_EQ(EnodeUrl::parse(with("@1.2.3.4:1?"))->udp, 1);
  for (const char* query : {"?discport=65536", "?discport=x", "?discport=2x", "?discport=-2"}) {
    EXPECT_FALSE(EnodeUrl::parse(with(std::string("@1.2.3.4:1") + query))) << query;
  }
}

TEST(EnodeUrl, HasAnEndpointUnlessItsHostIsANameOrMissing) {
  EXPECT_EQ(EnodeUrl::parse(with("@1.2.3.4:1?discport=2"))->udp_endpoint()->to_string(),
            "1.2.3.4:2");
  EXPECT_EQ(EnodeUrl::parse(with("@[2001:db8::1]:1"))->udp_endpoint()->to_string(),
            "[2001:db8::1]:1");
  EXPECT_EQ(EnodeUrl::parse(with("@boot.example:1"))->udp_endpoint(), std::nullopt);
  EXPECT_EQ(EnodeUrl::parse(with(""))->udp_endpoint(), std::nullopt);
}

}  // namespace
}  // namespace peerage::pex
