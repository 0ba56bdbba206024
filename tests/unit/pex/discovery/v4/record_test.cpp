// Records over discv4: who is given ours, and when theirs is asked for and believed.
#include "conn/address/node_id.h"
#include "pex/discovery/record/cmt.h"
#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

class Discv4Records : public CoreTest {
 protected:
  Discv4Records() { start(); }
  const ScriptedPeer peer{1, "20.1.1.1:30303"};

  EnrPtr record_of(const ScriptedPeer& signer, std::uint64_t seq,
                   const char* ip = "20.1.1.1") const {
    return EnrBuilder()
        .set_ip(conn::IpAddress::parse(ip).value())
        .set_number("udp", 30303)
        .sign(signer.key, seq)
        .value();
  }
  static v4::EnrResponse response(const v4::PacketHash& request, const EnrPtr& record) {
    const conn::ByteView bytes = record->bytes();
    return {request, {bytes.begin(), bytes.end()}};
  }
  // The peer is live, and our question for its record has come to it.
  v4::PacketHash asked(std::uint64_t seq = 5) {
    bond(peer, seq);
    const auto questions = take<v4::EnrRequest>(peer);
    EXPECT_EQ(questions.size(), 1u);
    return questions.empty() ? v4::PacketHash{} : questions[0].first;
  }
  // A minute later it says that it has another.
  v4::PacketHash asked_again(std::uint64_t seq) {
    pass(1min);
    v4::Ping ping = ping_of(peer);
    ping.seq = seq;
    send(peer, ping);
    const auto questions = take<v4::EnrRequest>(peer);
    EXPECT_EQ(questions.size(), 1u);
    return questions.empty() ? v4::PacketHash{} : questions[0].first;
  }
  EnrPtr known() const { return core->table().find(peer.id())->contact.record; }
  bool knows(const EnrPtr& record) const { return known() && known()->hash() == record->hash(); }
};

TEST_F(Discv4Records, OursIsGivenToWhoeverHasProvenItself) {
  bond(peer);
  take(peer);
  const auto request = send(peer, v4::EnrRequest{soon()});
  const auto came = take(peer);
  ASSERT_EQ(came.size(), 1u);
  const auto& given = std::get<v4::EnrResponse>(came[0].message);
  EXPECT_EQ(given.request, request);
  const auto record = Enr::decode(given.record);
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)->id(), core->id());
}

TEST_F(Discv4Records, WithoutASequenceThereIsNoQuestion) {
  bond(peer);
  EXPECT_TRUE(take<v4::EnrRequest>(peer).empty());
}

TEST_F(Discv4Records, ASequenceOfZeroIsNone) {
  bond(peer, 0);
  EXPECT_TRUE(take<v4::EnrRequest>(peer).empty());
}

TEST_F(Discv4Records, AHigherSequenceIsAskedForAndTheRecordTaken) {
  const EnrPtr record = record_of(peer, 5);
  send(peer, response(asked(), record));
  EXPECT_TRUE(knows(record));
  const auto changed = take_updates<update::RecordChanged>();
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].node.seq(), 5u);
  EXPECT_EQ(changed[0].live, update::RecordChanged::Live::yes);
}

TEST_F(Discv4Records, AQuestionThatIsNotAnsweredIsRepeatedTwiceTenSecondsApart) {
  asked();
  std::vector<v4::PacketHash> repeats;
  for (int second = 1; second <= 120; ++second) {
    pass(1s);
    for (const auto& [hash, question] : take<v4::EnrRequest>(peer)) {
      EXPECT_EQ(second, 10 * (1 + static_cast<int>(repeats.size())));
      repeats.push_back(hash);
    }
  }
  EXPECT_EQ(repeats.size(), 2u);
}

TEST_F(Discv4Records, TheAnswerToEachOfTheQuestionsIsTakenForTwentySeconds) {
  const v4::PacketHash first = asked();
  pass(15s);
  EXPECT_EQ(take<v4::EnrRequest>(peer).size(), 1u);
  const EnrPtr record = record_of(peer, 5);
  send(peer, response(first, record));
  EXPECT_TRUE(knows(record));
  pass(1min);
  EXPECT_TRUE(take<v4::EnrRequest>(peer).empty()) << "then nothing is asked again";
}

TEST_F(Discv4Records, AnAnswerThatComesAfterTwentySecondsIsNone) {
  const v4::PacketHash first = asked();
  pass(21s);
  send(peer, response(first, record_of(peer, 5)));
  EXPECT_FALSE(known());
}

// Its bucket is full, and it has answered all the same: the question for its record.
class Discv4RecordsOfWaiting : public Discv4Records {
 protected:
  Discv4RecordsOfWaiting() {
    settings.limits.bucket_entries = settings.limits.bucket_inbound = 1;
    start();
    bond(far[0]);
    take_updates();
  }
  const ScriptedPeer& waiting() const { return far[1]; }
  v4::PacketHash asked() {
    v4::Ping ping = ping_of(waiting());
    ping.seq = 5;
    send(waiting(), ping);
    v4::Pong pong = pong_of(take<v4::Ping>(waiting()).at(0).first);
    pong.seq = 5;
    send(waiting(), pong);
    EXPECT_EQ(core->table().find(waiting().id()), nullptr);
    return take<v4::EnrRequest>(waiting()).at(0).first;
  }
  update::RecordChanged answered(const v4::PacketHash& question, const std::string& ip) {
    send(waiting(), response(question, record_of(waiting(), 5, ip.c_str())));
    return take_updates<update::RecordChanged>().at(0);
  }

  const std::vector<ScriptedPeer> far = far_peers(2);
};

TEST_F(Discv4RecordsOfWaiting, AreAsGoodAsThoseOfTheTable) {
  const auto question = asked();
  EXPECT_EQ(take_updates<update::StillLive>().size(), 1u);
  const auto changed = answered(question, waiting().at.ip.to_string());
  EXPECT_EQ(changed.node.id, waiting().id());
  EXPECT_EQ(changed.live, update::RecordChanged::Live::yes);
}

// Its bucket takes no more of those that came unasked, so that it does not even wait for a place.
TEST_F(Discv4Records, WhoHasNoPlaceIsAskedForItsRecordAllTheSameOnceAnHour) {
  settings.limits.bucket_inbound = 1;
  start();
  const std::vector<ScriptedPeer> far = far_peers(2);
  bond(far[0]);
  const ScriptedPeer& other = far[1];
  std::size_t questions = 0;
  for (int minute = 0; minute < 61; ++minute) {
    v4::Ping ping = ping_of(other);
    ping.seq = 5;
    send(other, ping);
    for (const Seen& came : take(other)) {
      if (std::holds_alternative<v4::Ping>(came.message)) {
        v4::Pong pong = pong_of(came.hash);
        pong.seq = 5;
        send(other, pong);
      }
      questions += std::holds_alternative<v4::EnrRequest>(came.message) ? 1 : 0;
    }
    for (const auto& [hash, question] : take<v4::EnrRequest>(other)) {
      ++questions;
      send(other, response(hash, record_of(other, 5, other.at.ip.to_string().c_str())));
    }
    pass(59s);
  }
  EXPECT_EQ(core->table().find_any(other.id()), nullptr);
  EXPECT_LE(questions, 2u);
  const auto changed = take_updates<update::RecordChanged>();
  ASSERT_GE(changed.size(), 1u);
  EXPECT_EQ(changed.at(0).node.id, other.id());
  EXPECT_EQ(changed.at(0).live, update::RecordChanged::Live::yes);
}

TEST_F(Discv4Records, OfANetworkThatHasItsShareNobodyElseIsHandedOn) {
  settings.limits.network_in_table = 1;
  start();
  const ScriptedPeer neighbour(2, "20.1.1.2:30303");
  bond(peer);
  v4::Ping ping = ping_of(neighbour);
  ping.seq = 5;
  send(neighbour, ping);
  v4::Pong pong = pong_of(take<v4::Ping>(neighbour).at(0).first);
  pong.seq = 5;
  send(neighbour, pong);
  for (const auto& [hash, question] : take<v4::EnrRequest>(neighbour)) {
    send(neighbour, response(hash, record_of(neighbour, 5, "20.1.1.2")));
  }
  EXPECT_EQ(core->table().find_any(neighbour.id()), nullptr);
  EXPECT_TRUE(take_updates<update::RecordChanged>().empty());
}

TEST_F(Discv4RecordsOfWaiting, AreNotLiveWhereNobodyHasAnswered) {
  EXPECT_EQ(answered(asked(), "20.200.1.1").live, update::RecordChanged::Live::no);
}

TEST_F(Discv4Records, TheSequenceThatWeHaveIsNotAskedForAgain) {
  send(peer, response(asked(), record_of(peer, 5)));
  pass(1min);
  v4::Ping ping = ping_of(peer);
  ping.seq = 5;
  send(peer, ping);
  EXPECT_TRUE(take<v4::EnrRequest>(peer).empty());
  ping.seq = 6;
  send(peer, ping);
  EXPECT_EQ(take<v4::EnrRequest>(peer).size(), 1u);
}

TEST_F(Discv4Records, ARisingSequenceIsAskedForOnceInTenSeconds) {
  bond(peer);
  take(peer);
  for (std::uint64_t i = 1; i < 1000; ++i) {
    v4::Ping ping = ping_of(peer);
    ping.seq = i;
    send(peer, ping);
    pass(10ms);
  }
  EXPECT_EQ(take<v4::EnrRequest>(peer).size(), 1u);
}

TEST_F(Discv4Records, AnAnswerWithAnotherHashIsIgnored) {
  const auto request = asked();
  send(peer, response({1}, record_of(peer, 5)));
  EXPECT_EQ(known(), nullptr);
  send(peer, response(request, record_of(peer, 5)));
  EXPECT_NE(known(), nullptr) << "the true one is still waited for";
}

TEST_F(Discv4Records, AnAnswerFromAnotherAddressIsIgnored) {
  const auto request = asked();
  send_from(peer, conn::Endpoint::parse("20.1.1.2:30303").value(),
            response(request, record_of(peer, 5)));
  EXPECT_EQ(known(), nullptr);
}

TEST_F(Discv4Records, ALateAnswerIsIgnored) {
  const auto request = asked();
  pass(20s + 1ms);
  send(peer, response(request, record_of(peer, 5)));
  EXPECT_EQ(known(), nullptr);
}

TEST_F(Discv4Records, TheRecordOfAnotherIsRefused) {
  const ScriptedPeer other(2, "20.1.1.1:30303");
  send(peer, response(asked(), record_of(other, 5)));
  EXPECT_EQ(known(), nullptr);
  EXPECT_EQ(dropped(Drop::bad_record), 1u);
}

TEST_F(Discv4Records, ARecordThatIsNoneIsRefused) {
  v4::EnrResponse bad = response(asked(), record_of(peer, 5));
  bad.record.back() ^= 1;
  send(peer, bad);
  EXPECT_EQ(known(), nullptr);
  EXPECT_EQ(dropped(Drop::bad_record), 1u);
}

TEST_F(Discv4Records, AnOlderRecordChangesNothing) {
  const EnrPtr newer = record_of(peer, 5);
  send(peer, response(asked(), newer));
  send(peer, response(asked_again(6), record_of(peer, 4)));
  EXPECT_TRUE(knows(newer));
  EXPECT_EQ(dropped(Drop::bad_record), 1u);
}

TEST_F(Discv4Records, AnotherRecordOfTheSameSequenceChangesNothing) {
  const EnrPtr first = record_of(peer, 5);
  send(peer, response(asked(), first));
  send(peer, response(asked_again(6), record_of(peer, 5, "20.1.1.77")));
  EXPECT_TRUE(knows(first));
  EXPECT_EQ(dropped(Drop::record_conflict), 1u);
}

TEST_F(Discv4Records, ARecordThatNamesAnAddressOfOurNetworkFromAfarIsRefused) {
  for (const char* ip : {"10.0.0.1", "127.0.0.1", "169.254.169.254", "192.0.2.1"}) {
    start();
    const auto before = sent_in_all();
    const auto request = asked();
    const auto asked_for = sent_in_all();
    send(peer, response(request, record_of(peer, 5, ip)));
    EXPECT_EQ(known(), nullptr) << ip;
    EXPECT_GT(asked_for, before);
    pass(30s);
    EXPECT_TRUE(take({conn::IpAddress::parse(ip).value(), 30303}).empty()) << ip;
  }
}

TEST_F(Discv4Records, AnEndpointThatARecordNamesIsLiveOnceItHasAnswered) {
  send(peer, response(asked(), record_of(peer, 5, "20.8.8.8")));
  const conn::Endpoint named = conn::Endpoint::parse("20.8.8.8:30303").value();
  EXPECT_EQ(core->table().find(peer.id())->contact.udp, named);
  EXPECT_FALSE(core->table().find(peer.id())->live());
  const auto came = take(named);
  ASSERT_EQ(came.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<v4::Ping>(came[0].message));
  send_from(peer, named, pong_of(came[0].hash));
  EXPECT_TRUE(core->table().find(peer.id())->live());
}

TEST_F(Discv4Records, NoneAreAskedForOrGivenWhereThatIsSwitchedOff) {
  settings.records = Switched::off;
  start();
  v4::Ping ping = ping_of(peer);
  ping.seq = 5;
  send(peer, ping);
  for (const auto& [hash, ours] : take<v4::Ping>(peer)) {
    EXPECT_EQ(ours.seq, std::nullopt);
    v4::Pong pong = pong_of(hash);
    pong.seq = 5;
    send(peer, pong);
  }
  send(peer, v4::EnrRequest{soon()});
  EXPECT_TRUE(take(peer).empty());
}

// --- what ours says ---

TEST_F(Discv4Records, OursNamesOurP2pNodeAndItsNetworks) {
  settings.p2p = P2pIdentity{conn::NodeId{}, {"ours", "and-this"}, 26656};
  start();
  const auto cmt = Cmt::of(*core->record());
  ASSERT_TRUE(cmt);
  EXPECT_EQ(cmt->networks, settings.p2p->networks);
  EXPECT_TRUE(core->record()->pair("tcp"));
  EXPECT_TRUE(core->record()->pair("udp"));
  EXPECT_FALSE(core->record()->pair("ip")) << "it is not known yet";
}

TEST_F(Discv4Records, WithoutAP2pListenerOursNamesNone) {
  EXPECT_FALSE(core->record()->pair("tcp"));
  EXPECT_FALSE(core->record()->pair("cmt"));
}

TEST_F(Discv4Records, AChangeIsPublishedUnderTheNextSequence) {
  const std::uint64_t before = core->record()->seq();
  const conn::Bytes value{0x05};
  ASSERT_TRUE(core->set_pair("extra", value, now()));
  EXPECT_EQ(core->record()->seq(), before);
  pass(1s);
  EXPECT_EQ(core->record()->seq(), before + 1);
  EXPECT_TRUE(core->record()->pair("extra"));
  EXPECT_FALSE(core->set_pair("cmt", value, now())) << "not by command";
}

}  // namespace
}  // namespace peerage::pex
