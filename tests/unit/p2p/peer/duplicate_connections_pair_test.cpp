// Two nodes that dial each other, with everything that can get in the way, thousands of times: what
// DuplicateConnections promises holds at every moment, and in the end there is one connection.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/peer/duplicate_connections.h"
#include "tests/support/effort.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::Duration;
using conn::NodeId;
using conn::TimePoint;
using Kind = DuplicateConnections::Action::Kind;
using Another = DuplicateConnections::Another;

// What a peer that is silently dead costs until its ping is missed.
constexpr Duration kPingTimeout = 105s;

NodeId id_of(std::uint8_t fill) {
  conn::ByteArray<NodeId::kBytes> bytes;
  bytes.fill(fill);
  return NodeId(bytes);
}

struct Clock {
  struct Event {
    TimePoint when;
    std::uint64_t order;
    std::function<void()> task;
    bool operator<(const Event& other) const {
      return std::tie(when, order) > std::tie(other.when, other.order);
    }
  };
  TimePoint now{1h};
  std::uint64_t order = 0;
  std::priority_queue<Event> events;

  void at(TimePoint when, std::function<void()> task) {
    events.push({std::max(when, now), order++, std::move(task)});
  }
  void after(Duration delay, std::function<void()> task) { at(now + delay, std::move(task)); }
  void run_until(TimePoint end) {
    while (!events.empty() && events.top().when <= end) {
      const Event next = events.top();
      events.pop();
      now = next.when;
      next.task();
    }
    now = end;
  }
};

// One TCP connection between the two.
struct Wire {
  LinkId id;
  bool dead = false;  // neither data nor the end arrives any more
};

// What the two kinds of node have in common: links that prove themselves and go.
class Node {
 public:
  Node(Clock& clock, std::mt19937& random, const NodeId& id)
      : clock_(clock), random_(random), id_(id) {}
  virtual ~Node() = default;

  const NodeId& id() const { return id_; }
  void meet(Node& other, Duration latency) {
    other_ = &other;
    latency_ = latency;
  }

  virtual void on_proven(const std::shared_ptr<Wire>& wire, Direction direction,
                         Another another) = 0;
  virtual void on_no_other(Direction of_waiting) = 0;
  virtual void on_gone(LinkId link) = 0;
  virtual std::optional<LinkId> shown() const = 0;
  virtual bool is_clear() const = 0;

  bool connected() const { return !links_.empty(); }
  bool dialling() const { return dialling_ > 0; }
  std::size_t links() const { return links_.size(); }
  std::vector<LinkId> link_ids() const {
    std::vector<LinkId> ids;
    for (const auto& [id, link] : links_) ids.push_back(id);
    return ids;
  }

  // A dial that fails, or completes on both sides: on one of them up to the latency later, for what
  // completes it was sent when the other completed at the latest. So neither hears of the end
  // first.
  void dial(LinkId link, Duration handshake, bool fails) {
    ++dialling_;
    const auto wire = std::make_shared<Wire>(Wire{link, false});
    clock_.after(latency_, [this] { ++other_->half_open_; });
    const Duration skew = pick(Duration(0), latency_);
    const bool ours_first = random_() % 2 == 0;
    const TimePoint ours =
        clock_.now + 2 * latency_ + handshake + (ours_first ? Duration(0) : skew);
    const TimePoint theirs =
        clock_.now + 2 * latency_ + handshake + (ours_first ? skew : Duration(0));
    clock_.at(ours, [this, wire, fails] {
      --dialling_;
      if (fails) {
        on_no_other(Direction::inbound);
      } else {
        prove(wire, Direction::outbound, half_open_ > 0 ? Another::expected : Another::none);
      }
    });
    clock_.at(theirs, [this, wire, fails] { other_->accept(wire, fails); });
  }

  // Ends a link here, and, if the news arrives, there.
  void close(LinkId link, Duration within) {
    const auto found = links_.find(link);
    if (found == links_.end() || found->second.closing) return;
    found->second.closing = true;
    clock_.after(within, [this, wire = found->second.wire] { end(*wire); });
  }
  // The same, and the other side does not hear of it until it misses an answer.
  void lose(LinkId link) {
    links_.at(link).wire->dead = true;
    close(link, Duration(0));
  }
  void end(const Wire& wire) {
    if (links_.erase(wire.id) == 0) return;
    on_gone(wire.id);
    clock_.after(wire.dead ? kPingTimeout : latency_, [this, wire] { other_->end(wire); });
  }

 protected:
  struct Link {
    std::shared_ptr<Wire> wire;
    bool closing = false;
  };
  Duration pick(Duration from, Duration to) {
    return from +
           Duration(std::uniform_int_distribution<Duration::rep>(0, (to - from).count())(random_));
  }
  // The other end is there and answers.
  bool answers(LinkId link) const {
    const auto found = links_.find(link);
    return found != links_.end() && !found->second.wire->dead && other_->links_.contains(link);
  }

  Clock& clock_;
  std::mt19937& random_;
  NodeId id_;
  Node* other_ = nullptr;
  Duration latency_{};
  std::map<LinkId, Link> links_;
  int dialling_ = 0;
  int half_open_ = 0;

 private:
  void prove(const std::shared_ptr<Wire>& wire, Direction direction, Another another) {
    links_[wire->id] = {wire, false};
    on_proven(wire, direction, another);
  }
  void accept(const std::shared_ptr<Wire>& wire, bool fails) {
    --half_open_;
    if (!fails) prove(wire, Direction::inbound, dialling_ > 0 ? Another::expected : Another::none);
    if (half_open_ == 0) on_no_other(Direction::outbound);
  }
};

// Ours: DuplicateConnections, and a shell that carries out its actions.
class OurNode final : public Node {
 public:
  OurNode(Clock& clock, std::mt19937& random, const NodeId& id)
      : Node(clock, random, id), duplicates_(id) {}

  void on_proven(const std::shared_ptr<Wire>& wire, Direction direction, Another another) override {
    apply(duplicates_.on_proven(other_->id(), wire->id, direction, another, clock_.now));
  }
  void on_no_other(Direction of_waiting) override {
    if (of_waiting == Direction::inbound) {
      apply(duplicates_.on_no_other(other_->id()));
    } else {
      for (const NodeId& id : duplicates_.waiting_for_other()) apply(duplicates_.on_no_other(id));
    }
  }
  void on_gone(LinkId link) override {
    if (shown_ == link) shown_.reset();
    apply(duplicates_.on_gone(other_->id(), link));
  }
  std::optional<LinkId> shown() const override { return shown_; }
  bool is_clear() const override { return duplicates_.nodes() == 0 && !duplicates_.deadline(); }
  int admitted() const { return admitted_; }

 private:
  void apply(const DuplicateConnections::Actions& actions) {
    for (const auto& [kind, link, reason] : actions) {
      ASSERT_TRUE(links_.contains(link)) << "it acts on a link that is gone";
      switch (kind) {
        case Kind::admit:
          ASSERT_FALSE(shown_) << "a second one is shown";
          ASSERT_FALSE(dropped_.contains(link)) << "one that was dropped is admitted";
          shown_ = link;
          ++admitted_;
          break;
        case Kind::drop:
          ASSERT_TRUE(dropped_.insert(link).second) << "dropped twice";
          close(link, pick(Duration(0), 20ms));
          break;
        case Kind::probe:
          clock_.after(2 * latency_, [this, id = link] {
            if (answers(id)) apply(duplicates_.on_life(other_->id(), id));
          });
          break;
      }
    }
    ASSERT_EQ(duplicates_.shown(other_->id()), shown_);
    if (const auto deadline = duplicates_.deadline()) {
      clock_.at(*deadline, [this] { apply(duplicates_.on_time(clock_.now)); });
    }
  }

  DuplicateConnections duplicates_;
  std::optional<LinkId> shown_;
  std::set<LinkId> dropped_;
  int admitted_ = 0;
};

// A Go node: whichever completes second is closed at once.
class GoNode final : public Node {
 public:
  using Node::Node;
  void on_proven(const std::shared_ptr<Wire>& wire, Direction, Another) override {
    if (shown_) {
      close(wire->id, Duration(0));
    } else {
      shown_ = wire->id;
    }
  }
  void on_no_other(Direction) override {}
  void on_gone(LinkId link) override {
    if (shown_ == link) shown_.reset();
  }
  std::optional<LinkId> shown() const override { return shown_; }
  bool is_clear() const override { return !shown_; }

 private:
  std::optional<LinkId> shown_;
};

enum class Other { ours, go };

class DuplicateConnectionsPair : public testing::TestWithParam<Other> {
 protected:
  struct Pair {
    explicit Pair(std::uint32_t seed, Other kind)
        : random(seed), first(clock, random, id_of(random() % 2 == 0 ? 0x10 : 0x90)) {
      if (kind == Other::ours) {
        second = std::make_unique<OurNode>(clock, random, id_of(0x50));
      } else {
        second = std::make_unique<GoNode>(clock, random, id_of(0x50));
      }
      const Duration latency = pick(1ms, 300ms);
      first.meet(*second, latency);
      second->meet(first, latency);
    }
    Duration pick(Duration from, Duration to) {
      return from +
             Duration(std::uniform_int_distribution<Duration::rep>(0, (to - from).count())(random));
    }
    bool chance(double probability) {
      return std::uniform_real_distribution<>(0, 1)(random) < probability;
    }
    void dial(Node& from, bool fails = false) {
      from.dial(next_link++, pick(Duration(0), 2s), fails);
    }
    // For `span`: dials, also needless ones, some of which fail; closes on either side, also such
    // that the other one never hears of.
    void wreak_havoc(Duration span) {
      const TimePoint end = clock.now + span;
      for (Node* node : {static_cast<Node*>(&first), second.get()}) {
        for (TimePoint when = clock.now + pick(Duration(0), 3s); when < end;
             when += pick(100ms, 6s)) {
          clock.at(when, [this, node] {
            if (!node->connected() && !node->dialling()) dial(*node, chance(0.2));
          });
        }
        for (TimePoint when = clock.now + pick(Duration(0), 8s); when < end;
             when += pick(10ms, 8s)) {
          clock.at(when, [this, node] {
            const auto ids = node->link_ids();
            const double what = std::uniform_real_distribution<>(0, 1)(random);
            if (what < 0.4) {
              if (!node->dialling()) dial(*node);
            } else if (!ids.empty()) {
              node->close(ids[random() % ids.size()], Duration(0));
            }
          });
        }
      }
    }
    // Each dials when it has nothing and is not dialling, now and then.
    void dial_when_alone(TimePoint end) {
      for (Node* node : {static_cast<Node*>(&first), second.get()}) {
        for (TimePoint when = clock.now; when < end; when += pick(500ms, 10s)) {
          clock.at(when, [this, node] {
            if (!node->connected() && !node->dialling()) dial(*node);
          });
        }
      }
    }
    void expect_one_connection() {
      ASSERT_TRUE(first.shown());
      EXPECT_EQ(first.shown(), second->shown());
      EXPECT_EQ(first.links(), 1u);
      EXPECT_EQ(second->links(), 1u);
    }
    void end() {
      for (const LinkId link : first.link_ids()) first.close(link, Duration(0));
      clock.run_until(clock.now + 2 * kPingTimeout);
      EXPECT_TRUE(first.is_clear());
      EXPECT_TRUE(second->is_clear());
      EXPECT_EQ(first.links() + second->links(), 0u);
    }

    Clock clock;
    std::mt19937 random;
    OurNode first;
    std::unique_ptr<Node> second;
    LinkId next_link = 1;
  };
  inline static const auto kSeeds =
      test::by_effort<std::uint32_t>({.whole = 10'000, .usual = 10'000, .sanitized = 1'000});
};

TEST_P(DuplicateConnectionsPair, OfTwoDialsAtOnceExactlyOneConnectionStaysWithoutADialMore) {
  int replaced = 0;
  for (std::uint32_t seed = 0; seed < kSeeds && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Pair pair(seed, GetParam());
    pair.dial(pair.first);
    pair.clock.after(pair.pick(Duration(0), 5s), [&] { pair.dial(*pair.second); });
    pair.clock.run_until(pair.clock.now + 10s);
    pair.expect_one_connection();
    const auto kept = pair.first.shown();
    EXPECT_LE(pair.first.admitted(), 2);
    replaced += pair.first.admitted() - 1;
    pair.clock.run_until(pair.clock.now + 1min);
    EXPECT_EQ(pair.first.shown(), kept) << "nothing moves after ten seconds";
    pair.end();
  }
  EXPECT_LT(replaced, static_cast<int>(kSeeds) / 10) << "holding back spares the reactors nothing";
}

TEST_P(DuplicateConnectionsPair, AfterAnyDisorderExactlyOneConnectionStaysThatBothAgreeOn) {
  int admitted = 0;
  for (std::uint32_t seed = 0; seed < kSeeds && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Pair pair(seed, GetParam());
    pair.wreak_havoc(20s);
    pair.clock.run_until(pair.clock.now + 20s);
    pair.dial_when_alone(pair.clock.now + 1min);
    pair.clock.run_until(pair.clock.now + 2min);
    pair.expect_one_connection();
    admitted += pair.first.admitted();
    pair.end();
  }
  EXPECT_GT(admitted, static_cast<int>(3 * kSeeds)) << "there was little disorder";
}

TEST_P(DuplicateConnectionsPair, ASilentlyDeadConnectionDoesNotKeepTheNodesApart) {
  for (std::uint32_t seed = 0; seed < kSeeds && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Pair pair(seed, GetParam());
    pair.wreak_havoc(20s);
    const TimePoint dies = pair.clock.now + pair.pick(1s, 40s);
    pair.clock.at(dies, [&] {
      // The other node restarts, and its last messages are lost.
      for (const LinkId link : pair.second->link_ids()) pair.second->lose(link);
    });
    pair.clock.run_until(pair.clock.now + 20s);
    pair.dial_when_alone(pair.clock.now + 1min);
    pair.clock.run_until(pair.clock.now + 2min);
    pair.expect_one_connection();
    pair.end();
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, DuplicateConnectionsPair, testing::Values(Other::ours, Other::go),
                         [](const auto& each) {
                           return each.param == Other::ours ? "BothOurs" : "OneIsAGoNode";
                         });

}  // namespace
}  // namespace peerage::p2p
