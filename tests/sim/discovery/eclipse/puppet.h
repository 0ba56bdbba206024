// A node that speaks discv4 and nothing else: one key at one port, without a table. What it is sent
// goes to whoever plays it, and what it says is whatever it is told to say.
//
// Threads: none of its own. The host outlives it.
#pragma once

#include <functional>
#include <memory>

#include "conn/address/node_id.h"
#include "pex/discovery/contact.h"
#include "pex/discovery/v4/wire.h"
#include "tests/sim/sim_world.h"

namespace peerage::sim::discovery {

class Puppet {
 public:
  // At the host's first address.
  Puppet(SimHost& host, std::uint16_t port);

  const pex::EnodeId& id() const noexcept { return id_; }
  const conn::Secp256k1PublicKey& key() const noexcept { return key_.public_key(); }
  Endpoint endpoint() const { return at_; }
  pex::Contact contact() const { return pex::Contact::at(key(), at_, 0); }
  pex::v4::WireNode wire_node() const;
  // Of a comet node of this network that nobody else names, at the same IP.
  const pex::EnrPtr& record(std::string_view network);

  struct Heard {
    Endpoint from;
    conn::Secp256k1PublicKey sender;
    pex::v4::PacketHash hash;
    pex::v4::Message message;
  };
  std::function<void(Puppet& self, const Heard& heard)> on_heard;

  // As a packet of its own.
  conn::Bytes sealed(const pex::v4::Message& message) const;
  pex::v4::PacketHash send(const Endpoint& to, const pex::v4::Message& message);
  pex::v4::PacketHash ping(const Endpoint& to);
  // The answer to a Ping.
  void pong(const Heard& ping);
  // The time that what is sent now carries.
  std::uint64_t expires() const;

 private:
  void receive();

  SimHost& host_;
  const Endpoint at_;
  conn::Secp256k1Key key_;
  pex::EnodeId id_;
  pex::EnrPtr record_;
  std::unique_ptr<conn::DatagramSocket> socket_;
};

}  // namespace peerage::sim::discovery
