// A simulated internet in virtual time: the second implementation of
// conn/runtime/runtime.h.
//
// Production code runs on it unchanged. A SimWorld holds the clock, the events
// and the links; each SimHost is a machine with addresses and is the Runtime of
// what runs on it. Nothing here sleeps and nothing is concurrent: the world is
// one thread that runs events in the order of their time, and of their making
// when times are equal. The same seed and the same calls give the same
// trace_hash().
//
// A test plays a scripted peer by using streams of another host directly.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conn/comet/limits.h"
#include "conn/runtime/runtime.h"
#include "tests/sim/event_queue.h"

namespace peerage::sim {

using conn::Bytes;
using conn::ByteView;
using conn::Duration;
using conn::Endpoint;
using conn::IpAddress;
using conn::Task;
using conn::TimePoint;
using namespace std::chrono_literals;

// How the link between two hosts behaves. Applies to connections made after it
// was set, to those of SimWorld::apply_links, and to each datagram sent from
// then on.
struct LinkPlan {
  Duration latency = 1ms;  // one way
  // Of what is written, the part that is lost and comes later: 200 ms, doubled
  // while it is lost again. In [0, 1). Datagrams that are lost do not come.
  double loss = 0;
  std::uint64_t bandwidth = 0;  // bytes per second each way; 0: unlimited
  // Bytes sent and not yet read by the other side, at most: then a write would
  // block.
  std::size_t window = 256u << 10;
  // How what is written arrives.
  enum class Split : std::uint8_t { whole, byte_by_byte, random };
  Split split = Split::whole;
  enum class Connect : std::uint8_t { answered, refused, unreachable, ignored };
  Connect connect = Connect::answered;
  // After this many bytes in one direction, the connection breaks.
  std::size_t cut_after = std::numeric_limits<std::size_t>::max();
  enum class Cut : std::uint8_t { reset, black_hole };
  Cut cut = Cut::reset;
  // Of datagrams alone. Up to so much later than `latency`: they overtake one
  // another.
  Duration jitter = 0ms;
  double duplication = 0;  // the part that is sent twice
  // Bytes with the headers of IP and UDP; longer ones are dropped.
  std::size_t mtu = 1500;
  enum class Datagrams : std::uint8_t { carried, swallowed };  // as in a black hole
  Datagrams datagrams = Datagrams::carried;
};

// A NAT: which address hosts behind it have outside, for how long a mapping
// lasts after something went out, and what may come in while it does.
struct NatPlan {
  IpAddress outside;
  Duration idle = 30s;  // what cheap ones have; RFC 4787 asks for 2 min
  enum class Filter : std::uint8_t {
    endpoint_independent,        // anything
    address_dependent,           // from addresses that were sent to
    address_and_port_dependent,  // from endpoints that were sent to
  };
  Filter filter = Filter::address_and_port_dependent;
};

class SimHost;
class SimConnection;
class SimDatagrams;
class SimDatagramSocket;
class SimNat;

class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed = 1);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  // A machine with these addresses; lives as long as the world.
  SimHost& add_host(std::vector<IpAddress> addresses, std::size_t shards = 1);

  // Puts hosts behind a new NAT, for good: all their addresses of the family of
  // its outside address are known behind it alone, and others may have the same.
  // Their connections come from its outside address, and so links are those of
  // that address; nobody outside can connect to them.
  void add_nat(const NatPlan& plan, const std::vector<SimHost*>& hosts);

  TimePoint now() const { return now_; }
  std::uint64_t random();  // from the seed

  // Runs `task` at `when` (now, if that has passed).
  void at(TimePoint when, Action task) { events_.push(std::max(when, now_), std::move(task), {}); }
  void after(Duration delay, Action task) { at(now_ + delay, std::move(task)); }

  // Runs the next event; false when there is none.
  bool step();
  // Runs everything due within `span`; then it is `span` later.
  void run_for(Duration span);
  // Runs until `done()` holds; false if it does not within `limit`.
  bool run_until(const std::function<bool()>& done, Duration limit);

  void set_default_link(const LinkPlan& plan) { default_link_ = plan; }
  // Both directions between two addresses; takes precedence over the rule.
  void set_link(const IpAddress& a, const IpAddress& b, const LinkPlan& plan);
  // What holds for all others, in place of the default link: asked when `from`
  // dials `to`.
  using LinkRule = std::function<LinkPlan(const IpAddress& from, const IpAddress& to)>;
  void set_link_rule(LinkRule rule) { link_rule_ = std::move(rule); }

  // Connections between addresses for which it is true, in either order. (For
  // datagrams the link's plan decides.)
  using Between = std::function<bool(const IpAddress& dialler, const IpAddress& acceptor)>;
  static Between between(const IpAddress& a, const IpAddress& b);
  // Everything between them stops arriving, silently; or goes on where it
  // stopped.
  void black_hole(const Between& which);
  void heal(const Between& which);
  // Breaks their connections with a reset.
  void reset(const Between& which);
  void black_hole(const IpAddress& a, const IpAddress& b) { black_hole(between(a, b)); }
  void heal(const IpAddress& a, const IpAddress& b) { heal(between(a, b)); }
  void reset(const IpAddress& a, const IpAddress& b) { reset(between(a, b)); }

  // The links of those that are open behave from now on as for new ones. What
  // was sent arrives no later than what is sent now.
  void apply_links(const Between& which);

  // What DNS says. A name that is not set does not exist; one without a value
  // is never answered.
  void set_name(const std::string& host, std::optional<std::vector<IpAddress>> addresses);
  // How often it was looked up.
  std::uint64_t lookups(const std::string& host) const;
  // The same of TXT records.
  void set_txt(const std::string& name, std::optional<std::vector<std::string>> records);
  std::uint64_t txt_lookups(const std::string& name) const;

  // Wall clock minus virtual time; may jump.
  void set_wall_clock(conn::WallTime now);

  // What plans and calls have done to connections and hosts: an injector that
  // has done nothing has proven nothing.
  struct Harm {
    std::uint64_t lost = 0;       // pieces that came later for it
    std::uint64_t swallowed = 0;  // arrivals in a black hole
    std::uint64_t cut = 0;        // connections, by `cut_after`
    std::uint64_t silently_cut = 0;
    std::uint64_t reset = 0;  // connections, by `reset`
    std::uint64_t refused = 0, unreachable = 0,
                  unanswered = 0;  // dials, by a plan
    std::uint64_t listening_refused = 0;
    std::uint64_t slept = 0;  // events that waited for a host to wake
    // Those that are `sent`, and those that are sent twice, travel; then they
    // have `arrived` at a socket, or are counted below, or nobody was there.
    struct Datagrams {
      std::uint64_t sent = 0, arrived = 0;
      std::uint64_t duplicated = 0, delayed = 0;
      std::uint64_t too_long = 0, swallowed = 0, lost = 0;
      std::uint64_t unmapped = 0, filtered = 0;  // at a NAT
      std::uint64_t overflowed = 0;              // a receive buffer
    } datagrams;
  };
  const Harm& harm() const { return harm_; }

  std::uint64_t trace_hash() const { return trace_; }
  std::size_t events_waiting() const { return events_.size(); }
  std::size_t open_connections() const;
  // Between two addresses.
  std::size_t open_connections(const IpAddress& a, const IpAddress& b);

 private:
  friend class SimHost;
  friend class SimConnection;
  friend class SimDatagrams;
  friend class SimDatagramSocket;
  LinkPlan link(const IpAddress& from, const IpAddress& to) const;
  // As those outside see it, and as `from` does.
  SimHost* host_of(const IpAddress& address) const;
  SimHost* host_of(const IpAddress& address, const SimHost& from) const;
  // How much later something arrives because it was lost at first.
  Duration delay_by_loss(const LinkPlan& plan);
  void trace(std::uint64_t value) {
    trace_ = (trace_ ^ value) * 0x9e3779b97f4a7c15;
    trace_ ^= trace_ >> 29;
  }
  void add_connection(const std::shared_ptr<SimConnection>& connection);
  void for_each_connection(const Between& which, const std::function<void(SimConnection&)>& action);

  TimePoint now_{std::chrono::hours(1000)};  // not zero: no code may rely on an epoch
  conn::WallTime wall_base_{std::chrono::hours(24 * 365 * 50)};
  std::uint64_t random_state_;
  std::uint64_t trace_ = 0xcbf29ce484222325;
  std::unique_ptr<SimDatagrams> datagrams_;
  EventQueue events_;
  Harm harm_;
  LinkPlan default_link_;
  LinkRule link_rule_;
  std::map<std::pair<IpAddress, IpAddress>, LinkPlan> links_;
  std::map<std::string, std::optional<std::vector<IpAddress>>> names_;
  std::map<std::string, std::uint64_t> lookups_;
  std::map<std::string, std::optional<std::vector<std::string>>> txt_;
  std::map<std::string, std::uint64_t> txt_lookups_;
  std::vector<std::weak_ptr<SimConnection>> connections_;
  std::size_t sweep_at_ = 1024;  // this many connections, gone ones included
  std::vector<std::unique_ptr<SimHost>> hosts_;
  std::map<IpAddress, SimHost*> host_of_;
};

// A machine: the Runtime of what runs on it.
class SimHost final : public conn::Runtime {
 public:
  SimHost(SimWorld& world, std::vector<IpAddress> addresses, std::size_t shards);
  ~SimHost() override;

  const IpAddress& address() const { return addresses_.front(); }
  // It has these from now on. Connections of those it no longer has hang
  // silently, and what is bound to them alone hears nothing more.
  void set_addresses(std::vector<IpAddress> addresses);
  // The task that runs now on an executor of this host blocks it for `span`:
  // what is posted to that executor waits, as behind a task that really blocks.
  void block_executor(Duration span);

  // As if unplugged: nothing posted or armed runs any more, also after
  // plug_in().
  void stop() { running_ = false; }
  // It runs again; what ran on it before must be gone.
  void plug_in();
  // As if the machine slept: what is due until then runs then, and what reaches
  // it waits.
  void pause_until(TimePoint when) { paused_until_ = when; }
  // Whether it may listen; `refused`: as if another program had the port.
  enum class Listening : std::uint8_t { allowed, refused };
  void set_listening(Listening listening) { listening_ = listening; }
  // Whether its sockets take datagrams; `blocked`: as if the system's queue were
  // full.
  enum class Sending : std::uint8_t { allowed, blocked };
  void set_sending(Sending sending);
  // What waits at a socket of datagrams, at most: its bytes, and 512 for each.
  void set_receive_buffer(std::size_t bytes) { receive_buffer_ = bytes; }
  // How much its wall clock is ahead of the world's.
  void set_clock_ahead(std::chrono::milliseconds by) { clock_ahead_ = by; }

  std::size_t shard_count() const override;
  conn::Shard& shard(std::size_t index) override;
  std::unique_ptr<conn::Executor> make_executor() override;
  bool on_a_shard() const override { return true; }
  bool stopped() const override { return !running_; }
  void wait() override {}
  bool may_wait() const override { return false; }
  conn::WallTime wall_now() const override;
  void random(conn::MutableBytes into) override;
  std::unique_ptr<conn::Pending> connect(conn::Shard& shard, const conn::Route& route,
                                         Duration timeout, ConnectDone done) override;
  conn::Result<std::unique_ptr<conn::Listener>> listen(conn::Shard& shard, const Endpoint& at,
                                                       OnArrival on_arrival) override;
  conn::Result<std::unique_ptr<conn::DatagramSocket>> open_datagrams(conn::Shard& shard,
                                                                     const Endpoint& at,
                                                                     std::size_t longest) override;
  std::unique_ptr<conn::Pending> resolve(conn::Shard& shard, const std::string& host,
                                         Duration timeout, ResolveDone done) override;
  std::unique_ptr<conn::Pending> resolve_txt(conn::Shard& shard, const std::string& name,
                                             Duration timeout, TxtDone done) override;

 private:
  friend class SimWorld;
  friend class SimConnection;
  friend class SimDatagrams;
  friend class SimDatagramSocket;
  class SimShard;
  class SimTimer;
  class SimListener;
  class SimExecutor;
  // Runs `task` later, if the host still lives this life then.
  EventQueue::Ticket later(TimePoint when, Action task) {
    return world_.events_.push(std::max(when, world_.now_), std::move(task), {this, life_});
  }
  bool lives(std::uint32_t life) const { return running_ && life == life_; }
  bool is_awake() const { return running_ && paused_until_ <= world_.now_; }
  // A connection has come to a listener of ours.
  void welcome(const Endpoint& at, std::shared_ptr<SimConnection> connection);
  void drop_executor_tasks();
  SimListener* listener_at(const Endpoint& endpoint) const;
  SimDatagramSocket* socket_at(const Endpoint& endpoint) const;
  bool owns(const IpAddress& address) const;
  // The first of the other's family, or the first.
  const IpAddress& own_address_for(const IpAddress& other) const;
  // Null where no NAT changes this address of ours.
  SimNat* nat_for(const IpAddress& own) const;
  std::uint16_t take_port();
  // Makes the addresses known to those that can reach them, or unknown again.
  void appear();
  void disappear();

  SimWorld& world_;
  std::vector<IpAddress> addresses_;
  std::vector<std::unique_ptr<SimShard>> shards_;
  SimNat* nat_ = nullptr;
  std::map<Endpoint, SimListener*> listeners_;
  std::multimap<std::uint16_t, SimDatagramSocket*> datagram_sockets_;  // by port
  std::size_t receive_buffer_ = conn::kDatagramReceiveBuffer;
  Sending sending_ = Sending::allowed;
  SimExecutor* running_executor_ = nullptr;
  std::vector<std::weak_ptr<std::deque<Task>>> executor_tasks_;
  std::uint16_t next_port_ = 49152;
  bool running_ = true;
  std::uint32_t life_ = 0;
  TimePoint paused_until_;
  Listening listening_ = Listening::allowed;
  std::chrono::milliseconds clock_ahead_{0};
};

}  // namespace peerage::sim
