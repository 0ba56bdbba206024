// What a stranger says that is sent nothing: for a connection that is refused if it is a node's,
// and is none if it ends without a byte or speaks another protocol (Admission::let_show_itself).
//
// An Upgrader that never succeeds. It fails with the refusal at the first byte of a comet node's;
// with what the stranger speaks, if that is something else; as closed_before_key when it ends, and
// as silent at the deadline. It spends no cryptography, writes nothing, and reads no more than
// it needs.
//
// Threads: as Upgrader.
#pragma once

#include "p2p/connect/upgrader.h"

namespace peerage::p2p {

class FirstBytes final : public Upgrader {
 public:
  explicit FirstBytes(conn::Failure refusal) : refusal_(std::move(refusal)) {}

  // Of the plan, only the deadline is looked at.
  std::unique_ptr<conn::Pending> start(conn::Shard& shard, std::unique_ptr<conn::Stream> stream,
                                       HandshakePlan plan, UpgradeDone done,
                                       UpgradeProgress progress) override;

 private:
  const conn::Failure refusal_;
};

}  // namespace peerage::p2p
