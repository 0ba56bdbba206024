// The runtime of the real world: TCP and UDP on standalone Asio, one thread and one io_context for
// a shard.
//
// Streams are non-blocking and set to send at once (TCP_NODELAY), to notice a vanished peer
// (keep-alive, TCP_USER_TIMEOUT), and to report themselves writable only when little waits in the
// kernel (TCP_NOTSENT_LOWAT): what we have not written yet can still be overtaken by a message of
// higher priority, what the kernel holds cannot.
//
// Names are looked up by at most kResolverThreads threads of their own, TXT records by as many. A
// lookup that hangs keeps
// its thread, not the shard: its timeout is reported in time, and stopping does not wait for it.
//
// This is the one public header that shows Asio, for hosts that bring their own io_context.
//
// Tasks that the stop has overtaken may own anything, on any shard. They are freed when nothing
// runs any more: by the call that waits for that, the destructor at the latest. By then nothing but
// they may hold what was made here.
//
// Threads: `stop` on any, also from a callback; construction and destruction outside the shards and
// executors.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <asio/io_context.hpp>

#include "conn/runtime/runtime.h"

namespace peerage::conn {

namespace asio_runtime {
class Executors;
template <typename Answer>
class Resolver;
}  // namespace asio_runtime

// They replace the system's name lookup; they run on a resolver thread and may block.
using Lookup = std::function<Result<std::vector<IpAddress>>(const std::string& host)>;
using TxtLookup = std::function<Result<std::vector<std::string>>(const std::string& name)>;

class AsioRuntime final : public Runtime {
 public:
  static constexpr std::size_t kResolverThreads = 4;

  // Starts `shards` threads; 0 means one for each hardware thread. Lookups are for tests. Throws
  // std::system_error when the system has no thread left.
  explicit AsioRuntime(std::size_t shards = 0, Lookup lookup = {}, TxtLookup txt_lookup = {});
  // One shard on the host's own io_context, which the host runs, on one thread, also while there is
  // nothing to do (asio::make_work_guard), and which outlives the runtime. To end, stop the
  // switches, and the host when they have reported that they stopped. Where that cannot be waited
  // for: let the host's run() return, then stop the runtime, then destroy switches and runtime.
  // (Without the last stop a switch would wait for the host.)
  explicit AsioRuntime(asio::io_context& host, Lookup lookup = {}, TxtLookup txt_lookup = {});
  ~AsioRuntime() override;  // stops
  AsioRuntime(const AsioRuntime&) = delete;
  AsioRuntime& operator=(const AsioRuntime&) = delete;

  // Stops the shards and executors and, unless called on one of them, waits for what they have
  // begun: then nothing runs any more. Safe to repeat. A host's io_context is not stopped, nor
  // waited for; nothing that was posted runs there any more.
  void stop();

  std::size_t shard_count() const override;
  Shard& shard(std::size_t index) override;
  std::unique_ptr<Executor> make_executor() override;
  bool on_a_shard() const override;
  bool stopped() const override { return stopped_; }
  // Of a host's own io_context it knows nothing, and waits for executors alone.
  void wait() override;
  bool may_wait() const override;
  std::optional<Duration> busy_time(std::size_t shard) const override;
  WallTime wall_now() const override;
  void random(MutableBytes into) override;
  std::unique_ptr<Pending> connect(Shard& shard, const Route& route, Duration timeout,
                                   ConnectDone done) override;
  Result<std::unique_ptr<Listener>> listen(Shard& shard, const Endpoint& at,
                                           OnArrival on_arrival) override;
  std::unique_ptr<Pending> resolve(Shard& shard, const std::string& host, Duration timeout,
                                   ResolveDone done) override;
  Result<std::unique_ptr<DatagramSocket>> open_datagrams(Shard& shard, const Endpoint& at,
                                                         std::size_t longest) override;
  std::unique_ptr<Pending> resolve_txt(Shard& shard, const std::string& name, Duration timeout,
                                       TxtDone done) override;

  // Takes an address before anyone is to be accepted there: connections wait in the backlog, and
  // the next `listen` at it, on shard 0, accepts them; or they are reset when the runtime stops.
  // For those that must know that an address is theirs before they do anything else. To repeat it
  // does nothing. Errors are those of `listen`. Any thread, one at a time, before that `listen`.
  Result<void> hold(const Endpoint& at);

 private:
  class ShardOnAsio;
  struct Held;

  const std::unique_ptr<asio_runtime::Executors> executors_;
  std::vector<std::shared_ptr<ShardOnAsio>> shards_;
  std::atomic<bool> stopped_ = false;
  std::mutex joining_;
  std::vector<std::thread> threads_;
  const std::shared_ptr<asio_runtime::Resolver<std::vector<IpAddress>>> resolver_;
  const std::shared_ptr<asio_runtime::Resolver<std::vector<std::string>>> txt_resolver_;
  std::unique_ptr<Held> held_;
};

}  // namespace peerage::conn
