// What comes to the control socket's thread from others: answers of verbs, and events. Putting
// something in wakes the thread; it never waits.
//
// Invariant: the events in it are bounded; what there was no room for is counted, by connection.
// Answers are as many as there are calls under way.
//
// Threads: `put_*` and `wake` on any; `take` on the reader's, which polls `descriptor`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cmd/ctl/control.h"
#include "conn/base/file.h"

namespace peerage::cmd {

class CtlMailbox {
 public:
  static constexpr std::size_t kMostEvents = 4096;

  using Connection = std::uint64_t;
  struct Answer {
    Connection connection;
    std::uint64_t call;
    CtlResult result;
  };
  struct Event {
    Connection connection;
    std::string event;
  };
  struct Mail {
    std::vector<Answer> answers;
    std::vector<Event> events;
    std::map<Connection, std::uint64_t> lost;  // events, after those
  };

  CtlMailbox();

  bool works() const noexcept { return wake_.is_open(); }
  int descriptor() const noexcept { return wake_.get(); }  // readable when there is something

  void put_answer(Answer answer);
  void put_event(Connection connection, const std::string& event);
  void wake() noexcept;

  Mail take();

 private:
  conn::Descriptor wake_;  // an eventfd
  std::mutex mutex_;
  Mail mail_;
};

}  // namespace peerage::cmd
