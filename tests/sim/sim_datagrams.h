// The simulated internet's datagrams: sockets, what is on its way between them, and the NATs that
// it passes.
//
// Datagrams are many: one costs an event to arrive and, when it wakes its socket, one more. Packets
// are used again, with the room they have, so that in the long run none is allocated.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "tests/sim/sim_nat.h"
#include "tests/sim/sim_world.h"

namespace peerage::sim {

// One datagram on its way.
struct Packet {
  Endpoint from, to;      // as the receiver sees them
  SimNat* lan = nullptr;  // the NAT behind which it stays
  Bytes bytes;
};
using PacketPtr = std::unique_ptr<Packet>;

class SimDatagramSocket;

class SimDatagrams {
 public:
  explicit SimDatagrams(SimWorld& world) : world_(world) {}

  SimNat& add_nat(const NatPlan& plan);

  // Sends from an address of `host`.
  void send(SimHost& host, const Endpoint& from, const Endpoint& to, ByteView bytes);
  // One that is done with.
  void reuse(PacketPtr packet);

 private:
  PacketPtr make(const Endpoint& from, const Endpoint& to, ByteView bytes);
  void travel(PacketPtr packet, const LinkPlan& plan);
  void arrive(PacketPtr packet);
  // Whose it is, once it has passed a NAT inwards; null when it is nobody's.
  SimHost* receiver_of(Packet& packet);
  bool happens(double chance);

  SimWorld& world_;
  std::vector<std::unique_ptr<SimNat>> nats_;
  std::map<IpAddress, SimNat*> nat_at_;  // by outside address
  std::vector<PacketPtr> unused_;
};

class SimDatagramSocket final : public conn::DatagramSocket {
 public:
  SimDatagramSocket(SimHost& host, const Endpoint& at, std::size_t longest);
  ~SimDatagramSocket() override { close(); }

  std::span<const conn::Datagram> receive() noexcept override;
  std::size_t send(std::span<const conn::Datagram> datagrams) noexcept override;
  void when_readable(Task task) override;
  void when_writable(Task task) override;
  void close() noexcept override;
  Endpoint local_endpoint() const override { return at_; }
  conn::DatagramFigures figures() const override { return figures_; }

  // Whether it gets what is sent to an endpoint, and whether another could not be opened there.
  bool hears(const Endpoint& to) const;
  bool collides_with(const Endpoint& at) const;
  void arrive(PacketPtr packet);
  void notify_writable();

 private:
  // What waits for a callback to run.
  struct Interest {
    Task task;
    bool soon = false;  // on its way
  };
  struct Interests {
    Interest readable;
    Interest writable;
  };
  bool send_one(const conn::Datagram& datagram);
  void give_back_lent();
  void notify(Interest Interests::*which);

  SimHost& host_;
  const Endpoint at_;
  const std::size_t longest_;
  bool open_ = true;
  std::shared_ptr<Interests> interests_ = std::make_shared<Interests>();
  std::vector<PacketPtr> waiting_;
  std::size_t waiting_bytes_ = 0;  // as the receive buffer counts them
  std::vector<PacketPtr> lent_;
  std::array<conn::Datagram, conn::kDatagramBatch> batch_;
  conn::DatagramFigures figures_;
};

}  // namespace peerage::sim
