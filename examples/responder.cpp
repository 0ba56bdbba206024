// A small node built on the library: it listens, proves itself to any node that dials, and answers
// requests for addresses with the list it was started with.
//
//   responder --home DIR --laddr 127.0.0.1:0 --network NAME [--answer list|none|close]
//             [--peer ID@IP:PORT]...
//
// It serves any network when none is named. Instead of answering it can say nothing, or close. It
// shows how the parts fit: Runtime, Handshake, Upgrade, Connection. It has no limits on what
// connects; that is the Switch's work.
#include <csignal>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conn/base/reassembly_budget.h"
#include "conn/runtime/asio_runtime.h"
#include "conn/runtime/sync_wait.h"
#include "p2p/connect/upgrade.h"
#include "pex/exchange/messages.h"

namespace {

using namespace peerage;
using namespace std::chrono_literals;

struct Options {
  std::filesystem::path home;
  conn::Endpoint laddr;
  std::optional<std::string> network;
  std::vector<conn::NetAddress> peers;
  std::string answer = "list";
};

class Responder {
 public:
  Responder(conn::Runtime& runtime, conn::NodeKey key, Options options)
      : runtime_(runtime),
        shard_(runtime.shard(0)),
        key_(std::move(key)),
        options_(std::move(options)) {}

  // On the shard. False when the address cannot be listened on.
  bool start() {
    auto listener = runtime_.listen(shard_, options_.laddr, [this](auto arrival) {
      if (auto stream = arrival->claim(shard_)) upgrade(std::move(stream));
    });
    if (!listener) {
      std::cerr << "responder: " << listener.error().text() << '\n';
      return false;
    }
    listener_ = std::move(*listener);
    std::cout << "listening " << key_.id().to_string() << '@'
              << listener_->local_endpoint().to_string() << std::endl;
    return true;
  }

 private:
  void upgrade(std::unique_ptr<conn::Stream> stream) {
    const std::uint64_t number = next_++;
    conn::Secret<32> ephemeral;
    runtime_.random(ephemeral.writable());
    p2p::HandshakePlan plan;
    plan.deadline = shard_.now() + p2p::kHandshakeTimeout;
    if (options_.network) {
      plan.ours = info(*options_.network);
    } else {
      plan.ours = [this](const p2p::NodeInfo& theirs) -> conn::Result<p2p::NodeInfo> {
        return info(theirs.network);
      };
    }
    upgrades_[number] = p2p::Upgrade::start(
        shard_, std::move(stream), p2p::Handshake(key_, std::move(ephemeral), std::move(plan)),
        [this, number](conn::Result<p2p::Upgraded> peer, const p2p::UpgradeReport&) {
          upgrades_.erase(number);
          if (peer) {
            serve(number, std::move(*peer));
          } else {
            std::cerr << "refused  " << peer.error().text() << '\n';
          }
        });
  }

  p2p::NodeInfo info(const std::string& network) const {
    p2p::NodeInfo info;
    info.listen_addr = "tcp://" + listener_->local_endpoint().to_string();
    info.network = network;
    info.version = "responder";
    info.moniker = "responder";
    info.channels = {conn::kPexChannel};
    return info;
  }

  void serve(std::uint64_t number, p2p::Upgraded peer) {
    const std::string who = peer.stream->remote_id().to_string();
    std::cerr << "peer     " << who << " of " << conn::printable(peer.theirs.network) << '\n';
    conn::PeerConnection::Events events;
    events.message = [this, number](const conn::ChannelMessage& message) {
      const auto request = pex::decode(message.bytes);
      if (!request || !std::holds_alternative<pex::Request>(*request)) {
        connections_.at(number)->close();
        return;
      }
      if (options_.answer == "none") return;
      if (options_.answer == "close") return connections_.at(number)->close();
      connections_.at(number)->send(conn::kPexChannel, pex::encode_addresses(options_.peers));
    };
    events.closed = [this, number, who](const conn::Failure& why) {
      std::cerr << "gone     " << who << ": " << explain(why.reason) << '\n';
      connections_.erase(number);
    };
    connections_[number] =
        peer.stream->open(shard_, {pex::kChannel}, {}, budget_, std::move(events));
    connections_[number]->start();
  }

  conn::Runtime& runtime_;
  conn::Shard& shard_;
  conn::NodeKey key_;
  Options options_;
  conn::ReassemblyBudget budget_;
  std::unique_ptr<conn::Listener> listener_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::unique_ptr<conn::Pending>> upgrades_;
  std::map<std::uint64_t, std::shared_ptr<conn::PeerConnection>> connections_;
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--home") {
      options.home = value;
    } else if (name == "--network") {
      options.network = value;
    } else if (name == "--answer" && (value == "list" || value == "none" || value == "close")) {
      options.answer = value;
    } else if (const auto laddr = conn::Endpoint::parse(value); name == "--laddr" && laddr) {
      options.laddr = *laddr;
    } else if (const auto peer = conn::NetAddress::parse(value); name == "--peer" && peer) {
      options.peers.push_back(*peer);
    } else {
      return std::nullopt;
    }
  }
  if (argc % 2 == 0 || options.home.empty()) return std::nullopt;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    std::cerr << "usage: responder --home DIR [--laddr IP:PORT] [--network NAME] "
                 "[--answer list|none|close] [--peer ID@IP:PORT]...\n";
    return 2;
  }
  // Blocked before any thread starts, so that every thread leaves them to sigwait below.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  conn::AsioRuntime runtime(1);
  conn::Secret<32> seed;
  runtime.random(seed.writable());
  std::error_code ignored;
  std::filesystem::create_directories(options->home, ignored);
  auto key = conn::NodeKey::load_or_create(options->home / "node_key.json", seed);
  if (!key) {
    std::cerr << "responder: " << key.error().text() << '\n';
    return 1;
  }
  auto responder = std::make_unique<Responder>(runtime, std::move(*key), *options);
  const bool worked = conn::sync_wait<bool>(runtime, [&](const std::function<void(bool)>& done) {
                        runtime.shard(0).post([&responder, done] { done(responder->start()); });
                      }).value_or(false);
  int signal = 0;
  if (worked) sigwait(&stop_signals, &signal);
  // Everything of the responder lives on the shard, and is released there.
  runtime.shard(0).post([&] {
    responder.reset();
    runtime.stop();
  });
  runtime.wait();
  return worked ? 0 : 1;
}
