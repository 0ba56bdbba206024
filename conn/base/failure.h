// Why something did not work, as a value: at which stage, for which reason, and the detail.
//
// The wire has no refusal message: a comet node that does not want us closes the socket. So we
// classify by how far we got and what bytes we saw, keep the class (conn/base/reason.h), and tell
// the operator what it most probably means and what to do.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "conn/base/reason.h"

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

// A stable identifier, e.g. "key_exchange".
std::string_view name(Stage stage) noexcept;

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
