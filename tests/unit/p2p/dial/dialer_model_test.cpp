// The dialer among random events, watched by a model that knows only the rules.
#include <algorithm>
#include <map>
#include <optional>
#include <random>

#include <gtest/gtest.h>

#include "p2p/dial/dialer.h"
#include "tests/support/dial_targets.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::Duration;
using conn::TimePoint;
using test::node;

constexpr std::size_t kSlots = 4;
constexpr unsigned kNodes = 14;  // 0 to 2 persistent, 3 unconditional, 13 led to ourselves

class DialerModel {
 public:
  explicit DialerModel(std::uint32_t seed)
      : random_(seed), dialer_({.max_outbound = kSlots}, node(200).id, marks_, [this] {
          return uniform_(random_);
        }) {
    for (unsigned i = 0; i < 3; ++i) {
      marks_.add(Mark::persistent, node(i).id);
      EXPECT_TRUE(dialer_.add_persistent(node(i), now_));
    }
    marks_.add(Mark::unconditional, node(3).id);
  }

  void step() {
    now_ += pick(0, 40) == 0 ? pick(0, 90'000) * 1ms : pick(0, 900) * 1ms;
    switch (pick(0, 5)) {
      case 0:
      case 1:
        request(static_cast<unsigned>(pick(0, kNodes - 1)),
                pick(0, 4) == 0 ? DialPurpose::feeler : DialPurpose::requested);
        break;
      case 2:
      case 3:
        end_a_dial();
        break;
      case 4:
        be_dialled(static_cast<unsigned>(pick(0, kNodes - 1)));
        break;
      case 5:
        if (pick(0, 1) == 0) lose_one();
        break;
    }
    if (pick(0, 1) == 0) take();
    check();
  }

  int dials() const { return dials_; }
  int redials() const { return redials_; }
  int given_back() const { return given_back_; }

 private:
  struct Attempt {
    DialPurpose purpose;
    TimePoint begun;
  };
  struct Peer {
    Direction direction;
    bool feeler;
    TimePoint since;
  };

  int pick(int from, int to) { return std::uniform_int_distribution<>(from, to)(random_); }
  static bool exempt(unsigned number) { return number <= 3; }
  static bool persistent(unsigned number) { return number <= 2; }

  void request(unsigned number, DialPurpose purpose) {
    const auto asked = dialer_.request(node(number), purpose, now_);
    if (connected_.contains(number)) {
      ASSERT_FALSE(asked);
    } else if (dialling_.contains(number)) {
      ASSERT_FALSE(asked);
    } else if (rests_until_.contains(number) && now_ < rests_until_[number]) {
      ASSERT_FALSE(asked) << number << " rests";
    }
  }

  void take() {
    for (const DialOrder& order : dialer_.take_due(now_)) {
      const unsigned number = test::number_of(order.target);
      ASSERT_FALSE(connected_.contains(number)) << "it is connected";
      ASSERT_FALSE(dialling_.contains(number)) << "it is being dialled";
      if (number == kNodes - 1) {
        ASSERT_TRUE(!self_dialled_ || now_ - *self_dialled_ >= 24h);
        self_dialled_ = now_;
      }
      dialling_[number] = {order.purpose, now_};
      ++dials_;
      if (order.purpose == DialPurpose::sticky) ++redials_;
    }
    const auto deadline = dialer_.deadline();
    if (deadline) {
      ASSERT_GT(*deadline, now_) << "a timer would fire for ever";
    }
    // A persistent peer that is not here is due within a minute of the last attempt.
    for (unsigned i = 0; i < 3; ++i) {
      if (connected_.contains(i) || dialling_.contains(i)) continue;
      ASSERT_TRUE(deadline);
      ASSERT_LE(*deadline - now_, 60s);
    }
  }

  void end_a_dial() {
    if (dialling_.empty()) return;
    const auto chosen =
        std::next(dialling_.begin(), pick(0, static_cast<int>(dialling_.size()) - 1));
    const auto [number, attempt] = *chosen;
    dialling_.erase(chosen);
    if (number == kNodes - 1) {
      dialer_.on_dial_ended(node(number).id, &test::kSelf, now_);
      return;
    }
    if (pick(0, 2) == 0) {
      dialer_.on_dial_ended(node(number).id, &test::kRefused, now_);
      note_failure(number, attempt.begun);
      return;
    }
    dialer_.on_dial_ended(node(number).id, nullptr, now_);
    dialer_.on_connected(node(number).id, Direction::outbound, now_);
    connected_[number] = {Direction::outbound, attempt.purpose == DialPurpose::feeler, now_};
    part_from_surplus();
  }

  void part_from_surplus() {
    const auto surplus = dialer_.surplus();
    if (!surplus) return;
    const auto found = std::find_if(connected_.begin(), connected_.end(), [&](const auto& each) {
      return node(each.first).id == *surplus;
    });
    ASSERT_NE(found, connected_.end());
    ASSERT_EQ(found->second.direction, Direction::outbound);
    ASSERT_FALSE(exempt(found->first));
    ++given_back_;
    lose(found, Dialer::Redial::no);
  }

  void be_dialled(unsigned number) {
    // While we dial it, too: DuplicateConnections chooses one.
    if (connected_.contains(number) || dialling_.contains(number)) return;
    dialer_.on_connected(node(number).id, Direction::inbound, now_);
    connected_[number] = {Direction::inbound, false, now_};
  }

  void lose_one() {
    if (connected_.empty()) return;
    const auto chosen =
        std::next(connected_.begin(), pick(0, static_cast<int>(connected_.size()) - 1));
    lose(chosen, pick(0, 3) == 0 ? Dialer::Redial::no : Dialer::Redial::yes);
  }

  void lose(std::map<unsigned, Peer>::iterator chosen, Dialer::Redial redial) {
    const auto [number, peer] = *chosen;
    connected_.erase(chosen);
    const bool dialled = peer.direction == Direction::outbound;
    dialer_.on_gone(node(number).id, dialled ? std::optional(node(number)) : std::nullopt, redial,
                    now_);
    if (!dialled || persistent(number)) return;
    if (now_ - peer.since < Dialer::kStable) {
      note_failure(number, now_);
    } else {
      failures_[number] = 0;
      rests_until_.erase(number);
    }
  }

  void note_failure(unsigned number, TimePoint from) {
    const int doublings = std::min(failures_[number]++, 6);
    rests_until_[number] = from + std::min<Duration>(60s, 1s * (1 << doublings)) / 2;
  }

  void check() {
    std::size_t used = 0, ordinary = 0, here = 0;
    for (const auto& [number, peer] : connected_) {
      if (peer.direction == Direction::inbound || exempt(number)) continue;
      ++used;
      if (!peer.feeler) ++ordinary;
      if (!peer.feeler) ++here;
    }
    for (const auto& [number, attempt] : dialling_) {
      if (exempt(number)) continue;
      ++used;
      if (attempt.purpose != DialPurpose::feeler) ++ordinary;
    }
    ASSERT_LE(here, kSlots) << "a filler has not left";
    ASSERT_LE(ordinary, kSlots + StickyPeers::kPace);
    ASSERT_LE(used, kSlots + StickyPeers::kPace + 1);
    ASSERT_LE(dialer_.free_slots(), used >= kSlots ? 0 : kSlots - used);
    ASSERT_EQ(dialer_.dialling(), dialling_.size());
    for (const auto& [number, attempt] : dialling_) {
      ASSERT_TRUE(dialer_.is_dialling(node(number).id));
    }
  }

  std::mt19937 random_;
  std::uniform_real_distribution<> uniform_{0, 1};
  TimePoint now_{std::chrono::hours(1000)};
  PeerMarks marks_;
  Dialer dialer_;
  std::map<unsigned, Attempt> dialling_;
  std::map<unsigned, Peer> connected_;
  std::map<unsigned, int> failures_;
  std::map<unsigned, TimePoint> rests_until_;
  std::optional<TimePoint> self_dialled_;
  int dials_ = 0;
  int redials_ = 0;
  int given_back_ = 0;
};

TEST(DialerModelTest, TheRulesHoldWhateverHappens) {
  int dials = 0, redials = 0, given_back = 0;
  for (std::uint32_t seed = 0; seed < 200 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    DialerModel model(seed);
    for (int step = 0; step < 1000 && !testing::Test::HasFailure(); ++step) model.step();
    dials += model.dials();
    redials += model.redials();
    given_back += model.given_back();
  }
  EXPECT_GT(dials, 10'000) << "little happened";
  EXPECT_GT(redials, 100) << "little happened";
  EXPECT_GT(given_back, 0) << "little happened";
}

}  // namespace
}  // namespace peerage::p2p
