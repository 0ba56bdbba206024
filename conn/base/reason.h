// Why something did not work, in a word: open by module.
//
// Each module names the reasons that arise in it, in an enumeration of its own: conn/ those of
// keys, names, sockets, the handshake and the wire; addrbook/ those of its files
// (addrbook/record/book_reason.h); p2p/ those of peers and reactors (p2p/base/peer_reason.h); an
// engine may have its own. A Reason is one of any of them, and carries its words: what was
// observed (`explain`) and what to do about it (`hint`). `name` is the stable identifier for logs,
// metrics, JSON and stored rows; a name, once published, keeps its meaning.
//
// A module's part: the enumeration, `const conn::ReasonText& reason_text(TheEnumeration)` beside
// it, and one ReasonModule with all the texts, so that a name that was stored is found again.
//
// Threads: plain values; modules announce themselves before main.
#pragma once

#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace peerage::conn {

struct ReasonText {
  std::string_view name;         // lower case and _, of no other reason
  std::string_view explanation;  // one sentence for an operator: what was observed
  std::string_view hint;         // what to check or do; empty when there is nothing useful to say
};

// In a class that Reason is derived from, so that they are written Reason::wrong_id. (An
// enumeration that a class takes in by `using enum` breaks g++ 12 in templates.)
struct WireReason {
  enum Code : std::uint8_t {
    // configuration
    invalid_argument,
    address_without_id,
    address_malformed,
    address_is_a_name,
    key_file_missing,
    key_file_unreadable,
    key_file_unwritable,
    key_file_malformed,
    key_type_unsupported,
    config_malformed,

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
    stopping,
    internal_error,
  };
};
const ReasonText& reason_text(WireReason::Code reason) noexcept;

template <typename T>
concept ReasonEnum = requires(T reason) {
  { reason_text(reason) } -> std::same_as<const ReasonText&>;
};

class Reason : public WireReason {
 public:
  // internal_error: it has not been said what it is.
  Reason() noexcept : Reason(internal_error) {}
  template <ReasonEnum Enum>
  Reason(Enum reason) noexcept : text_(&reason_text(reason)) {}
  // For code that goes through all of them; the text must live for ever.
  static Reason of(const ReasonText& text) noexcept { return Reason(&text); }

  const ReasonText& text() const noexcept { return *text_; }

  friend bool operator==(Reason a, Reason b) noexcept { return a.text_ == b.text_; }
  // By name: the same order in every run.
  friend auto operator<=>(Reason a, Reason b) noexcept { return a.text().name <=> b.text().name; }

 private:
  explicit Reason(const ReasonText* text) noexcept : text_(text) {}
  const ReasonText* text_;
};

inline std::string_view name(Reason reason) noexcept {
  return reason.text().name;
}
inline std::string_view explain(Reason reason) noexcept {
  return reason.text().explanation;
}
inline std::string_view hint(Reason reason) noexcept {
  return reason.text().hint;
}

// A constant of static storage, beside the texts of a module.
class ReasonModule {
 public:
  static constexpr std::size_t kMaxModules = 16;

  // At most kMaxModules in a program; std::logic_error beyond.
  explicit ReasonModule(std::span<const ReasonText> texts);
  // All that have announced themselves, conn/ first.
  static std::span<const std::span<const ReasonText>> all() noexcept;
};

// The texts of an enumeration in its order, which is checked: anything else does not compile.
template <typename Enum>
struct ReasonRow {
  Enum reason;
  ReasonText text;
};
template <typename Enum, std::size_t N>
constexpr std::array<ReasonText, N> reason_texts(const ReasonRow<Enum> (&rows)[N]) {
  std::array<ReasonText, N> texts{};
  for (std::size_t i = 0; i < N; ++i) {
    const bool fits = static_cast<std::size_t>(rows[i].reason) == i && !rows[i].text.name.empty() &&
                      !rows[i].text.explanation.empty();
    if (!fits) throw "the rows are not in the order of the enumeration, or one says nothing";
    texts[i] = rows[i].text;
  }
  return texts;
}

// None: no module that is linked has such a reason.
std::optional<Reason> reason_named(std::string_view name) noexcept;

}  // namespace peerage::conn
