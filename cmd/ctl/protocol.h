// A connection of the control socket, without the socket: bytes, answers, events and the time go
// in; calls and bytes come out.
//
// Requests are taken as they come, so that several may be under way, and are answered in their
// order, each once, whatever order the verbs finish in. `events` is the protocol's own verb: when
// its turn comes, its answer goes out, and events after it.
//
// Everything is bounded: a line (what is longer is refused, and passed over to its end), the
// requests under way (no more bytes are wanted then), what is unsent (likewise), the events that
// wait for a slow reader (the rest is counted, and told as {"event":"lost","n":17}), and silence.
//
// Source: spec/operating.md, "Live control"; JSON-RPC 2.0 for the members.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cmd/ctl/control.h"
#include "cmd/ctl/counts.h"
#include "cmd/ctl/verbs.h"
#include "conn/base/log.h"
#include "conn/base/time.h"

namespace peerage::cmd {

struct CtlLimits {
  std::size_t line_bytes = std::size_t{64} << 10;    // of a request, without its line end
  std::size_t requests = 8;                          // taken and not yet answered
  std::size_t unsent_bytes = std::size_t{64} << 10;  // beyond, nothing new is taken
  std::size_t events = 1024;                         // that wait
  std::size_t event_bytes = std::size_t{1} << 20;    // of them
  // Without a request that is whole, or one under way, or a byte that is taken of what is unsent.
  conn::Duration idle = std::chrono::seconds(60);
};

class CtlSession {
 public:
  // `log` gets a line for each request that changes something, when it is answered.
  CtlSession(CtlCaller caller, CtlCounts& counts, conn::Log log, conn::TimePoint now,
             const CtlLimits& limits = {});

  // --- in ---

  void receive(std::string_view bytes, conn::TimePoint now);
  void receive_end(conn::TimePoint now);  // no more will come; what came is still answered
  // So many bytes of `unsent` have gone.
  void sent(std::size_t bytes, conn::TimePoint now);
  // The answer to a Call. One that is not waited for is left out.
  void finish(std::uint64_t call, const CtlResult& result, conn::TimePoint now);
  void event(std::string event);
  void on_time(conn::TimePoint now);
  // Events that there was no room for on the way here.
  void lose(std::uint64_t events);
  // The other side is gone: what it asked for is done and logged, and nothing is sent.
  void hang_up(conn::TimePoint now);
  // The node ends: what is under way is answered with that, and nothing more is taken.
  void stop(conn::TimePoint now);

  // --- out: to be asked after each of the above ---

  struct Call {
    std::uint64_t number;
    CtlCall call;
  };
  struct Subscribe {  // instead of an earlier one
    std::vector<std::string> types;
  };
  // The next thing to be done; nothing when that is all for now.
  using Task = std::variant<Call, Subscribe>;
  std::optional<Task> take_task();

  std::string_view unsent() const noexcept { return std::string_view(output_).substr(sent_); }
  bool wants_bytes() const noexcept;
  std::optional<conn::TimePoint> deadline() const noexcept;
  // The socket is to be closed. (After `unsent` has gone, or because it does not go.)
  bool over() const noexcept;

 private:
  // A request that is not answered yet, or whose answer waits for those before it.
  struct Waiting {
    std::uint64_t number = 0;
    std::string id = "null";  // JSON: what cannot be read has none
    const CtlVerb* verb = nullptr;
    CtlParams params;
    std::optional<std::string> line;  // what goes out
  };

  void take_lines(conn::TimePoint now);
  void take_line(std::string_view line);
  void answer(Waiting& waiting, const CtlResult& result);
  void put_out();
  void put_out_events();
  void drop_output();
  void subscribe(Waiting& waiting);
  void unsubscribe();
  bool may_take() const noexcept;

  CtlCaller caller_;
  CtlCounts& counts_;
  conn::Log log_;
  CtlLimits limits_;

  std::string input_;  // without a whole line, unless nothing may be taken
  bool input_ended_ = false;
  bool passing_over_ = false;  // up to the end of a line that is too long
  std::deque<Waiting> waiting_;
  std::uint64_t last_number_ = 0;
  std::deque<Task> tasks_;
  std::string output_;
  std::size_t sent_ = 0;  // bytes of it

  bool subscribed_ = false;
  std::deque<std::string> events_;  // lines
  std::size_t event_bytes_ = 0;
  std::uint64_t lost_ = 0;  // behind those

  conn::TimePoint active_;
  bool stopping_ = false;
  bool gone_ = false;
  bool idle_ = false;  // for too long
};

}  // namespace peerage::cmd
