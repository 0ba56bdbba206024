// One visitor of a node under attack: how far it keeps the rules, and what it does then. Bytes
// in, bytes out; the sockets are flood.cpp's.
//
// A visitor sends, in this order, four messages: its ephemeral key, its AuthSig frame, its NodeInfo
// frame, and a packet that the node's reactor sends back. Its script says how many of them it sends
// whole, how many bytes of the next, and what follows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "conn/address/node_key.h"
#include "conn/comet/packet.h"
#include "p2p/connect/handshake.h"

namespace peerage::test {

enum class Then : std::uint8_t {
  wait,     // sends no more, until the node closes
  close,    // goes
  abort,    // goes with a reset
  trickle,  // sends the rest at one byte a second
};
enum class Flaw : std::uint8_t { none, bad_signature, invalid_info, wrong_network };

struct Script {
  std::string_view name;
  int messages = 0;       // sent whole; 4: it also waits for the answer before it goes on
  std::size_t bytes = 0;  // sent of the next message
  Then then = Then::wait;
  Flaw flaw = Flaw::none;
  std::string_view instead;  // sent in place of the key
};
// All scripts.
std::span<const Script> scripts();

// How far a visitor got, by what the node has sent it.
enum class Reached : std::uint8_t { connected, keyed, authenticated, introduced, answered };
inline constexpr std::string_view kReachedNames[] = {"connected", "keyed", "authenticated",
                                                     "introduced", "answered"};

class Visitor {
 public:
  Visitor(const Script& script, conn::NodeKey key, const std::string& network);
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  // Bytes to send now.
  conn::Bytes take_output() { return std::exchange(output_, {}); }
  // Bytes to send one by one.
  conn::Bytes& trickle() noexcept { return trickle_; }
  // How many bytes to read at most.
  std::size_t wanted() const noexcept;
  void receive(conn::ByteView bytes);

  Reached reached() const noexcept { return reached_; }
  // Set when all that the script has it send is sent.
  std::optional<Then> then() const noexcept { return then_; }

 private:
  void on_message(conn::Bytes message);
  conn::Bytes forged_auth() const;
  void on_frame();
  conn::Bytes sealed(conn::ByteView stream);

  const Script& script_;
  const conn::NodeKey key_;
  const conn::Secret<32> ephemeral_;
  std::optional<p2p::Handshake> handshake_;
  std::optional<conn::SecretSession> session_;
  conn::PacketReader packets_;
  bool given_up_ = false;  // our own rules forbid going on; the node must notice itself
  int made_ = 0;           // messages
  conn::Bytes remote_key_;
  conn::Bytes frame_;
  conn::Bytes output_;
  conn::Bytes trickle_;
  Reached reached_ = Reached::connected;
  std::optional<Then> then_;
};

}  // namespace peerage::test
