// How often what others cause may be logged: numbers alone, without the log.
//
// Every kind of event has a share of its own, so that a flood of one kind takes nothing from
// another, and what is held back is counted for each kind. Above debug a share is 2 lines at once
// and 3 a minute, and there are 12 shares: in any minute there are at most 60 lines, whatever
// others do. At debug it is 20 at once and 2 a second, and there are 16. The kinds that come first
// have the shares; all later ones have the last share together. And a subject, a node or a host,
// causes at most a line a second of a kind.
//
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "conn/address/ip_address.h"
#include "conn/address/node_id.h"
#include "conn/base/log.h"
#include "conn/base/time.h"
#include "conn/base/token_bucket.h"

namespace peerage::conn {

// The node that caused a line; its address, if it has proved no ID.
using LogSubject = std::variant<NodeId, IpAddress>;

class LogLimiter {
 public:
  // How many lines of the kind were held back since the last one, if this one may be written. Kinds
  // are told apart by `event`, which must be a literal.
  std::optional<std::uint64_t> take(LogLevel level, std::string_view event,
                                    const LogSubject& subject, TimePoint now);
  // In all, since the beginning.
  std::uint64_t held_back() const noexcept { return held_back_; }

 private:
  // Above debug, and at debug.
  struct Rule {
    std::size_t shares;
    std::uint64_t tokens_per_second, burst, price;  // tokens, and what a line costs
  };
  static constexpr Rule kLoud = {12, 3, 120, 60};
  static constexpr Rule kQuiet = {16, 2, 20, 1};
  static constexpr Duration kPauseOfASubject = std::chrono::seconds(1);
  // Subjects that are remembered; when there are more, all begin anew: the shares still hold.
  static constexpr std::size_t kMaxSubjects = 1024;

  struct Share {
    std::string_view event;
    TokenBucket tokens;
    std::uint64_t held_back = 0;
  };
  static Share& share_of(std::vector<Share>& shares, const Rule& rule, std::string_view event,
                         TimePoint now);
  bool rests(const Share& share, const LogSubject& subject, TimePoint now);

  std::vector<Share> loud_;
  std::vector<Share> quiet_;
  std::map<std::pair<std::string_view, LogSubject>, TimePoint> last_lines_;
  std::uint64_t held_back_ = 0;
};

}  // namespace peerage::conn
