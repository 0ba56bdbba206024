#include "conn/base/reason.h"

#include <stdexcept>

namespace peerage::conn {
namespace {

constexpr auto kTexts = reason_texts<WireReason::Code>({
    {WireReason::invalid_argument, {"invalid_argument", "an argument makes no sense", ""}},
    {WireReason::address_without_id,
     {"address_without_id", "the address has no node ID",
      "write it as ID@HOST:PORT; the node's operator finds the ID with show-node-id"}},
    {WireReason::address_malformed,
     {"address_malformed", "this is no node address",
      "write it as ID@HOST:PORT, the ID being 40 hex digits, an IPv6 address in brackets"}},
    {WireReason::address_is_a_name,
     {"address_is_a_name", "an IP address is needed here, not a name", ""}},
    {WireReason::key_file_missing,
     {"key_file_missing", "there is no node key file",
      "make one with `peerage init` or `peerage gen-node-key`"}},
    {WireReason::key_file_unreadable,
     {"key_file_unreadable", "the node key file cannot be read", "check its owner and mode"}},
    {WireReason::key_file_unwritable,
     {"key_file_unwritable", "the node key file cannot be written",
      "check that the directory exists and may be written; an existing key is never replaced"}},
    {WireReason::key_file_malformed,
     {"key_file_malformed", "the node key file is damaged",
      "restore it from a backup: a new key would be a new ID; move it away only if that is "
      "wanted"}},
    {WireReason::key_type_unsupported,
     {"key_type_unsupported", "the node key is not an Ed25519 key",
      "peers accept only Ed25519 node keys; make a new one (the node gets a new ID)"}},
    {WireReason::config_malformed, {"config_malformed", "the configuration cannot be used", ""}},
    {WireReason::name_not_found,
     {"name_not_found", "the host name does not exist", "check the spelling"}},
    {WireReason::name_lookup_failed,
     {"name_lookup_failed", "the host name could not be looked up",
      "check this machine's DNS configuration and network"}},
    {WireReason::name_lookup_timed_out,
     {"name_lookup_timed_out", "the name server did not answer in time",
      "check this machine's DNS configuration and network"}},
    {WireReason::connection_refused,
     {"connection_refused", "nothing listens on that port",
      "check the port (p2p is 26656 by default) and that the node runs"}},
    {WireReason::unreachable,
     {"unreachable", "there is no route to that address",
      "check the address, and this machine's network and IPv6"}},
    {WireReason::connect_timed_out,
     {"connect_timed_out", "the TCP connection was not answered in time",
      "a firewall drops it, the host is down, or the node's accept queue is full"}},
    {WireReason::out_of_descriptors,
     {"out_of_descriptors", "this process may open no more sockets",
      "raise its limit of open files (ulimit -n, LimitNOFILE)"}},
    {WireReason::address_in_use,
     {"address_in_use", "another program listens on that address",
      "stop it, or choose another port"}},
    {WireReason::io_error, {"io_error", "the system reported an error", ""}},
    {WireReason::closed_before_key,
     {"closed_before_key", "the remote closed the connection before it sent a key",
      "its firewall or IP filter refuses us, it is already connected to our IP, or all its slots "
      "are taken"}},
    {WireReason::silent,
     {"silent", "the connection was made, and the remote said nothing",
      "a comet node that is full: it stops accepting, and its backlog answers for it; or "
      "not a comet p2p port"}},
    {WireReason::speaks_http,
     {"speaks_http", "the remote speaks HTTP, as a web server or a health check does",
      "use the p2p port (26656 by default), not the RPC port (26657) or a reverse proxy"}},
    {WireReason::speaks_tls,
     {"speaks_tls", "the remote speaks TLS, as a web server or its client does",
      "use the p2p port itself; comet nodes do not speak TLS"}},
    {WireReason::speaks_ssh, {"speaks_ssh", "the remote speaks SSH", "use the p2p port"}},
    {WireReason::not_a_comet_node,
     {"not_a_comet_node", "the remote speaks something that no comet node does", ""}},
    {WireReason::ephemeral_key_malformed,
     {"ephemeral_key_malformed", "the remote's first message is not an ephemeral key",
      "nodes before v0.33 speak another protocol"}},
    {WireReason::ephemeral_key_low_order,
     {"ephemeral_key_low_order",
      "the remote sent an ephemeral key that would make the session predictable",
      "an attack, or a broken node"}},
    {WireReason::ephemeral_key_reflected,
     {"ephemeral_key_reflected", "the remote sent our own ephemeral key back",
      "an echo service, or an attack"}},
    {WireReason::closed_before_authentication,
     {"closed_before_authentication",
      "the remote exchanged keys, then closed before it proved its ID",
      "it was stopped, or it could not verify us"}},
    {WireReason::authentication_timed_out,
     {"authentication_timed_out", "the remote did not prove its ID in time",
      "it is overloaded, or the link is very slow"}},
    {WireReason::frame_forged,
     {"frame_forged", "an encrypted frame failed its integrity check",
      "something between the nodes changes the traffic, or the remote is broken"}},
    {WireReason::frame_malformed,
     {"frame_malformed", "an encrypted frame has an impossible length", ""}},
    {WireReason::auth_message_malformed,
     {"auth_message_malformed", "the remote's proof of identity has the wrong form", ""}},
    {WireReason::auth_key_type_unsupported,
     {"auth_key_type_unsupported", "the remote's node key is not an Ed25519 key",
      "its operator must give it an Ed25519 node key"}},
    {WireReason::auth_signature_invalid,
     {"auth_signature_invalid",
      "the remote's signature is wrong: a man in the middle, or it does not own its key", ""}},
    {WireReason::wrong_id,
     {"wrong_id", "another node than the one dialled answers there",
      "the node key was replaced, or the address belongs to another node now; ask its operator"}},
    {WireReason::connected_to_self, {"connected_to_self", "that is this node itself", ""}},
    {WireReason::closed_after_authentication,
     {"closed_after_authentication",
      "the remote proved its ID, then closed before sending NodeInfo",
      "probably full, or already connected to this ID or IP; try again later or ask its operator "
      "for unconditional_peer_ids"}},
    {WireReason::node_info_timed_out,
     {"node_info_timed_out", "the remote proved its ID but did not describe itself in time",
      "it is overloaded"}},
    {WireReason::node_info_too_long,
     {"node_info_too_long", "the remote's description of itself is longer than 10240 bytes", ""}},
    {WireReason::node_info_malformed,
     {"node_info_malformed", "the remote's description of itself cannot be decoded", ""}},
    {WireReason::node_info_invalid,
     {"node_info_invalid", "the remote's description of itself breaks a rule",
      "its operator should look at its config"}},
    {WireReason::node_info_id_mismatch,
     {"node_info_id_mismatch", "the remote claims another ID than the one it proved",
      "it is broken, or lying"}},
    {WireReason::wrong_network,
     {"wrong_network", "the remote is on another network",
      "check the chain ID, and that the address belongs to this network"}},
    {WireReason::wrong_block_version,
     {"wrong_block_version", "the remote speaks another version of the block protocol",
      "one of the nodes must be upgraded"}},
    {WireReason::no_common_channel,
     {"no_common_channel", "the remote runs none of the channels that we offer",
      "with pex = false a node offers no peer exchange"}},
    {WireReason::closed_by_remote,
     {"closed_by_remote", "the remote closed the connection",
      "right after the handshake it usually means that it has no free slot"}},
    {WireReason::connection_reset,
     {"connection_reset", "the connection was reset",
      "right after the handshake it usually means that the remote has no free slot"}},
    {WireReason::packet_malformed,
     {"packet_malformed", "the remote sent a packet that cannot be decoded", ""}},
    {WireReason::packet_too_long,
     {"packet_too_long", "the remote announced a packet that is too long",
      "max_packet_msg_payload_size is to be what the nodes of its network have"}},
    {WireReason::unknown_channel,
     {"unknown_channel", "the remote used a channel that we do not have", ""}},
    {WireReason::message_too_long,
     {"message_too_long", "the remote sent a message longer than its channel allows", ""}},
    {WireReason::peer_memory_exhausted,
     {"peer_memory_exhausted", "the remote began more messages than one peer may", ""}},
    {WireReason::total_memory_exhausted,
     {"total_memory_exhausted",
      "half-received messages used up the memory set aside for them, and this peer held most of it",
      ""}},
    {WireReason::partial_message_stale,
     {"partial_message_stale", "the remote began a message and did not go on with it", ""}},
    {WireReason::no_progress, {"no_progress", "the remote sends packets that carry nothing", ""}},
    {WireReason::ping_flood, {"ping_flood", "the remote sends far too many pings or pongs", ""}},
    {WireReason::pong_timed_out,
     {"pong_timed_out", "the remote did not answer a ping in time",
      "it vanished from the network, or is blocked"}},
    {WireReason::write_stalled,
     {"write_stalled", "the remote has stopped reading",
      "it vanished from the network, or is blocked"}},
    {WireReason::nonces_exhausted,
     {"nonces_exhausted", "the session's keys are used up; a new connection gets new ones", ""}},
    {WireReason::flush_timed_out,
     {"flush_timed_out", "the last messages could not be delivered in time", ""}},
    {WireReason::stopped_locally, {"stopped_locally", "we closed the connection", ""}},
    {WireReason::stopping, {"stopping", "this node is being stopped", ""}},
    {WireReason::internal_error,
     {"internal_error", "an error of this program", "please report it"}},
});
static_assert(kTexts.size() == static_cast<std::size_t>(WireReason::internal_error) + 1);

// Filled before main, by one thread; constant itself, so that no order of files matters.
struct Modules {
  std::array<std::span<const ReasonText>, ReasonModule::kMaxModules> list{std::span(kTexts)};
  std::size_t count = 1;
};
constinit Modules modules;

}  // namespace

const ReasonText& reason_text(WireReason::Code reason) noexcept {
  return kTexts[static_cast<std::size_t>(reason)];
}

ReasonModule::ReasonModule(std::span<const ReasonText> texts) {
  if (modules.count == kMaxModules) throw std::logic_error("too many modules with reasons");
  modules.list[modules.count++] = texts;
}
std::span<const std::span<const ReasonText>> ReasonModule::all() noexcept {
  return std::span(modules.list).first(modules.count);
}

std::optional<Reason> reason_named(std::string_view name) noexcept {
  for (const auto& module : ReasonModule::all()) {
    for (const ReasonText& text : module) {
      if (text.name == name) return Reason::of(text);
    }
  }
  return std::nullopt;
}

}  // namespace peerage::conn
