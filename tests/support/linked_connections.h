// Two Connections that talk to each other over the simulated network, and a scripted peer that
// holds one end of a session by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "conn/comet/connection.h"
#include "tests/sim/sim_world.h"
#include "tests/support/peers.h"

namespace peerage::test {

// A connected pair of streams between two hosts.
struct StreamPair {
  std::unique_ptr<conn::Stream> first;
  std::unique_ptr<conn::Stream> second;
};

StreamPair connect_streams(sim::SimWorld& world, sim::SimHost& from, sim::SimHost& to);

// A connection under test and what happened to it.
struct Observed {
  std::shared_ptr<conn::Connection> connection;
  std::vector<conn::ChannelMessage> messages;
  std::optional<conn::Failure> closed;
  int closed_calls = 0;
  std::function<void(const conn::ChannelMessage&)> on_message;

  conn::Reason reason() const { return closed ? closed->reason : conn::Reason::internal_error; }

  void open(conn::Shard& shard, std::unique_ptr<conn::Stream> stream, conn::SecretSession session,
            const std::vector<conn::ChannelDescriptor>& channels,
            const conn::ConnectionConfig& config, conn::ReassemblyBudget& budget);
};

// The other end of a session, moved by hand: it sends any plaintext in frames, and opens what
// comes.
class ScriptedPeer {
 public:
  ScriptedPeer(std::unique_ptr<conn::Stream> stream, conn::SecretSession session);
  ~ScriptedPeer();

  // Sends a piece of the packet stream, cut into frames; what the stream does not take waits.
  void send(conn::ByteView plain);
  void send_packet(conn::ChannelId channel, conn::Eof eof, conn::ByteView data);
  void send_raw(conn::ByteView bytes);
  void flush();
  std::size_t unsent() const { return waiting_.size(); }

  // Reads at most `limit` bytes of frames and opens those that are whole.
  void read(std::size_t limit = SIZE_MAX);
  bool ended() const { return ended_; }
  std::size_t frames() const { return frames_; }
  conn::Stream& stream() { return *stream_; }

  int pings = 0;
  int pongs = 0;
  struct SeenPacket {
    int channel;
    std::size_t size;
  };
  std::vector<SeenPacket> packets;

 private:
  std::unique_ptr<conn::Stream> stream_;
  conn::SecretSession session_;
  conn::PacketReader reader_;
  conn::Bytes waiting_;
  conn::Bytes sealed_;
  std::size_t frames_ = 0;
  bool ended_ = false;
};

}  // namespace peerage::test
