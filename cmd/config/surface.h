// What the settings say of the operators' surface: the servers of metrics, RPC and lists, and the
// control socket.
//
// `[rpc]` and `[instrumentation]` have a comet node's keys, defaults and meaning. A limit that
// stands at a comet node's default, as in each of its files, counts as not set: ours holds.
//
// Source: comet config/config.go. Threads: plain values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/base/failure.h"
#include "conn/base/time.h"

namespace peerage::cmd {

struct RpcConfig {
  std::string laddr;  // several, with commas; empty: none
  std::vector<std::string> cors_allowed_origins;
  std::vector<std::string> cors_allowed_methods = {"HEAD", "GET", "POST"};
  std::vector<std::string> cors_allowed_headers = {"Origin", "Accept", "Content-Type",
                                                   "X-Requested-With", "X-Server-Time"};
  bool unsafe = false;  // dial_seeds and dial_peers
  static constexpr std::uint32_t kCometConnections = 900;
  static constexpr std::uint64_t kCometBody = 1'000'000;
  static constexpr std::uint64_t kCometHeader = 1u << 20;
  std::uint32_t max_open_connections = kCometConnections;  // 0: any
  std::uint64_t max_body_bytes = kCometBody;
  std::uint64_t max_header_bytes = kCometHeader;
  std::uint32_t max_request_batch_size = 10;  // 0: any
  std::string tls_cert_file, tls_key_file;    // beside config.toml; both: HTTPS
};

struct InstrumentationConfig {
  bool prometheus = false;
  std::string prometheus_listen_addr = ":26660";
  std::uint32_t max_open_connections = 3;  // scrapes under way; 0: any
  std::string metrics_namespace = "cometbft";
};

// [peerage]
struct SurfaceConfig {
  std::string http_laddr;                            // lists of addresses, and probes; empty: none
  std::vector<std::string> http_hosts;               // names by which the servers are reached
  std::string control_socket = "data/control.sock";  // in the home; empty: none
  std::string peer_metrics = "auto";                 // or "off", or for how many peers
  std::string net_info = "full";                     // of peers: or "outbound", or "off"
  std::uint32_t ready_verified = 1;  // verified addresses in each network, for a seed to be ready
  std::uint32_t ready_peers = 0;     // for a node
  conn::Duration drain_delay{};      // from a SIGTERM to the end of accepting
};

// Where a service listens.
using ServiceAddress = std::variant<conn::Endpoint, std::filesystem::path>;
// "tcp://127.0.0.1:26657", "127.0.0.1:26657", ":26660" (all interfaces), "localhost:26657",
// "unix:///run/peerage/rpc.sock"; several, separated by commas. Empty: none.
conn::Result<std::vector<ServiceAddress>> parse_service_addresses(std::string_view text);

// Whether the addresses are those of one socket: the second could not listen.
bool collide(const ServiceAddress& one, const ServiceAddress& other);
// Whether only this machine reaches it.
bool is_local(const ServiceAddress& address);

// What the RPC serves TLS with: files beside config.toml, as a comet node has them. Nothing: no
// TLS.
struct RpcCertificate {
  std::filesystem::path certificate, key;
};
std::optional<RpcCertificate> rpc_certificate(const RpcConfig& rpc,
                                              const std::filesystem::path& home);

// "auto" is nothing: what the role says.
conn::Result<std::optional<std::size_t>> parse_peer_metrics(std::string_view text);

}  // namespace peerage::cmd
