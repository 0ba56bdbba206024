#include "cmd/ctl/event_feed.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "p2p/base/peer_reason.h"
#include "tests/support/controlled_node.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::Stage;
using p2p::PeerReason;
using Json = nlohmann::json;

class EventFeedTest : public testing::Test {
 protected:
  EventFeed feed;
  const conn::TimePoint now{1h};
  const conn::WallTime wall{std::chrono::hours(24 * 365 * 50)};

  void happens(const p2p::SwitchEvent& event) { feed.on_event(event, now, wall); }
  void dial_fails(const std::string& detail = "") {
    p2p::DialFailed failed;
    failed.target = {*conn::NodeId::parse(std::string(40, 'a')), "203.0.113.7", 26656};
    failed.network = "net-1";
    failed.failure = {Stage::connect, conn::Reason::connection_refused, detail};
    happens(failed);
  }
  void refuses() {
    happens(p2p::Refused{.remote = {conn::IpAddress::v4(203, 0, 113, 7), 40000},
                         .id = {},
                         .failure = {Stage::admission, PeerReason::no_free_slot, ""}});
  }
  void bans(conn::Duration span, const std::string& reason = "floods") {
    happens(p2p::Banned{
        {*conn::Cidr::parse("203.0.113.0/24"), now + span, reason, p2p::BanOrigin::misbehaviour}});
  }
};

struct Ear {
  std::vector<std::string> heard;
  EventFeed::Listener listener() {
    return [this](const std::string& event) { heard.push_back(event); };
  }
  std::vector<std::string> types() const {
    std::vector<std::string> types;
    for (const std::string& each : heard) types.push_back(Json::parse(each)["event"]);
    return types;
  }
};

TEST_F(EventFeedTest, AnEventSaysWhatHappenedWhenAndToWhom) {
  Ear ear;
  feed.add({}, ear.listener());
  dial_fails("nobody");
  refuses();
  bans(10min);
  ASSERT_EQ(ear.types(), (std::vector<std::string>{"dial_failed", "refused", "banned"}));
  const Json dial = Json::parse(ear.heard[0]);
  EXPECT_EQ(dial["time"], "2019-12-20T00:00:00Z");
  EXPECT_EQ(dial["address"], std::string(40, 'a') + "@203.0.113.7:26656");
  EXPECT_EQ(dial["network"], "net-1");
  EXPECT_EQ(dial["failure"]["stage"], "connect");
  EXPECT_EQ(dial["failure"]["detail"], "nobody");
  const Json refused = Json::parse(ear.heard[1]);
  EXPECT_EQ(refused["address"], "203.0.113.7:40000");
  EXPECT_EQ(refused["id"], nullptr);
  EXPECT_EQ(refused["failure"]["reason"], "no_free_slot");
  const Json banned = Json::parse(ear.heard[2]);
  EXPECT_EQ(banned["target"], "203.0.113.0/24");
  EXPECT_EQ(banned["until"], "2019-12-20T00:10:00Z");
  EXPECT_EQ(banned["reason"], "floods");
  EXPECT_EQ(banned["origin"], "misbehaviour");
}

TEST_F(EventFeedTest, ABanForEverHasNoEnd) {
  Ear ear;
  feed.add({}, ear.listener());
  bans(std::chrono::days(100 * 365));
  EXPECT_EQ(Json::parse(ear.heard.at(0))["until"], nullptr);
}

TEST_F(EventFeedTest, EachIsToldTheTypesThatItAskedFor) {
  Ear all, some, none;
  feed.add({}, all.listener());
  feed.add({"banned", "refused"}, some.listener());
  feed.add({"nonsense"}, none.listener());
  dial_fails();
  refuses();
  bans(1min);
  EXPECT_EQ(all.heard.size(), 3u);
  EXPECT_EQ(some.types(), (std::vector<std::string>{"refused", "banned"}));
  EXPECT_TRUE(none.heard.empty());
}

TEST_F(EventFeedTest, WhoIsTakenBackIsToldNothingMore) {
  Ear one, two;
  const auto first = feed.add({}, one.listener());
  const auto second = feed.add({"banned"}, two.listener());
  feed.remove(first);
  feed.remove(first);
  dial_fails();
  bans(1min);
  EXPECT_TRUE(one.heard.empty());
  EXPECT_EQ(two.heard.size(), 1u);
  feed.remove(second);
  bans(1min);
  EXPECT_EQ(two.heard.size(), 1u);
}

TEST_F(EventFeedTest, AListenerMayAddAndRemoveWhileItIsTold) {
  Ear later;
  std::uint64_t itself = 0;
  int told = 0;
  itself = feed.add({}, [&](const std::string&) {
    ++told;
    feed.remove(itself);
    feed.add({}, later.listener());
  });
  dial_fails();
  dial_fails();
  EXPECT_EQ(told, 1);
  EXPECT_EQ(later.heard.size(), 1u);
}

TEST_F(EventFeedTest, WhatStrangersSayIsPrintableAndOneLine) {
  Ear ear;
  feed.add({}, ear.listener());
  dial_fails("\x1b[2J\n\xff\"");
  bans(1min, std::string("\0\n\xc3", 3));
  for (const std::string& each : ear.heard) {
    for (const char c : each) EXPECT_TRUE(c >= ' ' && c <= '~') << each;
    EXPECT_FALSE(Json::parse(each, nullptr, false).is_discarded()) << each;
  }
}

TEST_F(EventFeedTest, OtherEventsOfTheSwitchAreNobodysBusiness) {
  Ear ear;
  feed.add({}, ear.listener());
  happens(p2p::Started{});
  happens(p2p::Dialled{});
  happens(p2p::Unbanned{});
  happens(p2p::BansDropped{});
  happens(p2p::Stopping{});
  EXPECT_TRUE(ear.heard.empty());
}

class LiveFeedTest : public test::ControlledNodeTest {};

TEST_F(LiveFeedTest, AConnectionIsToldWhenItBeginsIsOfUseAndEnds) {
  start();
  Ear ear;
  control().subscribe({}, ear.listener());
  test::PexNode& peer = joined();
  node().net().mark_good(peer.whole->id());
  world.run_for(90s);
  result("disconnect", {{"target", id_of(peer)}, {"reason", "enough"}});
  ASSERT_EQ(ear.types(), (std::vector<std::string>{"connected", "marked", "gone"}));
  for (const std::string& each : ear.heard) {
    EXPECT_EQ(Json::parse(each)["peer"]["id"], id_of(peer));
    EXPECT_EQ(Json::parse(each)["peer"]["direction"], "outbound");
  }
  const Json gone = Json::parse(ear.heard[2]);
  EXPECT_GE(gone["lasted_s"], 90);
  EXPECT_EQ(gone["ended_by"], "us");
  EXPECT_EQ(gone["failure"]["reason"], "disconnected");
  EXPECT_EQ(gone["failure"]["detail"], "enough");
}

}  // namespace
}  // namespace peerage::cmd
