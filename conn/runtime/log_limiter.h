// What peers cause, logged at a bounded rate: one line a second for a peer and 20 in all. How many
// lines were held back is a field of the next one.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "conn/address/node_id.h"
#include "conn/base/log.h"
#include "conn/base/time.h"
#include "conn/base/token_bucket.h"

namespace peerage::conn {

class LogLimiter {
 public:
  LogLimiter(Log log, TimePoint now);

  // A record with the field `peer` before the others. What the sink does not want is not counted.
  void write(const NodeId& peer, TimePoint now, LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) noexcept;

 private:
  // Peers that have a bucket; when there are more, all begin anew: the limit for all still holds.
  static constexpr std::size_t kMaxPeers = 1024;

  const Log log_;
  std::mutex mutex_;  // guards what follows
  TokenBucket all_;
  std::map<NodeId, TokenBucket> by_peer_;
  std::uint64_t held_back_ = 0;
};

}  // namespace peerage::conn
