// A socket, and who waits for it to be readable or writable: a stream's, or a datagram socket's.
// Private to the runtime.
//
// Asio only says when; reading and writing are calls of the system on native(). A wait that Asio
// has been asked for outlives this object, and finds nobody then.
//
// Threads: the socket's shard.
#pragma once

#include <memory>
#include <utility>

#include <asio/error_code.hpp>
#include <asio/socket_base.hpp>

#include "conn/runtime/runtime.h"

namespace peerage::conn::asio_runtime {

template <typename Socket>
class WatchedSocket {
 public:
  explicit WatchedSocket(Socket socket) : core_(std::make_shared<Core>(std::move(socket))) {}
  ~WatchedSocket() { close(); }
  WatchedSocket(const WatchedSocket&) = delete;
  WatchedSocket& operator=(const WatchedSocket&) = delete;

  bool is_open() const noexcept { return core_->open; }
  Socket& socket() noexcept { return core_->socket; }
  int native() noexcept { return core_->socket.native_handle(); }

  void when_readable(Task task) {
    wait(core_->readable, asio::socket_base::wait_read, std::move(task));
  }
  void when_writable(Task task) {
    wait(core_->writable, asio::socket_base::wait_write, std::move(task));
  }
  // Safe to repeat.
  void close() noexcept {
    core_->open = false;
    core_->readable.task = nullptr;
    core_->writable.task = nullptr;
    asio::error_code ignored;
    core_->socket.close(ignored);
  }

 private:
  struct Interest {
    Task task;
    bool waiting = false;  // Asio has been asked
  };
  struct Core {
    explicit Core(Socket given) : socket(std::move(given)) {}
    Socket socket;
    Interest readable;
    Interest writable;
    bool open = true;
  };

  void wait(Interest& interest, asio::socket_base::wait_type type, Task&& task) {
    if (!core_->open) return;
    interest.task = std::move(task);
    if (std::exchange(interest.waiting, true)) return;
    core_->socket.async_wait(type, [core = core_, &interest](const asio::error_code&) {
      interest.waiting = false;
      // An error other than our own closing shows itself to the next read or write.
      if (const Task ready = std::exchange(interest.task, nullptr)) ready();
    });
  }

  const std::shared_ptr<Core> core_;
};

}  // namespace peerage::conn::asio_runtime
