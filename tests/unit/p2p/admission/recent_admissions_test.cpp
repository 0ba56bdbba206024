#include "p2p/admission/recent_admissions.h"

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
  EXPECT_EQ(recent.count(ip("203.0.113.0")), 2u);
  EXPECT_EQ(recent.count(ip("2001:db8:1::")), 2u);
  EXPECT_EQ(recent.count(ip("10.0.0.1")), 1u);
  EXPECT_EQ(recent.count(ip("203.0.112.0")), 0u);
}

TEST(RecentAdmissions, EachIsForgottenAfterAnHour) {
  RecentAdmissions recent({});
  recent.note(ip("203.0.113.7"), kStart);
  recent.note(ip("203.0.113.7"), kStart + 30min);
  recent.forget_old(kStart + 1h - 1ns);
  EXPECT_EQ(recent.count(ip("203.0.113.0")), 2u);
  recent.forget_old(kStart + 1h);
  EXPECT_EQ(recent.count(ip("203.0.113.0")), 1u);
  recent.forget_old(kStart + 90min);
  EXPECT_EQ(recent.count(ip("203.0.113.0")), 0u);
  EXPECT_EQ(recent.size(), 0u);
}

TEST(RecentAdmissions, TheOldestAreForgottenWhenThereAreTooMany) {
  RecentAdmissions recent({});
  recent.note(ip("203.0.113.7"), kStart);
  for (std::size_t i = 0; i < RecentAdmissions::kMaxRemembered; ++i) {
    recent.note(ip("198.51.100.1"), kStart);
  }
  EXPECT_EQ(recent.size(), RecentAdmissions::kMaxRemembered);
  EXPECT_EQ(recent.count(ip("203.0.113.0")), 0u);
  EXPECT_EQ(recent.count(ip("198.51.100.0")), RecentAdmissions::kMaxRemembered);
}

}  // namespace
}  // namespace peerage::p2p
