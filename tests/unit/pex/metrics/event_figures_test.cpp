#include "pex/metrics/event_figures.h"

#include <chrono>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "pex/exchange/counts.h"

namespace peerage::pex {
namespace {

using conn::Reason;
using conn::Stage;
using p2p::Direction;
using namespace std::chrono_literals;

struct EventFiguresTest : testing::Test {
  DialledFor purpose = DialledFor::visit;
  EventFigures figures{
      {"one", "two"},
      [this](const conn::HostAddress&, p2p::DialPurpose, const std::string&) { return purpose; }};

  static p2p::DialFailed failed(Stage stage, Reason reason) {
    p2p::DialFailed event;
    event.network = "two";
    event.failure = {stage, reason, {}};
    event.report.remote = conn::Endpoint{conn::IpAddress::v4(20, 1, 2, 3), 26656};
    return event;
  }
  static p2p::DialFailed after_node_info(const std::string& network) {
    p2p::DialFailed event = failed(Stage::node_info, Reason::closed_after_authentication);
    event.report.upgrade.remote_info.emplace().network = network;
    return event;
  }
  std::uint64_t visits(VisitResult result) const { return figures.visits(1, result); }
};

TEST_F(EventFiguresTest, AFailedDialIsCountedByPurposeStageAndReason) {
  purpose = DialledFor::book;
  figures.on_event(failed(Stage::connect, Reason::connect_timed_out));
  figures.on_event(failed(Stage::connect, Reason::connect_timed_out));
  EXPECT_EQ(figures.dials(DialledFor::book, EventFigures::DialResult::failed), 2u);
  EXPECT_EQ(figures.dials(DialledFor::book, EventFigures::DialResult::ok), 0u);
  EXPECT_EQ(figures.failures(Direction::outbound, Stage::connect).get(Reason::connect_timed_out),
            2u);
  EXPECT_EQ(figures.failures(Direction::inbound, Stage::connect).get(Reason::connect_timed_out),
            0u);
  EXPECT_EQ(visits(VisitResult::unreachable), 0u) << "it was no visit";
}

TEST_F(EventFiguresTest, AWishThatTheSwitchRefusedIsNoDial) {
  p2p::DialFailed event = failed(Stage::admission, p2p::PeerReason::no_free_slot);
  event.report = {};
  figures.on_event(event);
  EXPECT_EQ(figures.dials(DialledFor::visit, EventFigures::DialResult::failed), 0u);
  EXPECT_EQ(
      figures.failures(Direction::outbound, Stage::admission).get(p2p::PeerReason::no_free_slot),
      0u);
}

TEST_F(EventFiguresTest, AVisitEndsByHowFarItGot) {
  figures.on_event(failed(Stage::connect, Reason::connection_refused));
  EXPECT_EQ(visits(VisitResult::unreachable), 1u);
  figures.on_event(failed(Stage::authentication, Reason::closed_before_authentication));
  EXPECT_EQ(visits(VisitResult::refused), 1u);
  figures.on_event(after_node_info("another"));
  figures.on_event(failed(Stage::node_info, Reason::wrong_network));
  EXPECT_EQ(visits(VisitResult::wrong_network), 2u);
  figures.on_event(after_node_info("two"));
  EXPECT_EQ(visits(VisitResult::verified), 1u) << "it is full, and it is there";
  EXPECT_EQ(figures.visits(0, VisitResult::verified), 0u) << "of another network";
}

TEST_F(EventFiguresTest, VisitsThatAreBeingDialledAreCountedUntilTheyEnd) {
  p2p::Dialled dialled;
  dialled.network = "two";
  figures.on_event(dialled);
  figures.on_event(dialled);
  EXPECT_EQ(figures.visits_dialling(1), 2u);
  figures.on_event(failed(Stage::connect, Reason::connection_refused));
  EXPECT_EQ(figures.visits_dialling(1), 1u);
  figures.on_event(failed(Stage::admission, p2p::PeerReason::already_dialling));
  EXPECT_EQ(figures.visits_dialling(1), 1u) << "the dial goes on";
  dialled.network = "none of ours";
  figures.on_event(dialled);
  EXPECT_EQ(figures.visits_dialling(0), 0u);
}

TEST_F(EventFiguresTest, EachStageHasTheTimeThatItTookItself) {
  p2p::DialFailed event = failed(Stage::node_info, Reason::node_info_timed_out);
  event.report.connected = 3ms;
  event.report.upgrade.keys_exchanged = 10ms;
  event.report.upgrade.authenticated = 30ms;
  figures.on_event(event);
  const auto sum = [&](std::size_t stage) {
    return conn::Duration(figures.stage_times(Direction::outbound, stage).sum);
  };
  EXPECT_EQ(sum(0), 3ms);
  EXPECT_EQ(sum(1), 10ms);
  EXPECT_EQ(sum(2), 20ms);
  EXPECT_EQ(figures.stage_times(Direction::outbound, 3).count(), 0u) << "it was not completed";
  EXPECT_EQ(figures.stage_times(Direction::inbound, 1).count(), 0u);
}

TEST_F(EventFiguresTest, RefusalsAndBansAreCounted) {
  p2p::Refused refused;
  refused.failure = {Stage::admission, p2p::PeerReason::no_free_slot, {}};
  refused.report.upgrade.keys_exchanged = 1ms;
  figures.on_event(refused);
  EXPECT_EQ(
      figures.failures(Direction::inbound, Stage::admission).get(p2p::PeerReason::no_free_slot),
      1u);
  EXPECT_EQ(figures.stage_times(Direction::inbound, 1).count(), 1u);
  p2p::Banned banned;
  banned.ban.origin = p2p::BanOrigin::misbehaviour;
  figures.on_event(banned);
  figures.on_event(banned);
  banned.ban.by = kExchangeName;
  figures.on_event(banned);
  EXPECT_EQ(figures.bans(EventFigures::BannedBy::others), 2u);
  EXPECT_EQ(figures.bans(EventFigures::BannedBy::exchange), 1u);
  EXPECT_EQ(figures.bans(EventFigures::BannedBy::operator_), 0u);
  banned.ban.origin = p2p::BanOrigin::operator_;
  figures.on_event(banned);
  EXPECT_EQ(figures.bans(EventFigures::BannedBy::operator_), 1u);
}

}  // namespace
}  // namespace peerage::pex
