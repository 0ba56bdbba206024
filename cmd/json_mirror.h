// Keeps an addrbook.json up to date for whoever reads one: a comet node that takes over, or an
// operator's scripts.
//
// It is made from the book's file, as `peerage addrbook export` makes it, on a thread of its own,
// so the network does not wait for it: at the start, every kPace, and at the end. A comet node
// saves at that pace, too.
//
// Threads: start() and stop() on the control shard; finish() where it was made, after stop() or
// when the runtime has stopped.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "conn/runtime.h"

namespace peerage::cmd {

class JsonMirror {
 public:
  static constexpr conn::Duration kPace = std::chrono::minutes(2);

  // `from`: the book's file. `failed` is told, on the executor, why a file could not be written.
  JsonMirror(conn::Runtime& runtime, std::filesystem::path from, std::string network,
             std::filesystem::path to, std::function<void(const conn::Failure&)> failed);

  void start();
  void stop();
  // Writes the file for the last time, here; false if that failed.
  bool finish();

 private:
  struct Task;
  void write();

  conn::Shard& control_;
  std::shared_ptr<const Task> task_;
  std::unique_ptr<conn::Timer> timer_;
  std::unique_ptr<conn::Executor> executor_;
};

}  // namespace peerage::cmd
