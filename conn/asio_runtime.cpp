#include "conn/asio_runtime.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include <asio/executor_work_guard.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn/config.h"

namespace peerage::conn {
namespace {

using asio::ip::tcp;

// A vanished peer is noticed by our own pings in 105 s; TCP need not be quicker.
constexpr int kUserTimeoutMs = 105'000;
constexpr int kNotSentLowWater = 64 << 10;
constexpr int kListenBacklog = 1024;
constexpr int kAcceptBatch = 64;
constexpr Duration kAcceptPauseMin = 100ms;
constexpr Duration kAcceptPauseMax = 2s;

Reason reason_of(int error, Reason otherwise) {
  switch (error) {
    case ECONNREFUSED:
      return Reason::connection_refused;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case ENETDOWN:
    case EINVAL:
      return Reason::unreachable;
    case ETIMEDOUT:
      return Reason::connect_timed_out;
    case ECONNRESET:
    case EPIPE:
      return Reason::connection_reset;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return Reason::out_of_descriptors;
    case EADDRINUSE:
      return Reason::address_in_use;
    default:
      return otherwise;
  }
}

Failure connect_failure(int error) {
  return {Stage::connect, reason_of(error, Reason::io_error), std::strerror(error)};
}

tcp::endpoint to_asio(const Endpoint& endpoint) {
  if (endpoint.ip.is_v4()) {
    return {asio::ip::address_v4(endpoint.ip.v4_bytes()), endpoint.port};
  }
  return {asio::ip::address_v6(endpoint.ip.bytes()), endpoint.port};
}

Endpoint from_asio(const tcp::endpoint& endpoint) {
  if (endpoint.address().is_v4()) {
    const auto v4 = endpoint.address().to_v4().to_bytes();
    return {IpAddress::v4(v4[0], v4[1], v4[2], v4[3]), endpoint.port()};
  }
  return {IpAddress::v6(endpoint.address().to_v6().to_bytes()), endpoint.port()};
}

void set_option(int socket, int level, int name, int value) {
  // Every option is an improvement, none a condition: a kernel without it still serves.
  ::setsockopt(socket, level, name, &value, sizeof value);
}

void tune(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kNotSentLowWater);
}

std::chrono::steady_clock::time_point to_steady(TimePoint when) {
  return std::chrono::steady_clock::time_point(when.time_since_epoch());
}

class AsioTimer final : public Timer {
 public:
  AsioTimer(asio::io_context& context, Task on_expiry)
      : core_(std::make_shared<Core>(context, std::move(on_expiry))) {}
  ~AsioTimer() override { cancel(); }

  void arm(TimePoint when) override {
    const std::uint64_t armed = ++core_->generation;
    core_->timer.expires_at(to_steady(when));
    core_->timer.async_wait([core = core_, armed](const asio::error_code&) {
      if (core->generation == armed) {
        ++core->generation;
        const Task run = core->on_expiry;  // the timer may be destroyed by its own callback
        run();
      }
    });
  }
  void cancel() noexcept override {
    ++core_->generation;
    core_->timer.cancel();
  }

 private:
  struct Core {
    Core(asio::io_context& context, Task task) : timer(context), on_expiry(std::move(task)) {}
    asio::steady_timer timer;
    Task on_expiry;
    std::uint64_t generation = 0;  // of the last arm or cancel; an older expiry is void
  };
  std::shared_ptr<Core> core_;
};

class AsioStream final : public Stream {
 public:
  AsioStream(tcp::socket socket, Endpoint local, Endpoint remote)
      : core_(std::make_shared<Core>(std::move(socket))), local_(local), remote_(remote) {
    tune(core_->socket.native_handle());
  }
  ~AsioStream() override { close(); }

  IoResult read(MutableBytes into) noexcept override {
    if (!core_->open) return {IoStatus::failed, 0, Reason::io_error};
    if (into.empty()) return {};
    return outcome(::recv(core_->socket.native_handle(), into.data(), into.size(), MSG_DONTWAIT));
  }

  IoResult write(std::span<const ByteView> parts) noexcept override {
    if (!core_->open) return {IoStatus::failed, 0, Reason::io_error};
    std::array<iovec, 16> vectors;
    std::size_t count = 0;
    for (const ByteView part : parts.first(std::min(parts.size(), vectors.size()))) {
      if (part.empty()) continue;
      vectors[count++] = {const_cast<std::uint8_t*>(part.data()), part.size()};
    }
    if (count == 0) return {};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    return outcome(::sendmsg(core_->socket.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL));
  }

  void when_readable(Task task) override {
    wait(core_->readable, tcp::socket::wait_read, std::move(task));
  }
  void when_writable(Task task) override {
    wait(core_->writable, tcp::socket::wait_write, std::move(task));
  }

  void shutdown_write() noexcept override {
    asio::error_code ignored;
    if (core_->open) core_->socket.shutdown(tcp::socket::shutdown_send, ignored);
  }
  void close() noexcept override {
    core_->open = false;
    core_->readable.task = nullptr;
    core_->writable.task = nullptr;
    asio::error_code ignored;
    core_->socket.close(ignored);
  }

  Endpoint local_endpoint() const override { return local_; }
  Endpoint remote_endpoint() const override { return remote_; }

 private:
  struct Interest {
    Task task;
    bool waiting = false;  // Asio has been asked
  };
  struct Core {
    explicit Core(tcp::socket connected) : socket(std::move(connected)) {}
    tcp::socket socket;
    Interest readable;
    Interest writable;
    bool open = true;
  };

  static IoResult outcome(ssize_t moved) noexcept {
    if (moved > 0) return {IoStatus::ok, static_cast<std::size_t>(moved), {}};
    if (moved == 0) return {IoStatus::end, 0, {}};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {};
    return {IoStatus::failed, 0, reason_of(errno, Reason::io_error)};
  }

  void wait(Interest& interest, tcp::socket::wait_type type, Task task) {
    if (!core_->open) return;
    interest.task = std::move(task);
    if (std::exchange(interest.waiting, true)) return;
    core_->socket.async_wait(type, [core = core_, &interest](const asio::error_code&) {
      interest.waiting = false;
      // An error other than our own closing shows itself to the next read or write.
      if (const Task ready = std::exchange(interest.task, nullptr)) ready();
    });
  }

  std::shared_ptr<Core> core_;
  Endpoint local_;
  Endpoint remote_;
};

// What an operation and its handle share: letting go of the handle makes the callback void.
template <typename T>
struct Operation {
  using Done = std::function<void(Result<T>)>;
  explicit Operation(asio::io_context& context, Done callback)
      : timer(context), done(std::move(callback)) {}
  virtual ~Operation() = default;
  virtual void abandon() {}
  void finish(Result<T> outcome) {
    if (!done) return;
    timer.cancel();
    const Done callback = std::exchange(done, nullptr);
    callback(std::move(outcome));
  }
  asio::steady_timer timer;
  Done done;
};

template <typename T>
class OperationHandle final : public Pending {
 public:
  explicit OperationHandle(std::shared_ptr<Operation<T>> operation)
      : operation_(std::move(operation)) {}
  ~OperationHandle() override {
    operation_->done = nullptr;
    operation_->timer.cancel();
    operation_->abandon();
  }

 private:
  std::shared_ptr<Operation<T>> operation_;
};

struct ConnectOperation final : Operation<std::unique_ptr<Stream>> {
  ConnectOperation(asio::io_context& context, Runtime::ConnectDone callback)
      : Operation(context, std::move(callback)), socket(context) {}
  void abandon() override {
    asio::error_code ignored;
    socket.close(ignored);
  }
  tcp::socket socket;
};

Result<std::vector<IpAddress>> system_lookup(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  if (error != 0) {
    const bool missing = error == EAI_NONAME || error == EAI_NODATA;
    return fail(Stage::resolve, missing ? Reason::name_not_found : Reason::name_lookup_failed,
                host + ": " + ::gai_strerror(error));
  }
  std::vector<IpAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(each->ai_addr);
      ByteArray<4> octets;
      std::memcpy(octets.data(), &v4->sin_addr, octets.size());
      addresses.push_back(IpAddress::v4(octets[0], octets[1], octets[2], octets[3]));
    } else if (each->ai_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(each->ai_addr);
      ByteArray<16> bytes;
      std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
      addresses.push_back(IpAddress::v6(bytes));
    }
  }
  ::freeaddrinfo(found);
  return addresses;
}

}  // namespace

// --- shards ---

class AsioRuntime::ShardOnAsio final : public Shard {
 public:
  ShardOnAsio() : owned_(std::make_unique<asio::io_context>(1)), context_(*owned_) {
    work_.emplace(context_.get_executor());
  }
  explicit ShardOnAsio(asio::io_context& host) : context_(host) {}

  asio::io_context& context() { return context_; }
  void run() noexcept { context_.run(); }
  void stop() {
    stopped_ = true;
    if (owned_) context_.stop();
  }

  TimePoint now() const override {
    return TimePoint(std::chrono::steady_clock::now().time_since_epoch());
  }
  void post(Task task) override {
    if (!stopped_) asio::post(context_, std::move(task));
  }
  bool is_current() const override { return context_.get_executor().running_in_this_thread(); }
  std::unique_ptr<Timer> make_timer(Task on_expiry) override {
    return std::make_unique<AsioTimer>(context_, std::move(on_expiry));
  }
  MutableBytes scratch(Scratch half) override {
    Bytes& buffer = half == Scratch::reading ? reading_ : writing_;
    if (buffer.empty()) buffer.resize(kScratchBytes);
    return buffer;
  }

 private:
  std::unique_ptr<asio::io_context> owned_;
  asio::io_context& context_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::atomic<bool> stopped_ = false;
  Bytes reading_;
  Bytes writing_;
};

// --- names ---

// Threads that look names up. They are detached, because a lookup can hang for as long as it likes;
// they share ownership of this object and of nothing else.
class AsioRuntime::Resolver : public std::enable_shared_from_this<Resolver> {
 public:
  using Outcome = Result<std::vector<IpAddress>>;

  explicit Resolver(Lookup lookup) : lookup_(lookup ? std::move(lookup) : system_lookup) {}

  // Looks `host` up; `deliver` runs on `shard` unless the runtime has stopped by then.
  void submit(ShardOnAsio& shard, std::string host, std::function<void(Outcome)> deliver) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    jobs_.push_back({&shard, std::move(host), std::move(deliver)});
    if (busy_ < kResolverThreads) {
      ++busy_;
      std::thread([self = shared_from_this()] { self->work(); }).detach();
    }
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    jobs_.clear();
  }

 private:
  struct Job {
    ShardOnAsio* shard = nullptr;
    std::string host;
    std::function<void(Outcome)> deliver;
  };

  void work() {
    std::unique_lock lock(mutex_);
    while (!jobs_.empty()) {
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      Outcome outcome = lookup_(job.host);
      lock.lock();
      // With the lock held the shard cannot go away: stop() takes it first.
      if (stopped_) break;
      job.shard->post(
          [deliver = std::move(job.deliver), outcome = std::move(outcome)] { deliver(outcome); });
    }
    --busy_;
  }

  const Lookup lookup_;
  std::mutex mutex_;
  std::deque<Job> jobs_;
  std::size_t busy_ = 0;
  bool stopped_ = false;
};

// --- listening ---

namespace {

class SocketArrival final : public Arrival {
 public:
  SocketArrival(int socket, Endpoint remote, Endpoint local,
                std::function<asio::io_context&(Shard&)> context_of)
      : socket_(socket), remote_(remote), local_(local), context_of_(std::move(context_of)) {}
  ~SocketArrival() override {
    if (socket_ < 0) return;
    const linger reset{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ::close(socket_);
  }
  Endpoint remote_endpoint() const override { return remote_; }
  std::unique_ptr<Stream> claim(Shard& shard) override {
    tcp::socket socket(context_of_(shard));
    asio::error_code error;
    socket.assign(remote_.ip.is_v4() ? tcp::v4() : tcp::v6(), socket_, error);
    if (error) return nullptr;
    socket_ = -1;
    return std::make_unique<AsioStream>(std::move(socket), local_, remote_);
  }

 private:
  int socket_;
  Endpoint remote_;
  Endpoint local_;
  std::function<asio::io_context&(Shard&)> context_of_;
};

class AsioListener final : public Listener {
 public:
  AsioListener(tcp::acceptor acceptor, Runtime::OnArrival on_arrival,
               std::function<asio::io_context&(Shard&)> context_of)
      : core_(std::make_shared<Core>(std::move(acceptor), std::move(on_arrival),
                                     std::move(context_of))) {
    asio::error_code ignored;
    core_->local = from_asio(core_->acceptor.local_endpoint(ignored));
    wait(core_);
  }
  ~AsioListener() override {
    core_->open = false;
    asio::error_code ignored;
    core_->acceptor.close(ignored);
    core_->pause_timer.cancel();
  }
  Endpoint local_endpoint() const override { return core_->local; }

 private:
  struct Core {
    Core(tcp::acceptor listening, Runtime::OnArrival arrival,
         std::function<asio::io_context&(Shard&)> contexts)
        : acceptor(std::move(listening)),
          pause_timer(acceptor.get_executor()),
          on_arrival(std::move(arrival)),
          context_of(std::move(contexts)) {}
    tcp::acceptor acceptor;
    asio::steady_timer pause_timer;
    Runtime::OnArrival on_arrival;
    std::function<asio::io_context&(Shard&)> context_of;
    Endpoint local;
    Duration pause = kAcceptPauseMin;
    bool open = true;
  };

  static void wait(const std::shared_ptr<Core>& core) {
    core->acceptor.async_wait(tcp::acceptor::wait_read, [core](const asio::error_code&) {
      if (core->open) accept_some(core);
    });
  }

  static void accept_some(const std::shared_ptr<Core>& core) {
    for (int i = 0; i < kAcceptBatch && core->open; ++i) {
      tcp::endpoint remote;
      socklen_t size = static_cast<socklen_t>(remote.capacity());
      const int socket = ::accept4(core->acceptor.native_handle(), remote.data(), &size,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket >= 0) {
        remote.resize(size);
        core->pause = kAcceptPauseMin;
        tcp::endpoint local;
        size = static_cast<socklen_t>(local.capacity());
        if (::getsockname(socket, local.data(), &size) == 0) local.resize(size);
        core->on_arrival(std::make_unique<SocketArrival>(socket, from_asio(remote),
                                                         from_asio(local), core->context_of));
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      // These concern one connection that went away while it waited.
      if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) continue;
      // Out of descriptors, or of memory: the connection stays in the backlog, and so would the
      // readiness, so nothing but time helps.
      core->pause_timer.expires_after(core->pause);
      core->pause = std::min(core->pause * 2, kAcceptPauseMax);
      core->pause_timer.async_wait([core](const asio::error_code& cancelled) {
        if (!cancelled && core->open) accept_some(core);
      });
      return;
    }
    if (core->open) wait(core);
  }

  std::shared_ptr<Core> core_;
};

}  // namespace

// --- the runtime ---

AsioRuntime::AsioRuntime(std::size_t shards, Lookup lookup)
    : resolver_(std::make_shared<Resolver>(std::move(lookup))) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
  if (shards == 0) shards = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<ShardOnAsio>());
  for (const auto& shard : shards_) {
    threads_.emplace_back([&shard = *shard] { shard.run(); });
  }
}

AsioRuntime::AsioRuntime(asio::io_context& host, Lookup lookup)
    : resolver_(std::make_shared<Resolver>(std::move(lookup))) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
  shards_.push_back(std::make_unique<ShardOnAsio>(host));
}

AsioRuntime::~AsioRuntime() {
  stop();
}

void AsioRuntime::stop() {
  resolver_->stop();
  for (const auto& shard : shards_) shard->stop();
  // A shard cannot wait for itself, nor two for each other.
  const bool on_a_shard = std::any_of(shards_.begin(), shards_.end(),
                                      [](const auto& shard) { return shard->is_current(); });
  if (!on_a_shard) wait();
}

void AsioRuntime::wait() {
  const std::lock_guard lock(joining_);
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::size_t AsioRuntime::shard_count() const {
  return shards_.size();
}
Shard& AsioRuntime::shard(std::size_t index) {
  return *shards_.at(index);
}

WallTime AsioRuntime::wall_now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void AsioRuntime::random(MutableBytes into) {
  randombytes_buf(into.data(), into.size());
}

std::unique_ptr<Pending> AsioRuntime::connect(Shard& shard, const Endpoint& to, Duration timeout,
                                              ConnectDone done) {
  asio::io_context& context = static_cast<ShardOnAsio&>(shard).context();
  auto operation = std::make_shared<ConnectOperation>(context, std::move(done));
  const tcp::endpoint target = to_asio(to);
  asio::error_code error;
  operation->socket.open(target.protocol(), error);
  if (error) {
    asio::post(context, [operation, failure = connect_failure(error.value())] {
      operation->finish(tl::unexpected(failure));
    });
    return std::make_unique<OperationHandle<std::unique_ptr<Stream>>>(operation);
  }
  operation->timer.expires_after(timeout);
  operation->timer.async_wait([operation](const asio::error_code& cancelled) {
    if (cancelled) return;
    operation->abandon();
    operation->finish(fail(Stage::connect, Reason::connect_timed_out));
  });
  operation->socket.async_connect(target, [operation, to](const asio::error_code& outcome) {
    if (outcome) {
      operation->finish(tl::unexpected(connect_failure(outcome.value())));
      return;
    }
    asio::error_code ignored;
    const Endpoint local = from_asio(operation->socket.local_endpoint(ignored));
    operation->finish(std::make_unique<AsioStream>(std::move(operation->socket), local, to));
  });
  return std::make_unique<OperationHandle<std::unique_ptr<Stream>>>(operation);
}

Result<std::unique_ptr<Listener>> AsioRuntime::listen(Shard& shard, const Endpoint& at,
                                                      OnArrival on_arrival) {
  tcp::acceptor acceptor(static_cast<ShardOnAsio&>(shard).context());
  const tcp::endpoint endpoint = to_asio(at);
  asio::error_code error;
  const auto step = [&error](auto&& action) {
    if (!error) action();
  };
  acceptor.open(endpoint.protocol(), error);
  step([&] { acceptor.set_option(tcp::acceptor::reuse_address(true), error); });
  // [::] takes IPv4 as well.
  if (!at.ip.is_v4()) step([&] { acceptor.set_option(asio::ip::v6_only(false), error); });
  step([&] { acceptor.bind(endpoint, error); });
  step([&] { acceptor.listen(kListenBacklog, error); });
  step([&] { acceptor.non_blocking(true, error); });
  if (error) {
    return fail(Stage::configuration, reason_of(error.value(), Reason::io_error),
                at.to_string() + ": " + std::strerror(error.value()));
  }
  return std::make_unique<AsioListener>(std::move(acceptor), std::move(on_arrival),
                                        [](Shard& claimed) -> asio::io_context& {
                                          return static_cast<ShardOnAsio&>(claimed).context();
                                        });
}

std::unique_ptr<Pending> AsioRuntime::resolve(Shard& shard, const std::string& host,
                                              Duration timeout, ResolveDone done) {
  auto& on_asio = static_cast<ShardOnAsio&>(shard);
  auto operation =
      std::make_shared<Operation<std::vector<IpAddress>>>(on_asio.context(), std::move(done));
  // A lookup that hangs may outlive the runtime, so it owns nothing of it.
  const auto deliver = [weak = std::weak_ptr(operation), host](Resolver::Outcome outcome) {
    const auto waiting = weak.lock();
    if (!waiting) return;
    if (outcome) {
      std::vector<IpAddress> distinct;
      for (const IpAddress& address : *outcome) {
        const bool known = std::find(distinct.begin(), distinct.end(), address) != distinct.end();
        if (!known && distinct.size() < kMaxResolvedAddresses) distinct.push_back(address);
      }
      outcome = std::move(distinct);
      if (outcome->empty()) outcome = fail(Stage::resolve, Reason::name_not_found, host);
    }
    waiting->finish(std::move(outcome));
  };
  if (const auto literal = IpAddress::parse(host)) {
    shard.post([deliver, literal] { deliver(std::vector<IpAddress>{*literal}); });
  } else {
    operation->timer.expires_after(timeout);
    operation->timer.async_wait([operation, host](const asio::error_code& cancelled) {
      if (cancelled) return;
      operation->finish(fail(Stage::resolve, Reason::name_lookup_timed_out, host));
    });
    resolver_->submit(on_asio, host, deliver);
  }
  return std::make_unique<OperationHandle<std::vector<IpAddress>>>(operation);
}

}  // namespace peerage::conn
