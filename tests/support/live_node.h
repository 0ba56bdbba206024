// A node on the simulated network whose settings are those of a home on the disk, with the verbs of
// live control that steer it.
//
// Threads: one.
#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cmd/config/control_file.h"
#include "cmd/config/settings.h"
#include "cmd/ctl/book_verbs.h"
#include "cmd/ctl/list_verbs.h"
#include "cmd/ctl/live_settings.h"
#include "cmd/ctl/settings_verbs.h"
#include "tests/support/files.h"
#include "tests/support/verb_world.h"

namespace peerage::test {

class LiveNodeTest : public VerbWorld {
 protected:
  static constexpr std::uint32_t kNumber = 150;

  LiveNodeTest() : host_(world.add_host({ip_of(kNumber)}, 1)) { config(""); }

  // --- the home ---

  void config(const std::string& p2p) const {
    put("config/config.toml", "[peerage]\nnetwork = \"test-chain\"\n[p2p]\n" + p2p);
  }
  void put(const std::string& name, const std::string& text) const {
    const auto path = home / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::string text_of(const std::string& name) const {
    std::ifstream in(home / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  cmd::SettingsReading load() const {
    auto reading = cmd::read_settings(home.path(), {}, {}, cmd::Listing::brief);
    cmd::merge_control_file(reading.settings, reading.findings);
    return reading;
  }

  // --- the node ---

  // With the settings of the home; again: as after a restart.
  void start(pex::Role role = pex::Role::node) {
    if (live_) stop();
    auto first = load();
    ASSERT_EQ(cmd::first_error(first.findings), nullptr);
    const cmd::Config& config = first.settings.config;
    PexNode::Plan plan;
    if (role == pex::Role::seed) plan.pex = pex::PexConfig::seed();
    plan.node.p2p.persistent_peers = config.p2p.persistent_peers;
    plan.node.p2p.unconditional_peer_ids = config.p2p.unconditional_peer_ids;
    plan.node.p2p.private_peer_ids = config.p2p.private_peer_ids;
    plan.pex.seeds = config.seeds;
    plan.book = first.settings.book_file;
    std::filesystem::create_directories(plan.book.parent_path());
    live_ = std::make_unique<PexNode>(host_, kNumber, plan);
    live_->start();
    ASSERT_TRUE(until([this] { return live_->started; }, 5s));
    pex::Node& node = *live_->whole;
    settings_ = std::make_shared<cmd::LiveSettings>(
        std::move(first.settings), role, [this] { return load(); },
        cmd::LiveSettings::Node{[&node](pex::NodeLists to) { node.update_lists(std::move(to)); },
                                [](const cmd::LogLevels&) {}, [](const cmd::Config&) {}},
        conn::Log(nullptr));
    for (auto& verbs : {cmd::list_verbs(node, settings_), cmd::settings_verbs(settings_),
                        cmd::book_verbs(node, settings_)}) {
      for (const cmd::NamedVerb& each : verbs) verbs_[std::string(each.name)] = each.run;
    }
  }
  void stop() {
    verbs_.clear();
    live_->stop();
    EXPECT_TRUE(until([this] { return live_->stopped; }, 30s));
    live_.reset();
  }
  PexNode& node() const { return *live_; }
  bool connected_to(const PexNode& other) const {
    return node().net().find_peer(other.whole->id()) != nullptr;
  }
  bool joins(const PexNode& other, conn::Duration within = 10s) {
    return until([&] { return connected_to(other); }, within);
  }

  // --- its verbs ---

  // On the control shard, as the table has them called.
  void call(const std::string& verb, cmd::CtlParams params, cmd::CtlDone done) override {
    check(verb, params);
    host_.shard(0).post([run = verbs_.at(verb), call = cmd::CtlCall{verb, std::move(params), {}},
                         done = std::move(done)] { run(call, done); });
  }
  void TearDown() override {
    if (live_) stop();
    VerbWorld::TearDown();
  }

  TemporaryDirectory home;

 private:
  sim::SimHost& host_;
  std::unique_ptr<PexNode> live_;
  std::shared_ptr<cmd::LiveSettings> settings_;
  std::map<std::string, cmd::NodeControl::Verb> verbs_;
};

}  // namespace peerage::test
