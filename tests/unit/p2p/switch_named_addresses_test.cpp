// What an operator has named, perhaps at several addresses of one node: all are tried, and what
// does not answer is told.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/log_lines.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::HostAddress;
using conn::IpAddress;
using conn::LogLevel;
using test::LogLines;
using test::node_config;
using test::numbered_key;
using test::SimNode;

struct NamedAddressesOfASwitch : test::SwitchFixture {
  std::shared_ptr<LogLines> log = std::make_shared<LogLines>();

  // Node `number`, where it will be when it is the one that is added as that.
  static HostAddress at(std::uint8_t number) {
    return {numbered_key(number).id(), "10." + std::to_string(number) + ".0.1", 26656};
  }
  // The same where no machine is.
  static HostAddress dead(std::uint8_t number) {
    return {numbered_key(number).id(), "10.200.0.1", 26656};
  }
  SimNode& add_with(std::vector<HostAddress> persistent) {
    log->least = LogLevel::info;
    SwitchConfig config = node_config();
    config.p2p.persistent_peers = std::move(persistent);
    config.log = log;
    return add(config);
  }
  std::vector<std::string> lines(const std::string& text) const {
    std::vector<std::string> chosen;
    for (const std::string& line : log->lines) {
      if (line.find(text) != std::string::npos) chosen.push_back(line);
    }
    return chosen;
  }
  std::vector<std::string> fails() const { return lines("a named address does not answer"); }
  std::vector<std::string> answers() const { return lines("a named address answers again"); }
};

TEST_F(NamedAddressesOfASwitch, InEachOrderANodeIsReachedThatComesUpAfterUs) {
  // A machine is there, and nothing listens.
  const HostAddress closed{numbered_key(5).id(), "10.1.0.1", 1};
  for (const auto& order :
       {std::vector{dead(5), at(5)}, std::vector{at(5), dead(5)},
        std::vector{closed, dead(5), at(5)}, std::vector{at(5), dead(5), closed}}) {
    add_with(order);
  }
  world.run_for(75s);
  SimNode& live = add();
  EXPECT_TRUE(until([&] { return live.peers() == 4; }, 15s));
  for (std::size_t i = 0; i < 4; ++i) {
    const auto now = nodes[i]->node->snapshot();
    EXPECT_TRUE(nodes[i]->peer(live)->persistent());
    EXPECT_EQ(now->persistent, 1u);
    EXPECT_EQ(now->persistent_named, 1u) << "one node, however many addresses";
  }
}

TEST_F(NamedAddressesOfASwitch, APersistentPeerIsDialledAtTheAddressThatSeedsGivesToo) {
  SimNode& first = add_with({dead(3)});
  first.node->set_seed_addresses({at(3)});
  SimNode& second = add_with({at(3)});
  second.node->set_seed_addresses({dead(3)});
  world.run_for(75s);
  SimNode& live = add();
  EXPECT_TRUE(until([&] { return live.peers() == 2; }, 15s));
}

TEST_F(NamedAddressesOfASwitch, ASeedThatIsNoPersistentPeerIsDialledByNobodyUnasked) {
  SimNode& a = add_with({});
  SimNode& b = add();
  a.node->set_seed_addresses({b.address()});
  world.run_for(1h);
  EXPECT_TRUE(a.events<Dialled>().empty());
}

TEST_F(NamedAddressesOfASwitch, AnAddressOfAKnownPeerComesAndGoesWhileItRuns) {
  SimNode& a = add_with({dead(2)});
  SimNode& b = add();
  world.run_for(1min);
  EXPECT_EQ(a.peers(), 0u);
  a.node->add_persistent_peer(at(2));
  ASSERT_TRUE(until([&] { return connected(a, b); }, 5s));
  const auto before = a.peer(b);

  a.node->remove_persistent_peer(at(2));
  world.run_for(1min);
  EXPECT_EQ(a.peer(b), before) << "the address in use goes, and the connection stays";
  EXPECT_TRUE(before->persistent());

  world.reset(ip_of(a), ip_of(b));
  world.run_for(10min);
  EXPECT_EQ(a.peers(), 0u) << "what is named is a dead place";
  a.node->add_persistent_peer(at(2));
  ASSERT_TRUE(until([&] { return connected(a, b); }, 5s));
  a.node->remove_persistent_peer(at(2));
  a.node->remove_persistent_peer(dead(2));
  world.run_for(1s);
  EXPECT_FALSE(a.peer(b)->persistent()) << "the last one takes the mark";
  EXPECT_EQ(a.node->snapshot()->persistent_named, 0u);
}

TEST_F(NamedAddressesOfASwitch, AnAddressThatGoesWhileItIsDialledDelaysNoOther) {
  sim::LinkPlan silent;
  silent.connect = sim::LinkPlan::Connect::ignored;
  world.set_link(IpAddress::v4(10, 1, 0, 1), IpAddress::v4(10, 200, 0, 1), silent);
  world.add_host({IpAddress::v4(10, 200, 0, 1)});
  SimNode& a = add_with({dead(2)});
  SimNode& b = add();
  world.run_for(200ms);  // the dial takes three seconds
  ASSERT_EQ(a.node->snapshot()->dialling, 1u);
  a.node->add_persistent_peer(at(2));
  a.node->remove_persistent_peer(dead(2));
  EXPECT_TRUE(until([&] { return connected(a, b); }, 5s));
}

TEST_F(NamedAddressesOfASwitch, AnAddressThatStandsInBothListsStaysWithTheOther) {
  SimNode& a = add_with({dead(2), at(2)});
  a.node->set_seed_addresses({at(2)});
  a.node->remove_persistent_peer(at(2));
  world.run_for(1min);
  SimNode& b = add();
  ASSERT_TRUE(until([&] { return connected(a, b); }, 15s)) << "seeds names it still";
  world.run_for(1min);
  a.node->set_seed_addresses({});
  world.reset(ip_of(a), ip_of(b));
  world.run_for(10min);
  EXPECT_EQ(a.peers(), 0u);
}

// --- what is told ---

TEST_F(NamedAddressesOfASwitch, EachThatFailsForAMinuteHasOneLineAndOneWhenItAnswers) {
  world.set_name("gone.example", std::vector<IpAddress>{});
  const HostAddress nameless{numbered_key(9).id(), "gone.example", 26656};
  const HostAddress closed{numbered_key(2).id(), "10.1.0.1", 1};
  add_with({nameless, closed, at(2)});
  world.run_for(59s);
  EXPECT_TRUE(fails().empty());
  world.run_for(3h);
  ASSERT_EQ(fails().size(), 3u);
  EXPECT_EQ(lines("warn a named address does not answer address=" + nameless.to_string() +
                  " list=persistent_peers reason=name_not_found why=")
                .size(),
            1u);
  EXPECT_EQ(lines(closed.to_string() + " list=persistent_peers reason=connection_refused").size(),
            1u);
  EXPECT_TRUE(answers().empty());
  add();
  world.run_for(2min);
  EXPECT_EQ(fails().size(), 3u);
  EXPECT_EQ(answers(), std::vector{"info a named address answers again address=" +
                                   at(2).to_string() + " list=persistent_peers"});
}

TEST_F(NamedAddressesOfASwitch, NothingIsToldOfADeadPlaceOfANodeThatIsConnectedAtAnother) {
  SimNode& a = add_with({dead(2), at(2)});
  SimNode& b = add();
  ASSERT_TRUE(until([&] { return connected(a, b); }, 15s));
  world.run_for(1h);
  EXPECT_TRUE(fails().empty());
}

TEST_F(NamedAddressesOfASwitch, AFlappingPeerHasUnderOneLineAnHour) {
  SimNode& a = add_with({at(2)});
  SimNode& b = add();
  for (int i = 0; i < 48; ++i) {
    black_hole(a, b);
    world.run_for(15min);
    heal(a, b);
    world.run_for(15min);
  }
  EXPECT_GE(fails().size(), 5u);
  EXPECT_LT(fails().size() + answers().size(), 24u);
}

TEST_F(NamedAddressesOfASwitch, ATwinOfOursIsTold) {
  SimNode& a = add_with({{numbered_key(1).id(), "10.9.0.1", 26656}});
  world.run_for(70s);
  ASSERT_EQ(fails().size(), 1u);
  EXPECT_NE(fails()[0].find("reason=own_address"), std::string::npos);
  EXPECT_EQ(a.node->snapshot()->persistent_named, 0u) << "there is nobody to be connected to";
}

TEST_F(NamedAddressesOfASwitch, OurselvesInAListThatAllShareIsNoNews) {
  log->least = LogLevel::info;
  for (const bool says_where_it_is : {false, true}) {
    SwitchConfig config = node_config();
    config.log = log;
    if (says_where_it_is) {
      config.p2p.external_address = "10.2.0.1:26656";
    } else {
      config.p2p.laddr = "tcp://10.1.0.1:26656";
    }
    config.p2p.persistent_peers = {at(1), at(2)};
    add(config);
  }
  world.run_for(10min);
  EXPECT_TRUE(connected(*nodes[0], *nodes[1]));
  EXPECT_TRUE(fails().empty());
}

TEST_F(NamedAddressesOfASwitch, ABanOfWhatIsNamedIsTold) {
  SimNode& a = add_with({at(2)});
  a.node->ban(numbered_key(2).id(), 1h, "by hand");
  add();
  world.run_for(70s);
  ASSERT_EQ(fails().size(), 1u);
  EXPECT_NE(fails()[0].find("reason=banned"), std::string::npos);
}

TEST_F(NamedAddressesOfASwitch, ASeedThatFailsIsToldAsOne) {
  SimNode& a = add_with({});
  a.node->set_seed_addresses({dead(2), at(3)});
  a.node->dial(dead(2));
  a.node->dial(dead(4));  // that nobody has named
  world.run_for(70s);
  ASSERT_EQ(fails().size(), 1u);
  EXPECT_NE(fails()[0].find(dead(2).to_string() + " list=seeds"), std::string::npos);
}

TEST_F(NamedAddressesOfASwitch, OneThatIsNamedNoMoreIsNotTold) {
  SimNode& a = add_with({dead(2), dead(3)});
  world.run_for(30s);
  a.node->remove_persistent_peer(dead(2));
  a.node->remove_persistent_peer(numbered_key(3).id());
  world.run_for(1h);
  EXPECT_TRUE(fails().empty());
}

TEST_F(NamedAddressesOfASwitch, AStopWhileSomethingIsToBeToldIsQuiet) {
  SimNode& a = add_with({dead(2)});
  world.run_for(30s);
  a.stop();
  ASSERT_TRUE(until([&] { return a.stopped; }));
  world.run_for(10min);
  EXPECT_TRUE(fails().empty());
}

}  // namespace
}  // namespace peerage::p2p
