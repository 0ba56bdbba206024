#include "conn/base/failure.h"

#include <array>
#include <cstddef>

namespace peerage::conn {
namespace {

constexpr std::array<std::string_view, kStageCount> kStageNames = {
    "configuration",  "resolve",   "connect",   "key_exchange",
    "authentication", "node_info", "admission", "established"};

struct Row {
  Reason reason;
  std::string_view name;
  std::string_view explanation;
  std::string_view hint;
};

// In the order of the enumeration; the compiler checks it below.
constexpr std::array<Row, kReasonCount> kRows = {{
    {Reason::invalid_argument, "invalid_argument", "an argument makes no sense", ""},
    {Reason::address_without_id, "address_without_id", "the address has no node ID",
     "write it as ID@HOST:PORT; the node's operator finds the ID with show-node-id"},
    {Reason::address_malformed, "address_malformed", "this is no node address",
     "write it as ID@HOST:PORT, the ID being 40 hex digits, an IPv6 address in brackets"},
    {Reason::address_is_a_name, "address_is_a_name", "an IP address is needed here, not a name",
     ""},
    {Reason::address_file_unreadable, "address_file_unreadable",
     "the file of addresses cannot be read", "check its path, owner and mode"},
    {Reason::address_file_unwritable, "address_file_unwritable",
     "the file of addresses cannot be written",
     "check that the directory exists and may be written, and the free space on the disk"},
    {Reason::address_file_malformed, "address_file_malformed",
     "the file of addresses is no addrbook.json", "a comet node panics on such a file, too"},
    {Reason::key_file_missing, "key_file_missing", "there is no node key file",
     "make one with `peerage init` or `peerage gen-node-key`"},
    {Reason::key_file_unreadable, "key_file_unreadable", "the node key file cannot be read",
     "check its owner and mode"},
    {Reason::key_file_unwritable, "key_file_unwritable", "the node key file cannot be written",
     "check that the directory exists and may be written; an existing key is never replaced"},
    {Reason::key_file_malformed, "key_file_malformed", "the node key file is damaged",
     "restore it from a backup: a new key would be a new ID; move it away only if that is wanted"},
    {Reason::key_type_unsupported, "key_type_unsupported", "the node key is not an Ed25519 key",
     "peers accept only Ed25519 node keys; make a new one (the node gets a new ID)"},
    {Reason::config_malformed, "config_malformed", "the configuration cannot be used", ""},
    {Reason::book_missing, "book_missing", "there is no address book file",
     "a node makes one when it first starts"},
    {Reason::book_in_use, "book_in_use", "the address book is in use by another program",
     "two nodes cannot share one; a tool that holds it open must close it"},
    {Reason::book_unreadable, "book_unreadable", "the address book file cannot be read",
     "check its owner and mode, and the disk"},
    {Reason::book_unwritable, "book_unwritable", "the address book file cannot be written",
     "check the free space on the disk, and that the directory may be written"},
    {Reason::book_corrupt, "book_corrupt", "the address book file is damaged",
     "a node that starts moves it aside and keeps the rows that can still be read"},
    {Reason::book_foreign, "book_foreign",
     "the file in the place of the address book is another program's", "check the configured path"},
    {Reason::book_newer, "book_newer", "the address book is of a newer version of this program",
     "run that version, or move the file away and let the node begin a new one"},

    {Reason::name_not_found, "name_not_found", "the host name does not exist",
     "check the spelling"},
    {Reason::name_lookup_failed, "name_lookup_failed", "the host name could not be looked up",
     "check this machine's DNS configuration and network"},
    {Reason::name_lookup_timed_out, "name_lookup_timed_out",
     "the name server did not answer in time",
     "check this machine's DNS configuration and network"},

    {Reason::connection_refused, "connection_refused", "nothing listens on that port",
     "check the port (p2p is 26656 by default) and that the node runs"},
    {Reason::unreachable, "unreachable", "there is no route to that address",
     "check the address, and this machine's network and IPv6"},
    {Reason::connect_timed_out, "connect_timed_out", "the TCP connection was not answered in time",
     "a firewall drops it, the host is down, or the node's accept queue is full"},
    {Reason::out_of_descriptors, "out_of_descriptors", "this process may open no more sockets",
     "raise its limit of open files (ulimit -n, LimitNOFILE)"},
    {Reason::address_in_use, "address_in_use", "another program listens on that address",
     "stop it, or choose another port"},
    {Reason::io_error, "io_error", "the system reported an error", ""},

    {Reason::closed_before_key, "closed_before_key",
     "the remote closed the connection before it sent a key",
     "its firewall or IP filter refuses us, it is already connected to our IP, or all its slots "
     "are taken"},
    {Reason::silent, "silent", "the remote accepted the connection and said nothing",
     "a comet node that is full: it stops accepting, and its backlog answers for it; or "
     "not a comet p2p port"},
    {Reason::speaks_http, "speaks_http", "a web server answers on that port",
     "use the p2p port (26656 by default), not the RPC port (26657) or a reverse proxy"},
    {Reason::speaks_tls, "speaks_tls", "a TLS server answers on that port",
     "use the p2p port itself; comet nodes do not speak TLS"},
    {Reason::speaks_ssh, "speaks_ssh", "an SSH server answers on that port", "use the p2p port"},
    {Reason::not_a_comet_node, "not_a_comet_node", "something that is not a comet node answers",
     ""},
    {Reason::ephemeral_key_malformed, "ephemeral_key_malformed",
     "the remote's first message is not an ephemeral key",
     "nodes before v0.33 speak another protocol"},
    {Reason::ephemeral_key_low_order, "ephemeral_key_low_order",
     "the remote sent an ephemeral key that would make the session predictable",
     "an attack, or a broken node"},
    {Reason::ephemeral_key_reflected, "ephemeral_key_reflected",
     "the remote sent our own ephemeral key back", "an echo service, or an attack"},

    {Reason::closed_before_authentication, "closed_before_authentication",
     "the remote exchanged keys, then closed before it proved its ID",
     "it was stopped, or it could not verify us"},
    {Reason::authentication_timed_out, "authentication_timed_out",
     "the remote did not prove its ID in time", "it is overloaded, or the link is very slow"},
    {Reason::frame_forged, "frame_forged", "an encrypted frame failed its integrity check",
     "something between the nodes changes the traffic, or the remote is broken"},
    {Reason::frame_malformed, "frame_malformed", "an encrypted frame has an impossible length", ""},
    {Reason::auth_message_malformed, "auth_message_malformed",
     "the remote's proof of identity has the wrong form", ""},
    {Reason::auth_key_type_unsupported, "auth_key_type_unsupported",
     "the remote's node key is not an Ed25519 key",
     "its operator must give it an Ed25519 node key"},
    {Reason::auth_signature_invalid, "auth_signature_invalid",
     "the remote's signature is wrong: a man in the middle, or it does not own its key", ""},
    {Reason::wrong_id, "wrong_id", "another node than the one dialled answers there",
     "the node key was replaced, or the address belongs to another node now; ask its operator"},
    {Reason::connected_to_self, "connected_to_self", "that is this node itself", ""},

    {Reason::closed_after_authentication, "closed_after_authentication",
     "the remote proved its ID, then closed before sending NodeInfo",
     "probably full, or already connected to this ID or IP; try again later or ask its operator "
     "for unconditional_peer_ids"},
    {Reason::node_info_timed_out, "node_info_timed_out",
     "the remote proved its ID but did not describe itself in time", "it is overloaded"},
    {Reason::node_info_too_long, "node_info_too_long",
     "the remote's description of itself is longer than 10240 bytes", ""},
    {Reason::node_info_malformed, "node_info_malformed",
     "the remote's description of itself cannot be decoded", ""},
    {Reason::node_info_invalid, "node_info_invalid",
     "the remote's description of itself breaks a rule", "its operator should look at its config"},
    {Reason::node_info_id_mismatch, "node_info_id_mismatch",
     "the remote claims another ID than the one it proved", "it is broken, or lying"},
    {Reason::wrong_network, "wrong_network", "the remote is on another network",
     "check the chain ID, and that the address belongs to this network"},
    {Reason::wrong_block_version, "wrong_block_version",
     "the remote speaks another version of the block protocol",
     "one of the nodes must be upgraded"},
    {Reason::no_common_channel, "no_common_channel",
     "the remote runs none of the channels that we offer",
     "with pex = false a node offers no peer exchange"},
    {Reason::network_unknown, "network_unknown",
     "the remote waits for us to name the network first", "name it with --network"},

    {Reason::banned, "banned", "the node or its address is banned",
     "a ban has a reason and an end; it can be lifted"},
    {Reason::connection_rate_exceeded, "connection_rate_exceeded",
     "too many connections came from this address in a short time", ""},
    {Reason::authentication_failed_lately, "authentication_failed_lately",
     "a handshake with this address failed shortly before, and by its fault",
     "the pause ends by itself; that failure was counted under a reason of its own"},
    {Reason::too_many_handshakes, "too_many_handshakes",
     "too many handshakes were under way, and this one was refused", ""},
    {Reason::displaced, "displaced",
     "the handshake made less progress than others, and a newcomer took its place", ""},
    {Reason::no_free_slot, "no_free_slot", "all slots for peers of this kind are taken",
     "raise max_num_inbound_peers or max_num_outbound_peers, or make the peer unconditional"},
    {Reason::too_many_from_address, "too_many_from_address",
     "there are already as many peers at this host as may be",
     "set allow_duplicate_ip, exempt its network, or make the peer unconditional"},
    {Reason::duplicate_id, "duplicate_id", "this node is connected already", ""},
    {Reason::lost_simultaneous_dial, "lost_simultaneous_dial",
     "both nodes dialled each other at once, and the other connection stays", ""},
    {Reason::already_dialling, "already_dialling", "this node is being dialled already", ""},
    {Reason::address_resting, "address_resting",
     "the address failed lately and is not tried again yet", ""},
    {Reason::own_address, "own_address", "this address or node ID is our own", ""},
    {Reason::ban_list_full, "ban_list_full",
     "as many bans of an operator are in force as there is room for",
     "lift some, or ban the networks that they are in"},
    {Reason::stopping, "stopping", "this node is being stopped", ""},

    {Reason::closed_by_remote, "closed_by_remote", "the remote closed the connection",
     "right after the handshake it usually means that it has no free slot"},
    {Reason::connection_reset, "connection_reset", "the connection was reset",
     "right after the handshake it usually means that the remote has no free slot"},
    {Reason::packet_malformed, "packet_malformed",
     "the remote sent a packet that cannot be decoded", ""},
    {Reason::packet_too_long, "packet_too_long", "the remote announced a packet that is too long",
     "its max_packet_msg_payload_size must be 1024"},
    {Reason::unknown_channel, "unknown_channel", "the remote used a channel that we do not have",
     ""},
    {Reason::message_too_long, "message_too_long",
     "the remote sent a message longer than its channel allows", ""},
    {Reason::peer_memory_exhausted, "peer_memory_exhausted",
     "the remote began more messages than one peer may", ""},
    {Reason::total_memory_exhausted, "total_memory_exhausted",
     "half-received messages used up the memory set aside for them, and this peer held most of it",
     ""},
    {Reason::partial_message_stale, "partial_message_stale",
     "the remote began a message and did not go on with it", ""},
    {Reason::no_progress, "no_progress", "the remote sends packets that carry nothing", ""},
    {Reason::ping_flood, "ping_flood", "the remote sends far too many pings or pongs", ""},
    {Reason::pong_timed_out, "pong_timed_out", "the remote did not answer a ping in time",
     "it vanished from the network, or is blocked"},
    {Reason::write_stalled, "write_stalled", "the remote has stopped reading",
     "it vanished from the network, or is blocked"},
    {Reason::nonces_exhausted, "nonces_exhausted",
     "the session's keys are used up; a new connection gets new ones", ""},
    {Reason::flush_timed_out, "flush_timed_out", "the last messages could not be delivered in time",
     ""},
    {Reason::stopped_locally, "stopped_locally", "we closed the connection", ""},
    {Reason::evicted, "evicted", "a newcomer needed the slot, and this peer was the next to go",
     ""},
    {Reason::replaced, "replaced", "a newer connection of the same node took its place", ""},
    {Reason::misbehaved, "misbehaved", "the peer broke a rule of a reactor", ""},
    {Reason::reactor_failed, "reactor_failed", "a reactor failed in one of its calls",
     "the detail says in which, and how; if a peer can do this at will, mend the reactor"},
    {Reason::inbox_full, "inbox_full", "the peer sent faster than its messages could be handled",
     ""},
    {Reason::answer_timed_out, "answer_timed_out", "the remote did not answer a request in time",
     ""},
    {Reason::message_malformed, "message_malformed",
     "the remote sent a message that cannot be decoded", ""},
    {Reason::internal_error, "internal_error", "an error of this program", "please report it"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].reason) != i || kRows[i].name.empty() ||
        kRows[i].explanation.empty()) {
      return false;
    }
  }
  return true;
}
static_assert(in_order());

const Row& row(Reason reason) noexcept {
  return kRows[static_cast<std::size_t>(reason)];
}

}  // namespace

std::string_view name(Stage stage) noexcept {
  return kStageNames[static_cast<std::size_t>(stage)];
}
std::string_view name(Reason reason) noexcept {
  return row(reason).name;
}
std::string_view explain(Reason reason) noexcept {
  return row(reason).explanation;
}
std::string_view hint(Reason reason) noexcept {
  return row(reason).hint;
}

std::string Failure::text() const {
  std::string text;
  text += name(stage);
  text += ": ";
  text += explain(reason);
  if (!detail.empty()) text += " (" + detail + ")";
  return text;
}

}  // namespace peerage::conn
