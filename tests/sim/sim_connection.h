// One simulated TCP connection: two ends, and what is in flight between them.
//
// Each direction keeps order, has a window (bytes in flight and unread, at
// most), a latency, a bandwidth, and a way of splitting what is written.
// Closing an end with unread data, or data that arrives at a closed end, resets
// the connection, as TCP does.
#pragma once

#include <array>
#include <deque>
#include <memory>

#include "tests/sim/sim_world.h"

namespace peerage::sim {

class SimConnection : public std::enable_shared_from_this<SimConnection> {
 public:
  enum class End : std::uint8_t { dialler = 0, acceptor = 1 };

  // The dialler's, and the acceptor's.
  using Hosts = std::array<SimHost*, 2>;
  using Ends = std::array<Endpoint, 2>;
  // `inside`: as the dialler knows its own end; behind a NAT that differs.
  SimConnection(SimWorld& world, const LinkPlan& plan, Hosts hosts, Ends ends,
                const Endpoint& inside);

  // The stream of one end; make each once.
  std::unique_ptr<conn::Stream> stream(End end);

  conn::IoResult read(End end, conn::MutableBytes into);
  conn::IoResult write(End end, std::span<const ByteView> parts);
  void when_readable(End end, Task task);
  void when_writable(End end, Task task);
  void shutdown_write(End end);
  void close(End end);
  void reset();

  // Neither end has closed it.
  bool is_open() const { return !reset_ && halves_[0].open && halves_[1].open; }

  void set_plan(const LinkPlan& plan) { plan_ = plan; }
  void black_hole() { black_holed_ = true; }
  void heal();
  // Forgets all that is in flight: the world ends.
  void abandon();
  // As the other side sees it, and as its own does.
  Endpoint endpoint(End end) const { return endpoints_[index(end)]; }
  Endpoint local_endpoint(End end) const {
    return end == End::dialler ? inside_ : endpoints_[index(end)];
  }
  // Whether an end of it is this one's, at this address.
  bool is_at(const SimHost& host, const IpAddress& address) const;

 private:
  // What arrives at an end.
  struct Arrival {
    enum class Kind : std::uint8_t { bytes, end, reset } kind = Kind::bytes;
    std::uint32_t size = 0;
  };
  struct Half {                   // of one end: what it receives, and what it waits for
    Bytes bytes;                  // sent to this end, from the first one that is unread
    std::size_t begin = 0;        // of those unread
    std::size_t arrived = 0;      // of them
    std::size_t outstanding = 0;  // sent to this end and not read
    bool ended = false;           // the other side will send no more
    bool open = true;
    bool write_shut = false;
    bool readable_soon = false;  // on its way
    bool writable_soon = false;
    Task readable;
    Task writable;
    TimePoint line_free;       // when the line towards this end has carried what was sent
    TimePoint last_arrival;    // of what was sent
    std::size_t carried = 0;   // bytes sent to this end in all
    std::deque<Arrival> held;  // by a black hole
  };
  static std::size_t index(End end) { return static_cast<std::size_t>(end); }
  static End other(End end) { return end == End::dialler ? End::acceptor : End::dialler; }
  Half& half(End end) { return halves_[index(end)]; }

  void send(End to, ByteView bytes);
  void travel(End to, Duration transmission, Arrival arrival);
  void arrive(End to, Arrival arrival);
  // Whether the end has something to read for it.
  bool take(End to, Arrival arrival);
  // Soon, for a callback never runs inside the call that asked for it.
  void notify_readable(End end);
  void notify_writable(End end);

  SimWorld& world_;
  LinkPlan plan_;
  Hosts hosts_;
  Ends endpoints_;
  Endpoint inside_;
  std::array<Half, 2> halves_;
  bool reset_ = false;
  bool black_holed_ = false;
};

}  // namespace peerage::sim
