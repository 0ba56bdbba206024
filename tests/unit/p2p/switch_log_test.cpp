// What a switch logs: its own doings and its operator's always, what strangers cause within bounds.
#include "p2p/switch_log.h"

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Cidr;
using conn::IpAddress;
using conn::LogLevel;
using test::node_config;
using test::RecordingReactor;
using test::SimNode;
using namespace std::chrono_literals;

// The lines and when they came.
class TimedLines final : public conn::LogSink {
 public:
  TimedLines(const sim::SimWorld& world, LogLevel least) : world_(world), least_(least) {}

  struct Line {
    conn::TimePoint when;
    LogLevel level;
    std::string message;
    std::size_t bytes;
    std::uint64_t held_back;
  };
  std::vector<Line> lines;

  bool wants(LogLevel level) const noexcept override { return level >= least_; }
  std::size_t count(std::string_view message) const {
    return static_cast<std::size_t>(std::count_if(
        lines.begin(), lines.end(), [&](const Line& line) { return line.message == message; }));
  }
  // Lines of this kind, and those that were not written.
  std::uint64_t events(std::string_view message) const {
    std::uint64_t all = 0;
    for (const Line& line : lines) all += line.message == message ? 1 + line.held_back : 0;
    return all;
  }
  // The most in any minute, of a level or a worse one: lines and bytes.
  std::pair<std::size_t, std::size_t> most_in_a_minute(LogLevel of) const {
    std::deque<const Line*> minute;
    std::size_t bytes = 0;
    std::pair<std::size_t, std::size_t> most;
    for (const Line& line : lines) {
      if (line.level < of) continue;
      minute.push_back(&line);
      bytes += line.bytes;
      while (line.when - minute.front()->when >= 1min) {
        bytes -= minute.front()->bytes;
        minute.pop_front();
      }
      most = {std::max(most.first, minute.size()), std::max(most.second, bytes)};
    }
    return most;
  }

 private:
  void write(const conn::LogRecord& record) noexcept override {
    Line line{world_.now(), record.level, std::string(record.message), record.message.size(), 0};
    for (const conn::LogField& field : record.fields) {
      line.bytes += field.key.size() + field.value.text().size() + 2;
      if (field.key == "held_back") line.held_back = std::stoull(field.value.text());
    }
    lines.push_back(std::move(line));
  }
  const sim::SimWorld& world_;
  const LogLevel least_;
};

class SwitchLogTest : public test::SwitchFixture {
 protected:
  std::vector<std::unique_ptr<SimNode>> strangers;

  // A hub that bans whoever says something.
  SimNode& add_hub(const std::shared_ptr<TimedLines>& log) {
    const auto reactor = std::make_shared<RecordingReactor>();
    SwitchConfig config = node_config();
    config.log = log;
    SimNode& hub = add(config, reactor);
    hub.keep_events = false;
    reactor->on_receive = [&hub](const PeerPtr& peer, const Message&) {
      hub.node->ban_peer(*peer, 10min, "says something");
    };
    return hub;
  }
  // From a /24 of its own. It says something, is banned, and dials again when it is told to.
  SimNode& add_stranger(std::uint32_t number) {
    sim::SimHost& host = world.add_host({IpAddress::v4(30, static_cast<std::uint8_t>(number >> 8),
                                                       static_cast<std::uint8_t>(number), 1)});
    const auto reactor = std::make_shared<RecordingReactor>();
    reactor->on_add = [](const PeerPtr& peer) { peer->send(test::kEcho, conn::Bytes{1}); };
    strangers.push_back(std::make_unique<SimNode>(host, 1000 + number, node_config(), reactor));
    strangers.back()->start();
    return *strangers.back();
  }
  void end(const std::vector<std::unique_ptr<SimNode>>& nodes_of_strangers) {
    for (const auto& each : nodes_of_strangers) each->stop();
    EXPECT_TRUE(until([&] {
      return std::all_of(nodes_of_strangers.begin(), nodes_of_strangers.end(),
                         [](const auto& each) { return each->stopped; });
    }));
  }
  // For a minute: each second twenty hosts get themselves banned and come again, and five hundred
  // more are banned.
  void flood(SimNode& hub, const std::function<void(std::uint32_t second)>& each_second) {
    for (std::uint32_t second = 0; second < 60; ++second) {
      const auto banned = std::exchange(strangers, {});  // in the second before
      for (const auto& each : banned) each->node->dial(hub.address());
      for (std::uint32_t i = 0; i < 20; ++i) {
        add_stranger(second * 20 + i).node->dial(hub.address());
      }
      for (std::uint32_t i = 0; i < 500; ++i) {
        hub.node->ban(
            Cidr(IpAddress::v4(40, static_cast<std::uint8_t>(second), static_cast<std::uint8_t>(i),
                               static_cast<std::uint8_t>(i >> 8))),
            10min, std::string(1000, '"'), BanOrigin::misbehaviour);
      }
      each_second(second);
      world.run_for(1s);
      end(banned);
    }
    end(strangers);
    strangers.clear();
  }
};

TEST_F(SwitchLogTest, WhateverStrangersDoThereIsALineASecondAndEveryLineOfTheOperators) {
  const auto log = std::make_shared<TimedLines>(world, LogLevel::info);
  SimNode& hub = add_hub(log);
  SimNode& persistent = add();
  hub.node->add_persistent_peer(persistent.address());
  ASSERT_TRUE(until([&] { return connected(hub, persistent); }));
  flood(hub, [&](std::uint32_t second) {
    if (second % 10 == 5) hub.node->ban(test::numbered_key(second).id(), 1h, "by hand");
    if (second == 42) world.reset(ip_of(hub), ip_of(persistent));
  });
  EXPECT_GT(hub.node->counters().get(Counter::bans), 30'000u) << "as if there had been no flood";

  const auto [lines, bytes] = log->most_in_a_minute(LogLevel::info);
  EXPECT_LE(lines, 60u);
  EXPECT_LE(bytes, 128u << 10) << "twice that when every character is escaped";
  EXPECT_EQ(log->count("banned by the operator"), 6u);
  EXPECT_EQ(log->count("persistent peer lost"), 1u);
  EXPECT_EQ(log->count("banned"), 4u) << "two, and one each 20 s";
  // What was held back is told with the next line of the kind.
  world.run_for(20s);
  const std::uint64_t bans = hub.node->counters().get(Counter::bans) - 6;
  hub.node->ban(Cidr(IpAddress::v4(50, 1, 1, 1)), 10min, "more", BanOrigin::misbehaviour);
  world.run_for(1s);
  EXPECT_EQ(log->events("banned") + log->events("neighbourhood banned"), bans + 1);
  EXPECT_EQ(hub.node->peer_log().held_back(), bans + 1 - log->count("banned"));
}

TEST_F(SwitchLogTest, AtDebugARefusalHasALineAndTheyAreBoundedToo) {
  const auto log = std::make_shared<TimedLines>(world, LogLevel::debug);
  SimNode& hub = add_hub(log);
  SimNode& honest = add();
  flood(hub, [&](std::uint32_t second) {
    if (second == 50) honest.node->dial(hub.address());
  });
  EXPECT_GT(log->events("refused on arrival"), 1'000u);
  EXPECT_GT(log->events("peer connected"), 1'000u);
  std::map<std::string, std::size_t> of_kind;
  for (const auto& line : log->lines) ++of_kind[line.message];
  for (const auto& [kind, lines] : of_kind) EXPECT_LE(lines, 20u + 2 * 65) << kind;
  EXPECT_LE(log->most_in_a_minute(LogLevel::info).first, 60u);
}

TEST_F(SwitchLogTest, WhatAnOperatorAsksForHasALineEachTime) {
  const auto log = std::make_shared<TimedLines>(world, LogLevel::info);
  SimNode& hub = add_hub(log);
  for (std::uint32_t i = 0; i < 100; ++i) {
    hub.node->ban(test::numbered_key(i).id(), 1h, "by hand");
  }
  world.run_for(1s);
  EXPECT_EQ(log->count("banned by the operator"), 100u);
}

}  // namespace
}  // namespace peerage::p2p
