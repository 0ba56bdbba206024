#include <algorithm>
#include <deque>
#include <utility>

#include "tests/sim/sim_connection.h"
#include "tests/sim/sim_nat.h"
#include "tests/sim/sim_world.h"

namespace peerage::sim {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

// What an operation's event and its handle share.
template <typename T>
struct Operation {
  std::function<void(Result<T>)> done;
  void finish(Result<T> outcome) {
    if (const auto callback = std::exchange(done, nullptr)) callback(std::move(outcome));
  }
};

template <typename T>
class OperationHandle final : public conn::Pending {
 public:
  explicit OperationHandle(std::shared_ptr<Operation<T>> operation)
      : operation_(std::move(operation)) {}
  ~OperationHandle() override { operation_->done = nullptr; }

 private:
  std::shared_ptr<Operation<T>> operation_;
};

// What DNS answers; nothing, when it never does.
template <typename T>
std::optional<Result<std::vector<T>>> answer_of(
    const std::map<std::string, std::optional<std::vector<T>>>& known, const std::string& name,
    std::size_t most) {
  const auto found = known.find(name);
  if (found != known.end() && !found->second) return std::nullopt;
  if (found == known.end() || found->second->empty()) {
    return fail(Stage::resolve, Reason::name_not_found, name);
  }
  auto answer = *found->second;
  answer.resize(std::min(answer.size(), most));
  return answer;
}

}  // namespace

class SimHost::SimShard final : public conn::Shard {
 public:
  explicit SimShard(SimHost& host) : host_(host) {}

  TimePoint now() const override { return host_.world_.now(); }
  void post(Task task) override { host_.later(now(), std::move(task)); }
  bool is_current() const override { return true; }
  conn::MutableBytes scratch(conn::Scratch half) override {
    // Shared by the whole world: one event runs at a time.
    static Bytes reading(conn::kScratchBytes);
    static Bytes writing(conn::kScratchBytes);
    return half == conn::Scratch::reading ? reading : writing;
  }
  std::unique_ptr<conn::Timer> make_timer(Task on_expiry) override;

  SimHost& host_;
};

namespace {

class SimArrival final : public conn::Arrival {
 public:
  explicit SimArrival(std::shared_ptr<SimConnection> connection)
      : connection_(std::move(connection)) {}
  ~SimArrival() override {
    if (connection_) connection_->reset();
  }
  Endpoint remote_endpoint() const override {
    return connection_->endpoint(SimConnection::End::dialler);
  }
  std::unique_ptr<conn::Stream> claim(conn::Shard&) override {
    return std::exchange(connection_, nullptr)->stream(SimConnection::End::acceptor);
  }

 private:
  std::shared_ptr<SimConnection> connection_;
};

}  // namespace

class SimHost::SimTimer final : public conn::Timer {
 public:
  SimTimer(SimHost& host, Task on_expiry)
      : host_(host), core_(std::make_shared<Core>(std::move(on_expiry))) {}
  ~SimTimer() override { cancel(); }

  void arm(TimePoint when) override {
    cancel();
    ticket_ = host_.later(when, [core = core_, armed = core_->generation] {
      if (core->generation != armed) return;
      ++core->generation;
      core->on_expiry();  // the timer may be destroyed by it
    });
  }
  // When its host has slept it is in the queue under another ticket; the
  // generation identifies it.
  void cancel() noexcept override {
    ++core_->generation;
    host_.world_.events_.cancel(std::exchange(ticket_, {}));
  }

 private:
  struct Core {
    explicit Core(Task task) : on_expiry(std::move(task)) {}
    Task on_expiry;
    std::uint64_t generation = 0;
  };
  SimHost& host_;
  std::shared_ptr<Core> core_;
  EventQueue::Ticket ticket_;
};

std::unique_ptr<conn::Timer> SimHost::SimShard::make_timer(Task on_expiry) {
  return std::make_unique<SimTimer>(host_, std::move(on_expiry));
}

class SimHost::SimListener final : public conn::Listener {
 public:
  SimListener(SimHost& host, Endpoint at, OnArrival on_arrival)
      : host_(host), at_(at), on_arrival_(std::move(on_arrival)) {
    host_.listeners_[at_] = this;
  }
  ~SimListener() override { host_.listeners_.erase(at_); }
  Endpoint local_endpoint() const override { return at_; }
  void arrive(std::shared_ptr<SimConnection> connection) {
    const OnArrival handler = on_arrival_;
    handler(std::make_unique<SimArrival>(std::move(connection)));
  }

 private:
  SimHost& host_;
  Endpoint at_;
  OnArrival on_arrival_;
};

class SimHost::SimExecutor final : public conn::Executor {
 public:
  explicit SimExecutor(SimHost& host) : core_(std::make_shared<Core>(host)) {}
  ~SimExecutor() override { core_->tasks.clear(); }
  void post(Task task) override {
    core_->tasks.push_back(std::move(task));
    core_->schedule();
  }
  bool is_current() const override { return core_->host.running_executor_ == this; }
  void block(Duration span) { core_->free_at = core_->host.world_.now() + span; }

 private:
  struct Core : std::enable_shared_from_this<Core> {
    explicit Core(SimHost& on) : host(on) {}
    void schedule() {
      if (scheduled || tasks.empty()) return;
      scheduled = true;
      host.later(std::max(free_at, host.world_.now()), [self = shared_from_this()] {
        self->scheduled = false;
        if (self->tasks.empty()) return;
        const Task task = std::move(self->tasks.front());
        self->tasks.pop_front();
        SimExecutor* const outer = std::exchange(self->host.running_executor_, self->executor);
        task();
        self->host.running_executor_ = outer;
        self->schedule();
      });
    }
    SimHost& host;
    SimExecutor* executor = nullptr;
    std::deque<Task> tasks;
    TimePoint free_at;
    bool scheduled = false;
  };
  std::shared_ptr<Core> core_;
  friend class SimHost;
};

std::unique_ptr<conn::Executor> SimHost::make_executor() {
  auto executor = std::make_unique<SimExecutor>(*this);
  executor->core_->executor = executor.get();
  executor_tasks_.emplace_back(
      std::shared_ptr<std::deque<Task>>(executor->core_, &executor->core_->tasks));
  return executor;
}

void SimHost::drop_executor_tasks() {
  for (const auto& weak : executor_tasks_) {
    std::deque<Task> dropped;
    if (const auto tasks = weak.lock()) dropped.swap(*tasks);
  }
}

void SimHost::block_executor(Duration span) {
  if (running_executor_ != nullptr) running_executor_->block(span);
}

SimHost::SimHost(SimWorld& world, std::vector<IpAddress> addresses, std::size_t shards)
    : world_(world), addresses_(std::move(addresses)) {
  for (std::size_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<SimShard>(*this));
}
SimHost::~SimHost() = default;

bool SimHost::owns(const IpAddress& address) const {
  return std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end();
}

const IpAddress& SimHost::own_address_for(const IpAddress& other) const {
  const auto own =
      std::find_if(addresses_.begin(), addresses_.end(),
                   [&other](const IpAddress& ip) { return ip.is_v4() == other.is_v4(); });
  return own == addresses_.end() ? addresses_.front() : *own;
}

SimNat* SimHost::nat_for(const IpAddress& own) const {
  return nat_ != nullptr && nat_->concerns(own) ? nat_ : nullptr;
}

std::uint16_t SimHost::take_port() {
  const std::uint16_t port = next_port_;
  next_port_ = port == 0xffff ? 49152 : static_cast<std::uint16_t>(port + 1);
  return port;
}

void SimHost::appear() {
  for (const IpAddress& address : addresses_) {
    if (SimNat* const nat = nat_for(address)) {
      nat->add_host(address, *this);
    } else {
      world_.host_of_.emplace(address, this);
    }
  }
}

void SimHost::disappear() {
  for (const IpAddress& address : addresses_) {
    if (SimNat* const nat = nat_for(address)) {
      nat->remove_host(address);
    } else if (world_.host_of(address) == this) {
      world_.host_of_.erase(address);
    }
  }
}

void SimHost::set_addresses(std::vector<IpAddress> addresses) {
  disappear();
  addresses_.swap(addresses);
  appear();
  std::erase_if(addresses, [this](const IpAddress& old) { return owns(old); });
  for (const auto& weak : world_.connections_) {
    const auto connection = weak.lock();
    if (!connection) continue;
    const bool is_cut = std::any_of(addresses.begin(), addresses.end(), [&](const IpAddress& gone) {
      return connection->is_at(*this, gone);
    });
    if (is_cut) connection->black_hole();
  }
}

void SimHost::plug_in() {
  running_ = true;
  ++life_;
  executor_tasks_.clear();
}

std::size_t SimHost::shard_count() const {
  return shards_.size();
}
conn::Shard& SimHost::shard(std::size_t index) {
  return *shards_.at(index);
}

conn::WallTime SimHost::wall_now() const {
  return world_.wall_base_ + clock_ahead_ +
         std::chrono::duration_cast<std::chrono::milliseconds>(world_.now().time_since_epoch());
}

void SimHost::random(conn::MutableBytes into) {
  for (std::uint8_t& byte : into) byte = static_cast<std::uint8_t>(world_.random());
}

SimHost::SimListener* SimHost::listener_at(const Endpoint& endpoint) const {
  for (const IpAddress& ip : {endpoint.ip, IpAddress::v4(0, 0, 0, 0), IpAddress{}}) {
    const auto found = listeners_.find({ip, endpoint.port});
    if (found != listeners_.end()) return found->second;
  }
  return nullptr;
}

// While the host sleeps its kernel answers, and the program learns of it when
// it wakes.
void SimHost::welcome(const Endpoint& at, std::shared_ptr<SimConnection> connection) {
  if (!is_awake()) {
    later(world_.now(),
          [this, at, connection = std::move(connection)] { welcome(at, connection); });
  } else if (SimListener* const listener = listener_at(at)) {
    listener->arrive(std::move(connection));
  } else {
    connection->reset();
  }
}

std::unique_ptr<conn::Pending> SimHost::connect(conn::Shard&, const conn::Route& route,
                                                Duration timeout, ConnectDone done) {
  const Endpoint to = route.to;
  auto operation = std::make_shared<Operation<std::unique_ptr<conn::Stream>>>();
  operation->done = std::move(done);
  const auto refuse = [this, operation](TimePoint when, Reason reason) {
    later(when, [operation, reason] { operation->finish(fail(Stage::connect, reason)); });
  };
  const Endpoint inside{route.from.value_or(own_address_for(to.ip)), take_port()};
  SimHost* const target = world_.host_of(to.ip, *this);
  const SimNat* const nat = nat_for(inside.ip);
  const bool leaves = nat != nullptr && (target == nullptr || target->nat_ != nat);
  const Endpoint from{leaves ? nat->outside() : inside.ip, inside.port};

  const LinkPlan plan = world_.link(from.ip, to.ip);
  const TimePoint there = world_.now() + plan.latency + world_.delay_by_loss(plan);
  const TimePoint back = there + plan.latency;
  refuse(world_.now() + timeout, Reason::connect_timed_out);
  if (plan.connect == LinkPlan::Connect::ignored) {
    ++world_.harm_.unanswered;  // only the timeout answers
  } else if (target == nullptr || plan.connect == LinkPlan::Connect::unreachable) {
    world_.harm_.unreachable += target == nullptr ? 0 : 1;
    refuse(back, Reason::unreachable);
  } else if (plan.connect == LinkPlan::Connect::refused) {
    ++world_.harm_.refused;
    refuse(back, Reason::connection_refused);
  } else {
    world_.at(there, [this, operation, refuse, plan, from, inside, to, target, back] {
      if (!operation->done) return;  // abandoned meanwhile
      if (!target->running_ || target->listener_at(to) == nullptr) {
        refuse(back, Reason::connection_refused);
        return;
      }
      auto connection = std::make_shared<SimConnection>(
          world_, plan, SimConnection::Hosts{this, target}, SimConnection::Ends{from, to}, inside);
      world_.add_connection(connection);
      later(back, [operation, connection] {
        if (operation->done) {
          operation->finish(connection->stream(SimConnection::End::dialler));
        } else {
          connection->reset();
        }
      });
      target->welcome(to, std::move(connection));
    });
  }
  return std::make_unique<OperationHandle<std::unique_ptr<conn::Stream>>>(operation);
}

Result<std::unique_ptr<conn::Listener>> SimHost::listen(conn::Shard&, const Endpoint& at,
                                                        OnArrival on_arrival) {
  Endpoint endpoint = at;
  if (endpoint.port == 0) endpoint.port = take_port();
  world_.harm_.listening_refused += listening_ == Listening::refused ? 1 : 0;
  if (listening_ == Listening::refused || listener_at(endpoint) != nullptr) {
    return fail(Stage::configuration, Reason::address_in_use, endpoint.to_string());
  }
  return std::make_unique<SimListener>(*this, endpoint, std::move(on_arrival));
}

std::unique_ptr<conn::Pending> SimHost::resolve(conn::Shard&, const std::string& host,
                                                Duration timeout, ResolveDone done) {
  auto operation = std::make_shared<Operation<std::vector<IpAddress>>>();
  operation->done = std::move(done);
  using Outcome = Result<std::vector<IpAddress>>;
  const auto answer = [this, operation](Duration delay, const Outcome& outcome) {
    later(world_.now() + delay, [operation, outcome] { operation->finish(outcome); });
  };
  ++world_.lookups_[host];
  answer(timeout, fail(Stage::resolve, Reason::name_lookup_timed_out, host));
  if (const auto literal = IpAddress::parse(host)) {
    answer(0ns, std::vector{*literal});
  } else if (const auto known = answer_of(world_.names_, host, conn::kMaxResolvedAddresses)) {
    answer(1ms, *known);
  }
  return std::make_unique<OperationHandle<std::vector<IpAddress>>>(operation);
}

std::unique_ptr<conn::Pending> SimHost::resolve_txt(conn::Shard&, const std::string& name,
                                                    Duration timeout, TxtDone done) {
  auto operation = std::make_shared<Operation<std::vector<std::string>>>();
  operation->done = std::move(done);
  const auto answer = [this, operation](Duration delay, const auto& outcome) {
    later(world_.now() + delay, [operation, outcome] { operation->finish(outcome); });
  };
  ++world_.txt_lookups_[name];
  answer(timeout, fail(Stage::resolve, Reason::name_lookup_timed_out, name));
  if (const auto known = answer_of(world_.txt_, name, conn::kMaxTxtRecords)) answer(1ms, *known);
  return std::make_unique<OperationHandle<std::vector<std::string>>>(operation);
}

}  // namespace peerage::sim
