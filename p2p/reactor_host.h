// The reactors of one switch: their entries and channels, their start and stop.
//
// Threads: add() before the start; start() and stop() on the control shard.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "p2p/peer/link.h"
#include "p2p/switch.h"

namespace peerage::p2p {

class ReactorHost {
 public:
  explicit ReactorHost(conn::Runtime& runtime) : runtime_(runtime) {}
  ~ReactorHost();

  // Throws std::invalid_argument; see Switch::add_reactor.
  void add(std::shared_ptr<Reactor> reactor);
  std::shared_ptr<const ReactorTable> table() const { return table_; }
  std::vector<conn::ChannelId> channel_ids() const;
  // Any thread, once nothing is added any more.
  std::vector<ReactorFigures> figures() const;

  // Calls every reactor's start; `done` runs on the control shard when all have returned, with
  // reactor_failed if one threw.
  void start(Switch& owner, std::function<void(conn::Result<void>)> done);
  // Calls every reactor's stop, when remove_peer has returned for every peer that it was shown: no
  // link may be left, and none come any more. `done` runs on the control shard when all have
  // returned, with reactor_failed if one threw. It must not own the host: a runtime that stops
  // earlier runs none of it.
  void stop(std::function<void(conn::Result<void>)> done);

 private:
  class Context;
  // When a call is made: after what was posted before it, or after all queues are closed as well.
  enum class When : std::uint8_t { next, when_closed };
  // Runs `call`, which is named `name`, for every reactor where it is called; then `done`, with
  // what they threw.
  void for_each(When when, const char* name, const std::function<void(std::size_t)>& call,
                std::function<void(conn::Result<void>)> done);

  conn::Runtime& runtime_;
  std::shared_ptr<ReactorTable> table_ = std::make_shared<ReactorTable>();
  std::vector<std::shared_ptr<Context>> contexts_;
};

}  // namespace peerage::p2p
