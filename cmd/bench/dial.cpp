#include "cmd/bench/dial.h"

#include <functional>
#include <utility>

#include "cmd/config/node_key_file.h"
#include "conn/runtime/sync_wait.h"

namespace peerage::cmd {
namespace {

using conn::Result;
using namespace std::chrono_literals;

constexpr conn::Duration kConnectTimeout = 3s;

class Dial final : public conn::Pending {
 public:
  Dial(conn::Runtime& runtime, conn::Shard& shard, BenchDial dial, BenchDialDone done)
      : runtime_(runtime), shard_(shard), dial_(std::move(dial)), done_(std::move(done)) {
    running_ = runtime_.connect(shard_, {dial_.target.endpoint, dial_.from}, kConnectTimeout,
                                [this](Result<std::unique_ptr<conn::Stream>> stream) {
                                  if (stream) return upgrade(std::move(*stream));
                                  finish(tl::unexpected(stream.error()));
                                });
  }

 private:
  void upgrade(std::unique_ptr<conn::Stream> stream) {
    p2p::NodeInfo ours;
    ours.node_id = dial_.key->id().to_string();
    ours.listen_addr = "tcp://0.0.0.0:0";  // no node can dial it
    ours.network = dial_.network;
    ours.version = PEERAGE_VERSION;
    ours.channels = {dial_.channel};
    ours.moniker = "peerage-bench";
    p2p::HandshakePlan plan;
    plan.ours = std::move(ours);
    plan.expected = dial_.target.id;
    plan.deadline = shard_.now() + p2p::kHandshakeTimeout;
    conn::Secret<32> ephemeral;
    runtime_.random(ephemeral.writable());
    running_ =
        p2p::Upgrade::start(shard_, std::move(stream),
                            p2p::Handshake(*dial_.key, std::move(ephemeral), std::move(plan)),
                            [this](Result<p2p::Upgraded> outcome, const p2p::UpgradeReport&) {
                              finish(std::move(outcome));
                            });
  }

  // The last thing that is done here: the callback may destroy us.
  void finish(Result<p2p::Upgraded> outcome) {
    const BenchDialDone done = std::exchange(done_, nullptr);
    done(std::move(outcome));
  }

  conn::Runtime& runtime_;
  conn::Shard& shard_;
  BenchDial dial_;
  BenchDialDone done_;
  std::unique_ptr<conn::Pending> running_;
};

}  // namespace

std::unique_ptr<conn::Pending> start_bench_dial(conn::Runtime& runtime, conn::Shard& shard,
                                                BenchDial dial, BenchDialDone done) {
  return std::make_unique<Dial>(runtime, shard, std::move(dial), std::move(done));
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
                const auto answered = done;                 // which the end of the dial may destroy
                running.reset();
                answered(std::move(id));
              });
        });
      });
  if (answer) return *answer;
  return tl::unexpected(conn::as_failure(answer.error(), "who_answers()"));
}

}  // namespace peerage::cmd
