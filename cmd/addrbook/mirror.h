// Keeps an addrbook.json up to date for its readers: a comet node that takes over, or an operator's
// scripts.
//
// It is made from the book's file, as `peerage addrbook export` makes it, on a thread of its own,
// so the network does not wait for it: at the start, every kPace, and at the end. A comet node
// saves at that pace, too.
//
// A mirror is recognised as ours by the key in it, which is made from the book's, and by its last
// byte: the line end, which a comet node does not write. So a file that a comet node has written
// since is the comet node's again, although it keeps the key.
//
// Threads: start() and stop() on the control shard; the others where it was made, after stop() or
// when the runtime has stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "addrbook/book/placement.h"
#include "addrbook/record/known_address.h"
#include "conn/runtime/runtime.h"

namespace peerage::cmd {

// The text of a mirror of these addresses of a book.
std::string mirror_text(std::span<const addrbook::KnownAddress> rows, const addrbook::BookKey& key,
                        addrbook::Time now);
// Whether mirror_text, for the book with this key, was the last to write a file with this text.
bool is_mirror(std::string_view text, const addrbook::BookKey& key);

class JsonMirror {
 public:
  static constexpr conn::Duration kPace = std::chrono::minutes(2);

  // What an operator is told, once each time that it becomes so.
  enum class Event : std::uint8_t {
    not_kept,  // no file can be written there (read-only, missing, another's): it is not tried
               // again
    failing,   // it could not be written, and is tried again
    written,   // now it could
  };
  // Called on the executor, and by finish(). `why` is a failure's, but for `written`.
  using OnEvent = std::function<void(Event event, const conn::Failure& why)>;

  // `from`: the book's file.
  JsonMirror(conn::Runtime& runtime, std::filesystem::path from, std::string network,
             std::filesystem::path to, OnEvent on_event);

  void start();
  void stop();
  // After it, on a thread that may wait: nothing reads the book any more. Whoever closes it while
  // it is read leaves its log beside it.
  void settle();
  // Writes the file for the last time, here. False: it is not what it should be, but for a file
  // that nobody can write there, which `on_event` has been told of.
  bool finish();

 private:
  class Task;
  void write();

  conn::Shard& control_;
  std::shared_ptr<Task> task_;
  std::unique_ptr<conn::Timer> timer_;
  std::unique_ptr<conn::Executor> executor_;
};

}  // namespace peerage::cmd
