#include "cmd/discovery/inquiry_run.h"

#include <algorithm>
#include <utility>

namespace peerage::cmd {

struct InquiryRun::State : std::enable_shared_from_this<State> {
  State(conn::Shard& its_shard, Inquiry& its_inquiry, Ask its_ask, conn::TimePoint its_end,
        std::function<void()> its_done)
      : shard(its_shard),
        inquiry(its_inquiry),
        ask(std::move(its_ask)),
        end(its_end),
        done(std::move(its_done)) {}

  // Asks what there is to ask, and waits for an answer, a deadline, or the end.
  void go_on() {
    if (!done) return;
    while (const auto question = inquiry.next(shard.now())) {
      ask(*question, [weak = weak_from_this(), question = *question](const Answer& answer) {
        if (const auto self = weak.lock()) self->on_answer(question, answer);
      });
    }
    if (inquiry.finished() || shard.now() >= end) return finish();
    timer->arm(std::min(end, inquiry.next_deadline().value_or(end)));
  }
  void on_answer(const Question& question, const Answer& answer) {
    if (!done) return;
    inquiry.on_answer(question, answer, shard.now());
    go_on();
  }
  void finish() {
    timer->cancel();
    std::exchange(done, nullptr)();
  }

  conn::Shard& shard;
  Inquiry& inquiry;
  Ask ask;
  conn::TimePoint end;
  std::function<void()> done;  // null: it has been called
  std::unique_ptr<conn::Timer> timer;
};

InquiryRun::InquiryRun(conn::Shard& shard, Inquiry& inquiry, Ask ask, conn::Duration span,
                       std::function<void()> done)
    : state_(std::make_shared<State>(shard, inquiry, std::move(ask), shard.now() + span,
                                     std::move(done))) {
  state_->timer = shard.make_timer([state = state_.get()] { state->go_on(); });
  state_->timer->arm(shard.now());
}

InquiryRun::~InquiryRun() {
  state_->done = nullptr;
  state_->timer.reset();
}

}  // namespace peerage::cmd
