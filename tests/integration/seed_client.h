// One client of a seed: it dials, proves itself, asks once for addresses, reads the answer, and
// then waits for the seed to disconnect. Bytes in, bytes out; the sockets are seed_load.cpp's.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "conn/address/node_key.h"
#include "conn/comet/packet.h"
#include "p2p/connect/handshake.h"

namespace peerage::test {

class SeedClient {
 public:
  enum class Stage : std::uint8_t { handshake, asked, answered, broken };

  // `key` must outlive it. It says that it is of `network` and listens at `listen_addr`.
  SeedClient(const conn::NodeKey& key, const std::string& network, const std::string& listen_addr);
  SeedClient(const SeedClient&) = delete;
  SeedClient& operator=(const SeedClient&) = delete;

  // Bytes to send now.
  conn::Bytes take_output() { return std::exchange(output_, {}); }
  // How many bytes to read at most.
  std::size_t wanted() const noexcept;
  void receive(conn::ByteView bytes);
  // What a close by the seed means now.
  std::string on_end() const;

  Stage stage() const noexcept { return stage_; }
  std::size_t addresses() const noexcept { return addresses_; }
  // Why it is broken.
  const std::string& why() const noexcept { return why_; }

 private:
  void ask();
  void on_frame();
  conn::Result<void> on_packet(conn::ByteView body);
  void send(conn::ByteView stream);
  void fail(std::string why);

  p2p::Handshake handshake_;
  std::optional<conn::SecretSession> session_;
  conn::PacketReader packets_;
  conn::Bytes frame_;
  conn::Bytes message_;
  conn::Bytes output_;
  Stage stage_ = Stage::handshake;
  std::size_t addresses_ = 0;
  std::string why_;
};

}  // namespace peerage::test
