// What the programs share that send many visitors to one node: sockets of one process from many
// loopback addresses, and a summary of how long things took.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "conn/address/ip_address.h"

namespace peerage::test {

std::uint32_t to_number(const conn::IpAddress& ip);

// A socket that is connecting, watched by `epoll` until it can be read or written; -1, with errno,
// when there can be none.
int dial(int epoll, std::uint32_t from_ip, const conn::Endpoint& target);

// The outcome of connecting: 0, or an errno. From then on only reading is watched for.
int finish_dial(int epoll, int socket);

// Milliseconds, to be summed up.
class Spans {
 public:
  void add(std::chrono::steady_clock::duration span) {
    values_.push_back(std::chrono::duration<double, std::milli>(span).count());
  }
  std::size_t within(double limit) const;

  struct Summary {
    std::size_t count = 0;
    double p50 = 0;  // as the others, of at least one
    double p99 = 0;
    double max = 0;
  };
  Summary summary();

 private:
  std::vector<double> values_;
};

// By this nlohmann::json takes a summary for a value.
template <typename Json>
void to_json(Json& json, const Spans::Summary& summary) {
  json["count"] = summary.count;
  if (summary.count == 0) return;
  json["p50"] = summary.p50;
  json["p99"] = summary.p99;
  json["max"] = summary.max;
}

}  // namespace peerage::test
