// Name lookups off the network threads. Private to conn/runtime/asio_runtime.cpp.
//
// The threads are detached, because a lookup can hang for as long as it likes; they share ownership
// of this object and of nothing else. At most kResolverThreads of them exist; further lookups wait.
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

namespace peerage::conn {

class AsioRuntime::Resolver : public std::enable_shared_from_this<Resolver> {
 public:
  using Outcome = Result<std::vector<IpAddress>>;
  using Deliver = std::function<void(Outcome)>;

  // Without a `lookup`, the system's.
  explicit Resolver(Lookup lookup);

  // Looks `host` up; `deliver` runs on `shard`, unless stop() comes first.
  void submit(Shard& shard, std::string host, Deliver deliver);
  // Afterwards nothing is delivered and no shard is touched. Does not wait for lookups that hang.
  void stop();

 private:
  struct Job {
    Shard* shard = nullptr;
    std::string host;
    Deliver deliver;
  };
  void work();

  const Lookup lookup_;
  std::mutex mutex_;
  std::deque<Job> jobs_;
  std::size_t busy_ = 0;
  bool stopped_ = false;
};

}  // namespace peerage::conn
