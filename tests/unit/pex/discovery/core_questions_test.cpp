// What the core asks one node by command: cores on a wire, in virtual time.
#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "pex/discovery/core.h"
#include "pex/discovery/discovery_reason.h"
#include "tests/support/secp256k1_keys.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::Reason;

class CoreQuestions : public testing::Test {
 protected:
  DiscoveryTime now{conn::TimePoint(1h), conn::WallTime(1'700'000'000s)};
  std::map<conn::Endpoint, std::unique_ptr<DiscoveryCore>> cores;
  std::set<conn::Endpoint> silent;

  static conn::Endpoint at(std::uint8_t number) {
    return {conn::IpAddress::v4(10, 0, 0, number), 30303};
  }
  static conn::Secp256k1Key key(std::uint8_t number) {
    return test::secp256k1_key(std::uint32_t{number});
  }
  static Contact contact(std::uint8_t number) {
    return Contact::at(key(number).public_key(), at(number), 0);
  }
  static LookupTarget target(std::uint8_t number) {
    return LookupTarget::of(key(number).public_key().xy());
  }

  DiscoveryCore& add(std::uint8_t number) {
    DiscoverySettings settings;
    settings.bound = at(number);
    settings.lookups = Switched::off;
    settings.limits.inbound_closed = 0s;
    auto& core = cores[at(number)];
    core = std::make_unique<DiscoveryCore>(key(number), settings, conn::Random::Seed{number}, now);
    core->on_seq_stored(core->seq_to_store().value(), now);
    return *core;
  }
  // What is sent arrives at once, until nothing is.
  void deliver() {
    for (bool again = true; again;) {
      again = false;
      for (auto& [from, core] : cores) {
        for (const OutDatagram& sent : core->take_datagrams()) {
          again = true;
          const auto to = cores.find(sent.to);
          if (to == cores.end() || silent.contains(sent.to)) continue;
          to->second->receive({from, sent.bytes}, now);
        }
        for (const auto& done : core->take_done()) done();
      }
    }
  }
  void run_for(conn::Duration span) {
    const auto end = now.steady + span;
    deliver();
    while (true) {
      auto next = end;
      for (auto& [endpoint, core] : cores) next = std::min(next, core->next_deadline());
      if (next > end) break;
      now.wall += std::chrono::round<std::chrono::milliseconds>(next - now.steady);
      now.steady = std::max(now.steady, next);
      for (auto& [endpoint, core] : cores) core->on_time(now);
      deliver();
      if (now.steady >= end) break;
    }
  }
};

TEST_F(CoreQuestions, APongTellsWhereWeAreSeenAndTheRecordsSequence) {
  DiscoveryCore& us = add(1);
  const DiscoveryCore& other = add(2);
  std::optional<conn::Result<PingAnswer>> answer;
  us.ping(contact(2), Protocol::v4, now, [&](auto got) { answer = std::move(got); });
  deliver();
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->sees_us_at, at(1));
  EXPECT_EQ((*answer)->seq, other.record()->seq());
}

TEST_F(CoreQuestions, ANodeThatIsAskedTellsWhomItKnows) {
  DiscoveryCore& us = add(1);
  DiscoveryCore& other = add(2);
  add(3);
  other.add_node(contact(3), HeardBy::command, now);
  deliver();
  std::optional<conn::Result<std::vector<Contact>>> found;
  us.find_node(contact(2), target(9), Protocol::v4, now, [&](auto got) { found = std::move(got); });
  run_for(5s);
  ASSERT_TRUE(found && *found);
  ASSERT_EQ((*found)->size(), 1u);
  EXPECT_EQ((*found)->front().id, contact(3).id);
  EXPECT_EQ((*found)->front().udp, at(3));
}

TEST_F(CoreQuestions, ItMayBeAskedAgain) {
  DiscoveryCore& us = add(1);
  add(2);
  int answered = 0;
  for (std::uint8_t turn = 0; turn < 3; ++turn) {
    us.find_node(contact(2), target(9), Protocol::v4, now,
                 [&](const auto& got) { answered += got.has_value() ? 1 : 0; });
    run_for(5s);
  }
  EXPECT_EQ(answered, 3);
}

TEST_F(CoreQuestions, WhileItIsAskedAnotherQuestionIsRefused) {
  DiscoveryCore& us = add(1);
  add(2);
  std::optional<Reason> second;
  us.find_node(contact(2), target(9), Protocol::v4, now, [](const auto&) {});
  us.find_node(contact(2), target(8), Protocol::v4, now,
               [&](const auto& got) { second = got.error().reason; });
  deliver();
  EXPECT_EQ(second, Reason(DiscoveryReason::discovery_busy));
}

TEST_F(CoreQuestions, OneThatIsSilentIsToldOnce) {
  DiscoveryCore& us = add(1);
  add(2);
  silent.insert(at(2));
  std::vector<Reason> told;
  us.find_node(contact(2), target(9), Protocol::v4, now,
               [&](const auto& got) { told.push_back(got.error().reason); });
  run_for(2min);
  EXPECT_EQ(told, std::vector<Reason>{DiscoveryReason::no_answer});
}

TEST_F(CoreQuestions, OneThatIsRemovedMeanwhileHasNotAnswered) {
  DiscoveryCore& us = add(1);
  add(2);
  silent.insert(at(2));
  std::vector<Reason> told;
  us.find_node(contact(2), target(9), Protocol::v4, now,
               [&](const auto& got) { told.push_back(got.error().reason); });
  us.remove(contact(2).id, now);
  deliver();
  EXPECT_EQ(told, std::vector<Reason>{DiscoveryReason::no_answer});
}

TEST_F(CoreQuestions, AnIdAloneCannotBeAskedForInDiscv4) {
  DiscoveryCore& us = add(1);
  std::optional<Reason> told;
  us.find_node(contact(2), LookupTarget::of(contact(9).id), Protocol::v4, now,
               [&](const auto& got) { told = got.error().reason; });
  deliver();
  EXPECT_EQ(told, Reason(DiscoveryReason::protocol_off));
}

TEST_F(CoreQuestions, WhoeverWaitsAtTheEndIsTold) {
  DiscoveryCore& us = add(1);
  add(2);
  std::optional<Reason> told;
  us.find_node(contact(2), target(9), Protocol::v4, now,
               [&](const auto& got) { told = got.error().reason; });
  us.stop(now);
  deliver();
  EXPECT_EQ(told, Reason(Reason::stopping));
}

}  // namespace
}  // namespace peerage::pex
