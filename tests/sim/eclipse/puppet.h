// One end of one connection, without a node behind it: it proves an ID, sends what its owner gives
// it, and speaks peer exchange. Honest nodes and attackers are these, and exist on the wire only
// while they are connected, so that a world costs what its connections with the victim cost.
//
// Everything on the wire is production code (p2p/connect/upgrade.h, conn/comet/connection.h); what
// to say and when is the owner's.
//
// Threads: the world's one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/address/node_key.h"
#include "conn/base/channel.h"
#include "p2p/base/direction.h"
#include "tests/sim/sim_world.h"

namespace peerage::conn {
class PeerConnection;
}
namespace peerage::p2p {
struct Upgraded;
}

namespace peerage::sim::eclipse {

// The chain of the experiment, and a channel besides PEX on which every node sends a message now
// and then, as the other reactors of a real node do.
inline constexpr const char* kNetwork = "eclipse-1";
inline constexpr conn::ChannelId kGossipChannel{0x40};
// Frequent enough to count as useful all the time (p2p/base/limits.h: kLongLived).
inline constexpr conn::Duration kGossipPause = std::chrono::minutes(8);
inline constexpr std::uint16_t kPort = 26656;
// Others would be most of the events of a quiet day.
inline constexpr conn::Duration kPingInterval = std::chrono::minutes(30);

using KeyPtr = std::shared_ptr<const conn::NodeKey>;
// The key with that number; the same in every world.
KeyPtr numbered_key(std::uint64_t number);

class Puppet : public std::enable_shared_from_this<Puppet> {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // It has proved itself to the other side, and may speak.
    virtual void on_ready(Puppet&) {}
    virtual void on_request(Puppet&) {}
    // The answer to ask(): `bytes` is the message.
    virtual void on_list(Puppet&, conn::ByteView) {}
    // The connection has ended, or failed. Called once; the puppet is destroyed after it.
    virtual void on_end(Puppet&) {}
  };
  // Its key, where it says that it listens, and its number at its owner.
  struct Role {
    KeyPtr key;
    std::string listen_addr;
    std::size_t tag = 0;
  };

  // Answers a connection that has been accepted.
  static std::shared_ptr<Puppet> answer(SimHost& host, std::unique_ptr<conn::Stream> stream,
                                        Role role, Owner& owner);
  // Dials from the given address.
  static std::shared_ptr<Puppet> dial(SimHost& host, const conn::IpAddress& from,
                                      const conn::NetAddress& to, Role role, Owner& owner);
  Puppet(SimHost& host, Role role, Owner& owner, p2p::Direction direction);
  ~Puppet();

  void ask();
  void give(const std::vector<conn::NetAddress>& addresses);
  void gossip();
  void gossip_for_ever();
  // Ends it; the owner's on_end is called later.
  void close();

  const Role& role() const { return role_; }
  std::size_t tag() const { return role_.tag; }
  // Inbound: the other side dialled it.
  p2p::Direction direction() const { return direction_; }
  bool ready() const { return connection_ != nullptr; }

 private:
  void upgrade(std::unique_ptr<conn::Stream> stream, std::optional<conn::NodeId> expected);
  void on_upgraded(p2p::Upgraded upgraded);
  void on_message(const conn::ChannelMessage& message);
  void end();

  SimHost& host_;
  Role role_;
  Owner* owner_;  // null once on_end has been called
  p2p::Direction direction_;
  std::unique_ptr<conn::Pending> pending_;
  std::shared_ptr<conn::PeerConnection> connection_;
  std::unique_ptr<conn::Timer> timer_;
  friend class Puppets;
  std::uint64_t serial_ = 0;
};

// An owner's live puppets, in the order of their making, so that a run repeats itself.
class Puppets {
 public:
  void add(const std::shared_ptr<Puppet>& puppet) {
    puppet->serial_ = ++last_;
    all_.emplace(last_, puppet);
  }
  void remove(const Puppet& puppet) { all_.erase(puppet.serial_); }
  std::size_t size() const { return all_.size(); }
  // They may end meanwhile.
  void for_each(const std::function<void(Puppet&)>& visit) const {
    const auto all = all_;
    for (const auto& [serial, puppet] : all) visit(*puppet);
  }

 private:
  std::map<std::uint64_t, std::shared_ptr<Puppet>> all_;
  std::uint64_t last_ = 0;
};

}  // namespace peerage::sim::eclipse
