// Name lookups off the network threads, of addresses or of TXT records. Private to
// conn/runtime/asio_runtime.cpp.
//
// The threads are detached, because a lookup can hang for as long as it likes; they share ownership
// of this object and of nothing else. At most kResolverThreads of them exist; further lookups wait.
// Each kind of lookup has threads of its own, so that those that strangers can cause (a list of
// nodes may name other lists) never hold up what the operator has configured.
// Threads: all methods on any.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "conn/runtime/asio_runtime.h"

namespace peerage::conn::asio_runtime {

template <typename Answer>
class Resolver : public std::enable_shared_from_this<Resolver<Answer>> {
 public:
  using Outcome = Result<Answer>;
  using Lookup = std::function<Outcome(const std::string& name)>;
  using Deliver = std::function<void(Outcome)>;

  explicit Resolver(Lookup lookup);

  // Looks `name` up; `deliver` runs on `shard`, unless stop() comes first.
  void submit(Shard& shard, std::string name, Deliver deliver);
  // Afterwards nothing is delivered and no shard is touched. Does not wait for lookups that hang.
  void stop();

 private:
  struct Job {
    Shard* shard = nullptr;
    std::string name;
    Deliver deliver;
  };
  void work();

  const Lookup lookup_;
  std::mutex mutex_;
  std::deque<Job> jobs_;
  std::size_t busy_ = 0;
  bool stopped_ = false;
};

extern template class Resolver<std::vector<IpAddress>>;
extern template class Resolver<std::vector<std::string>>;

// The system's own lookup of addresses.
Result<std::vector<IpAddress>> look_up_addresses(const std::string& host);

}  // namespace peerage::conn::asio_runtime
