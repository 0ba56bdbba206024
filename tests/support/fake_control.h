// A node's Control that does nothing but remember what it was asked, and answers as a test says.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "cmd/ctl/control.h"

namespace peerage::test {

class FakeControl final : public cmd::Control {
 public:
  // Answers at once; what it returns nothing for waits for `answer`.
  using Answers = std::function<std::optional<cmd::CtlResult>(const cmd::CtlCall&)>;
  explicit FakeControl(Answers answers =
                           [](const cmd::CtlCall& call) {
                             return cmd::CtlResult(R"({"verb":")" + call.verb +
                                                   R"(","changed":true})");
                           })
      : answers_(std::move(answers)) {}

  void call(cmd::CtlCall call, cmd::CtlDone done) override {
    const auto result = answers_(call);
    {
      const std::lock_guard lock(mutex_);
      if (!result) waiting_.push_back(done);
      calls_.push_back(std::move(call));
    }
    changed_.notify_all();
    if (result) done(*result);
  }
  Subscription subscribe(std::vector<std::string> types,
                         std::function<void(const std::string& event)> event) override {
    const std::lock_guard lock(mutex_);
    subscribers_.emplace(++last_, std::move(event));
    types_ = std::move(types);
    changed_.notify_all();
    return last_;
  }
  void unsubscribe(Subscription subscription) override {
    const std::lock_guard lock(mutex_);
    subscribers_.erase(subscription);
    changed_.notify_all();
  }

  // --- for the test, on another thread ---

  void answer(std::size_t waiting, cmd::CtlResult result) {
    cmd::CtlDone done;
    {
      const std::lock_guard lock(mutex_);
      done = waiting_.at(waiting);
    }
    done(std::move(result));
  }
  void emit(const std::string& event) {
    const std::lock_guard lock(mutex_);
    for (const auto& each : subscribers_) each.second(event);
  }
  std::vector<cmd::CtlCall> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::vector<std::string> types() {
    const std::lock_guard lock(mutex_);
    return types_;
  }
  // Until there are so many; false: it took too long.
  bool wait_for_calls(std::size_t count) {
    return wait([&] { return calls_.size() >= count; });
  }
  bool wait_for_subscribers(std::size_t count) {
    return wait([&] { return subscribers_.size() == count; });
  }

 private:
  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), condition);
  }

  const Answers answers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<cmd::CtlCall> calls_;
  std::vector<cmd::CtlDone> waiting_;
  std::map<Subscription, std::function<void(const std::string&)>> subscribers_;
  std::vector<std::string> types_;
  Subscription last_ = 0;
};

}  // namespace peerage::test
