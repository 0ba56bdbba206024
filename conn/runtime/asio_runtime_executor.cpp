#include "conn/runtime/asio_runtime_executor.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <thread>
#include <utility>

namespace peerage::conn::asio_runtime {

// What an executor and its thread share.
class Executors::Worker {
 public:
  void post(Task task) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  void clear() {
    std::deque<Task> dropped;  // what tasks own may post: freed when the lock is not held
    const std::lock_guard lock(mutex_);
    dropped.swap(tasks_);
  }
  void run() noexcept {
    thread_ = std::this_thread::get_id();
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
      if (stopped_) break;
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // before the lock is taken again
      lock.lock();
    }
    thread_ = std::thread::id();  // the next thread may be given the same
    over_ = true;
    changed_.notify_all();
  }
  // Also of what the last task held.
  void wait_until_over() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_; });
  }
  bool is_over() const {
    const std::lock_guard lock(mutex_);
    return over_;
  }
  bool is_current() const { return thread_ == std::this_thread::get_id(); }

 private:
  std::atomic<std::thread::id> thread_;  // none's, until it runs
  mutable std::mutex mutex_;             // guards what follows
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool stopped_ = false;
  bool over_ = false;
};

struct Executors::Entry {
  std::shared_ptr<Worker> worker;
  std::thread thread;
};

class Executors::ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(std::shared_ptr<Worker> worker) : worker_(std::move(worker)) {}
  ~ThreadExecutor() override {
    worker_->stop();
    worker_->clear();
    if (!is_current()) worker_->wait_until_over();
  }
  void post(Task task) override { worker_->post(std::move(task)); }
  bool is_current() const override { return worker_->is_current(); }

 private:
  const std::shared_ptr<Worker> worker_;
};

Executors::Executors() = default;

Executors::~Executors() {
  stop();
  for (Entry& entry : entries_) entry.thread.join();
}

std::unique_ptr<Executor> Executors::make() {
  const std::lock_guard lock(mutex_);
  // Those that are gone have left their threads here.
  const auto gone = std::partition(entries_.begin(), entries_.end(),
                                   [](const Entry& entry) { return !entry.worker->is_over(); });
  for (auto entry = gone; entry != entries_.end(); ++entry) entry->thread.join();
  entries_.erase(gone, entries_.end());

  auto worker = std::make_shared<Worker>();
  if (stopped_) worker->stop();
  entries_.push_back({worker, std::thread([worker] { worker->run(); })});
  return std::make_unique<ThreadExecutor>(std::move(worker));
}

bool Executors::is_any_current() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return entry.worker->is_current(); });
}

std::vector<std::shared_ptr<Executors::Worker>> Executors::workers() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Worker>> workers;
  workers.reserve(entries_.size());
  for (const Entry& entry : entries_) workers.push_back(entry.worker);
  return workers;
}

void Executors::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  for (const auto& worker : workers()) worker->stop();
}

// Without the lock: what is waited for may make executors, and what is freed destroy some.
void Executors::wait() {
  for (const auto& worker : workers()) worker->wait_until_over();
}

void Executors::clear() {
  for (const auto& worker : workers()) worker->clear();
}

}  // namespace peerage::conn::asio_runtime
