// bench: two processes, each an end of connections over loopback, that measure themselves.
//
// Either end may be another implementation: what passes between them are opaque messages on one
// channel of an ordinary node. Each end prints one JSON object on one line when it is done; CPU and
// memory in it are of its own process alone. An end that listens says "listening id@ip:port" on
// standard error first.
//
// Nothing here changes the library's own bounds: the limits on peers, rates and handshakes are
// those of an operator's configuration, opened for a machine that talks to itself.
// Threads: plain values; the run_ functions take the main thread until they are done.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "cmd/config/config.h"
#include "conn/address/net_address.h"
#include "conn/base/channel.h"
#include "conn/base/failure.h"

namespace peerage::cmd {

// What to dial: an IP literal and a port, and the node expected there. Without an ID any node that
// answers is accepted.
struct BenchTarget {
  std::optional<conn::NodeId> id;
  conn::Endpoint endpoint;

  // `[id@]ip:port`, with or without a scheme.
  static conn::Result<BenchTarget> parse(std::string_view text);
};

struct BenchOptions {
  std::filesystem::path home;  // empty: a new identity
  std::string network = "bench-chain";
  conn::ChannelId channel{0x70};
  std::uint64_t rate = 0;  // bytes per second each way; 0: unlimited
  std::size_t shards = Config{}.shards;
  conn::Endpoint laddr;
  BenchTarget dial;

  std::size_t msg_size = 64;
  std::uint64_t msg_count = 0;    // source
  std::uint64_t expect_msgs = 0;  // sink; 0: it runs until a signal
  std::uint64_t count = 0;        // rtt, handshakes
  std::size_t concurrency = 8;    // handshakes, hold
  std::size_t peers = 0;          // hold
  conn::Duration interval = std::chrono::milliseconds(7);
  conn::Duration span{0};  // hold; 0: until a signal
};

// Bytes of a message, at most: the Go node's default for a channel.
inline constexpr std::size_t kBenchMaxMessage = 22'020'096;

// "0x70" or "112"; nullopt for what is no channel.
std::optional<conn::ChannelId> parse_channel(std::string_view text);
// `[scheme://]ip:port`; the port may be 0.
conn::Result<conn::Endpoint> parse_listen_address(std::string_view text);

// Each returns the exit code.
int run_bench_sink(const BenchOptions& options);
int run_bench_echo(const BenchOptions& options);
int run_bench_source(const BenchOptions& options);
int run_bench_rtt(const BenchOptions& options);
int run_bench_handshakes(const BenchOptions& options);
int run_bench_hold(const BenchOptions& options);

}  // namespace peerage::cmd
