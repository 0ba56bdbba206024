// The real world's executors, each a thread of its own. Private to the runtime.
//
// What their tasks hold may need the runtime, so they end with it: stop() and wait() leave nothing
// that could still touch a shard. That is why the threads belong to this account and not to the
// executors: one that is destroyed by its own task is survived by that task.
//
// Threads: all methods on any, but wait() and the destructor on none of the executors'.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "conn/runtime/runtime.h"

namespace peerage::conn::asio_runtime {

class Executors {
 public:
  Executors();
  ~Executors();  // stops and waits
  Executors(const Executors&) = delete;
  Executors& operator=(const Executors&) = delete;

  // After stop(), one that ignores what is posted to it.
  std::unique_ptr<Executor> make();
  // True in a task of one of them.
  bool is_any_current() const;
  // They begin nothing more. Does not wait.
  void stop();
  // Waits until all have stopped and what they had begun is over.
  void wait();
  // Frees what was not begun. It may own anything: only when all has stopped.
  void clear();

 private:
  class ThreadExecutor;
  class Worker;
  struct Entry;

  std::vector<std::shared_ptr<Worker>> workers() const;

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // guarded by mutex_
  bool stopped_ = false;        // guarded by mutex_
};

}  // namespace peerage::conn::asio_runtime
