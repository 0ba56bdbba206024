#include "pex/role/peer_view.h"

#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/sim/sim_world.h"
#include "tests/support/sim_node.h"

namespace peerage::pex {
namespace {

using conn::Failure;
using conn::HostAddress;
using conn::Stage;
using p2p::DialPurpose;
using p2p::Direction;
using p2p::PeerPtr;

conn::NodeId id_of(std::uint32_t number) {
  return test::numbered_key(number).id();
}

struct PeerViewTest : testing::Test {
  sim::SimWorld world;
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(20, 1, 1, 1)});
  PeerView view;

  static HostAddress address(std::uint32_t number) { return {id_of(number), "20.2.2.2", 26656}; }
  PeerPtr peer(std::uint32_t number, Direction direction) {
    p2p::Peer::Description description;
    description.key = test::numbered_key(number).public_key();
    description.direction = direction;
    return std::make_shared<p2p::Peer>(std::move(description), host, host.shard(0), nullptr,
                                       nullptr);
  }
  void dialled(std::uint32_t number, DialPurpose purpose = DialPurpose::requested) {
    view.on_event(p2p::Dialled{address(number), purpose, "net"}, world.now());
  }
  void failed(std::uint32_t number, conn::Reason why) {
    view.on_event(
        p2p::DialFailed{
            address(number), DialPurpose::requested, "net", {Stage::connect, why, {}}, {}},
        world.now());
  }
  void connected(const PeerPtr& peer, DialPurpose purpose = DialPurpose::requested) {
    view.on_event(p2p::Connected{peer, purpose, {}}, world.now());
  }
  void gone(const PeerPtr& peer) {
    view.on_event(p2p::Gone{peer, {}, {}, conn::EndedBy::others}, world.now());
  }
};

TEST_F(PeerViewTest, ADialIsUnderWayUntilItFailsOrThePeerIsThere) {
  dialled(1);
  dialled(2, DialPurpose::feeler);
  EXPECT_TRUE(view.knows(id_of(1)));
  failed(1, conn::Reason::connection_refused);
  EXPECT_FALSE(view.knows(id_of(1)));
  EXPECT_EQ(view.dialling.at(id_of(2)).purpose, DialPurpose::feeler);
  connected(peer(2, Direction::outbound), DialPurpose::feeler);
  EXPECT_TRUE(view.dialling.empty());
  EXPECT_EQ(view.connected.at(id_of(2)).purpose, DialPurpose::feeler);
  EXPECT_EQ(view.connected.at(id_of(2)).since, world.now());
}

TEST_F(PeerViewTest, ARefusalToDialANodeDoesNotEndTheDialThatIsUnderWay) {
  dialled(1);
  failed(1, p2p::PeerReason::already_dialling);
  EXPECT_TRUE(view.dialling.contains(id_of(1)));
}

TEST_F(PeerViewTest, ANodeThatDialsUsMeanwhileIsStillBeingDialled) {
  dialled(1);
  connected(peer(1, Direction::inbound));
  EXPECT_TRUE(view.dialling.contains(id_of(1)));
  failed(1, p2p::PeerReason::lost_simultaneous_dial);
  EXPECT_FALSE(view.dialling.contains(id_of(1)));
  EXPECT_TRUE(view.connected.contains(id_of(1)));
}

TEST_F(PeerViewTest, APeerIsTheOneThatIsConnectedNowAndNoEarlierOneOfItsId) {
  const PeerPtr first = peer(1, Direction::inbound), second = peer(1, Direction::inbound);
  connected(first);
  EXPECT_TRUE(view.is_connected(first));
  EXPECT_FALSE(view.is_connected(second));
  gone(first);
  connected(second);
  EXPECT_FALSE(view.is_connected(first));
  EXPECT_TRUE(view.is_connected(second));
  gone(second);
  EXPECT_FALSE(view.knows(id_of(1)));
}

}  // namespace
}  // namespace peerage::pex
