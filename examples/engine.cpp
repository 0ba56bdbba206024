// The frame of an engine: a node with peer exchange and persistent peers, a reactor, and what both
// measure, for Prometheus, at http://127.0.0.1:PORT/metrics.
//
//   engine HOME IP:PORT METRICS_PORT [ID@HOST:PORT,...]
//
// HOME has its key and its address book. It runs until Ctrl-C or SIGTERM.
#include <array>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pex/metrics.h"
#include "pex/node.h"
#include "stop_signals.h"

using namespace peerage;

// Heights on a channel of high priority: a new one goes on to all others.
class Heights : public p2p::Reactor {
 public:
  static constexpr conn::ChannelId kChannel{0x40};
  std::string name() const override { return "heights"; }
  std::vector<p2p::ReactorChannel> channels() const override {
    return {{.id = kChannel, .priority = 10, .max_message_bytes = 8}};
  }
  void start(p2p::ReactorContext& context) override { context_ = &context; }
  void receive(const p2p::PeerPtr& peer, p2p::Message message) override {
    if (message.bytes <= highest_) return;  // calls come one after another: no lock
    highest_ = message.bytes;
    peer->mark_useful();  // it keeps its slot when others want one
    context_->get_switch().broadcast(kChannel, std::move(message.bytes));
  }

 private:
  p2p::ReactorContext* context_ = nullptr;
  conn::Bytes highest_;
};

// One request after another, on a thread of its own; loopback only. Enough for a scraper.
class MetricsServer {
 public:
  MetricsServer(const pex::Node& node, std::uint16_t port) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_up_ = ::bind(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 &&
             ::listen(socket_, 4) == 0;
    if (is_up_) thread_ = std::thread([this, &node] { serve(node); });
  }
  ~MetricsServer() {
    ::shutdown(socket_, SHUT_RDWR);  // ends the accept
    if (thread_.joinable()) thread_.join();
    ::close(socket_);
  }
  bool is_up() const { return is_up_; }

 private:
  void serve(const pex::Node& node) const {
    for (int client; (client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      const timeval patience = {1, 0};
      ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      ::setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      std::array<char, 4096> request;
      if (::recv(client, request.data(), request.size(), 0) > 0) {
        const std::string answer =
            "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\r\n" +
            pex::metrics_text(node);
        (void)!::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      ::close(client);
    }
  }

  int socket_ = -1;
  bool is_up_ = false;
  std::thread thread_;
};

int main(int argc, char** argv) {
  const auto failed = [](const std::string& why) {
    return std::cerr << "engine: " << why << '\n', 1;
  };
  const auto peers = conn::parse_host_addresses(argc > 4 ? argv[4] : "");
  const int port = argc > 3 ? std::atoi(argv[3]) : 0;
  if (argc < 4 || argc > 5 || !peers || port < 1 || port > 65'535) {
    std::cerr << "usage: engine HOME IP:PORT METRICS_PORT [ID@HOST:PORT,...]\n";
    return 2;
  }
  const StopSignals signals;
  const std::filesystem::path home = argv[1];
  std::error_code ignored;  // what is wrong with the folder, the key file tells
  std::filesystem::create_directories(home, ignored);
  auto key = conn::NodeKey::load_or_create(home / "node_key.json");
  if (!key) return failed(key.error().text());

  pex::NodeConfig config;
  config.networks = {"my-chain"};
  config.listen = argv[2];
  config.persistent_peers = *peers;
  config.book_file = home / "book.db";
  const auto node = pex::Node::create(config, std::move(*key));
  if (!node) return failed(node.error().text());
  (*node)->add_reactor(std::make_shared<Heights>());
  if (const auto up = (*node)->start(); !up) return failed(up.error().text());
  const MetricsServer metrics(**node, static_cast<std::uint16_t>(port));
  if (!metrics.is_up()) return failed("the port for metrics is taken");
  std::cout << "listening " << (*node)->listen_address().to_string() << std::endl;
  signals.wait();
  const auto saved = (*node)->stop();
  return saved ? 0 : failed(saved.error().text());
}
