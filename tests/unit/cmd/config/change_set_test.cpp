#include "cmd/config/change_set.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "cmd/config/fields.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

conn::HostAddress address(char digit, const std::string& host) {
  return *conn::HostAddress::parse(std::string(40, digit) + "@" + host + ":26656");
}

std::vector<std::string> keys_of(const std::vector<SettingChange>& changes) {
  std::vector<std::string> keys;
  for (const SettingChange& each : changes) keys.push_back(each.key);
  return keys;
}

TEST(ChangeSet, EveryKeyIsTakenAtAReloadOrNeedsARestart) {
  Config config;
  for_each_field(config, [](std::string_view section, std::string_view key, const auto&) {
    const std::string name = full_name(section, key);
    EXPECT_TRUE(at_reload(name)) << name << " is in neither group of cmd/config/change_set.cpp";
  });
}

TEST(ChangeSet, AKeyThatThereIsNotIsInNoGroup) {
  EXPECT_FALSE(at_reload("p2p.ladr"));
  EXPECT_FALSE(at_reload("peerage.discovery.protocol"));
  EXPECT_FALSE(at_reload(""));
}

TEST(ChangeSet, TheSameSettingsHaveNoChanges) {
  Settings settings;
  settings.config.p2p.persistent_peers = {address('a', "example.org")};
  EXPECT_TRUE(change_set(settings, settings).empty());
}

TEST(ChangeSet, NamesWhatHasChangedWithBothValues) {
  Settings running, read;
  read.config.seeds = {address('a', "example.org")};
  read.config.p2p.laddr = "tcp://0.0.0.0:1";
  read.config.summary_interval = 90s;
  const auto changes = change_set(running, read);
  EXPECT_EQ(keys_of(changes),
            (std::vector<std::string>{"peerage.summary_interval", "p2p.laddr", "p2p.seeds"}));
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].running, "1m");
  EXPECT_EQ(changes[0].read, "1m30s");
  EXPECT_EQ(changes[0].what, AtReload::taken);
  EXPECT_EQ(changes[1].running, "tcp://0.0.0.0:26656");
  EXPECT_EQ(changes[1].what, AtReload::needs_restart);
  EXPECT_EQ(changes[2].what, AtReload::taken);
}

TEST(ChangeSet, ANetworkThatComesFromAGenesisFileCounts) {
  Settings running, read;
  running.genesis_read = read.genesis_read = true;
  running.networks = {"net-1"};
  read.networks = {"net-2"};
  const auto changes = change_set(running, read);
  ASSERT_EQ(keys_of(changes), std::vector<std::string>{"peerage.network"});
  EXPECT_EQ(changes[0].running, "net-1");
  EXPECT_EQ(changes[0].read, "net-2");
}

TEST(ChangeSet, NetworksThatABookHasNamedAreNoChange) {
  Settings running, read;
  running.config.network = read.config.network = "*";
  running.networks = {"net-1", "net-2"};  // as the start has settled it
  read.networks = {"*"};
  EXPECT_TRUE(change_set(running, read).empty());
}

TEST(ChangeSet, AnAddrbookJsonThatIsNamedByItsDefaultCounts) {
  Settings running, read;
  read.json_book = "/home/config/addrbook.json";
  EXPECT_EQ(keys_of(change_set(running, read)), std::vector<std::string>{"p2p.addr_book_file"});
}

TEST(ChangeSet, LongValuesAreCutAndOthersBytesEscaped) {
  Settings running, read;
  read.config.moniker = std::string(10'000, 'x');
  read.config.network = "\x1b[31m";
  const auto changes = change_set(running, read);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_LT(changes[0].read.size(), 600u);
  EXPECT_EQ(changes[1].read, "\\x1b[31m");
}

TEST(AfterReload, TakesWhatARunningNodeTakesAndLeavesTheRest) {
  Settings running, read;
  running.origins["p2p.seeds"] = {{}, 3};
  read.config.seeds = {address('a', "example.org"), address('b', "[2001:db8::1]")};
  read.config.p2p.unconditional_peer_ids = {address('a', "h").id};
  read.config.log_level = "p2p:debug,*:error";
  read.config.log_peers = true;
  read.config.p2p.laddr = "tcp://0.0.0.0:1";
  read.config.p2p.send_rate = 7;
  read.origins["p2p.persistent_peers"] = {"--persistent-peers", 0};
  read.overruled = {{"p2p.seeds", "--seeds"}};
  const Settings after = after_reload(running, read);
  EXPECT_EQ(after.config.seeds, read.config.seeds);
  EXPECT_EQ(after.config.p2p.unconditional_peer_ids, read.config.p2p.unconditional_peer_ids);
  EXPECT_EQ(after.config.log_level, "p2p:debug,*:error");
  EXPECT_TRUE(after.config.log_peers);
  EXPECT_EQ(after.config.p2p.laddr, running.config.p2p.laddr);
  EXPECT_EQ(after.config.p2p.send_rate, running.config.p2p.send_rate);
  EXPECT_FALSE(after.origins.contains("p2p.seeds")) << "it is the default's again";
  EXPECT_EQ(after.origins.at("p2p.persistent_peers").name, "--persistent-peers");
  EXPECT_EQ(after.overruled.size(), 1u);
}

TEST(AfterReload, WhatNeedsARestartIsToldUntilItComes) {
  Settings running, read;
  read.config.p2p.laddr = "tcp://0.0.0.0:1";
  read.config.log_peers = true;
  const Settings after = after_reload(running, read);
  EXPECT_EQ(keys_of(change_set(after, read)), std::vector<std::string>{"p2p.laddr"});
}

}  // namespace
}  // namespace peerage::cmd
