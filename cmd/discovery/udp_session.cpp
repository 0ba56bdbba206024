#include "cmd/discovery/udp_session.h"

#include <atomic>
#include <utility>

#include "cmd/discovery/inquiry_run.h"
#include "conn/runtime/asio_runtime.h"
#include "conn/runtime/sync_wait.h"
#include "pex/discovery/server.h"

namespace peerage::cmd {
namespace {

using conn::Result;
using namespace std::chrono_literals;

// Questions at a time, of any command.
constexpr std::size_t kMostQuestions = 1024;
// Proofs of endpoints that a crawl may need: one for each node.
constexpr std::size_t kProofs = 32'768;
constexpr conn::Duration kStep = 250ms;
constexpr conn::Duration kLook = 50ms;
constexpr conn::Duration kLookUp = 5s;

// It asks what it is told to, and nothing of its own accord.
pex::DiscoverySettings settings_for(const UdpSession::Options& options) {
  pex::DiscoverySettings settings;
  settings.lookups = pex::Switched::off;
  settings.random_lookups = pex::Switched::off;
  pex::DiscoveryLimits& limits = settings.limits;
  limits.commands = kMostQuestions;
  limits.proofs = kProofs;
  limits.v4_request = options.patience;
  limits.v4_pings_in_flight = kMostQuestions;
  limits.v4_find_nodes = kMostQuestions;
  limits.v4_record_questions = kMostQuestions;
  // Of an answer that is not full, the rest is waited for; and so is a node's own ping.
  limits.lookup_step = kStep;
  // A node whose pong named a record has been asked for it just now.
  limits.record_question = 0s;
  return settings;
}

}  // namespace

struct UdpSession::State {
  explicit State(const Signals& its_signals) : signals(its_signals) {}

  void on_shard(const std::function<void()>& work) {
    (void)conn::sync_wait(runtime, [&](const std::function<void()>& done) {
      shard.post([&work, done] {
        work();
        done();
      });
    });
  }
  // What an operation that is begun on the shard comes to.
  template <typename T>
  Result<T> wait_for(
      const std::function<std::unique_ptr<conn::Pending>(std::function<void(Result<T>)>)>& begin,
      std::string_view what) {
    std::unique_ptr<conn::Pending> pending;
    auto outcome =
        conn::sync_wait<Result<T>>(runtime, [&](const std::function<void(Result<T>)>& done) {
          shard.post([&pending, &begin, done] { pending = begin(done); });
        });
    on_shard([&pending] { pending.reset(); });
    if (!outcome) return tl::unexpected(conn::as_failure(outcome.error(), what));
    return *std::move(outcome);
  }
  Result<void> start(const Options& options, const conn::IpAddress& ip) {
    auto key =
        conn::Secp256k1Key::generate([this](conn::MutableBytes into) { runtime.random(into); });
    own = pex::EnodeId::of(key.public_key());
    pex::DiscoveryServer::Settings settings;
    settings.core = settings_for(options);
    settings.listen = {ip, 0};
    Result<void> started;
    on_shard([&] {
      auto server_or = pex::DiscoveryServer::start(
          std::move(key), std::move(settings),
          {.runtime = runtime, .shard = shard, .log = nullptr, .rows = nullptr});
      if (server_or) {
        server = std::move(*server_or);
      } else {
        started = tl::unexpected(server_or.error());
      }
    });
    return started;
  }
  // On the shard, and later: a question may follow from an answer that the server is telling.
  void ask(const Question& question, std::function<void(const Answer&)> answer) {
    shard.post([this, question, answer = std::move(answer)] {
      if (!server) return;
      server->run([&](pex::DiscoveryCore& core, pex::DiscoveryTime now) {
        const auto tell = [answer](auto got) {
          if (got) {
            answer(Answer(*std::move(got)));
          } else {
            answer(tl::unexpected(got.error()));
          }
        };
        static constexpr auto kProtocol = pex::Protocol::v4;
        switch (question.what) {
          case Question::What::ping:
            return core.ping(question.whom, kProtocol, now, tell);
          case Question::What::record:
            return core.request_record(question.whom, kProtocol, now, tell);
          case Question::What::nodes:
            return core.find_node(question.whom, question.target, kProtocol, now, tell);
        }
      });
    });
  }

  const Signals& signals;
  conn::AsioRuntime runtime{1};
  conn::Shard& shard = runtime.shard(0);
  std::unique_ptr<pex::DiscoveryServer> server;
  pex::EnodeId own;
};

Result<std::unique_ptr<UdpSession>> UdpSession::open(const Options& options,
                                                     const Signals& signals) {
  auto state = std::make_unique<State>(signals);
  // Both families on one socket; on a machine without IPv6 the other alone.
  auto started = state->start(options, conn::IpAddress());
  if (!started) started = state->start(options, conn::IpAddress::v4(0, 0, 0, 0));
  if (!started) return tl::unexpected(started.error());
  return std::unique_ptr<UdpSession>(new UdpSession(std::move(state)));
}

UdpSession::UdpSession(std::unique_ptr<State> state) : state_(std::move(state)) {}

UdpSession::~UdpSession() {
  state_->on_shard([this] {
    state_->server->stop();
    state_->server.reset();
  });
  state_->runtime.stop();
}

const pex::EnodeId& UdpSession::own_id() const {
  return state_->own;
}

conn::TimePoint UdpSession::now() const {
  return state_->shard.now();
}

void UdpSession::random(conn::MutableBytes into) {
  state_->runtime.random(into);
}

Result<pex::Contact> UdpSession::contact_of(const NodeName& node) {
  const std::string host = name_to_look_up(node);
  if (host.empty()) return cmd::contact_of(node);
  const auto ip = look_up(host);
  if (!ip) return tl::unexpected(ip.error());
  return cmd::contact_of(node, *ip);
}

Result<conn::IpAddress> UdpSession::look_up(const std::string& host) {
  const auto found = state_->wait_for<std::vector<conn::IpAddress>>(
      [&](auto done) {
        return state_->runtime.resolve(state_->shard, host, kLookUp, std::move(done));
      },
      "resolve()");
  if (!found) return tl::unexpected(found.error());
  return found->front();
}

Result<Answerer> UdpSession::who_answers(const conn::Endpoint& at, conn::Duration within) {
  return state_->wait_for<Answerer>(
      [&](auto done) {
        return start_who_answers(state_->runtime, state_->shard, at, within, std::move(done));
      },
      "who_answers()");
}

UdpSession::Ended UdpSession::run(Inquiry& inquiry, conn::Duration span,
                                  const std::function<void()>& look) {
  std::atomic<bool> done = false;
  std::unique_ptr<InquiryRun> running;
  state_->on_shard([&] {
    running = std::make_unique<InquiryRun>(
        state_->shard, inquiry,
        [this](const Question& question, std::function<void(const Answer&)> answer) {
          state_->ask(question, std::move(answer));
        },
        span, [&done] { done = true; });
  });
  bool interrupted = false;
  while (!done && !interrupted) {
    interrupted = state_->signals.wait_for(kLook) != 0;
    if (look) state_->on_shard(look);
  }
  bool finished = false;
  state_->on_shard([&] {
    running.reset();
    finished = inquiry.finished();
  });
  if (finished) return Ended::finished;
  return interrupted ? Ended::interrupted : Ended::time_over;
}

}  // namespace peerage::cmd
