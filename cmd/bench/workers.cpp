#include "cmd/bench/workers.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "cmd/config/node_key_file.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

// What the workers share.
struct Work {
  conn::Runtime& runtime;
  const BenchOptions& options;
  const std::vector<conn::NodeKey>& keys;
  const DialTaken& taken;
  Work(conn::Runtime& on, const BenchOptions& what, const std::vector<conn::NodeKey>& as,
       const DialTaken& taker)
      : runtime(on), options(what), keys(as), taken(taker) {}

  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;

  std::mutex mutex;  // guards what follows
  std::condition_variable finished;
  std::size_t workers = 0;  // that are not done
  DialResults results;
};

class Worker {
 public:
  Worker(Work& work, std::size_t shard)
      : work_(work), index_(shard), shard_(work.runtime.shard(shard)) {}

  // On its shard, like all that follows.
  void go_on() {
    const std::size_t number = work_.stop ? work_.keys.size() : work_.next++;
    if (number >= work_.keys.size()) return finish();
    const BenchOptions& options = work_.options;
    begun_ = shard_.now();
    running_ = start_bench_dial(
        work_.runtime, shard_,
        {options.dial, loopback_source(options.dial.endpoint.ip, number), &work_.keys[number],
         options.network, options.channel},
        [this](conn::Result<p2p::Upgraded> outcome) { on_done(std::move(outcome)); });
  }

 private:
  void on_done(conn::Result<p2p::Upgraded> outcome) {
    if (outcome) {
      us_.push_back(std::chrono::duration<double, std::micro>(shard_.now() - begun_).count());
      work_.taken(index_, std::move(*outcome));
    } else {
      failures_.add(outcome.error());
    }
    go_on();
  }

  void finish() {
    running_.reset();
    const std::lock_guard lock(work_.mutex);
    work_.results.us.insert(work_.results.us.end(), us_.begin(), us_.end());
    work_.results.failures.add(failures_);
    if (--work_.workers == 0) {
      work_.results.end = BenchMoment::now();
      work_.finished.notify_one();
    }
  }

  Work& work_;
  const std::size_t index_;
  conn::Shard& shard_;
  std::unique_ptr<conn::Pending> running_;
  conn::TimePoint begun_;
  std::vector<double> us_;
  FailureCounts failures_;
};

}  // namespace

std::vector<conn::NodeKey> fresh_keys(std::size_t count) {
  std::vector<conn::NodeKey> keys;
  keys.reserve(count);
  for (std::size_t i = 0; i < count; ++i) keys.push_back(conn::NodeKey::generate());
  return keys;
}

DialResults dial_many(conn::Runtime& runtime, const BenchOptions& options,
                      const std::vector<conn::NodeKey>& keys, const Signals& signals,
                      const DialTaken& taken) {
  Work work(runtime, options, keys, taken);
  const std::size_t count = std::min(options.concurrency, keys.size());
  std::vector<std::unique_ptr<Worker>> workers;
  workers.reserve(count);
  work.workers = count;
  work.results.begin = BenchMoment::now();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t shard = i % runtime.shard_count();
    workers.push_back(std::make_unique<Worker>(work, shard));
    runtime.shard(shard).post([worker = workers.back().get()] { worker->go_on(); });
  }
  std::unique_lock lock(work.mutex);
  while (!work.finished.wait_for(lock, 50ms, [&work] { return work.workers == 0; })) {
    if (signals.wait_for(conn::Duration(0)) == 0) continue;
    work.stop = true;
    work.results.interrupted = true;
  }
  return std::move(work.results);
}

}  // namespace peerage::cmd
