// How reliably a node answers: the share of our dials that succeeded, in five windows of 2 hours to
// a month, each forgetting exponentially.
//
// The windows together tell a node that is up for years from one that came up an hour ago, and
// notice within hours that the first has gone. Each keeps a score and the weight of its outcomes,
// so that a window that has seen little counts for little: score / weight is the share.
//
// Source: the idea of bitcoin-seeder's CAddrStat (five exponential windows).
// Threads: plain values.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace peerage::addrbook {

enum class Outcome : std::uint8_t { failed, succeeded };

class Reliability {
 public:
  static constexpr std::size_t kWindows = 5;
  static constexpr std::array<std::chrono::seconds, kWindows> kSpans = {
      std::chrono::hours(2), std::chrono::hours(8), std::chrono::days(1), std::chrono::days(7),
      std::chrono::days(30)};

  struct Window {
    float score = 0;   // weight of the successes; at most `weight`
    float weight = 0;  // weight of all outcomes, 0 to 1
    bool operator==(const Window&) const = default;
  };

  // An outcome at `now`; one that is earlier than the last counts as if it came with it.
  void record(Outcome outcome, std::chrono::sys_seconds now);

  // The share of successes in window `index`, 0 to 1; 0 when it has seen nothing.
  double share(std::size_t index) const;
  // One figure, 0 to 1: the windows' shares, weighted by what each has seen. For random choice.
  double overall() const;

  const std::array<Window, kWindows>& windows() const noexcept { return windows_; }
  std::chrono::sys_seconds last() const noexcept { return last_; }
  // From a file: values that no sequence of outcomes gives are brought into range.
  static Reliability restored(const std::array<Window, kWindows>& windows,
                              std::chrono::sys_seconds last);

  bool operator==(const Reliability&) const = default;

 private:
  std::array<Window, kWindows> windows_{};
  std::chrono::sys_seconds last_{};
};

}  // namespace peerage::addrbook
