// A command's own discovery server, and the thread that waits for it: it asks over UDP with a fresh
// key from a free port, is asked as any node is, and keeps nothing.
//
// Threads: made and used by one thread, which waits. Signals end what it waits for.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "cmd/base/process.h"
#include "cmd/discovery/inquiry.h"
#include "cmd/discovery/node_argument.h"
#include "cmd/discovery/who_answers.h"
#include "conn/runtime/runtime.h"

namespace peerage::cmd {

class UdpSession {
 public:
  struct Options {
    conn::Duration patience = std::chrono::seconds(5);  // for one answer
  };
  // `signals` outlive it. Fails when there is no socket to be had.
  static conn::Result<std::unique_ptr<UdpSession>> open(const Options& options,
                                                        const Signals& signals);
  ~UdpSession();

  const pex::EnodeId& own_id() const;
  // Where the node is asked; its name is looked up, if it has one.
  conn::Result<pex::Contact> contact_of(const NodeName& node);

  // Whose key is at an endpoint.
  conn::Result<Answerer> who_answers(const conn::Endpoint& at, conn::Duration within);
  // Of a name, any.
  conn::Result<conn::IpAddress> look_up(const std::string& host);

  enum class Ended : std::uint8_t { finished, time_over, interrupted };
  static constexpr conn::Duration kNoEnd = std::chrono::hours(24);
  // Until it has finished, or after `span`, or at a signal. `look` is called from time to time, on
  // the thread on which the inquiry runs.
  Ended run(Inquiry& inquiry, conn::Duration span, const std::function<void()>& look = {});
  // The shard's clock.
  conn::TimePoint now() const;
  void random(conn::MutableBytes into);

 private:
  struct State;
  explicit UdpSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace peerage::cmd
