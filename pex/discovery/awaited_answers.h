// From where answers may come, and how many: these many datagrams are free of the limits by source
// (TrafficLimits::admit), whoever really sends them.
//
// Bounded by the requests that wait: each adds what its answer may bring and takes the rest away
// when it ends. Threads: none of its own.
#pragma once

#include <cstddef>
#include <map>

#include "conn/address/ip_address.h"

namespace peerage::pex {

class AwaitedAnswers {
 public:
  void expect(const conn::Endpoint& from, std::size_t datagrams) {
    Account& account = accounts_[from];
    ++account.requests;
    account.datagrams += datagrams;
  }
  // A request to it has ended; with the last one goes what is left.
  void end(const conn::Endpoint& from) {
    const auto found = accounts_.find(from);
    if (found != accounts_.end() && --found->second.requests == 0) accounts_.erase(found);
  }
  // One has come from there: whether it was waited for.
  bool take(const conn::Endpoint& from) {
    const auto found = accounts_.find(from);
    if (found == accounts_.end() || found->second.datagrams == 0) return false;
    --found->second.datagrams;
    return true;
  }
  std::size_t size() const noexcept { return accounts_.size(); }

 private:
  struct Account {
    std::size_t requests = 0;
    std::size_t datagrams = 0;
  };
  std::map<conn::Endpoint, Account> accounts_;
};

}  // namespace peerage::pex
