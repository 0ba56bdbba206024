// A toy of a consensus engine: five validators in one process, on real sockets of this machine.
//
// At each height all vote for a block, and one that has seen the votes of more than two thirds goes
// on to the next. Votes travel on a channel of high priority, beside transactions that fill a
// channel of low priority to the brim. One validator lies at height 5: the others disconnect it,
// ban it for a while, and go on without it.
//
//   toy_consensus [--heights N]
//
// It ends by itself: with 0 if every honest validator has committed every height and the liar, and
// no other, is banned; otherwise with 1.
#include <atomic>
#include <charconv>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "conn/runtime/asio_runtime.h"
#include "p2p/base/peer_reason.h"
#include "p2p/typed.h"
#include "stop_signals.h"

namespace {

using namespace peerage;
using namespace std::chrono_literals;

constexpr std::size_t kValidators = 5;
constexpr std::size_t kQuorum = kValidators * 2 / 3 + 1;
constexpr std::uint32_t kHeightOfTheLie = 5;
constexpr conn::Duration kBlockTime = 50ms;
constexpr conn::ChannelId kVotes{0x22}, kTransactions{0x30};

// One line at a time, from any thread.
void say(const std::string& line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::cout << line << std::endl;
}

std::string who(const p2p::Peer& peer) {
  return conn::printable(peer.info().moniker);  // it is what the peer says: to be printed escaped
}

// Stands for a generated protobuf class, which has these three functions.
struct Vote {
  std::uint32_t height = 0;
  std::uint32_t block = 0;

  std::size_t ByteSizeLong() const { return sizeof *this; }
  bool SerializeToArray(void* out, int) const { return std::memcpy(out, this, sizeof *this); }
  bool ParseFromArray(const void* in, int size) {
    return size == sizeof *this && std::memcpy(this, in, sizeof *this);
  }
};

// What executing a block comes to: honest validators agree on it, so another vote is a lie.
std::uint32_t block_at(std::uint32_t height) {
  return height * 0x9e3779b1u;
}

class Consensus : public p2p::TypedReactor<Vote> {
 public:
  enum class Role : std::uint8_t { honest, reporter, liar };

  Consensus(Role role, std::uint32_t heights) : role_(role), heights_(heights) {}

  std::string name() const override { return "consensus"; }
  std::vector<p2p::ReactorChannel> channels() const override {
    return {{.id = kVotes,
             .priority = 10,
             .send_queue_messages = 1000,
             .max_message_bytes = sizeof(Vote)}};
  }
  std::uint32_t committed() const { return committed_; }

  void on_start() override { vote(); }

  // A newcomer is sent all our votes; from then on it gets them as all others do.
  void add_peer(const p2p::PeerPtr& peer) override {
    for (std::uint32_t height = 1; height <= height_; ++height) {
      p2p::send(*peer, kVotes, vote_at(height));
    }
  }

  void receive(const p2p::PeerPtr& peer, Vote vote, conn::ChannelId) override {
    if (vote.height > heights_ || vote.block != block_at(vote.height)) {
      punish(peer, "voted for a wrong block at height " + std::to_string(vote.height));
      return;
    }
    const bool is_new = votes_[vote.height].insert(peer->id()).second;
    // Useful peers are kept when there are too many.
    if (is_new && vote.height == height_) peer->mark_useful();
    commit_if_decided();
  }

 private:
  Vote vote_at(std::uint32_t height) const {
    const bool lie = role_ == Role::liar && height == kHeightOfTheLie;
    return {height, block_at(height) + (lie ? 1 : 0)};
  }
  void vote() {
    voted_at_ = context().now();
    p2p::broadcast(context().get_switch(), kVotes, vote_at(height_));
    commit_if_decided();
  }
  void commit_if_decided() {
    const std::size_t votes = votes_[height_].size() + 1;  // our own
    if (committed_ == height_ || votes < kQuorum) return;
    committed_ = height_;
    if (role_ == Role::reporter) {
      const auto took =
          std::chrono::duration_cast<std::chrono::microseconds>(context().now() - voted_at_);
      say("height " + std::to_string(height_) + " is committed with " + std::to_string(votes) +
          " votes, " + std::to_string(took.count()) + " us after ours");
    }
    if (height_ == heights_) return;
    pause_ = context().after(kBlockTime, [this] {
      ++height_;
      vote();
    });
  }
  // The disconnection has a reason; the ban keeps it from coming back at once.
  void punish(const p2p::PeerPtr& peer, const std::string& what) {
    p2p::Switch& node = context().get_switch();
    node.stop_peer(peer->id(), {conn::Stage::established, p2p::PeerReason::misbehaved, what});
    node.ban(peer->id(), 1min, what, p2p::BanOrigin::misbehaviour);
  }

  const Role role_;
  const std::uint32_t heights_;
  std::atomic<std::uint32_t> committed_ = 0;
  // The rest is touched by the reactor's calls alone, which come one after another.
  std::uint32_t height_ = 1;
  conn::TimePoint voted_at_;
  std::map<std::uint32_t, std::set<conn::NodeId>> votes_;
  std::shared_ptr<void> pause_;
};

// Sends transactions to all peers as fast as they are taken.
class Mempool : public p2p::Reactor {
 public:
  std::string name() const override { return "mempool"; }
  std::vector<p2p::ReactorChannel> channels() const override {
    // When they come too fast some are lost: by default the peer would be read no further until
    // there is room, and its votes would wait with its transactions.
    return {{.id = kTransactions, .priority = 1, .when_full = p2p::FullInbox::drop_newest}};
  }
  std::size_t received() const { return received_; }

  void start(p2p::ReactorContext& context) override {
    context_ = &context;
    submit();
  }
  void receive(const p2p::PeerPtr&, p2p::Message message) override {
    received_ += message.bytes.size();
  }

 private:
  // A broadcast does not wait: peers with a full queue go without, this time.
  void submit() {
    context_->get_switch().broadcast(kTransactions, transaction_);
    pause_ = context_->after(5ms, [this] { submit(); });
  }

  p2p::ReactorContext* context_ = nullptr;
  const conn::SharedBytes transaction_ = std::make_shared<const conn::Bytes>(64 * 1024, 't');
  std::shared_ptr<void> pause_;
  std::atomic<std::size_t> received_ = 0;
};

class Validator {
 public:
  Validator(conn::Runtime& runtime, std::size_t number, Consensus::Role role, std::uint32_t heights)
      : consensus_(std::make_shared<Consensus>(role, heights)),
        name_("validator " + std::to_string(number)),
        node_(runtime, fresh_key(runtime), config(name_)) {
    node_.add_reactor(consensus_);
    node_.add_reactor(mempool_);
    node_.on_event([this](const p2p::SwitchEvent& event) { on_event(event); });
  }

  p2p::Switch& node() { return node_; }
  std::uint32_t committed() const { return consensus_->committed(); }
  std::size_t transactions() const { return mempool_->received(); }
  bool has_refused() const { return refused_; }
  std::set<conn::NodeId> banned() const {
    const std::lock_guard lock(mutex_);
    return banned_;
  }

 private:
  static conn::NodeKey fresh_key(conn::Runtime& runtime) {
    conn::Secret<32> seed;
    runtime.random(seed.writable());
    return conn::NodeKey::from_seed(seed);
  }
  static p2p::SwitchConfig config(const std::string& name) {
    p2p::SwitchConfig config;
    config.networks = {"toy-consensus"};
    config.moniker = name;
    config.p2p.laddr = "127.0.0.1:0";
    config.p2p.allow_duplicate_ip = true;  // all of them are at 127.0.0.1
    config.p2p.send_rate = 1'000'000;      // a thin line, so that transactions crowd it
    return config;
  }
  // On the control shard.
  void on_event(const p2p::SwitchEvent& event) {
    if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
      if (gone->why.reason != p2p::PeerReason::misbehaved) return;
      say(name_ + " parts with " + who(*gone->peer) + ": " + gone->why.text());
    } else if (const auto* banned = std::get_if<p2p::Banned>(&event)) {
      const std::lock_guard lock(mutex_);
      if (const auto* id = std::get_if<conn::NodeId>(&banned->ban.target)) banned_.insert(*id);
    } else if (const auto* refused = std::get_if<p2p::Refused>(&event)) {
      if (refused->failure.reason != p2p::PeerReason::banned || refused_.exchange(true)) return;
      say(name_ + " refuses " + refused->id->to_string() + ": " + refused->failure.text());
    }
  }

  const std::shared_ptr<Consensus> consensus_;
  const std::shared_ptr<Mempool> mempool_ = std::make_shared<Mempool>();
  const std::string name_;
  mutable std::mutex mutex_;
  std::set<conn::NodeId> banned_;  // guarded by mutex_
  std::atomic<bool> refused_ = false;
  p2p::Switch node_;  // last: it goes before what its reactors and handlers use
};

// True when all came true that should.
bool run(std::uint32_t heights, const StopSignals& signals) {
  conn::AsioRuntime runtime(2);
  std::vector<std::unique_ptr<Validator>> validators;
  for (std::size_t i = 1; i <= kValidators; ++i) {
    const auto role = i == 1             ? Consensus::Role::reporter
                      : i == kValidators ? Consensus::Role::liar
                                         : Consensus::Role::honest;
    validators.push_back(std::make_unique<Validator>(runtime, i, role, heights));
    if (const auto started = validators.back()->node().start_and_wait(); !started) {
      std::cerr << "toy_consensus: " << started.error().text() << '\n';
      return false;
    }
  }
  // Each dials those before it, so the liar is the one that tries to come back.
  for (std::size_t i = 0; i < kValidators; ++i) {
    for (std::size_t before = 0; before < i; ++before) {
      const conn::NetAddress address = validators[before]->node().listen_address();
      validators[i]->node().add_persistent_peer(conn::HostAddress::of(address));
    }
  }

  const std::set liar = {validators.back()->node().id()};
  const auto agreed = [&] {
    bool liar_came_back = false;
    for (std::size_t i = 0; i + 1 < kValidators; ++i) {
      const Validator& honest = *validators[i];
      if (honest.committed() != heights || honest.banned() != liar) return false;
      liar_came_back = liar_came_back || honest.has_refused();
    }
    return liar_came_back;
  };
  const auto give_up = std::chrono::steady_clock::now() + 60s;
  while (!agreed() && std::chrono::steady_clock::now() < give_up) {
    if (signals.wait_for(10ms)) break;
  }
  const bool worked = agreed();
  std::size_t transactions = 0;
  for (const auto& validator : validators) transactions += validator->transactions();
  say(std::string(worked ? "all honest validators agree" : "it did not come to an end") +
      "; meanwhile they got " + std::to_string(transactions >> 20) + " MiB of transactions");
  for (const auto& validator : validators) validator->node().stop();
  return worked;
}

std::optional<std::uint32_t> parse(int argc, char** argv) {
  if (argc == 1) return 20;
  const std::string value = argc == 3 && std::string(argv[1]) == "--heights" ? argv[2] : "";
  std::uint32_t heights = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), heights);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return heights < kHeightOfTheLie || heights > 10'000 ? std::nullopt : std::optional(heights);
}

}  // namespace

int main(int argc, char** argv) {
  const auto heights = parse(argc, argv);
  if (!heights) {
    std::cerr << "usage: toy_consensus [--heights N]      N from " << kHeightOfTheLie
              << " to 10000\n";
    return 2;
  }
  const StopSignals signals;
  return run(*heights, signals) ? 0 : 1;
}
