#include "p2p/connect/upgrade.h"

#include <utility>

#include "conn/comet/connection.h"
#include "conn/comet/frame_aead.h"
#include "conn/runtime/pending_share.h"

namespace peerage::p2p {
namespace {

using conn::ByteView;
using conn::Failure;
using conn::IoStatus;
using conn::Stage;

class Running final : public std::enable_shared_from_this<Running> {
 public:
  Running(conn::Shard& shard, std::unique_ptr<conn::Stream> stream, Handshake handshake,
          Upgrade::Done done, Upgrade::Progress progress)
      : shard_(shard),
        stream_(std::move(stream)),
        handshake_(std::move(handshake)),
        done_(std::move(done)),
        progress_(std::move(progress)),
        started_(shard.now()) {}

  void start() {
    timer_ = shard_.make_timer(later(&Running::on_timer));
    timer_->arm(handshake_.deadline());
    shard_.post(later(&Running::write));
    stream_->when_readable(later(&Running::read));
  }

 private:
  conn::Task later(void (Running::*method)()) {
    return [weak = weak_from_this(), method] {
      if (const auto self = weak.lock(); self && self->done_) (self.get()->*method)();
    };
  }

  void read() {
    if (!take_input()) return;
    if (!handshake_.done()) stream_->when_readable(later(&Running::read));
    timer_->arm(handshake_.deadline());
    write();
  }

  // Feeds the handshake all that the socket holds for it. False when that has ended the upgrade.
  bool take_input() {
    const conn::MutableBytes scratch = shard_.scratch(conn::Scratch::reading);
    while (!handshake_.done()) {
      const conn::IoResult got = stream_->read(scratch.first(handshake_.wanted()));
      if (got.status == IoStatus::would_block) break;
      if (got.status != IoStatus::ok) {
        finish_with(got.status == IoStatus::end ? handshake_.on_end() : handshake_.on_reset());
        return false;
      }
      const auto taken = handshake_.receive(scratch.first(got.bytes));
      note_progress();
      if (!taken) {
        // Our NodeInfo may still wait to be written; it tells the remote why we close.
        flush();
        finish_with(taken.error());
        return false;
      }
    }
    return true;
  }

  // Gives the socket what it takes of our output.
  IoStatus flush() {
    const conn::Bytes more = handshake_.take_output();
    output_.insert(output_.end(), more.begin(), more.end());
    while (!output_.empty()) {
      const ByteView part = output_;
      const conn::IoResult put = stream_->write({&part, 1});
      if (put.status != IoStatus::ok) return put.status;
      output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(put.bytes));
    }
    return IoStatus::ok;
  }

  void write() {
    const IoStatus flushed = flush();
    if (flushed == IoStatus::would_block) {
      stream_->when_writable(later(&Running::write));
    } else if (flushed != IoStatus::ok) {
      // What the remote said before it went tells more than the broken pipe.
      if (take_input()) finish_with(handshake_.on_reset());
    } else if (handshake_.done()) {
      succeed();
    }
  }

  void on_timer() {
    if (const auto in_time = handshake_.check(shard_.now()); !in_time) {
      finish_with(in_time.error());
    } else {
      timer_->arm(handshake_.deadline());
    }
  }

  void note_progress() {
    const conn::Duration since = shard_.now() - started_;
    const Stage stage = handshake_.stage();
    if (stage > Stage::key_exchange && !report_.keys_exchanged) report_.keys_exchanged = since;
    if (stage > Stage::authentication && !report_.authenticated) report_.authenticated = since;
    if (handshake_.remote_info() && !report_.node_info_received) report_.node_info_received = since;
    if (progress_ && stage != std::exchange(announced_, stage)) progress_(stage);
  }

  void succeed() {
    finish(Upgraded{conn::proven_stream(std::move(stream_), handshake_.take_session()),
                    *handshake_.our_info(), *handshake_.remote_info()});
  }
  void finish_with(Failure failure) { finish(tl::unexpected(std::move(failure))); }

  void finish(conn::Result<Upgraded> outcome) {
    report_.received = handshake_.received();
    report_.remote_id = handshake_.remote_id();
    report_.remote_info = handshake_.remote_info();
    timer_.reset();
    stream_.reset();
    const Upgrade::Done done = std::exchange(done_, nullptr);
    done(std::move(outcome), report_);
  }

  conn::Shard& shard_;
  std::unique_ptr<conn::Stream> stream_;
  Handshake handshake_;
  Upgrade::Done done_;
  Upgrade::Progress progress_;
  Stage announced_ = Stage::key_exchange;
  conn::TimePoint started_;
  std::unique_ptr<conn::Timer> timer_;
  conn::Bytes output_;
  UpgradeReport report_;
};

}  // namespace

std::unique_ptr<conn::Pending> Upgrade::start(conn::Shard& shard,
                                              std::unique_ptr<conn::Stream> stream,
                                              Handshake handshake, Done done, Progress progress) {
  auto running = std::make_shared<Running>(shard, std::move(stream), std::move(handshake),
                                           std::move(done), std::move(progress));
  running->start();
  return conn::pending_share(std::move(running));
}

CometUpgrader::CometUpgrader(conn::Runtime& runtime, std::shared_ptr<const conn::NodeKey> key)
    : runtime_(runtime), key_(std::move(key)) {
  // Chosen now, and not while the first peer waits: the library may test itself.
  (void)conn::frame_aead();
}

CometUpgrader::CometUpgrader(conn::Runtime& runtime, const conn::NodeKey& key)
    : CometUpgrader(runtime, std::shared_ptr<const conn::NodeKey>(std::shared_ptr<void>(), &key)) {}

std::unique_ptr<conn::Pending> CometUpgrader::start(conn::Shard& shard,
                                                    std::unique_ptr<conn::Stream> stream,
                                                    HandshakePlan plan, UpgradeDone done,
                                                    UpgradeProgress progress) {
  conn::Secret<32> ephemeral;
  runtime_.random(ephemeral.writable());
  return Upgrade::start(shard, std::move(stream),
                        Handshake(*key_, std::move(ephemeral), std::move(plan)), std::move(done),
                        std::move(progress));
}

}  // namespace peerage::p2p
