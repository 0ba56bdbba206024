#include "p2p/connect/first_bytes.h"

#include <utility>

#include "conn/comet/foreign_protocol.h"
#include "conn/comet/secret_handshake.h"
#include "conn/runtime/pending_share.h"

namespace peerage::p2p {
namespace {

using conn::Failure;
using conn::IoStatus;
using conn::Reason;
using conn::Stage;

class Running final : public std::enable_shared_from_this<Running> {
 public:
  Running(conn::Shard& shard, std::unique_ptr<conn::Stream> stream, Failure refusal,
          UpgradeDone done)
      : shard_(shard),
        stream_(std::move(stream)),
        refusal_(std::move(refusal)),
        done_(std::move(done)) {}

  void start(conn::TimePoint deadline) {
    timer_ = shard_.make_timer(later(&Running::on_timer));
    timer_->arm(deadline);
    stream_->when_readable(later(&Running::read));
  }

 private:
  conn::Task later(void (Running::*method)()) {
    return [weak = weak_from_this(), method] {
      if (const auto self = weak.lock(); self && self->done_) (self.get()->*method)();
    };
  }

  void read() {
    conn::ByteArray<conn::kEphemeralMessage> piece;
    while (true) {
      const conn::IoResult got =
          stream_->read(conn::MutableBytes(piece).first(piece.size() - seen_.size()));
      if (got.status == IoStatus::would_block) break;
      if (got.status != IoStatus::ok) return finish(on_end());
      seen_.insert(seen_.end(), piece.begin(),
                   piece.begin() + static_cast<std::ptrdiff_t>(got.bytes));
      if (conn::may_begin_a_handshake(seen_)) return finish(refusal_);
      if (!conn::may_yet_be_identified(seen_)) {
        return finish(conn::identify_foreign_protocol(seen_));
      }
    }
    stream_->when_readable(later(&Running::read));
  }
  void on_timer() {
    finish(seen_.empty() ? Failure{Stage::key_exchange, Reason::silent, {}} : on_end());
  }
  Failure on_end() const {
    if (!seen_.empty()) return conn::identify_foreign_protocol(seen_);
    return {Stage::key_exchange, Reason::closed_before_key, {}};
  }

  void finish(Failure failure) {
    UpgradeReport report;
    report.received = seen_.size();
    timer_.reset();
    stream_.reset();
    const UpgradeDone done = std::exchange(done_, nullptr);
    done(tl::unexpected(std::move(failure)), report);
  }

  conn::Shard& shard_;
  std::unique_ptr<conn::Stream> stream_;
  const Failure refusal_;
  UpgradeDone done_;
  std::unique_ptr<conn::Timer> timer_;
  conn::Bytes seen_;
};

}  // namespace

std::unique_ptr<conn::Pending> FirstBytes::start(conn::Shard& shard,
                                                 std::unique_ptr<conn::Stream> stream,
                                                 HandshakePlan plan, UpgradeDone done,
                                                 UpgradeProgress) {
  auto running = std::make_shared<Running>(shard, std::move(stream), refusal_, std::move(done));
  running->start(plan.deadline);
  return conn::pending_share(std::move(running));
}

}  // namespace peerage::p2p
