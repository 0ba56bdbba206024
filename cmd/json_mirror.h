// Keeps an addrbook.json up to date for whoever reads one: a comet node that takes over, or an
// operator's scripts.
//
// It is made from the book's file, as `peerage addrbook export` makes it, on a thread of its own,
// so the network does not wait for it: every kPace, and at the end. A comet node saves at that
// pace, too.
//
// Threads: write() on any; the rest where it was made.
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

  // Writes the file anew, soon.
  void write();
  // The same, now and here; false if that failed.
  bool write_now() const;

 private:
  struct Task;
  std::shared_ptr<const Task> task_;
  std::unique_ptr<conn::Executor> executor_;
};

}  // namespace peerage::cmd
