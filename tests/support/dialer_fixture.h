// A dialer in virtual time, and what can happen to it: for its tests.
#pragma once

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/dial/dialer.h"
#include "tests/support/dial_targets.h"

namespace peerage::p2p {

using namespace std::chrono_literals;

// At random: the longest pause, the middle, the shortest.
inline constexpr double kLongest = 0, kMiddle = 0.5, kShortest = 0.999999;

inline const conn::HostAddress kOwn = test::node(999);

struct DialerTest : testing::Test {
  DialerConfig config{.max_outbound = 3};
  double drawn_part = kLongest;
  conn::TimePoint now = conn::TimePoint(std::chrono::hours(1000));
  PeerMarks marks;
  std::unique_ptr<Dialer> made;

  Dialer& dialer() {
    if (!made) {
      made = std::make_unique<Dialer>(config, kOwn.id, marks, [this] { return drawn_part; });
    }
    return *made;
  }

  conn::Result<void> add_persistent(const conn::HostAddress& peer) {
    marks.add(Mark::persistent, peer.id);
    return dialer().add_persistent(peer, now);
  }
  bool remove_persistent(const conn::NodeId& id) {
    marks.remove(Mark::persistent, id);
    return dialer().remove_persistent(id);
  }

  // What a request comes to; stopped_locally when it is accepted.
  conn::Reason request(const conn::HostAddress& target,
                       DialPurpose purpose = DialPurpose::requested) {
    const auto asked = dialer().request(target, purpose, now);
    return asked ? conn::Reason::stopped_locally : asked.error().reason;
  }
  static inline const conn::Reason kAccepted = conn::Reason::stopped_locally;

  std::vector<conn::HostAddress> take() {
    std::vector<conn::HostAddress> targets;
    for (const DialOrder& order : dialer().take_due(now)) targets.push_back(order.target);
    return targets;
  }
  void fail(const conn::HostAddress& target, const conn::Failure& why = test::kRefused) {
    dialer().on_dial_ended(target.id, &why, now);
  }
  void connect(const conn::HostAddress& target, Direction direction = Direction::outbound) {
    if (direction == Direction::outbound) dialer().on_dial_ended(target.id, nullptr, now);
    dialer().on_connected(target.id, direction, now);
  }
  void lose(const conn::HostAddress& target, Dialer::Redial redial = Dialer::Redial::yes) {
    dialer().on_gone(target.id, target, redial, now);
  }
  // Dials and connects it.
  void establish(const conn::HostAddress& target) {
    ASSERT_EQ(request(target), kAccepted);
    ASSERT_EQ(take(), std::vector{target});
    connect(target);
  }
  // Goes to the next deadline; false if there is none.
  bool go_on() {
    const auto next = dialer().deadline();
    if (next) now = std::max(now, *next);
    return next.has_value();
  }
};

}  // namespace peerage::p2p
