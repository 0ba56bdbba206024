#include "conn/asio_runtime_executor.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace peerage::conn::asio_runtime {
namespace {

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor() : core_(std::make_shared<Core>()) {
    thread_ = std::thread([core = core_] { core->run(); });
  }
  ~ThreadExecutor() override {
    core_->stop();
    if (is_current()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }
  void post(Task task) override { core_->post(std::move(task)); }
  bool is_current() const override { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  // Shared with the thread, which may outlive the executor that one of its tasks destroys.
  class Core {
   public:
    void post(Task task) {
      const std::lock_guard lock(mutex_);
      if (stopped_) return;
      tasks_.push_back(std::move(task));
      changed_.notify_one();
    }
    void stop() {
      std::deque<Task> dropped;  // what tasks own may post: freed when the lock is not held
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      dropped.swap(tasks_);
      changed_.notify_one();
    }
    void run() noexcept {
      std::unique_lock lock(mutex_);
      while (true) {
        changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        Task task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        task = nullptr;  // before the lock is taken again
        lock.lock();
      }
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Task> tasks_;
    bool stopped_ = false;
  };

  std::shared_ptr<Core> core_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Executor> make_executor() {
  return std::make_unique<ThreadExecutor>();
}

}  // namespace peerage::conn::asio_runtime
