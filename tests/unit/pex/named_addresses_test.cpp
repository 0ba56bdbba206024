// Whole nodes whose operator names a node at several addresses, in one list or in both, and changes
// his mind.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "addrbook/book/address_book.h"
#include "tests/support/log_lines.h"
#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::HostAddress;
using test::LogLines;
using test::numbered_key;
using test::PexNode;

class NamedAddressesOfANode : public test::PexWorld {
 protected:
  // Node `number`, where it will be when it is the one that is added as that.
  static HostAddress at(std::uint32_t number) {
    return {numbered_key(number).id(), ip_of(number).to_string(), 26656};
  }
  // The same where no machine is.
  static HostAddress dead(std::uint32_t number) {
    return {numbered_key(number).id(), "99.9.9.9", 26656};
  }
  PexNode& add_with(std::vector<HostAddress> persistent, std::vector<HostAddress> seeds) {
    log->least = conn::LogLevel::info;
    PexNode::Plan plan = plan_with_seeds(std::move(seeds));
    plan.node.p2p.persistent_peers = std::move(persistent);
    plan.node.log = log;
    return add(std::move(plan));
  }
  std::vector<std::string> lines(const std::string& text) const {
    std::vector<std::string> chosen;
    std::copy_if(log->lines.begin(), log->lines.end(), std::back_inserter(chosen),
                 [&text](const auto& line) { return line.find(text) != std::string::npos; });
    return chosen;
  }

  std::shared_ptr<LogLines> log = std::make_shared<LogLines>();
};

TEST_F(NamedAddressesOfANode, WhicheverListsAndOrderANodeThatComesUpLateIsReached) {
  add_with({dead(5), at(5)}, {});
  add_with({at(5), dead(5)}, {});
  add_with({dead(5)}, {at(5)});
  add_with({at(5)}, {dead(5)});
  for (const auto late : {75s, 500s}) {
    world.run_for(late);
    if (nodes.size() < 5) {
      add({});
    } else {
      nodes[4]->start();
    }
    EXPECT_TRUE(until([&] { return nodes[4]->peers() == 4; }, 15s)) << late.count();
    nodes[4]->stop();
    ASSERT_TRUE(until([&] { return nodes[4]->stopped; }, 30s));
    nodes[4]->make_anew();
  }
  nodes[4]->start();
  world.run_for(1min);
}

TEST_F(NamedAddressesOfANode, ASeedThatIsAPersistentPeerElsewhereIsAskedForAddresses) {
  // The seed knows node 2, and nobody else does.
  PexNode& seed = add(seed_plan());
  PexNode& other = add(plan_with_seeds({seed.address()}));
  ASSERT_TRUE(until([&] { return seed.book().verified() > 0; }, 3min));
  PexNode& node = add_with({dead(1)}, {seed.address()});
  EXPECT_TRUE(until([&] { return node.net().find_peer(other.whole->id()) != nullptr; }, 1min));
}

TEST_F(NamedAddressesOfANode, ASeedIsAskedAtEachOfItsAddresses) {
  PexNode& seed = add(seed_plan());
  for (const auto& seeds :
       {std::vector{dead(1), seed.address()}, std::vector{seed.address(), dead(1)}}) {
    PexNode& node = add_with({}, seeds);
    EXPECT_TRUE(until([&] { return node.report(world).counts.asked > 0; }, 10s));
  }
}

TEST_F(NamedAddressesOfANode, AReloadThatAddsASecondAddressIsSeenAndOneThatTakesItEndsNothing) {
  PexNode& node = add_with({dead(2)}, {});
  PexNode& peer = add({});
  world.run_for(30s);
  ASSERT_EQ(node.peers(), 0u);
  node.whole->update_lists({.persistent_peers = {dead(2), at(2)}});
  ASSERT_TRUE(until([&] { return node.peers() == 1; }, 5s));
  EXPECT_EQ(lines("info a list of addresses has changed list=persistent_peers added=" +
                  at(2).to_string() + " removed=")
                .size(),
            1u);
  const auto connection = node.net().find_peer(peer.whole->id());

  node.whole->update_lists({.persistent_peers = {at(2), dead(2)}});  // which is the same
  world.run_for(1s);
  EXPECT_EQ(lines("a list of addresses has changed").size(), 1u);

  node.whole->update_lists({.persistent_peers = {dead(2)}});
  world.run_for(1min);
  EXPECT_EQ(lines("added= removed=" + at(2).to_string()).size(), 1u);
  EXPECT_EQ(node.net().find_peer(peer.whole->id()), connection);
  EXPECT_TRUE(connection->persistent());

  // Another place instead of the one it had: it is a persistent peer all the time.
  node.whole->update_lists({.persistent_peers = {at(2)}});
  world.run_for(1min);
  EXPECT_EQ(node.net().find_peer(peer.whole->id()), connection);
  EXPECT_TRUE(connection->persistent());
}

TEST_F(NamedAddressesOfANode, AnAddressThatASeedLosesIsNoPersistentPeersAnyMore) {
  PexNode& node = add_with({dead(2)}, {at(2)});
  node.whole->update_lists({.persistent_peers = {dead(2)}});
  world.run_for(10s);  // what was under way is over
  PexNode& peer = add({});
  world.run_for(5min);
  EXPECT_EQ(node.peers(), 0u);
  node.whole->update_lists({.seeds = {at(2)}, .persistent_peers = {dead(2)}});
  EXPECT_TRUE(until([&] { return node.peers() == 1; }, 5s));
  EXPECT_TRUE(node.net().find_peer(peer.whole->id())->persistent());
}

TEST_F(NamedAddressesOfANode, ListsThatChangeBeforeTheStartAreThoseOfTheStart) {
  sim::SimHost& host = world.add_host({ip_of(1)}, 2);
  PexNode::Plan plan = plan_with_seeds({dead(3)});
  plan.node.p2p.persistent_peers = {dead(2)};
  nodes.push_back(std::make_unique<PexNode>(host, 1, std::move(plan)));
  PexNode& node = *nodes.back();
  std::vector<HostAddress> dialled;
  node.on_event = [&dialled](const p2p::SwitchEvent& event) {
    if (const auto* begun = std::get_if<p2p::Dialled>(&event)) dialled.push_back(begun->target);
  };
  node.whole->update_lists({.seeds = {at(3)}, .persistent_peers = {at(2)}});
  node.start();
  world.run_for(1min);
  EXPECT_EQ(std::count(dialled.begin(), dialled.end(), dead(2)), 0);
  EXPECT_EQ(std::count(dialled.begin(), dialled.end(), dead(3)), 0);
  EXPECT_GT(std::count(dialled.begin(), dialled.end(), at(2)), 0);
  EXPECT_GT(std::count(dialled.begin(), dialled.end(), at(3)), 0);
}

// Others may say that a persistent peer is anywhere.
TEST_F(NamedAddressesOfANode, WhatTheBookSaysOfAPersistentPeerDelaysNoDialToIt) {
  PexNode& node = add_with({at(3)}, {});
  PexNode& liar = add({});
  for (std::uint8_t i = 1; i < 100; ++i) {
    node.book().add({at(3).id, {conn::IpAddress::v4(60, i, 1, 1), 26656}},
                    {liar.host().address(), {}, addrbook::Origin::pex}, node.books().now());
  }
  world.run_for(5min);
  PexNode& peer = add({});
  EXPECT_TRUE(until([&] { return node.net().find_peer(peer.whole->id()) != nullptr; }, 15s));
}

TEST_F(NamedAddressesOfANode, WhatDoesNotAnswerIsToldOfBothListsAndAddressesThatAnswerAreNot) {
  world.set_name("mispelt.example", std::vector<conn::IpAddress>{});
  const HostAddress mispelt{numbered_key(8).id(), "mispelt.example", 26656};
  const HostAddress gone{numbered_key(9).id(), "gone.example", 26656};
  PexNode& seed = add(seed_plan());
  add_with({mispelt}, {gone, dead(7), seed.address()});
  world.run_for(70s);
  const std::string fails = "warn a named address does not answer address=";
  EXPECT_EQ(lines(fails).size(), 3u);
  EXPECT_EQ(
      lines(fails + mispelt.to_string() + " list=persistent_peers reason=name_not_found").size(),
      1u);
  EXPECT_EQ(lines(fails + gone.to_string() + " list=seeds reason=name_not_found").size(), 1u);
  EXPECT_EQ(lines(fails + dead(7).to_string() + " list=seeds reason=unreachable").size(), 1u);
  world.run_for(24h);
  EXPECT_LE(lines("a named address").size(), 4u * 24);
  EXPECT_EQ(lines(fails + mispelt.to_string()).size(), 1u);
}

}  // namespace
}  // namespace peerage::pex
