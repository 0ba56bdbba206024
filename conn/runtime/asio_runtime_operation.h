// What an operation under way and its handle share: destroying the handle makes the callback void.
// Private to the runtime.
//
// Threads: the operation's shard.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "conn/runtime/runtime.h"

namespace peerage::conn::asio_runtime {

template <typename T>
struct Operation {
  using Done = std::function<void(Result<T>)>;
  Operation(asio::io_context& context, Done callback) : timer(context), done(std::move(callback)) {}
  virtual ~Operation() = default;
  virtual void abandon() {}
  void finish(Result<T> outcome) {
    if (!done) return;
    timer.cancel();
    const Done callback = std::exchange(done, nullptr);
    callback(std::move(outcome));
  }
  asio::steady_timer timer;
  Done done;
};

template <typename T>
class OperationHandle final : public Pending {
 public:
  explicit OperationHandle(std::shared_ptr<Operation<T>> operation)
      : operation_(std::move(operation)) {}
  ~OperationHandle() override {
    operation_->done = nullptr;
    operation_->timer.cancel();
    operation_->abandon();
  }

 private:
  std::shared_ptr<Operation<T>> operation_;
};

}  // namespace peerage::conn::asio_runtime
