// Why something did not work, as a value: at which stage, for which reason, and the detail.
//
// The wire has no refusal message: a comet node that does not want us closes the socket. So we
// classify by how far we got and what bytes we saw, keep the class, and tell the operator what it
// most probably means and what to do (`explain`, `hint`). `name` is the stable identifier for logs,
// metrics, JSON and stored rows; a name, once published, keeps its meaning.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace peerage::conn {

// How far an attempt got. The order is the order in time.
enum class Stage : std::uint8_t {
  configuration,   // files, flags, addresses as text: before anything is sent
  resolve,         // a host name from configuration, looked up
  connect,         // TCP
  key_exchange,    // cleartext ephemeral keys: no proof yet that this is a comet node
  authentication,  // encrypted; the remote's signature proves its node ID
  node_info,       // network, versions, channels
  admission,       // proven and compatible: is there room for it
  established,     // packets flow
};
inline constexpr std::size_t kStageCount = static_cast<std::size_t>(Stage::established) + 1;

enum class Reason : std::uint8_t {
  // configuration
  invalid_argument,
  address_without_id,
  address_malformed,
  address_is_a_name,
  address_file_unreadable,
  address_file_unwritable,
  address_file_malformed,
  key_file_missing,
  key_file_unreadable,
  key_file_unwritable,
  key_file_malformed,
  key_type_unsupported,
  config_malformed,
  book_missing,
  book_in_use,
  book_unreadable,
  book_unwritable,
  book_corrupt,
  book_foreign,
  book_newer,

  // resolve
  name_not_found,
  name_lookup_failed,
  name_lookup_timed_out,

  // connect
  connection_refused,
  unreachable,
  connect_timed_out,
  out_of_descriptors,
  address_in_use,
  io_error,

  // key_exchange
  closed_before_key,
  silent,
  speaks_http,
  speaks_tls,
  speaks_ssh,
  not_a_comet_node,
  ephemeral_key_malformed,
  ephemeral_key_low_order,
  ephemeral_key_reflected,

  // authentication
  closed_before_authentication,
  authentication_timed_out,
  frame_forged,
  frame_malformed,
  auth_message_malformed,
  auth_key_type_unsupported,
  auth_signature_invalid,
  wrong_id,
  connected_to_self,

  // node_info
  closed_after_authentication,
  node_info_timed_out,
  node_info_too_long,
  node_info_malformed,
  node_info_invalid,
  node_info_id_mismatch,
  wrong_network,
  wrong_block_version,
  no_common_channel,
  network_unknown,

  // admission, and refusals to dial
  banned,
  connection_rate_exceeded,
  authentication_failed_lately,
  too_many_handshakes,
  displaced,
  no_free_slot,
  too_many_from_address,
  duplicate_id,
  lost_simultaneous_dial,
  already_dialling,
  address_resting,
  own_address,
  ban_list_full,
  stopping,

  // established
  closed_by_remote,
  connection_reset,
  packet_malformed,
  packet_too_long,
  unknown_channel,
  message_too_long,
  peer_memory_exhausted,
  total_memory_exhausted,
  partial_message_stale,
  no_progress,
  ping_flood,
  pong_timed_out,
  write_stalled,
  nonces_exhausted,
  flush_timed_out,
  stopped_locally,
  evicted,
  replaced,
  misbehaved,
  reactor_failed,
  inbox_full,
  answer_timed_out,
  message_malformed,
  internal_error,
};
inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::internal_error) + 1;

// Stable identifiers, e.g. "key_exchange" and "wrong_id".
std::string_view name(Stage stage) noexcept;
std::string_view name(Reason reason) noexcept;

// One sentence for an operator: what was observed.
std::string_view explain(Reason reason) noexcept;

// What to check or do about it; empty when there is nothing useful to say.
std::string_view hint(Reason reason) noexcept;

struct Failure {
  Stage stage = Stage::established;
  Reason reason = Reason::io_error;
  // Facts of this case (an ID, a network, an errno text). Already made printable.
  std::string detail;

  // "authentication: the remote proved another ID than the one dialled (got 12ab…)".
  std::string text() const;
};

template <typename T>
using Result = tl::expected<T, Failure>;

[[nodiscard]] inline tl::unexpected<Failure> fail(Stage stage, Reason reason,
                                                  std::string detail = {}) {
  return tl::unexpected<Failure>(Failure{stage, reason, std::move(detail)});
}

}  // namespace peerage::conn
