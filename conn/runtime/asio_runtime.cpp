#include "conn/runtime/asio_runtime.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include <asio/executor_work_guard.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <pthread.h>
#include <sodium.h>
#include <unistd.h>

#include "conn/address/host_name.h"
#include "conn/runtime/asio_runtime_datagrams.h"
#include "conn/runtime/asio_runtime_executor.h"
#include "conn/runtime/asio_runtime_lookup.h"
#include "conn/runtime/asio_runtime_operation.h"
#include "conn/runtime/asio_runtime_socket.h"
#include "conn/runtime/asio_runtime_txt.h"

namespace peerage::conn {
namespace {

using asio_runtime::from_asio;
using asio_runtime::Operation;
using asio_runtime::OperationHandle;
using asio_runtime::reason_of;
using asio_runtime::tcp;
using asio_runtime::to_asio;

// Asio watches a socket for room to write from the first time that is asked for, as connecting
// does, and then answers each wait for something to read with "writable" first. Registered anew, it
// is not watched for that.
tcp::socket registered_anew(tcp::socket socket, const tcp& protocol, asio::error_code& error) {
  tcp::socket anew(socket.get_executor());
  const int descriptor = socket.release(error);
  if (error) return anew;
  anew.assign(protocol, descriptor, error);
  if (error) ::close(descriptor);
  return anew;
}

Failure connect_failure(int error) {
  return {Stage::connect, reason_of(error, Reason::io_error), std::strerror(error)};
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

struct ConnectOperation final : Operation<std::unique_ptr<Stream>> {
  ConnectOperation(asio::io_context& context, Runtime::ConnectDone callback)
      : Operation(context, std::move(callback)), socket(context) {}
  void abandon() override {
    asio::error_code ignored;
    socket.close(ignored);
  }
  tcp::socket socket;
};

// What of an answer is handed on.
std::vector<IpAddress> distinct(std::vector<IpAddress> found) {
  for (std::size_t kept = 0; kept < std::min(found.size(), kMaxResolvedAddresses); ++kept) {
    const auto rest = found.begin() + static_cast<std::ptrdiff_t>(kept) + 1;
    found.erase(std::remove(rest, found.end(), IpAddress(found[kept])), found.end());
  }
  if (found.size() > kMaxResolvedAddresses) found.resize(kMaxResolvedAddresses);
  return found;
}
std::vector<std::string> bounded(std::vector<std::string> found) {
  std::erase_if(found, [](const std::string& each) { return each.size() > kMaxTxtBytes; });
  if (found.size() > kMaxTxtRecords) found.resize(kMaxTxtRecords);
  return found;
}

void prepare_libsodium() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
}

}  // namespace

// --- shards ---

class AsioRuntime::ShardOnAsio final : public Shard,
                                       public std::enable_shared_from_this<ShardOnAsio> {
 public:
  ShardOnAsio() : owned_(std::make_unique<OwnContext>()), context_(*owned_) {
    work_.emplace(context_.get_executor());
  }
  explicit ShardOnAsio(asio::io_context& host) : context_(host) {}

  asio::io_context& context() { return context_; }
  void run() noexcept {
    clockid_t clock{};
    if (::pthread_getcpuclockid(::pthread_self(), &clock) == 0) {
      cpu_clock_ = clock;
      has_cpu_clock_ = true;
    }
    context_.run();
    has_cpu_clock_ = false;  // it ends with the thread
  }
  std::optional<Duration> busy_time() const {
    timespec used{};
    if (!has_cpu_clock_ || ::clock_gettime(cpu_clock_, &used) != 0) return std::nullopt;
    return std::chrono::seconds(used.tv_sec) + Duration(used.tv_nsec);
  }
  void stop() {
    stopped_ = true;
    if (owned_) context_.stop();
  }
  // Nothing runs any more, on any shard.
  void set_over() { over_ = true; }
  // Frees what waits. Nothing else may touch the shard meanwhile.
  void clear() {
    if (owned_) owned_->shutdown();
  }

  TimePoint now() const override {
    return TimePoint(std::chrono::steady_clock::now().time_since_epoch());
  }
  // What is not run is freed when nothing else runs, for a thread may be in the midst of what the
  // task owns. A host's queue may outlive the runtime, and what is freed with it may need us.
  void post(Task task) override {
    if (!owned_) {
      asio::post(context_, [self = shared_from_this(), task = std::move(task)] {
        if (!self->stopped_) task();
      });
    } else if (!over_) {
      asio::post(context_, std::move(task));
    }
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
  struct OwnContext : asio::io_context {
    OwnContext() : io_context(1) {}
    using io_context::shutdown;
  };
  std::unique_ptr<OwnContext> owned_;
  asio::io_context& context_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::atomic<clockid_t> cpu_clock_{};
  std::atomic<bool> has_cpu_clock_ = false;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> over_ = false;
  Bytes reading_;
  Bytes writing_;
};

// --- the runtime ---

AsioRuntime::AsioRuntime(std::size_t shards, Lookup lookup, TxtLookup txt_lookup)
    : executors_(std::make_unique<asio_runtime::Executors>()),
      resolver_(asio_runtime::make_resolver(std::move(lookup), asio_runtime::look_up_addresses)),
      txt_resolver_(asio_runtime::make_resolver(std::move(txt_lookup), asio_runtime::look_up_txt)) {
  prepare_libsodium();
  if (shards == 0) shards = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < shards; ++i) shards_.push_back(std::make_shared<ShardOnAsio>());
  try {
    for (const auto& shard : shards_) {
      threads_.emplace_back([&shard = *shard] { shard.run(); });
    }
  } catch (...) {
    stop();
    throw;
  }
}

AsioRuntime::AsioRuntime(asio::io_context& host, Lookup lookup, TxtLookup txt_lookup)
    : executors_(std::make_unique<asio_runtime::Executors>()),
      resolver_(asio_runtime::make_resolver(std::move(lookup), asio_runtime::look_up_addresses)),
      txt_resolver_(asio_runtime::make_resolver(std::move(txt_lookup), asio_runtime::look_up_txt)) {
  prepare_libsodium();
  shards_.push_back(std::make_shared<ShardOnAsio>(host));
}

AsioRuntime::~AsioRuntime() {
  stop();
  held_.reset();
  // A task that waits at one shard may own what belongs to another.
  for (const auto& shard : shards_) shard->clear();
}

void AsioRuntime::stop() {
  resolver_->stop();
  txt_resolver_->stop();
  executors_->stop();
  for (const auto& shard : shards_) shard->stop();
  stopped_ = true;
  if (may_wait()) wait();
}

void AsioRuntime::wait() {
  {
    const std::lock_guard lock(joining_);
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  executors_->wait();
  for (const auto& shard : shards_) shard->set_over();
  executors_->clear();
}

bool AsioRuntime::may_wait() const {
  return !on_a_shard() && !executors_->is_any_current();
}

std::size_t AsioRuntime::shard_count() const {
  return shards_.size();
}
Shard& AsioRuntime::shard(std::size_t index) {
  return *shards_.at(index);
}

std::unique_ptr<Executor> AsioRuntime::make_executor() {
  return executors_->make();
}

bool AsioRuntime::on_a_shard() const {
  return std::any_of(shards_.begin(), shards_.end(),
                     [](const auto& shard) { return shard->is_current(); });
}

std::optional<Duration> AsioRuntime::busy_time(std::size_t shard) const {
  return shards_.at(shard)->busy_time();
}

WallTime AsioRuntime::wall_now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void AsioRuntime::random(MutableBytes into) {
  randombytes_buf(into.data(), into.size());
}

std::unique_ptr<Pending> AsioRuntime::connect(Shard& shard, const Route& route, Duration timeout,
                                              ConnectDone done) {
  const Endpoint to = route.to;
  asio::io_context& context = static_cast<ShardOnAsio&>(shard).context();
  auto operation = std::make_shared<ConnectOperation>(context, std::move(done));
  const tcp::endpoint target = to_asio(to);
  asio::error_code error;
  operation->socket.open(target.protocol(), error);
  if (!error && !asio_runtime::may_keep(operation->socket.native_handle())) {
    operation->abandon();
    error = {EMFILE, asio::system_category()};
  }
  if (!error && route.from) operation->socket.bind(to_asio({*route.from, 0}), error);
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
  operation->socket.async_connect(target, [operation, target, to](const asio::error_code& outcome) {
    if (outcome) {
      operation->finish(tl::unexpected(connect_failure(outcome.value())));
      return;
    }
    asio::error_code failed;
    const Endpoint local = from_asio(operation->socket.local_endpoint(failed));
    tcp::socket connected =
        registered_anew(std::move(operation->socket), target.protocol(), failed);
    if (failed) return operation->finish(tl::unexpected(connect_failure(failed.value())));
    operation->finish(asio_runtime::make_stream(std::move(connected), local, to));
  });
  return std::make_unique<OperationHandle<std::unique_ptr<Stream>>>(operation);
}

// An address that is ours, and nobody is accepted there yet.
struct AsioRuntime::Held {
  Endpoint at;
  tcp::acceptor acceptor;
};

Result<void> AsioRuntime::hold(const Endpoint& at) {
  if (held_ && held_->at == at) return {};
  auto acceptor = asio_runtime::open_acceptor(shards_.front()->context(), at);
  if (!acceptor) return tl::unexpected(std::move(acceptor.error()));
  held_ = std::make_unique<Held>(Held{at, std::move(*acceptor)});
  return {};
}

Result<std::unique_ptr<Listener>> AsioRuntime::listen(Shard& shard, const Endpoint& at,
                                                      OnArrival on_arrival) {
  std::optional<tcp::acceptor> acceptor;
  if (held_ && held_->at == at && &shard == shards_.front().get()) {
    acceptor.emplace(std::move(held_->acceptor));
    held_.reset();
  } else {
    auto opened = asio_runtime::open_acceptor(static_cast<ShardOnAsio&>(shard).context(), at);
    if (!opened) return tl::unexpected(std::move(opened.error()));
    acceptor.emplace(std::move(*opened));
  }
  return asio_runtime::make_listener(std::move(*acceptor), std::move(on_arrival),
                                     [](Shard& claimed) -> asio::io_context& {
                                       return static_cast<ShardOnAsio&>(claimed).context();
                                     });
}

Result<std::unique_ptr<DatagramSocket>> AsioRuntime::open_datagrams(Shard& shard,
                                                                    const Endpoint& at,
                                                                    std::size_t longest) {
  return asio_runtime::open_datagrams(static_cast<ShardOnAsio&>(shard).context(), at, longest);
}

std::unique_ptr<Pending> AsioRuntime::resolve(Shard& shard, const std::string& host,
                                              Duration timeout, ResolveDone done) {
  const asio_runtime::Place place{shard, static_cast<ShardOnAsio&>(shard).context()};
  if (const auto literal = IpAddress::parse(host)) {
    return asio_runtime::answer<std::vector<IpAddress>>(place, std::move(done),
                                                        std::vector{*literal});
  }
  return asio_runtime::look_up(*resolver_, place, host, timeout, std::move(done), distinct);
}

std::unique_ptr<Pending> AsioRuntime::resolve_txt(Shard& shard, const std::string& name,
                                                  Duration timeout, TxtDone done) {
  const asio_runtime::Place place{shard, static_cast<ShardOnAsio&>(shard).context()};
  // Strangers may have written it, and to the system a zero byte would be its end.
  if (!is_host_name(name)) {
    return asio_runtime::answer<std::vector<std::string>>(
        place, std::move(done),
        fail(Stage::resolve, Reason::name_not_found, printable(name) + ": no host name"));
  }
  return asio_runtime::look_up(*txt_resolver_, place, name, timeout, std::move(done), bounded);
}

}  // namespace peerage::conn
