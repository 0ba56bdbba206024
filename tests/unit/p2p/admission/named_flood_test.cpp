// Named nodes come first: under a flood of ever new hosts that all go as far as they can and stall,
// a node that was proven at its address before is admitted at its first try.
//
// Time runs in steps of a millisecond. Handshakes wait for the budget of cryptography as in
// p2p/connect/acceptor.cpp: those of named nodes' hosts first.
#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/admission/admission.h"
#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using conn::Duration;
using conn::IpAddress;
using conn::NodeId;
using conn::Stage;
using conn::TimePoint;
using test::numbered_id;
using Standing = Admission::Standing;
using Ticket = HalfOpenPool::Ticket;

constexpr unsigned kHostile = 20'000;  // connections a second

IpAddress v4(unsigned first, unsigned number) {
  return IpAddress::v4(static_cast<std::uint8_t>(first + (number >> 16)),
                       static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number),
                       1);
}

class UnderFlood {
 public:
  UnderFlood() {
    for (unsigned i = 0; i < 40; ++i) {  // the slots of the others are taken for good
      EXPECT_TRUE(admission_.on_proven({numbered_id(i), Direction::inbound, v4(100, i)}, ++link_,
                                       none, now_));
    }
    run(500ms);
  }

  // How long a node takes from its connect to its slot; nullopt: it was refused or displaced.
  std::optional<Duration> time_to_admit(const Admission::Newcomer& node, Duration round_trip) {
    const TimePoint came = now_;
    const auto ticket = arrive(node.ip);
    while (ticket && living_.contains(*ticket)) {
      run(1ms);
      const auto begun = living_.find(*ticket);
      if (begun == living_.end() || !begun->second.begun) continue;
      if (now_ - *begun->second.begun < round_trip) continue;
      forget(*ticket);
      if (!admission_.on_proven(node, ++link_, none, now_)) return std::nullopt;
      return now_ - came;
    }
    return std::nullopt;
  }
  Admission& admission() { return admission_; }
  TimePoint now() const { return now_; }

 private:
  struct Handshake {
    TimePoint deadline;
    std::optional<TimePoint> begun;
  };
  static std::vector<EvictionCandidate> none() { return {}; }

  void run(Duration span) {
    for (const TimePoint end = now_ + span; now_ < end; now_ += 1ms) {
      while (!living_.empty() && living_.begin()->second.deadline <= now_) {
        forget(living_.begin()->first);
      }
      for (unsigned i = 0; i < kHostile / 1'000; ++i) (void)arrive(v4(1, hostile_++ % 0x500000));
      begin_waiting();
    }
  }

  std::optional<Ticket> arrive(const IpAddress& ip) {
    const auto in = admission_.on_arrival(ip, now_);
    if (!in) return std::nullopt;
    if (in->displaced) living_.erase(*in->displaced);
    living_[in->ticket] = {now_ + kHandshakeTimeout, std::nullopt};
    if (in->host == HalfOpenPool::Host::of_named_node) {
      waiting_.push_front(in->ticket);
    } else {
      waiting_.push_back(in->ticket);
    }
    most_ = std::max(most_, admission_.half_open().size());
    EXPECT_LE(most_, HalfOpenLimits{}.total + HalfOpenLimits{}.named);
    return in->ticket;
  }

  void begin_waiting() {
    while (!waiting_.empty()) {
      const auto handshake = living_.find(waiting_.front());
      if (handshake != living_.end()) {
        if (!admission_.take_handshake(now_)) return;
        handshake->second.begun = now_;
        admission_.half_open().progress(waiting_.front(), Stage::node_info);
      }
      waiting_.pop_front();
    }
  }

  void forget(Ticket ticket) {
    admission_.half_open().leave(ticket);
    living_.erase(ticket);
  }

  std::mt19937 random_{1};
  TimePoint now_{1h};
  Admission admission_{AdmissionConfig{}, [this](std::size_t below) { return random_() % below; },
                       now_};
  LinkId link_ = 0;
  unsigned hostile_ = 0;
  std::map<Ticket, Handshake> living_;  // the oldest first
  std::deque<Ticket> waiting_;
  std::size_t most_ = 0;
};

TEST(NamedFlood, ANamedNodeIsAdmittedWhereItWasProvenBeforeAgainst20000ConnectionsASecond) {
  UnderFlood flood;
  std::vector<Duration> took;
  for (unsigned i = 0; i < 50; ++i) {
    const Admission::Newcomer node = {numbered_id(1'000 + i), Direction::inbound, v4(200, i),
                                      Standing::privileged};
    flood.admission().expect_at(node.id, node.ip);
    const Duration round_trip = i % 2 == 0 ? 1ms : 290ms;
    const auto time = flood.time_to_admit(node, round_trip);
    ASSERT_TRUE(time) << i;
    EXPECT_LE(*time, round_trip + 5ms) << i;
  }
}

TEST(NamedFlood, AStrangerBehindTheAddressOfANamedNodeDoesNotKeepItOut) {
  UnderFlood flood;
  const Admission::Newcomer node = {numbered_id(1'000), Direction::inbound, v4(200, 1),
                                    Standing::privileged};
  flood.admission().expect_at(node.id, node.ip);
  for (int i = 0; i < 20; ++i) (void)flood.admission().on_arrival(node.ip, flood.now());
  Duration waited{};
  std::optional<Duration> time;
  for (; !time && waited < 2s; waited += 110ms) {
    time = flood.time_to_admit(node, 50ms);
    if (!time) (void)flood.time_to_admit({numbered_id(7), Direction::inbound, v4(201, 1)}, 110ms);
  }
  EXPECT_TRUE(time);
}

}  // namespace
}  // namespace peerage::p2p
