// Runs an inquiry on a shard: hands its questions to whoever can ask them, and the outcomes back.
//
// Threads: the shard's.
#pragma once

#include <functional>
#include <memory>

#include "cmd/discovery/inquiry.h"
#include "conn/runtime/runtime.h"

namespace peerage::cmd {

class InquiryRun {
 public:
  // Asks a node; the outcome comes once, later, on the shard.
  using Ask = std::function<void(const Question&, std::function<void(const Answer&)>)>;
  // `done` runs once, later, when the inquiry has finished or after `span`; then nothing more is
  // asked, and outcomes that are still to come are ignored. `inquiry` must outlive it.
  InquiryRun(conn::Shard& shard, Inquiry& inquiry, Ask ask, conn::Duration span,
             std::function<void()> done);
  ~InquiryRun();
  InquiryRun(const InquiryRun&) = delete;
  InquiryRun& operator=(const InquiryRun&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace peerage::cmd
