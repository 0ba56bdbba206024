// The seam between Peerage and the world: time, timers, tasks, randomness, names, byte streams and
// datagrams.
//
// Everything above this header is written once and runs on two implementations: TCP on standalone
// Asio (conn/runtime/asio_runtime.h), and a simulated network in virtual time (tests/sim). A second
// transport comes through here too.
//
// A *shard* is one thread of execution with its own timers and sockets. A stream, a timer and
// whatever owns them belong to one shard for life and are touched by its thread alone, so nothing
// above needs a lock. `post` is the one way in from outside.
//
// Rules that every implementation keeps:
//  - A callback never runs inside the call that asked for it; it runs later, on the shard's thread.
//  - Destroying (or cancelling) a timer, stream, socket, listener or pending operation on its
//  shard's
//    thread guarantees that its callback does not run afterwards, not even when already due.
//  - Tasks posted to one shard from one thread run in the order in which they were posted.
//  - Callbacks must not throw; one that does ends the process.
//
// Streams and datagrams are readiness-based: `read` and `write`, `receive` and `send` never block
// and never take ownership of a buffer. An idle connection therefore holds no buffer at all; it
// borrows the shard's scratch space while it works.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "conn/address/ip_address.h"
#include "conn/base/bytes.h"
#include "conn/base/failure.h"
#include "conn/base/time.h"

namespace peerage::conn {

using Task = std::function<void()>;

// One-shot, re-armable. Made by a shard, which must outlive it.
class Timer {
 public:
  virtual ~Timer() = default;
  // Runs the callback once at `when` (at once, but not inside this call, if that has passed).
  // Arming again replaces the earlier deadline.
  virtual void arm(TimePoint when) = 0;
  virtual void cancel() noexcept = 0;
};

enum class IoStatus : std::uint8_t {
  ok,           // `bytes` were moved; at least one
  would_block,  // nothing moved; ask for readiness
  end,          // read: the remote closed its sending side
  failed,       // reset, or another error of the socket: the stream is dead
};
struct IoResult {
  IoStatus status = IoStatus::would_block;
  std::size_t bytes = 0;
  Reason reason = Reason::io_error;  // for `failed`: connection_reset, io_error, ...
};

// A connected, ordered, reliable byte pipe. All calls on its shard's thread.
class Stream {
 public:
  virtual ~Stream() = default;  // closes

  // Moves what is there now, at most `into.size()` bytes.
  virtual IoResult read(MutableBytes into) noexcept = 0;
  // Moves what is taken now, in order, possibly only a part (`bytes` says how much).
  virtual IoResult write(std::span<const ByteView> parts) noexcept = 0;

  // Runs `task` once when a read (a write) would not answer would_block. A second request of the
  // same kind replaces the first.
  virtual void when_readable(Task task) = 0;
  virtual void when_writable(Task task) = 0;

  // No more will be written; the remote sees the end after what was written. Reading goes on.
  virtual void shutdown_write() noexcept = 0;
  // Drops the connection and every pending callback. Safe to repeat.
  virtual void close() noexcept = 0;

  virtual Endpoint local_endpoint() const = 0;
  virtual Endpoint remote_endpoint() const = 0;
};

// One datagram, borrowed.
struct Datagram {
  Endpoint peer;  // where it came from, or goes to
  ByteView bytes;
  // The address of ours that it came to, or leaves from: what asked one of our addresses is
  // answered from that one. Unspecified, to send: the one that the system chooses.
  IpAddress local = {};
};
inline constexpr std::size_t kDatagramBatch = 32;

// Since the socket was opened.
struct DatagramFigures {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t overflowed = 0;      // came while the receive buffer was full, and are lost
  std::uint64_t receive_errors = 0;  // of the system, each in place of a batch
  std::uint64_t send_errors = 0;     // datagrams that could not be sent: too long, no route, ...
};

// A bound socket for datagrams to and from anybody. What one datagram suffers, on its way or from
// the system, is counted and never ends the socket. All calls on its shard's thread.
class DatagramSocket {
 public:
  virtual ~DatagramSocket() = default;  // closes

  // What has come, in order: at most kDatagramBatch; empty when there is nothing. Valid until the
  // next call, or until the socket is closed.
  virtual std::span<const Datagram> receive() noexcept = 0;
  // Takes datagrams from the front while the system does; says how many. One that fails by itself
  // is taken and counted as an error. Fewer than given: ask for readiness.
  virtual std::size_t send(std::span<const Datagram> datagrams) noexcept = 0;

  // Runs `task` once when there is something to receive (room to send). A second request of the
  // same kind replaces the first. It may turn out to be nothing: a damaged datagram, say.
  virtual void when_readable(Task task) = 0;
  virtual void when_writable(Task task) = 0;

  // Drops what has come, and every pending callback; from then on nothing is received or taken.
  // Safe to repeat.
  virtual void close() noexcept = 0;

  virtual Endpoint local_endpoint() const = 0;  // with the port that a 0 became
  virtual DatagramFigures figures() const = 0;
};

// The half of a shared buffer that belongs to reading, or to writing.
enum class Scratch : std::uint8_t { reading, writing };
inline constexpr std::size_t kScratchBytes = std::size_t{64} * 1044;  // 64 sealed frames

class Shard {
 public:
  virtual ~Shard() = default;
  virtual TimePoint now() const = 0;    // any thread
  virtual void post(Task task) = 0;     // any thread; not run once the runtime has stopped
  virtual bool is_current() const = 0;  // true on the shard's own thread; any thread
  virtual std::unique_ptr<Timer> make_timer(Task on_expiry) = 0;  // the shard's thread
  // kScratchBytes, shared by all users of the shard: valid until control returns to the shard.
  virtual MutableBytes scratch(Scratch half) = 0;  // the shard's thread
};

// A queue of tasks that run one after another, apart from every shard: here a task may block. Made
// by the runtime. Destroying it drops what has not begun and waits for what has; on its own thread
// it does not wait. It stops with its runtime: what is posted then is ignored.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(Task task) = 0;     // any thread
  virtual bool is_current() const = 0;  // any thread
};

// Where to connect, and from which of our addresses if not from the one that the system chooses.
struct Route {
  Endpoint to;
  std::optional<IpAddress> from;
  // Implicit: an endpoint is a route.
  Route(const Endpoint& target, std::optional<IpAddress> source = std::nullopt)  // NOLINT
      : to(target), from(source) {}
};

// An operation under way; destroying it cancels it, and its callback will not run.
class Pending {
 public:
  virtual ~Pending() = default;
};

// A connection that the system has accepted and no shard has claimed yet. Destroying it unclaimed
// resets the connection. One that was over before it was looked at is handed over, too, so that it
// is counted (conn/runtime/spent_arrival.h).
class Arrival {
 public:
  virtual ~Arrival() = default;
  virtual Endpoint remote_endpoint() const = 0;
  // Gives the connection to a shard, once. Use the stream on that shard's thread only. Null when
  // there is no connection any more.
  virtual std::unique_ptr<Stream> claim(Shard& shard) = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;  // stops accepting
  virtual Endpoint local_endpoint() const = 0;
};

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual std::size_t shard_count() const = 0;
  virtual Shard& shard(std::size_t index) = 0;

  virtual std::unique_ptr<Executor> make_executor() = 0;  // any thread
  // True where nothing may block: on a shard's thread, and everywhere in virtual time. Any thread.
  virtual bool on_a_shard() const = 0;

  // Nothing that is posted runs any more; something that had begun may still be running. Wakes no
  // thread: one that waits for something else looks here each kStoppedLook. Any thread.
  virtual bool stopped() const = 0;
  // Waits until the runtime has been stopped and nothing of it runs any more, on shards or
  // executors. Only where may_wait() says so.
  virtual void wait() = 0;
  // False where waiting for the runtime would never end: on its shards and executors, and
  // everywhere in virtual time. Any thread.
  virtual bool may_wait() const = 0;

  // Processor time that the shard's thread has used; none where that is not known (virtual time,
  // a host's thread). Any thread.
  virtual std::optional<Duration> busy_time(std::size_t) const { return std::nullopt; }

  virtual WallTime wall_now() const = 0;  // any thread
  // Fit for keys. (The simulated runtime draws from its seed.) Any thread.
  virtual void random(MutableBytes into) = 0;

  // Connects; `done` runs on `shard` with a stream of that shard. After `timeout` the attempt fails
  // with connect_timed_out; with out_of_descriptors when none but kReservedDescriptors are left.
  // Call on the shard's thread.
  using ConnectDone = std::function<void(Result<std::unique_ptr<Stream>>)>;
  [[nodiscard]] virtual std::unique_ptr<Pending> connect(Shard& shard, const Route& route,
                                                         Duration timeout, ConnectDone done) = 0;

  // Accepts at `at` (port 0: any free one); `on_arrival` runs on `shard`. Running out of
  // descriptors, but for kReservedDescriptors, and other troubles of the system pause accepting for
  // 100 ms to 1 s and never end it. Call on the shard's thread.
  using OnArrival = std::function<void(std::unique_ptr<Arrival>)>;
  virtual Result<std::unique_ptr<Listener>> listen(Shard& shard, const Endpoint& at,
                                                   OnArrival on_arrival) = 0;

  // A socket for datagrams at `at` (port 0: any free one). IPv6's unspecified address takes IPv4 as
  // well, where the system can. Longer datagrams than `longest` arrive cut to it: to know them, ask
  // for one byte more than is accepted. A receive buffer of kDatagramReceiveBuffer is asked for.
  // Fails for the reasons for which `listen` does. Call on the shard's thread.
  virtual Result<std::unique_ptr<DatagramSocket>> open_datagrams(Shard& shard, const Endpoint& at,
                                                                 std::size_t longest) = 0;

  // Looks a configured host name up, off the network threads; `done` runs on `shard` with 1 to
  // kMaxResolvedAddresses addresses (both families) or a Failure of stage `resolve`. After
  // `timeout` it fails with name_lookup_timed_out. A literal is answered without a lookup. Call on
  // the shard's thread.
  using ResolveDone = std::function<void(Result<std::vector<IpAddress>>)>;
  [[nodiscard]] virtual std::unique_ptr<Pending> resolve(Shard& shard, const std::string& host,
                                                         Duration timeout, ResolveDone done) = 0;

  // The TXT records of a name, each with its strings joined, in no order: `done` runs on `shard`
  // with 1 to kMaxTxtRecords of at most kMaxTxtBytes (longer ones and further ones are left out),
  // or as for `resolve`. The bytes are the zone owner's. Call on the shard's thread.
  using TxtDone = std::function<void(Result<std::vector<std::string>>)>;
  [[nodiscard]] virtual std::unique_ptr<Pending> resolve_txt(Shard& shard, const std::string& name,
                                                             Duration timeout, TxtDone done) = 0;
};

// Descriptors that connections leave to the rest of the process: its database, its log.
inline constexpr std::size_t kReservedDescriptors = 32;
inline constexpr std::size_t kMaxResolvedAddresses = 16;
// A domain may have TXT records for many purposes, of which a reader wants one; node lists write at
// most 370 bytes in one (EIP-1459).
inline constexpr std::size_t kMaxTxtRecords = 32;
inline constexpr std::size_t kMaxTxtBytes = 1024;
inline constexpr std::size_t kDatagramReceiveBuffer = std::size_t{1} << 20;
inline constexpr Duration kStoppedLook = std::chrono::milliseconds(50);

// A fresh key, seed or number of the runtime's randomness. Any thread.
template <typename T>
requires std::is_trivially_copyable_v<T> T random_value(Runtime& runtime) {
  T value;
  runtime.random({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
  return value;
}

}  // namespace peerage::conn
