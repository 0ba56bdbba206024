#include "p2p/admission/recent_admissions.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::TimePoint;
using test::ip;
const TimePoint kStart{1h};

TEST(RecentAdmissions, HostsOfANeighbourhoodCountTogetherAndExemptOnesAlone) {
  RecentAdmissions recent({conn::Cidr(ip("10.0.0.0"), 8)});
  for (const char* each : {"203.0.113.7", "203.0.113.8", "2001:db8:1:2::1", "2001:db8:1:3::1",
                           "10.0.0.1", "10.0.0.2"}) {
    recent.note(ip(each), kStart);
  }
  EXPECT_DOUBLE_EQ(recent.count(ip("203.0.113.0"), kStart), 2);
  EXPECT_DOUBLE_EQ(recent.count(ip("2001:db8:1::"), kStart), 2);
  EXPECT_DOUBLE_EQ(recent.count(ip("10.0.0.1"), kStart), 1);
  EXPECT_EQ(recent.count(ip("203.0.112.0"), kStart), 0);
}

TEST(RecentAdmissions, EachFadesWithAnHour) {
  RecentAdmissions recent({});
  const auto network = ip("203.0.113.0");
  recent.note(ip("203.0.113.7"), kStart);
  EXPECT_NEAR(recent.count(network, kStart + 1h), std::exp(-1), 1e-9);
  recent.note(ip("203.0.113.7"), kStart + 1h);
  EXPECT_NEAR(recent.count(network, kStart + 1h), 1 + std::exp(-1), 1e-9);
  EXPECT_NEAR(recent.count(network, kStart + 2h), std::exp(-1) + std::exp(-2), 1e-9);
}

TEST(RecentAdmissions, ACountIsAsExactAfterYears) {
  RecentAdmissions recent({});
  const TimePoint late = kStart + 24h * 3650;
  for (int i = 0; i < 1000; ++i) recent.note(ip("203.0.113.7"), late);
  EXPECT_NEAR(recent.count(ip("203.0.113.0"), late), 1000, 1e-3);
}

TEST(RecentAdmissions, ANetworkIsForgottenThreeHoursAfterASingleAdmission) {
  RecentAdmissions recent({});
  recent.note(ip("203.0.113.7"), kStart);
  recent.note(ip("198.51.100.1"), kStart + 175min);
  EXPECT_EQ(recent.networks(), 2u);
  recent.note(ip("198.51.100.1"), kStart + 185min);
  EXPECT_EQ(recent.networks(), 1u);
}

TEST(RecentAdmissions, NoFloodFromOneNetworkWashesOutWhatIsKnownOfAnother) {
  RecentAdmissions recent({});
  recent.note(ip("203.0.113.7"), kStart);
  for (std::size_t i = 0; i < 2 * RecentAdmissions::kMaxNetworks; ++i) {
    recent.note(ip("198.51.100.1"), kStart);
  }
  EXPECT_EQ(recent.networks(), 2u);
  EXPECT_DOUBLE_EQ(recent.count(ip("203.0.113.0"), kStart), 1);
}

TEST(RecentAdmissions, OfTooManyNetworksTheOneThatAskedForLeastIsForgotten) {
  RecentAdmissions recent({});
  recent.note(ip("203.0.113.7"), kStart);
  recent.note(ip("198.51.100.7"), kStart);
  recent.note(ip("198.51.100.7"), kStart);
  for (std::size_t i = 0; i < RecentAdmissions::kMaxNetworks - 1; ++i) {
    recent.note(conn::IpAddress::v4(6, std::uint8_t(i >> 8), std::uint8_t(i), 1), kStart + 1s);
  }
  EXPECT_EQ(recent.networks(), RecentAdmissions::kMaxNetworks);
  EXPECT_EQ(recent.count(ip("203.0.113.0"), kStart), 0);
  EXPECT_GT(recent.count(ip("198.51.100.0"), kStart), 1);
  EXPECT_GT(recent.count(ip("6.255.253.0"), kStart), 0);
}

}  // namespace
}  // namespace peerage::p2p
