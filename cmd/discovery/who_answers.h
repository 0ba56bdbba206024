// Who is at an endpoint, when its key is not known: one Ping of discv4, and the key that has signed
// the Pong to it.
//
// A discv4 Ping names no key, so anybody answers it. It is sent three times, as datagrams get lost.
// An answer that comes from another IP, or to another ping, is none.
//
// Threads: the shard's.
#pragma once

#include <functional>
#include <memory>

#include "conn/crypto/secp256k1.h"
#include "conn/runtime/runtime.h"
#include "pex/discovery/ping_answer.h"

namespace peerage::cmd {

struct Answerer {
  conn::Secp256k1PublicKey key;
  pex::PingAnswer answer;
};

// Starts at once; `done` runs once, later, on the shard. Fails with no_answer, or for the socket's
// reason. The runtime must outlive it.
using AnswererFound = std::function<void(conn::Result<Answerer>)>;
[[nodiscard]] std::unique_ptr<conn::Pending> start_who_answers(conn::Runtime& runtime,
                                                               conn::Shard& shard,
                                                               const conn::Endpoint& at,
                                                               conn::Duration timeout,
                                                               AnswererFound done);

}  // namespace peerage::cmd
