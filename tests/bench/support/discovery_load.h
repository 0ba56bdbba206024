// Load for a discovery server over loopback, for benchmarks: who sends, a server that does nothing
// but what nobody can do without, and ours.
//
// Threads: a server has one of its own, whose processor time is what is measured; everything else
// is called on the caller's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include "conn/runtime/asio_runtime.h"
#include "pex/discovery/server.h"
#include "pex/discovery/v4/wire.h"

namespace peerage::bench {

using namespace std::chrono_literals;

[[noreturn]] void die(const char* what);

inline double us_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}
// Processor time of this thread.
inline double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return us_of(now);
}

// A plain socket for datagrams at a loopback address.
class Udp {
 public:
  static constexpr unsigned kBatch = conn::kDatagramBatch;

  explicit Udp(const conn::IpAddress& ip);
  ~Udp();
  Udp(const Udp&) = delete;
  Udp& operator=(const Udp&) = delete;

  const conn::Endpoint& at() const { return at_; }
  // All of them, in batches; from other addresses of loopback, if any are given.
  void send(const conn::Endpoint& to, const std::vector<conn::ByteView>& packets,
            const std::vector<conn::IpAddress>& from = {}) const;
  // What is there, at most a batch, after `patience`; how many.
  struct Received {
    sockaddr_in from;
    conn::ByteView bytes;
  };
  const std::vector<Received>& receive(std::chrono::milliseconds patience);
  // Back to where the last batch came from: for each of it these packets.
  void answer(const std::vector<conn::ByteView>& packets) const;

 private:
  int fd_;
  conn::Endpoint at_;
  conn::Bytes buffer_;
  std::vector<Received> received_;
};

class Server {
 public:
  virtual ~Server() = default;
  virtual conn::Endpoint at() const = 0;
  virtual double busy_us() const = 0;
  // Datagrams that it is done with.
  virtual std::uint64_t handled() const = 0;
};

// What no server can do without: each datagram is received, `work` done, and so many bytes sent
// back; in batches.
class BareServer final : public Server {
 public:
  BareServer(std::function<void(conn::ByteView)> work, const std::vector<std::size_t>& answers);
  ~BareServer() override;
  conn::Endpoint at() const override { return udp_.at(); }
  double busy_us() const override;
  std::uint64_t handled() const override { return handled_; }

 private:
  void run();

  std::function<void(conn::ByteView)> work_;
  std::vector<conn::Bytes> answers_;
  Udp udp_;
  std::atomic<bool> ends_ = false;
  std::atomic<std::uint64_t> handled_ = 0;
  std::thread thread_;
};

// The discovery server, on a runtime of its own.
class DiscoveryUnderLoad final : public Server {
 public:
  // With `everybody_public` it takes an address 127.x.y.z for 20.x.y.z: loopback is free of limits.
  enum class Sees : std::uint8_t { loopback, everybody_public };
  explicit DiscoveryUnderLoad(pex::DiscoverySettings settings, Sees sees = Sees::loopback);
  ~DiscoveryUnderLoad() override;
  conn::Endpoint at() const override { return at_; }
  double busy_us() const override;
  std::uint64_t handled() const override;
  // Any thread.
  conn::DatagramFigures figures();
  // On its thread; returns when it has run.
  void run(const pex::DiscoveryServer::Command& what);
  conn::AsioRuntime& runtime() { return asio_; }

 private:
  class Watched;

  conn::AsioRuntime asio_{1};
  std::unique_ptr<Watched> watched_;
  std::unique_ptr<pex::DiscoveryServer> server_;
  conn::Endpoint at_;
};

// --- those who ask ---

conn::Secp256k1Key key_of(std::uint32_t number);
conn::Bytes packet_of(const conn::Secp256k1Key& key, const pex::v4::Message& message);
// A time that is not over while a benchmark runs.
std::uint64_t expires_later();

// The node pings, and answers the core's ping: both hold a proof of the other. What the core sends
// meanwhile is lost.
void bond(pex::DiscoveryCore& core, const conn::Secp256k1Key& key, const conn::Endpoint& at,
          pex::DiscoveryTime now);

// The server's processor time for each of `count` packets, which are sent in turn, 64 under way at
// a time; each is answered by `answers`.
double us_each(const Server& server, Udp& asker, const std::vector<conn::Bytes>& packets,
               std::size_t count, std::size_t answers);

}  // namespace peerage::bench
