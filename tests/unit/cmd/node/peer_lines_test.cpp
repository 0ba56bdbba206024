#include "cmd/node/peer_lines.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "tests/support/sim_node.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::LogLevel;

struct Record {
  LogLevel level;
  std::string message;
  std::map<std::string, conn::LogValue> fields;
};

class Records final : public conn::LogSink {
 public:
  std::vector<Record> all;

 private:
  void write(const conn::LogRecord& record) noexcept override {
    Record kept{record.level, std::string(record.message), {}};
    for (const conn::LogField& each : record.fields) {
      kept.fields.emplace(std::string(each.key), each.value);
    }
    all.push_back(std::move(kept));
  }
};

// A node with such lines, and another that dials it.
struct PeerLinesTest : testing::Test {
  sim::SimWorld world;
  std::shared_ptr<Records> records = std::make_shared<Records>();
  PeerLines lines{conn::Log(records), world.now()};
  test::SimNode node{world.add_host({conn::IpAddress::v4(8, 1, 8, 8)}), 1};
  test::SimNode other{world.add_host({conn::IpAddress::v4(8, 2, 8, 8)}), 2};

  PeerLinesTest() {
    node.node->on_event(
        [this](const p2p::SwitchEvent& event) { lines.on_event(event, world.now()); });
    node.start();
    other.start();
    world.run_for(10ms);
  }
  ~PeerLinesTest() override {
    node.stop();
    other.stop();
    world.run_for(20s);
  }
  void visit(conn::Duration length) {
    other.node->dial(node.address());
    ASSERT_TRUE(world.run_until([&] { return other.peers() == 1; }, 10s));
    world.run_for(length);
    other.node->disconnect(node.id());
    ASSERT_TRUE(world.run_until([&] { return other.peers() == 0 && node.peers() == 0; }, 10s));
  }
};

TEST_F(PeerLinesTest, SayWhoComesAndWhoGoesAfterHowLongAndWhy) {
  visit(7s);
  ASSERT_EQ(records->all.size(), 2u);
  const Record &came = records->all[0], &gone = records->all[1];
  EXPECT_EQ(came.message, "peer connected");
  EXPECT_EQ(came.level, LogLevel::info);
  EXPECT_EQ(came.fields.at("peer").text(), other.id().to_string());
  EXPECT_EQ(came.fields.at("direction").text(), "inbound");
  EXPECT_TRUE(came.fields.at("address").text().starts_with("8.2.8.8:"));
  EXPECT_EQ(gone.message, "peer gone");
  EXPECT_EQ(gone.fields.at("peer").text(), other.id().to_string());
  EXPECT_EQ(gone.fields.at("lasted_ms").kind(), conn::LogValue::Kind::number);
  EXPECT_NEAR(std::stod(gone.fields.at("lasted_ms").text()), 7000, 2000);
  EXPECT_EQ(gone.fields.at("reason").text(), "closed_by_remote");
}

TEST_F(PeerLinesTest, AreBoundedAndSayHowManyWereLeftOut) {
  visit(1s);
  const std::vector<p2p::SwitchEvent> events = node.all_events;
  records->all.clear();
  for (std::size_t i = 0; i < 2 * PeerLines::kBurst; ++i) {
    for (const auto& each : events) lines.on_event(each, world.now());
  }
  EXPECT_LE(records->all.size(), PeerLines::kBurst);
  EXPECT_GE(records->all.size(), PeerLines::kBurst - 2);
  const std::uint64_t left_out = 4 * PeerLines::kBurst - records->all.size();
  for (const auto& each : events) lines.on_event(each, world.now() + 2s);
  EXPECT_EQ(records->all[records->all.size() - 2].fields.at("held_back").text(),
            std::to_string(left_out));
  EXPECT_FALSE(records->all.back().fields.contains("held_back"));
}

}  // namespace
}  // namespace peerage::cmd
