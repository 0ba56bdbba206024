#include "p2p/switch_core.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace peerage::p2p {

using conn::Reason;
using conn::Result;
using conn::Stage;

SwitchCore::SwitchCore(conn::Runtime& runtime, conn::NodeKey key, SwitchConfig config,
                       std::shared_ptr<Upgrader> upgrader)
    : runtime_(runtime),
      reports_(runtime.shard(0), config.log),
      reactors_(runtime),
      peers_(runtime, std::move(key), std::move(config), std::move(upgrader), reactors_.table(),
             reports_) {}

SwitchCore::~SwitchCore() = default;

void SwitchCore::post(std::function<void(SwitchCore&)> task) {
  runtime_.shard(0).post([self = shared_from_this(), task = std::move(task)] { task(*self); });
}

void SwitchCore::require_not_started(const char* what) const {
  if (start_called_) throw std::logic_error(std::string(what) + "() after the start");
}

// --- start ---

void SwitchCore::start(Switch::Started done) {
  if (state_ != State::created) {
    const bool ends = state_ == State::stopping || state_ == State::stopped;
    if (done) {
      done(conn::fail(Stage::configuration, Reason::invalid_argument,
                      ends ? "it has been stopped" : "it has been started before"));
    }
    return;
  }
  state_ = State::starting;
  started_ = std::move(done);
  handle_ = std::unique_ptr<Switch>(new Switch(*this));
  // Before we listen: no reactor sees a peer until all have started.
  reactors_.start(*handle_, [self = shared_from_this()](const Result<void>& outcome) {
    self->on_reactors_started(outcome);
  });
}

void SwitchCore::on_reactors_started(const Result<void>& outcome) {
  if (state_ != State::starting) {  // stop() came while the reactors started
    finish_start(conn::fail(Stage::configuration, Reason::stopping));
    return;
  }
  Result<void> opened = outcome;
  if (opened) opened = peers_.open(reactors_.channel_ids());
  if (opened) {
    state_ = State::running;
    reports_.tell(Started{});
  }
  finish_start(opened);
  // The reason is out; now what did start is stopped again.
  if (!opened) stop({});
}

void SwitchCore::finish_start(const Result<void>& outcome) {
  if (!outcome) reports_.log().cannot_start(outcome.error());
  if (const auto done = std::exchange(started_, nullptr)) done(outcome);
}

// --- stop ---

void SwitchCore::stop(std::function<void()> done) {
  if (done) stopped_.then(std::move(done));
  if (state_ == State::stopping || state_ == State::stopped) return;
  state_ = State::stopping;
  stopped_.keep(shared_from_this());  // the Switch may be gone before we are done
  // Before the first peer goes, so that handlers do not take its end for a loss.
  reports_.tell(Stopping{});
  peers_.close([this] { on_all_peers_gone(); });
}

void SwitchCore::on_all_peers_gone() {
  // Only now: every remove_peer is queued. Weak, for the latch keeps us for as long as anything can
  // complete the stopping.
  reactors_.stop([weak = weak_from_this()](const Result<void>& outcome) {
    if (const auto self = weak.lock()) self->on_stopped(outcome);
  });
}

void SwitchCore::on_stopped(const Result<void>& outcome) {
  state_ = State::stopped;
  if (!outcome) reports_.log().stop_failed(outcome.error());
  reports_.log().stopped();
  stopped_.open();
}

}  // namespace peerage::p2p
