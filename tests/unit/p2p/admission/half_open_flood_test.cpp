// The promise of the pool of handshakes, under attack: an honest newcomer gets in within 2 s; one
// that comes as a Go node does, again after 5 to 8 s, at its first or second try.
//
// Time runs in steps of a millisecond. The attackers come without end, from ever new addresses, and
// lose no time; the honest newcomers come one after the other, and have no more connections than
// the connection rate lets a host have. Of those that get in within 2 s, each tries again as soon
// as it knows that it was refused or displaced.
#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/admission/connection_rate.h"
#include "p2p/admission/half_open_pool.h"

namespace peerage::p2p {
namespace {

using conn::Duration;
using conn::IpAddress;
using conn::Stage;
using conn::TimePoint;
using Ticket = HalfOpenPool::Ticket;

// Which hosts come, and what becomes of a handshake that gets in: it goes up to a stage and stalls
// there.
struct Attack {
  std::size_t per_second = 0;
  std::vector<Stage> stalls_at = {Stage::key_exchange};  // one of these, at random
  // How often a host comes again when it was turned away: its connection rate allows for 15 times.
  unsigned returns = 0;
  std::size_t silent_at_first = 0;  // this many come before all others
  unsigned hosts = 0;               // in all, that come one after the other; 0: ever new ones
  unsigned per_neighbourhood = 1;
};

struct Honest {
  Duration round_trip = 50ms;
  // A prompt node sends its key as it connects, and all the rest when it has ours.
  enum class Pace : std::uint8_t { prompt, one_round_trip_a_stage };
  Pace pace = Pace::prompt;
};

class Flood {
 public:
  Flood(const Attack& attack, unsigned seed)
      : attack_(attack),
        random_(seed),
        pool_(HalfOpenLimits{}, [this](std::size_t below) { return random_() % below; }),
        rate_(ConnectionRateConfig{}) {
    for (std::size_t i = 0; i < attack.silent_at_first; ++i) enter_attacker(new_attacker());
    run(1s);
  }

  // How long an honest newcomer takes to get through; nullopt: over two seconds.
  std::optional<Duration> time_to_admit(const Honest& honest) {
    const IpAddress ip = new_honest();
    run(Duration(random_() % 10) * 1'000'000);
    const TimePoint began = now_;
    TimePoint next_try = now_;
    std::optional<Ticket> ticket;
    TimePoint entered;
    while (now_ - began <= 2s) {
      const bool before = random_() % 2 == 0;  // than the attackers of this millisecond
      if (!before) attack_once();
      if (ticket && !lives(*ticket)) {
        ticket.reset();
        next_try = now_ + honest.round_trip;
      }
      if (!ticket && now_ >= next_try && rate_.take(ip, now_)) {
        ticket = enter(ip);
        entered = now_;
        if (!ticket) next_try = now_ + honest.round_trip;
      }
      if (ticket && proceed(*ticket, now_ - entered, honest)) {
        pool_.leave(*ticket);
        living_.erase(*ticket);
        return now_ - began;
      }
      if (before) attack_once();
      now_ += 1ms;
    }
    if (ticket) {
      pool_.leave(*ticket);
      living_.erase(*ticket);
    }
    return std::nullopt;
  }

  // Whether a newcomer gets in that has so many tries, the next 5 to 8 s after the last.
  bool gets_in(const Honest& honest, int tries) {
    const IpAddress ip = new_honest();
    for (int left = tries; left > 0; --left) {
      if (left < tries) run(5s + random_() % 3'000 * 1ms);
      const auto ticket = enter(ip);
      const TimePoint entered = now_;
      while (ticket && lives(*ticket)) {
        if (proceed(*ticket, now_ - entered, honest)) {
          pool_.leave(*ticket);
          living_.erase(*ticket);
          return true;
        }
        run(1ms);
      }
    }
    return false;
  }
  void run(Duration span) {
    for (const TimePoint end = now_ + span; now_ < end; now_ += 1ms) attack_once();
  }

  std::size_t largest() const { return largest_; }

 private:
  struct Host {
    IpAddress ip;
    unsigned returns = 0;
  };
  struct Living {
    TimePoint deadline;
    std::optional<Host> attacker;
  };

  IpAddress new_honest() {
    const IpAddress ip = IpAddress::v4(200, static_cast<std::uint8_t>(honest_ >> 8),
                                       static_cast<std::uint8_t>(honest_), 1);
    ++honest_;
    return ip;
  }
  bool lives(Ticket ticket) const { return living_.contains(ticket); }

  // Whether it is through.
  bool proceed(Ticket ticket, Duration age, const Honest& honest) {
    const auto trips = age / honest.round_trip;
    if (honest.pace == Honest::Pace::prompt) {
      pool_.progress(ticket, Stage::authentication);
      return trips >= 1;
    }
    if (trips == 1) pool_.progress(ticket, Stage::authentication);
    if (trips == 2) pool_.progress(ticket, Stage::node_info);
    return trips >= 3;
  }

  void attack_once() {
    while (!living_.empty() && living_.begin()->second.deadline <= now_) {
      pool_.leave(living_.begin()->first);
      living_.erase(living_.begin());
    }
    for (due_ += static_cast<double>(attack_.per_second) / 1000; due_ >= 1; --due_) {
      if (returning_.empty()) {
        enter_attacker(new_attacker());
      } else {
        const Host host = returning_.back();  // the one that was turned away most often
        returning_.pop_back();
        enter_attacker(host);
      }
    }
  }

  Host new_attacker() {
    const std::uint32_t network = 0x010000 + attackers_ / attack_.per_neighbourhood % 0xa00000;
    const auto host = static_cast<std::uint8_t>(1 + attackers_ % attack_.per_neighbourhood);
    ++attackers_;
    if (attack_.hosts > 0) attackers_ %= attack_.hosts;
    return {IpAddress::v4(static_cast<std::uint8_t>(network >> 16),
                          static_cast<std::uint8_t>(network >> 8),
                          static_cast<std::uint8_t>(network), host),
            0};
  }

  void enter_attacker(const Host& host) {
    const auto ticket = enter(host.ip, host);
    if (ticket) pool_.progress(*ticket, attack_.stalls_at[random_() % attack_.stalls_at.size()]);
  }

  std::optional<Ticket> enter(const IpAddress& ip, std::optional<Host> attacker = {}) {
    const auto entered = pool_.enter(ip, now_);
    if (!entered) {
      come_back(attacker);
      return std::nullopt;
    }
    if (entered->displaced) {
      come_back(living_.at(*entered->displaced).attacker);
      living_.erase(*entered->displaced);
    }
    living_[entered->ticket] = {now_ + kHandshakeTimeout, attacker};
    EXPECT_EQ(living_.size(), pool_.size());
    largest_ = std::max(largest_, pool_.size());
    return entered->ticket;
  }

  void come_back(std::optional<Host> attacker) {
    if (!attacker || ++attacker->returns > attack_.returns) return;
    returning_.push_back(*attacker);
  }

  Attack attack_;
  std::mt19937 random_;
  HalfOpenPool pool_;
  ConnectionRate rate_;
  TimePoint now_{1h};
  double due_ = 0;
  std::uint32_t attackers_ = 0;
  std::uint32_t honest_ = 0;
  std::vector<Host> returning_;
  std::map<Ticket, Living> living_;  // the oldest first: its deadline comes first
  std::size_t largest_ = 0;
};

// Of a hundred honest newcomers, those that get in within 2 s.
std::size_t admitted_of_100(const Attack& attack, const Honest& honest = {}) {
  Flood flood(attack, 1);
  std::size_t admitted = 0;
  for (int i = 0; i < 100; ++i) {
    if (flood.time_to_admit(honest)) ++admitted;
  }
  EXPECT_LE(flood.largest(), HalfOpenLimits{}.total);
  return admitted;
}

constexpr std::size_t kFloods[] = {100, 1'000, 5'000};  // newcomers a second
constexpr Stage kStages[] = {Stage::key_exchange, Stage::authentication, Stage::node_info};

TEST(HalfOpenFlood, SixtyFourSilentSocketsOfAsMany24sKeepNoNewcomerOut) {
  EXPECT_EQ(admitted_of_100({.silent_at_first = 64}), 100u);
}

TEST(HalfOpenFlood, SixtyFourThatGoAllTheWayToTheLastStageAndStallKeepNoNewcomerOut) {
  EXPECT_EQ(admitted_of_100({.stalls_at = {Stage::node_info}, .silent_at_first = 64}), 100u);
}

TEST(HalfOpenFlood, AnHonestNewcomerGetsInHoweverManyComeAndWhereverTheyStall) {
  for (const std::size_t per_second : kFloods) {
    for (const Stage stage : kStages) {
      EXPECT_GE(admitted_of_100({.per_second = per_second, .stalls_at = {stage}}), 99u)
          << per_second << " a second, " << name(stage);
    }
  }
}

TEST(HalfOpenFlood, SoDoesOneThatTakesARoundTripForEachStage) {
  const Honest slow = {50ms, Honest::Pace::one_round_trip_a_stage};
  for (const std::size_t per_second : kFloods) {
    EXPECT_GE(admitted_of_100({.per_second = per_second, .stalls_at = {Stage::node_info}}, slow),
              99u)
        << per_second;
  }
}

TEST(HalfOpenFlood, SoDoesOneFromTheOtherEndOfTheWorld) {
  for (const std::size_t per_second : kFloods) {
    EXPECT_GE(admitted_of_100({.per_second = per_second, .stalls_at = {Stage::node_info}}, {290ms}),
              99u)
        << per_second;
  }
}

TEST(HalfOpenFlood, AttackersOfEveryKindAtOnceKeepNoNewcomerOut) {
  for (const std::size_t per_second : kFloods) {
    EXPECT_GE(admitted_of_100({.per_second = per_second,
                               .stalls_at = {std::begin(kStages), std::end(kStages)},
                               .silent_at_first = 64}),
              99u)
        << per_second;
  }
}

TEST(HalfOpenFlood, AttackersInPairsOrInFullNeighbourhoodsKeepNoNewcomerOut) {
  for (const unsigned per_neighbourhood : {2u, 8u, 200u}) {
    EXPECT_GE(admitted_of_100({.per_second = 1'000,
                               .stalls_at = {std::begin(kStages), std::end(kStages)},
                               .silent_at_first = 64,
                               .per_neighbourhood = per_neighbourhood}),
              99u)
        << per_neighbourhood;
  }
}

TEST(HalfOpenFlood, AttackersThatComeAgainAsTheHonestDoHaveToComeAsOften) {
  EXPECT_GE(admitted_of_100({.per_second = 100, .stalls_at = {Stage::node_info}, .returns = 15}),
            99u);
  // More of them can keep out some, as long as they bring up sixty new hosts each second.
  EXPECT_GE(admitted_of_100({.per_second = 1'000, .stalls_at = {Stage::node_info}, .returns = 15}),
            60u);
}

// Of 100 honest newcomers that have so many tries, those that get in.
std::size_t get_in_of_100(const Attack& attack, int tries, const Honest& honest) {
  Flood flood(attack, 1);
  flood.run(10s);
  std::size_t in = 0;
  for (int i = 0; i < 100; ++i) {
    flood.run(std::chrono::milliseconds(i % 100));
    if (flood.gets_in(honest, tries)) ++in;
  }
  return in;
}

// One that trickles counts as one that has reached its stage at once: it does no better.
TEST(HalfOpenFlood, ASingleTryIsEnoughAgainstFourHundredNewHostsASecond) {
  for (const Stage stage : kStages) {
    for (const Duration round_trip : {1ms, 50ms, 95ms}) {
      const std::size_t in =
          get_in_of_100({.per_second = 400, .stalls_at = {stage}}, 1, {round_trip});
      EXPECT_GE(in, 98u) << name(stage) << ", " << round_trip / 1ms << " ms";
    }
  }
}

TEST(HalfOpenFlood, OneThatIsSlowOrMeetsMoreOfThemGetsInAtItsSecondTryAGoNodesPauseLater) {
  EXPECT_GE(get_in_of_100({.per_second = 400, .stalls_at = {Stage::node_info}}, 2, {290ms}), 98u);
  const Attack more = {.per_second = 1'000, .stalls_at = {Stage::node_info}};
  EXPECT_GE(get_in_of_100(more, 2, {290ms}), 98u);
}

TEST(HalfOpenFlood, HostsThatComeAgainEachFiveSecondsKeepNoSingleTryOut) {
  const Attack attack = {.per_second = 400, .stalls_at = {Stage::node_info}, .hosts = 2'000};
  for (const Duration round_trip : {1ms, 95ms}) {
    EXPECT_GE(get_in_of_100(attack, 1, {round_trip}), 96u) << round_trip / 1ms << " ms";
  }
}

}  // namespace
}  // namespace peerage::p2p
