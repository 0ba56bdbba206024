// What is said of a reactor that has thrown: which one, in which of its calls, and what.
//
// Threads: pure functions.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "conn/base/bytes.h"

namespace peerage::p2p {

// "mempool: add_peer failed: no disk"; printable.
inline std::string reactor_failure(std::string_view reactor, std::string_view call,
                                   std::string_view what) {
  if (what.empty()) what = "an exception";
  return std::string(reactor) + ": " + std::string(call) + " failed: " + conn::printable(what);
}

// Calls it; nothing, unless it has thrown.
template <typename Call>
std::optional<std::string> failure_in(std::string_view reactor, std::string_view name,
                                      const Call& call) {
  try {
    call();
    return std::nullopt;
  } catch (const std::exception& error) {
    return reactor_failure(reactor, name, error.what());
  } catch (...) {
    return reactor_failure(reactor, name, "an exception of an unknown type");
  }
}

}  // namespace peerage::p2p
