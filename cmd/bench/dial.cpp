#include "cmd/bench/dial.h"

#include <functional>
#include <utility>

#include "cmd/config/node_key_file.h"
#include "conn/runtime/sync_wait.h"
#include "p2p/connect/upgrade.h"

namespace peerage::cmd {
namespace {

using conn::Result;

p2p::NodeInfo our_info(const BenchDial& dial) {
  p2p::NodeInfo ours;
  ours.node_id = dial.key->id().to_string();
  ours.listen_addr = "tcp://0.0.0.0:0";  // no node can dial it
  ours.network = dial.network;
  ours.version = PEERAGE_VERSION;
  ours.channels = {dial.channel};
  ours.moniker = "peerage-bench";
  return ours;
}

}  // namespace

std::unique_ptr<conn::Pending> start_bench_dial(conn::Runtime& runtime, conn::Shard& shard,
                                                const BenchDial& dial, BenchDialDone done) {
  p2p::DialPlan plan;
  plan.host = dial.target.endpoint.ip.to_string();
  plan.port = dial.target.endpoint.port;
  plan.expected = dial.target.id;
  plan.ours = our_info(dial);
  plan.loopback_source = dial.from;
  return p2p::DialAttempt::start(
      runtime, shard, std::make_shared<p2p::CometUpgrader>(runtime, *dial.key), std::move(plan),
      [done = std::move(done)](Result<p2p::Upgraded> outcome, const p2p::AttemptReport&) {
        done(std::move(outcome));
      });
}

std::optional<conn::IpAddress> loopback_source(const conn::IpAddress& to, std::size_t index) {
  if (!to.loopback() || !to.is_v4()) return std::nullopt;
  static constexpr std::size_t kLast = 254;  // of each of the two bytes, which begin at 1
  const auto byte = [](std::size_t number) {
    return static_cast<std::uint8_t>(number % kLast + 1);
  };
  return conn::IpAddress::v4(127, 64, byte(index / kLast), byte(index));
}

Result<conn::NodeId> who_answers(conn::Runtime& runtime, const BenchOptions& options) {
  const conn::NodeKey key = conn::NodeKey::generate();
  const BenchDial dial = {options.dial, loopback_source(options.dial.endpoint.ip, 0), &key,
                          options.network, options.channel};
  using Answer = Result<conn::NodeId>;
  std::unique_ptr<conn::Pending> running;  // the shard's
  conn::Shard& shard = runtime.shard(0);
  const auto answer =
      conn::sync_wait<Answer>(runtime, [&](const std::function<void(Answer)>& done) {
        shard.post([&, done] {
          running = start_bench_dial(
              runtime, shard, dial, [&running, done](Result<p2p::Upgraded> outcome) {
                Answer id =
                    outcome.map([](const p2p::Upgraded& peer) { return peer.stream->remote_id(); });
                outcome = tl::unexpected(conn::Failure{});  // closes it, here
                running.reset();
                done(std::move(id));
              });
        });
      });
  if (answer) return *answer;
  return tl::unexpected(conn::as_failure(answer.error(), "who_answers()"));
}

}  // namespace peerage::cmd
