#include "p2p/connect/dial_attempt.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "conn/runtime/pending_share.h"

namespace peerage::p2p {
namespace {

using conn::Failure;
using conn::Reason;
using conn::Result;
using conn::Stage;
using namespace std::chrono_literals;

class Running final : public std::enable_shared_from_this<Running> {
 public:
  Running(conn::Runtime& runtime, conn::Shard& shard, std::shared_ptr<Upgrader> upgrader,
          DialPlan plan, DialAttempt::Done done, DialAttempt::Progress progress)
      : runtime_(runtime),
        shard_(shard),
        upgrader_(std::move(upgrader)),
        plan_(std::move(plan)),
        done_(std::move(done)),
        progress_(std::move(progress)),
        begun_(shard.now()) {}

  void start() {
    pending_ = runtime_.resolve(shard_, plan_.host, at_most(plan_.timeouts.resolve),
                                [weak = weak_from_this()](auto addresses) {
                                  if (const auto self = weak.lock())
                                    self->on_resolved(std::move(addresses));
                                });
  }

 private:
  conn::Duration at_most(conn::Duration limit) const {
    return std::min(limit, std::max<conn::Duration>(plan_.deadline - shard_.now(), 1ms));
  }

  void on_resolved(Result<std::vector<conn::IpAddress>> addresses) {
    if (!addresses) return finish(tl::unexpected(addresses.error()));
    addresses_ = std::move(*addresses);
    resolved_ = shard_.now();
    report_.resolved = resolved_ - begun_;
    failure_ = {Stage::connect, Reason::unreachable, {}};
    connect_next();
  }

  bool has_next() const {
    return next_address_ < addresses_.size() && shard_.now() < plan_.deadline;
  }

  // Keeps the failure that is reported if no other address answers, and what was seen there.
  void on_failed(const Failure& why) {
    if (!failed_report_ || counts_more(why)) {
      failure_ = why;
      failed_report_ = report_;
    }
    connect_next();
  }

  bool counts_more(const Failure& why) const {
    static const Reason kSelf = Reason::connected_to_self;
    if (why.reason == kSelf || failure_.reason == kSelf) return failure_.reason == kSelf;
    return plan_.reports == DialPlan::Reports::least_far ? why.stage <= failure_.stage
                                                         : why.stage >= failure_.stage;
  }

  void connect_next() {
    if (!has_next()) {
      if (failed_report_) report_ = *failed_report_;
      return finish(tl::unexpected(failure_));
    }
    const conn::Endpoint to{addresses_[next_address_++], plan_.port};
    report_.remote = to;
    report_.connected.reset();
    report_.upgrade = {};
    announce(Stage::connect);
    const auto& own = plan_.loopback_source;
    const bool near = own && own->loopback() && to.ip.loopback() && own->is_v4() == to.ip.is_v4();
    pending_ =
        runtime_.connect(shard_, {to, near ? own : std::nullopt}, at_most(plan_.timeouts.dial),
                         [weak = weak_from_this()](auto stream) {
                           if (const auto self = weak.lock()) self->on_connected(std::move(stream));
                         });
  }

  void on_connected(Result<std::unique_ptr<conn::Stream>> stream) {
    if (!stream) return on_failed(stream.error());
    const conn::TimePoint now = shard_.now();
    report_.connected = now - resolved_;
    announce(Stage::key_exchange);
    HandshakePlan plan;
    plan.ours = plan_.ours;
    plan.expected = plan_.expected;
    plan.deadline = std::min(now + plan_.timeouts.handshake, plan_.deadline);
    if (plan_.patience) plan.patience = now + *plan_.patience;
    pending_ = upgrader_->start(
        shard_, std::move(*stream), std::move(plan),
        [weak = weak_from_this()](Result<Upgraded> upgraded, const UpgradeReport& report) {
          if (const auto self = weak.lock()) self->on_upgraded(std::move(upgraded), report);
        },
        [weak = weak_from_this()](Stage stage) {
          if (const auto self = weak.lock()) self->announce(stage);
        });
  }

  void on_upgraded(Result<Upgraded> upgraded, const UpgradeReport& report) {
    report_.upgrade = report;
    if (upgraded) return finish(std::move(upgraded));
    on_failed(upgraded.error());  // another address of the name may be the right one
  }

  void announce(Stage stage) {
    if (progress_) progress_(stage);
  }

  // The last thing that is done here: the callback may end us.
  void finish(Result<Upgraded> outcome) {
    pending_.reset();
    progress_ = nullptr;
    const DialAttempt::Done done = std::exchange(done_, nullptr);
    done(std::move(outcome), report_);
  }

  conn::Runtime& runtime_;
  conn::Shard& shard_;
  const std::shared_ptr<Upgrader> upgrader_;
  const DialPlan plan_;
  DialAttempt::Done done_;
  DialAttempt::Progress progress_;
  const conn::TimePoint begun_;
  conn::TimePoint resolved_;
  std::vector<conn::IpAddress> addresses_;
  std::size_t next_address_ = 0;
  AttemptReport report_;
  Failure failure_;
  std::optional<AttemptReport> failed_report_;
  std::unique_ptr<conn::Pending> pending_;
};

}  // namespace

std::unique_ptr<conn::Pending> DialAttempt::start(conn::Runtime& runtime, conn::Shard& shard,
                                                  std::shared_ptr<Upgrader> upgrader, DialPlan plan,
                                                  Done done, Progress progress) {
  auto running = std::make_shared<Running>(runtime, shard, std::move(upgrader), std::move(plan),
                                           std::move(done), std::move(progress));
  running->start();
  return conn::pending_share(std::move(running));
}

}  // namespace peerage::p2p
