// What a running node shows over HTTP, as its settings say: the RPC of a comet node ([rpc] laddr),
// metrics ([instrumentation]), and lists of addresses ([peerage] http_laddr); the latter two have
// the probes for load balancers, too.
//
// A service that only this machine can reach (loopback addresses, Unix sockets) has no limits for a
// single client: behind a proxy there is one client only.
//
// Threads: made, started and stopped on the main thread. Handlers run on the server's and wait for
// none of the node's. The node and its runtime outlive it.
#pragma once

#include <functional>
#include <memory>

#include "cmd/base/program_log.h"
#include "cmd/config/settings.h"
#include "cmd/http/server.h"
#include "cmd/status/keeper.h"
#include "cmd/status/probes.h"
#include "cmd/status/program_metrics.h"
#include "cmd/status/rpc_methods.h"
#include "cmd/status/served_addresses.h"
#include "pex/node.h"

namespace peerage::cmd {

class HttpSurface {
 public:
  struct Needs {
    const Settings& settings;
    pex::Node& node;
    const pex::NodeConfig& config;  // which the node was made with
    const conn::PublicKey& key;
    const ProgramLog& log;
    RpcHooks hooks{};
    // Figures of the program that are not HTTP's. Any thread.
    std::function<void(ProgramFigures&)> add_figures{};
  };
  // Takes the addresses. A failure names the setting, and nothing is held.
  static conn::Result<std::unique_ptr<HttpSurface>> open(const Needs& needs);
  ~HttpSurface();

  // The node has started.
  void start();
  void stop();

  StatusKeeper& status() noexcept { return status_; }
  std::vector<std::string> why_not_ready();
  // Certificates are read again; the old ones stay if they cannot be.
  conn::Result<void> reload_tls() { return server_.reload_tls(); }

 private:
  explicit HttpSurface(const Needs& needs);
  conn::Result<void> add_rpc(const Needs& needs);
  conn::Result<void> add_metrics(const Needs& needs);
  conn::Result<void> add_lists(const Needs& needs);
  conn::Result<void> add(const Settings& settings, const std::string& key, HttpService service,
                         const std::string& at);

  pex::Node& node_;
  const ReadySettings ready_;
  StatusKeeper status_;
  std::shared_ptr<ServedAddresses> served_;  // if there are lists
  HttpServer server_;                        // destroyed first: its handlers use the rest
};

}  // namespace peerage::cmd
