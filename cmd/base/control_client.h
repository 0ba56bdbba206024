// Asks a running node over its control socket, as `peerage ctl` does. The protocol is in
// spec/operating.md, "Live control".
//
// A failure has the exit code of `peerage ctl`, so that a script knows what happened: the node
// refused, there is none, it did not answer in time, or this user may not ask.
//
// Threads: one; it waits.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "tl/expected.hpp"

namespace peerage::cmd {

// The exit codes of `peerage ctl`.
struct ControlExit {
  static constexpr int kDone = 0;
  static constexpr int kFailed = 1;  // or refused
  static constexpr int kWrongUsage = 2;
  static constexpr int kNoNode = 3;    // no socket, nobody accepts, or it ended before its answer
  static constexpr int kNoAnswer = 4;  // in time
  static constexpr int kNotPermitted = 5;
};

struct ControlFailure {
  int exit_code = ControlExit::kFailed;
  std::string reason;         // "not_found": one word
  std::string message, hint;  // as the other side sent them: to be shown through conn::printable
};

// Bytes of an answer.
inline constexpr std::size_t kMostAnswer = std::size_t{64} << 20;

// `params`: a JSON object. What is returned is one, too: the request's result.
tl::expected<std::string, ControlFailure> control_request(const std::filesystem::path& socket,
                                                          const std::string& method,
                                                          const std::string& params,
                                                          std::chrono::milliseconds within);

// Subscribes, and calls `event` with each line that comes, a JSON object, until it returns false
// (then there is no failure) or there is no node any more.
tl::expected<void, ControlFailure> control_events(
    const std::filesystem::path& socket, const std::string& params,
    std::chrono::milliseconds within, const std::function<bool(const std::string& line)>& event);

}  // namespace peerage::cmd
