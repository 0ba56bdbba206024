// Commands, and what those who give them are told.
#include "pex/discovery/discovery_reason.h"
#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

class CoreCommands : public CoreTest {
 protected:
  CoreCommands() { start(); }
  const ScriptedPeer peer{1, "20.1.1.1:30303"};
  const ScriptedPeer other{2, "20.2.2.2:30303"};

  // What commands have caused goes out.
  void flush() { send_bytes(peer.at, {}); }
  EnrPtr record_of(const ScriptedPeer& signer, std::uint64_t seq) const {
    return EnrBuilder().set_ip(signer.at.ip).set_number("udp", 30303).sign(signer.key, seq).value();
  }
  void answer_pings(const ScriptedPeer& from) {
    for (const auto& [hash, ping] : take<v4::Ping>(from)) send(from, pong_of(hash));
  }
  void answer_record(const ScriptedPeer& from, const EnrPtr& record) {
    for (const auto& [hash, asked] : take<v4::EnrRequest>(from)) {
      const conn::ByteView bytes = record->bytes();
      send(from, v4::EnrResponse{hash, {bytes.begin(), bytes.end()}});
    }
  }
};

TEST_F(CoreCommands, APingTellsHowLongItsAnswerTook) {
  std::optional<conn::Result<PingAnswer>> took;
  core->ping(peer.contact(), Protocol::v4, now(), [&](auto answer) { took = answer; });
  flush();
  EXPECT_FALSE(took);
  pass(40ms);
  answer_pings(peer);
  ASSERT_TRUE(took && *took);
  EXPECT_EQ((*took)->round_trip, 40ms);
}

TEST_F(CoreCommands, APingThatIsNotAnsweredSaysSo) {
  std::optional<conn::Result<PingAnswer>> took;
  core->ping(peer.contact(), Protocol::v4, now(), [&](auto answer) { took = answer; });
  pass(20s);
  ASSERT_TRUE(took);
  EXPECT_EQ(took->error().reason, DiscoveryReason::no_answer);
}

TEST_F(CoreCommands, WhoIsBannedIsNotPinged) {
  core->ban(peer.id(), {}, conn::BanOrigin::operator_, now());
  std::optional<conn::Result<PingAnswer>> took;
  core->ping(peer.contact(), Protocol::v4, now(), [&](auto answer) { took = answer; });
  EXPECT_FALSE(took) << "never inside the call";
  flush();
  ASSERT_TRUE(took);
  EXPECT_EQ(took->error().reason, DiscoveryReason::not_allowed_to_ask);
  EXPECT_TRUE(take(peer).empty());
}

TEST_F(CoreCommands, WeDoNotPingOurselves) {
  const ScriptedPeer us(9000, "20.9.9.9:30303");
  core->ping(us.contact(), Protocol::v4, now(), [](auto) {});
  flush();
  EXPECT_EQ(sent_in_all(), 0u);
}

TEST_F(CoreCommands, AProtocolThatIsOffAsksNobody) {
  std::optional<conn::Result<PingAnswer>> took;
  core->ping(peer.contact(), Protocol::v5, now(), [&](auto answer) { took = answer; });
  flush();
  EXPECT_EQ(took->error().reason, DiscoveryReason::protocol_off);
}

TEST_F(CoreCommands, ARecordIsAskedForOnceTheNodeHasProvenItself) {
  std::optional<conn::Result<EnrPtr>> record;
  core->request_record(peer.contact(), Protocol::v4, now(), [&](auto got) { record = got; });
  flush();
  answer_pings(peer);
  answer_record(peer, record_of(peer, 5));
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((**record)->seq(), 5u);
}

TEST_F(CoreCommands, ALookupTellsWhoAnsweredTheClosestFirst) {
  bond(peer);
  bond(other);
  take(peer);
  take(other);
  std::optional<conn::Result<std::vector<Contact>>> found;
  const LookupTarget target = core->random_target();
  core->lookup(target, Protocol::v4, now(), [&](auto result) { found = result; });
  flush();
  for (const ScriptedPeer* each : {&peer, &other}) {
    ASSERT_EQ(take<v4::FindNode>(*each).size(), 1u);
    send(*each, v4::Neighbors{{}, soon()});
  }
  ASSERT_TRUE(found && *found);
  ASSERT_EQ((*found)->size(), 2u);
  EXPECT_LT(compare_distance(target.id, (**found)[0].id, (**found)[1].id), 0);
}

TEST_F(CoreCommands, ALookupGoesOnWithoutWhoeverIsSilent) {
  bond(peer);
  std::optional<conn::Result<std::vector<Contact>>> found;
  core->lookup(core->random_target(), Protocol::v4, now(), [&](auto result) { found = result; });
  pass(1s);
  ASSERT_TRUE(found && *found);
  EXPECT_TRUE((*found)->empty());
}

TEST_F(CoreCommands, ALookupWithNobodyToAskSaysSo) {
  std::optional<conn::Result<std::vector<Contact>>> found;
  core->lookup(core->random_target(), Protocol::v4, now(), [&](auto result) { found = result; });
  flush();
  EXPECT_EQ(found->error().reason, DiscoveryReason::nobody_to_ask);
}

TEST_F(CoreCommands, AnIdWithoutItsKeyCannotBeLookedForInDiscv4) {
  bond(peer);
  std::optional<conn::Result<std::vector<Contact>>> found;
  core->lookup(LookupTarget::of(other.id()), Protocol::v4, now(), [&](auto got) { found = got; });
  flush();
  EXPECT_EQ(found->error().reason, DiscoveryReason::protocol_off);
}

TEST_F(CoreCommands, FourLookupsOfCommandsRunAtOnce) {
  bond(peer);
  std::size_t busy = 0;
  for (int i = 0; i < 6; ++i) {
    core->lookup(core->random_target(), Protocol::v4, now(), [&](auto found) {
      if (!found && found.error().reason == DiscoveryReason::discovery_busy) ++busy;
    });
    // One that is asked already is nobody to begin with: others are there, too.
    bond(ScriptedPeer(100 + static_cast<std::uint32_t>(i),
                      "20." + std::to_string(50 + i) + ".1.1:30303"));
  }
  flush();
  EXPECT_EQ(core->lookups_under_way(), settings.limits.command_lookups);
  EXPECT_EQ(busy, 6 - settings.limits.command_lookups);
}

TEST_F(CoreCommands, ANodeIsResolvedByAskingItself) {
  std::optional<conn::Result<EnrPtr>> record;
  core->resolve(peer.contact(), Protocol::v4, now(), [&](auto got) { record = got; });
  flush();
  answer_pings(peer);
  answer_record(peer, record_of(peer, 5));
  ASSERT_TRUE(record && *record);
}

TEST_F(CoreCommands, ANodeThatHasMovedIsResolvedThroughOthers) {
  bond(other);
  const ScriptedPeer moved(1, "20.5.5.5:30303");
  std::optional<conn::Result<EnrPtr>> record;
  core->resolve(peer.contact(), Protocol::v4, now(), [&](auto got) { record = got; });
  pass(20s);
  const auto asked = take<v4::FindNode>(other);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].second.target, peer.key.public_key().xy());
  send(other, v4::Neighbors{{moved.node()}, soon()});
  answer_pings(moved);
  send(moved, ping_of(moved));
  ASSERT_EQ(take<v4::FindNode>(moved).size(), 1u);
  send(moved, v4::Neighbors{{}, soon()});
  pass(600ms);
  answer_pings(moved);
  answer_record(moved, record_of(moved, 7));
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((**record)->seq(), 7u);
}

TEST_F(CoreCommands, ABootNodeWithARecordIsBetterThanOneWithout) {
  core->add_boot_node(peer.contact(), now());
  core->add_boot_node(Contact::of(record_of(peer, 3)).value(), now());
  EXPECT_EQ(core->table().find(peer.id())->contact.seq(), 3u);
}

TEST_F(CoreCommands, WhoIsRemovedIsGoneAtOnceAndSoIsItsProof) {
  bond(peer);
  core->remove(peer.id(), now());
  EXPECT_EQ(core->table().find_any(peer.id()), nullptr);
  take(peer);
  send(peer, v4::FindNode{{1}, soon()});
  EXPECT_TRUE(take(peer).empty());
}

TEST_F(CoreCommands, ABanOfANetworkRemovesEverybodyInIt) {
  bond(peer);
  bond(other);
  take_updates();
  core->ban(conn::Cidr::parse("20.1.0.0/16").value(), {}, now());
  flush();
  EXPECT_EQ(core->table().find_any(peer.id()), nullptr);
  EXPECT_TRUE(is_live(other));
  EXPECT_EQ(take_updates<update::Removed>().size(), 1u);
}

TEST_F(CoreCommands, PrivateAddressesAreNotBannedByAddress) {
  EXPECT_EQ(core->ban(conn::Cidr::parse("10.0.0.0/8").value(), {}, now()),
            DiscoveryBans::Added::private_network);
}

TEST_F(CoreCommands, ANewP2pPortStandsInTheNextRecord) {
  core->set_p2p_port(1234, now());
  pass(1s);
  EXPECT_TRUE(core->record()->pair("tcp"));
  send(other, ping_of(other));
  EXPECT_EQ(take<v4::Ping>(other).at(0).second.from.tcp, 1234);
}

TEST_F(CoreCommands, AfterTheStopNothingIsSentAndWhoWaitsIsTold) {
  std::optional<conn::Result<PingAnswer>> took;
  core->ping(peer.contact(), Protocol::v4, now(), [&](auto answer) { took = answer; });
  core->stop(now());
  core->stop(now());
  flush();
  EXPECT_EQ(took->error().reason, conn::Reason::stopping);
  send(other, ping_of(other));
  pass(1h);
  EXPECT_EQ(sent_in_all(), 0u);
  EXPECT_EQ(core->next_deadline(), conn::TimePoint::max());
}

}  // namespace
}  // namespace peerage::pex
