#include "cmd/discovery/identity.h"

#include <gmock/gmock.h>

#include "pex/discovery/record/cmt.h"
#include "pex/discovery/record/local_record.h"
#include "tests/support/secp256k1_keys.h"

namespace peerage::cmd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct IdentityTest : testing::Test {
  conn::Secp256k1Key key = test::secp256k1_key(7u);
  IdentityInputs inputs = {
      .p2p = {conn::IpAddress::v4(0, 0, 0, 0), 26656},
      .udp = {conn::IpAddress::v4(0, 0, 0, 0), 26656},
      .external_ip = {},
      .node = conn::NodeId::parse("000102030405060708090a0b0c0d0e0f10111213").value(),
      .networks = {"net-1", "net-2"}};

  Identity identity() { return identity_of(key, inputs).value(); }
};

TEST_F(IdentityTest, ARecordIsValidAlsoWhenNoAddressIsKnown) {
  const Identity made = identity();
  const auto read = pex::Enr::parse(made.record->text());
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)->id(), pex::EnodeId::of(key.public_key()));
  EXPECT_FALSE((*read)->ip4());
  EXPECT_EQ(pex::Cmt::of(**read)->networks, inputs.networks);
  EXPECT_EQ(pex::Cmt::of(**read)->node_id, inputs.node);
  EXPECT_THAT(made.notes, ElementsAre(HasSubstr("no address")));
  EXPECT_EQ(enode_of(*made.record), "enode://" + conn::to_hex(key.public_key().xy()));
}

TEST_F(IdentityTest, TheNodesOwnRecordIsBelievedBeforeIt) {
  EXPECT_EQ(identity().record->seq(), 1u);
  pex::LocalRecord own(key, {.wall_time = conn::WallTime(std::chrono::seconds(1'700'000'000))});
  EXPECT_GT(own.publish({}).value(), 1u);
}

TEST_F(IdentityTest, AFixedAddressAndOneWhereItListensAreNamed) {
  inputs.external_ip = pex::ExternalIpSource::parse("fixed:203.0.113.7").value();
  EXPECT_EQ(identity().record->udp4()->to_string(), "203.0.113.7:26656");
  EXPECT_EQ(identity().record->tcp4()->to_string(), "203.0.113.7:26656");
  EXPECT_THAT(identity().notes, IsEmpty());
  inputs.external_ip = {};
  inputs.udp = {conn::IpAddress::v4(127, 0, 0, 1), 30303};
  EXPECT_THAT(enode_of(*identity().record), HasSubstr("@127.0.0.1:26656?discport=30303"));
  for (const char* looked_up : {"name:me.example", "interface"}) {
    inputs.external_ip = pex::ExternalIpSource::parse(looked_up).value();
    EXPECT_FALSE(identity().record->ip4()) << "the node that runs looks it up";
  }
  inputs.external_ip = pex::ExternalIpSource::parse("none").value();
  EXPECT_FALSE(identity().record->ip4());
}

TEST_F(IdentityTest, AnAddressOfIPv6IsNamed) {
  inputs.external_ip = pex::ExternalIpSource::parse("fixed:2a01:4f8::7").value();
  EXPECT_EQ(identity().record->udp6()->to_string(), "[2a01:4f8::7]:26656");
  EXPECT_THAT(enode_of(*identity().record), HasSubstr("@[2a01:4f8::7]:26656"));
}

TEST_F(IdentityTest, WithoutANodeKeyOrANetworkItNamesNoCometNode) {
  const auto notes_without = [this](auto change) {
    const IdentityInputs before = inputs;
    change();
    const Identity made = identity();
    inputs = before;
    EXPECT_FALSE(pex::Cmt::of(*made.record));
    return made.notes.back();
  };
  EXPECT_THAT(notes_without([this] { inputs.node.reset(); }), HasSubstr("no node key"));
  EXPECT_THAT(notes_without([this] { inputs.networks.clear(); }), HasSubstr("no network"));
  EXPECT_THAT(notes_without([this] { inputs.networks = {"*"}; }), HasSubstr("no network"));
}

TEST_F(IdentityTest, PortsThatTheStartChoosesAreNotNamed) {
  inputs.p2p.port = inputs.udp.port = 0;
  const Identity made = identity();
  EXPECT_FALSE(made.record->pair("udp"));
  EXPECT_FALSE(made.record->pair("tcp"));
  EXPECT_EQ(made.notes.size(), 3u);
}

TEST_F(IdentityTest, NetworksThatHaveNoRoomAreTold) {
  inputs.networks.assign(20, std::string(40, 'n'));
  EXPECT_THAT(identity().notes.back(), HasSubstr("no room"));
}

}  // namespace
}  // namespace peerage::cmd
