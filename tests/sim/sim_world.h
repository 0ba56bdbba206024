// A simulated internet in virtual time: the second implementation of conn/runtime.h.
//
// Production code runs on it unchanged. A SimWorld holds the clock, the events and the links; each
// SimHost is a machine with addresses and is the Runtime of what runs on it. Nothing here sleeps
// and nothing is concurrent: the world is one thread that runs events in the order of their time,
// and of their making when times are equal. The same seed and the same calls give the same
// trace_hash().
//
// A test plays a scripted peer by using streams of another host directly.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "conn/config.h"
#include "conn/runtime.h"

namespace peerage::sim {

using conn::Bytes;
using conn::ByteView;
using conn::Duration;
using conn::Endpoint;
using conn::IpAddress;
using conn::Task;
using conn::TimePoint;
using namespace std::chrono_literals;

// How the way between two hosts behaves. Applies to connections made after it was set.
struct LinkPlan {
  Duration latency = 1ms;       // one way
  std::uint64_t bandwidth = 0;  // bytes per second each way; 0: unlimited
  // Bytes sent and not yet read by the other side, at most: then a write would block.
  std::size_t window = 256u << 10;
  // How what is written arrives.
  enum class Split : std::uint8_t { whole, byte_by_byte, random };
  Split split = Split::whole;
  enum class Connect : std::uint8_t { answered, refused, unreachable, ignored };
  Connect connect = Connect::answered;
  // After so many bytes in one direction, the connection breaks.
  std::size_t cut_after = std::numeric_limits<std::size_t>::max();
  enum class Cut : std::uint8_t { reset, black_hole };
  Cut cut = Cut::reset;
};

class SimHost;
class SimConnection;

class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed = 1);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  // A machine with these addresses; lives as long as the world.
  SimHost& add_host(std::vector<IpAddress> addresses, std::size_t shards = 1);

  TimePoint now() const { return now_; }
  std::uint64_t random();  // from the seed

  // Runs `task` at `when` (now, if that has passed).
  void at(TimePoint when, Task task);
  void after(Duration delay, Task task) { at(now_ + delay, std::move(task)); }

  // Runs the next event; false when there is none.
  bool step();
  // Runs everything due within `span`, then it is so much later.
  void run_for(Duration span);
  // Runs until `done()` holds; false if it does not within `limit`.
  bool run_until(const std::function<bool()>& done, Duration limit);

  void set_default_link(const LinkPlan& plan) { default_link_ = plan; }
  // Both directions between two addresses.
  void set_link(const IpAddress& a, const IpAddress& b, const LinkPlan& plan);
  // Everything between the two stops arriving, silently; or goes on where it stopped.
  void black_hole(const IpAddress& a, const IpAddress& b);
  void heal(const IpAddress& a, const IpAddress& b);
  // Breaks their connections with a reset.
  void reset(const IpAddress& a, const IpAddress& b);

  // What DNS says. A name that is not set does not exist; one without a value is never answered.
  void set_name(const std::string& host, std::optional<std::vector<IpAddress>> addresses);

  // Wall clock minus virtual time; may jump.
  void set_wall_clock(conn::WallTime now);

  std::uint64_t trace_hash() const { return trace_; }
  std::size_t open_connections() const;
  // Between two addresses.
  std::size_t open_connections(const IpAddress& a, const IpAddress& b);

 private:
  friend class SimHost;
  friend class SimConnection;
  struct Event {
    TimePoint when;
    std::uint64_t order;
    std::shared_ptr<Task> task;
    bool operator<(const Event& other) const {
      return std::tie(when, order) > std::tie(other.when, other.order);
    }
  };
  const LinkPlan& link(const IpAddress& a, const IpAddress& b) const;
  SimHost* host_of(const IpAddress& address) const;
  void trace(std::uint64_t value);
  void note_connection(const std::shared_ptr<SimConnection>& connection);
  void for_each_connection(const IpAddress& a, const IpAddress& b,
                           const std::function<void(SimConnection&)>& action);

  TimePoint now_{std::chrono::hours(1000)};  // not zero: nobody may rely on an epoch
  conn::WallTime wall_base_{std::chrono::hours(24 * 365 * 50)};
  std::uint64_t random_state_;
  std::uint64_t order_ = 0;
  std::uint64_t trace_ = 0xcbf29ce484222325;
  std::priority_queue<Event> events_;
  LinkPlan default_link_;
  std::map<std::pair<IpAddress, IpAddress>, LinkPlan> links_;
  std::map<std::string, std::optional<std::vector<IpAddress>>> names_;
  std::vector<std::weak_ptr<SimConnection>> connections_;
  std::size_t forget_at_ = 64;  // connections
  std::vector<std::unique_ptr<SimHost>> hosts_;
  std::map<IpAddress, SimHost*> host_of_;
};

// A machine: the Runtime of what runs on it.
class SimHost final : public conn::Runtime {
 public:
  SimHost(SimWorld& world, std::vector<IpAddress> addresses, std::size_t shards);
  ~SimHost() override;

  const IpAddress& address() const { return addresses_.front(); }
  // The task that runs now on an executor of this host blocks it for so long: what is posted to
  // that executor waits, as behind a task that really blocks.
  void block_executor(Duration span);

  // As if unplugged: nothing posted or armed runs any more.
  void stop() { *running_ = false; }

  std::size_t shard_count() const override;
  conn::Shard& shard(std::size_t index) override;
  std::unique_ptr<conn::Executor> make_executor() override;
  bool on_a_shard() const override { return true; }
  bool stopped() const override { return !*running_; }
  conn::WallTime wall_now() const override;
  void random(conn::MutableBytes into) override;
  std::unique_ptr<conn::Pending> connect(conn::Shard& shard, const conn::Route& route,
                                         Duration timeout, ConnectDone done) override;
  conn::Result<std::unique_ptr<conn::Listener>> listen(conn::Shard& shard, const Endpoint& at,
                                                       OnArrival on_arrival) override;
  std::unique_ptr<conn::Pending> resolve(conn::Shard& shard, const std::string& host,
                                         Duration timeout, ResolveDone done) override;

 private:
  friend class SimWorld;
  class SimShard;
  class SimListener;
  class SimExecutor;
  // Runs `task` later, while the host runs.
  void later(TimePoint when, Task task);
  void drop_executor_tasks();
  SimListener* listener_at(const Endpoint& endpoint) const;

  SimWorld& world_;
  std::vector<IpAddress> addresses_;
  std::vector<std::unique_ptr<SimShard>> shards_;
  std::map<Endpoint, SimListener*> listeners_;
  SimExecutor* running_executor_ = nullptr;
  std::vector<std::weak_ptr<std::deque<Task>>> executor_tasks_;
  std::uint16_t next_port_ = 49152;
  std::shared_ptr<bool> running_ = std::make_shared<bool>(true);
};

}  // namespace peerage::sim
