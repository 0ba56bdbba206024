#include "p2p/connect/transport.h"

#include <algorithm>
#include <utility>

#include "conn/runtime/shard_owned.h"
#include "p2p/connect/first_bytes.h"

namespace peerage::p2p {
namespace {

using conn::Reason;
using conn::Result;
using conn::Stage;

// One attempt. What runs (the dial, the upgrade) is touched on its shard only; `done` and
// `progress` belong to the control shard.
class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(conn::Runtime& runtime, std::shared_ptr<Upgrader> upgrader, std::size_t shard,
          Transport::Progress progress, Transport::Done done)
      : runtime_(runtime),
        upgrader_(std::move(upgrader)),
        shard_index_(shard),
        shard_(runtime.shard(shard)),
        control_(runtime.shard(0)),
        announces_(progress != nullptr),
        progress_(std::move(progress)),
        done_(std::move(done)) {}

  // --- on the control shard ---

  void begin(std::function<void(Attempt&)> work) {
    shard_.post([self = shared_from_this(), work = std::move(work)] {
      if (!self->cancelled_) work(*self);
    });
  }
  void cancel() {
    done_ = nullptr;
    progress_ = nullptr;
    shard_.post([self = shared_from_this()] {
      self->cancelled_ = true;
      self->running_.reset();
    });
  }

  // --- on its shard ---

  void accept(conn::Arrival& arrival, const std::shared_ptr<const Introduction>& introduction,
              conn::TimePoint deadline) {
    HandshakePlan plan;
    plan.deadline = deadline;
    if (introduction->networks.size() == 1) {
      plan.ours = introduction->info;
    } else {
      // The dialler names its network first; we answer with the same.
      plan.ours = [introduction](const NodeInfo& theirs) -> Result<NodeInfo> {
        return introduction->for_network(theirs.network);
      };
    }
    upgrade(arrival, std::move(plan));
  }

  void upgrade(conn::Arrival& arrival, HandshakePlan plan) {
    report_.remote = arrival.remote_endpoint();
    auto stream = arrival.claim(shard_);
    if (!stream) {
      return finish(conn::fail(Stage::connect, Reason::io_error, "the socket cannot be used"));
    }
    running_ = upgrader_->start(
        shard_, std::move(stream), std::move(plan),
        [this](Result<Upgraded> upgraded, const UpgradeReport& report) {
          report_.upgrade = report;
          end(std::move(upgraded));
        },
        announcer());
  }

  void dial(const conn::HostAddress& target, DialPlan plan) {
    dialled_ = target;
    running_ = DialAttempt::start(
        runtime_, shard_, upgrader_, std::move(plan),
        [this](Result<Upgraded> upgraded, const AttemptReport& report) {
          report_ = report;
          end(std::move(upgraded));
        },
        announcer());
  }

 private:
  // Tells the control shard of each stage.
  Transport::Progress announcer() {
    if (!announces_) return {};
    return [weak = weak_from_this()](Stage stage) {
      const auto self = weak.lock();
      if (!self) return;
      self->control_.post([self, stage] {
        if (self->progress_) self->progress_(stage);
      });
    };
  }

  void end(Result<Upgraded> upgraded) {
    if (!upgraded) return finish(tl::unexpected(upgraded.error()));
    finish(proven(std::move(*upgraded)));
  }

  Proven proven(Upgraded upgraded) {
    Proven node;
    node.shard = shard_index_;
    node.direction = dialled_ ? Direction::outbound : Direction::inbound;
    node.remote = *report_.remote;
    node.dialled = dialled_;
    node.upgraded = conn::shard_owned(shard_, std::make_unique<Upgraded>(std::move(upgraded)));
    return node;
  }

  void finish(Result<Proven> outcome) {
    running_.reset();
    auto shared = std::make_shared<Result<Proven>>(std::move(outcome));
    control_.post([self = shared_from_this(), shared] {
      if (const auto done = std::exchange(self->done_, nullptr)) {
        self->progress_ = nullptr;
        done(std::move(*shared), self->report_);
      }
    });
  }

  conn::Runtime& runtime_;
  const std::shared_ptr<Upgrader> upgrader_;
  const std::size_t shard_index_;
  conn::Shard& shard_;
  conn::Shard& control_;
  const bool announces_;
  // The control shard's.
  Transport::Progress progress_;
  Transport::Done done_;
  // Its own shard's; the report is not written after finish().
  bool cancelled_ = false;
  std::optional<conn::HostAddress> dialled_;
  AttemptReport report_;
  std::unique_ptr<conn::Pending> running_;
};

// What the owner holds.
class Handle final : public conn::Pending {
 public:
  explicit Handle(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}
  ~Handle() override { attempt_->cancel(); }

 private:
  std::shared_ptr<Attempt> attempt_;
};

}  // namespace

Transport::Transport(conn::Runtime& runtime, std::shared_ptr<Upgrader> upgrader,
                     const Timeouts& timeouts, const conn::IpAddress& own)
    : runtime_(runtime), upgrader_(std::move(upgrader)), timeouts_(timeouts), own_(own) {}

NodeInfo Introduction::for_network(const std::string& network) const {
  NodeInfo answer = info;
  if (std::find(networks.begin(), networks.end(), network) != networks.end()) {
    answer.network = network;
  }
  return answer;
}

std::unique_ptr<conn::Pending> Transport::accept(std::unique_ptr<conn::Arrival> arrival,
                                                 std::size_t shard,
                                                 std::shared_ptr<const Introduction> introduction,
                                                 conn::TimePoint deadline, Progress progress,
                                                 Done done) {
  auto attempt =
      std::make_shared<Attempt>(runtime_, upgrader_, shard, std::move(progress), std::move(done));
  attempt->begin([arrival = std::shared_ptr<conn::Arrival>(std::move(arrival)),
                  introduction = std::move(introduction),
                  deadline](Attempt& self) { self.accept(*arrival, introduction, deadline); });
  return std::make_unique<Handle>(std::move(attempt));
}

std::unique_ptr<conn::Pending> Transport::hear_out(std::unique_ptr<conn::Arrival> arrival,
                                                   std::size_t shard, conn::Failure refusal,
                                                   conn::TimePoint deadline, Done done) {
  auto attempt =
      std::make_shared<Attempt>(runtime_, std::make_shared<FirstBytes>(std::move(refusal)), shard,
                                Progress(), std::move(done));
  attempt->begin(
      [arrival = std::shared_ptr<conn::Arrival>(std::move(arrival)), deadline](Attempt& self) {
        HandshakePlan plan;
        plan.deadline = deadline;
        self.upgrade(*arrival, std::move(plan));
      });
  return std::make_unique<Handle>(std::move(attempt));
}

std::unique_ptr<conn::Pending> Transport::dial(const conn::HostAddress& target, std::size_t shard,
                                               std::shared_ptr<const Introduction> introduction,
                                               const std::string& network, Done done,
                                               Progress progress) {
  auto attempt =
      std::make_shared<Attempt>(runtime_, upgrader_, shard, std::move(progress), std::move(done));
  attempt->begin([target, timeouts = timeouts_, own = own_, introduction = std::move(introduction),
                  network](Attempt& self) {
    NodeInfo ours = introduction->info;
    if (!network.empty()) ours.network = network;
    DialPlan plan;
    plan.host = target.host;
    plan.port = target.port;
    plan.expected = target.id;
    plan.ours = std::move(ours);
    plan.timeouts = timeouts;
    plan.loopback_source = own;
    self.dial(target, std::move(plan));
  });
  return std::make_unique<Handle>(std::move(attempt));
}

}  // namespace peerage::p2p
