// probe: dials nodes, pings them over UDP if asked to, and reports how far it got and why no
// further.
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cmd/cli/commands.h"
#include "cmd/config/node_key_file.h"
#include "cmd/discovery/node_facts.h"
#include "cmd/discovery/ping_nodes.h"
#include "cmd/probe/probe.h"
#include "conn/runtime/asio_runtime.h"
#include "conn/runtime/sync_wait.h"

namespace peerage::cmd {
namespace {

struct Options {
  std::vector<std::string> targets;
  std::string network;
  std::string timeout = "10s";
  std::string key_file;
  bool json = false;
  bool udp = false;
};

// Runs all probes at once; reports come in the order of the targets.
std::vector<ProbeReport> probe_all(const conn::NodeKey& key,
                                   const std::vector<conn::HostAddress>& targets,
                                   const ProbeOptions& options) {
  conn::AsioRuntime runtime(1);
  conn::Shard& shard = runtime.shard(0);
  std::vector<ProbeReport> reports(targets.size());
  std::vector<std::unique_ptr<conn::Pending>> probes(targets.size());
  std::size_t open = targets.size();  // the shard's, as the probes
  if (open == 0) return reports;
  (void)conn::sync_wait(runtime, [&](const std::function<void()>& done) {
    shard.post([&, done] {
      for (std::size_t i = 0; i < targets.size(); ++i) {
        probes[i] = start_probe(runtime, shard, key, targets[i], options,
                                [&reports, &open, i, done](ProbeReport report) {
                                  reports[i] = std::move(report);
                                  if (--open == 0) done();
                                });
      }
    });
  });
  // They end there before the runtime does.
  (void)conn::sync_wait(runtime, [&](const std::function<void()>& done) {
    shard.post([&probes, done] {
      probes.clear();
      done();
    });
  });
  return reports;
}

// What is probed over TCP, over UDP, or both: one line of JSON.
struct Target {
  std::optional<conn::HostAddress> tcp;
  std::optional<PingTarget> udp;
};

tl::unexpected<conn::Failure> wrong(const std::string& what) {
  return conn::fail(conn::Stage::configuration, conn::Reason::invalid_argument, what);
}

bool is_of_discovery(const std::string& text) {
  return text.starts_with("enr:") || text.starts_with("enode:");
}

// A record names the comet node that is dialled; a URL names none.
conn::Result<Target> discovery_target(const std::string& text) {
  auto node = parse_node(text);
  if (!node) return tl::unexpected(node.error());
  Target target;
  if (const auto* record = std::get_if<pex::EnrPtr>(&*node)) {
    const auto comet = conn::NetAddress::parse(comet_address(**record));
    if (comet) target.tcp = conn::HostAddress::of(*comet);
  }
  target.udp = NamedNode{text, std::move(node)};
  return target;
}

conn::Result<std::vector<Target>> targets_of(const Options& options) {
  std::vector<Target> targets;
  for (const std::string& text : options.targets) {
    if (is_of_discovery(text)) {
      if (!options.udp) return wrong("a record or an enode URL is probed with --udp");
      const auto target = discovery_target(text);
      if (!target) return tl::unexpected(target.error());
      targets.push_back(*target);
      continue;
    }
    const auto list = conn::parse_host_addresses(text);
    if (!list) return tl::unexpected(list.error());
    for (const conn::HostAddress& address : *list) {
      if (address.port == 0) {
        return conn::fail(conn::Stage::configuration, conn::Reason::address_malformed,
                          text + ": port 0 cannot be dialled");
      }
      targets.push_back({address, std::nullopt});
      if (options.udp) targets.back().udp = address;
    }
  }
  if (targets.empty()) {
    return conn::fail(conn::Stage::configuration, conn::Reason::address_without_id,
                      "name at least one, as ID@HOST:PORT");
  }
  return targets;
}

// The reports of those targets that have one, each taken in turn.
template <typename Report>
class InTurn {
 public:
  explicit InTurn(std::vector<Report> reports) : reports_(std::move(reports)) {}
  const Report* next(bool has_one) {
    return has_one && at_ < reports_.size() ? &reports_[at_++] : nullptr;
  }

 private:
  std::vector<Report> reports_;
  std::size_t at_ = 0;
};

void print(const Options& options, const ProbeReport* tcp, const PingReport* udp) {
  if (!options.udp) {
    std::cout << (options.json ? to_json(*tcp) + '\n' : to_text(*tcp));
  } else if (options.json) {
    std::cout << R"({"tcp":)" << (tcp != nullptr ? to_json(*tcp) : "null") << R"(,"udp":)"
              << (udp != nullptr ? to_json(*udp) : "null") << "}\n";
  } else {
    if (tcp != nullptr) std::cout << "over TCP: " << to_text(*tcp);
    if (udp != nullptr) std::cout << "over UDP: " << to_text(*udp);
  }
}

int run(const Options& options) {
  const auto timeout = duration_of("timeout", options.timeout);
  if (!timeout) return report_wrong_usage(timeout.error());
  const auto targets = targets_of(options);
  if (!targets) return report_wrong_usage(targets.error());
  const auto key = key_of_option(options.key_file);
  if (!key) return report(key.error());

  ProbeOptions probe_options;
  if (!options.network.empty()) probe_options.network = options.network;
  probe_options.timeout = *timeout;
  std::vector<conn::HostAddress> to_dial;
  std::vector<PingTarget> to_ping;
  for (const Target& each : *targets) {
    if (each.tcp) to_dial.push_back(*each.tcp);
    if (each.udp) to_ping.push_back(*each.udp);
  }
  InTurn<ProbeReport> dialled(probe_all(*key, to_dial, probe_options));
  std::vector<PingReport> pings;
  if (options.udp) {
    const Signals signals{SIGINT, SIGTERM};
    auto pinged = ping_nodes(to_ping, {.count = 1, .patience = *timeout}, signals);
    if (!pinged) return report(pinged.error());
    pings = *std::move(pinged);
  }
  InTurn<PingReport> pinged(std::move(pings));
  bool all_proven = true;
  for (const Target& each : *targets) {
    const ProbeReport* const tcp = dialled.next(each.tcp.has_value());
    const PingReport* const udp = pinged.next(each.udp.has_value());
    print(options, tcp, udp);
    all_proven = all_proven && (tcp == nullptr || tcp->proven());
    all_proven = all_proven && (!each.udp || (udp != nullptr && udp->proven()));
  }
  return all_proven ? 0 : 1;
}

}  // namespace

Command probe_command() {
  auto options = std::make_shared<Options>();
  return {
      .name = "probe",
      .about = "Dial nodes, report each stage with its time, and why it ended there",
      .options = {{.name = "target",
                   .into = &options->targets,
                   .help = "ID@HOST:PORT, one or more; lists with commas, too; with --udp also "
                           "enr:... and enode://KEY@HOST:PORT",
                   .required = true},
                  {.name = "--network",
                   .into = &options->network,
                   .help = "The network (chain ID) to claim; default: the one the node names"},
                  {.name = "--udp",
                   .into = &options->udp,
                   .help = "Ping each over UDP as well: a record's endpoint, or the same address "
                           "and port"},
                  {.name = "--json",
                   .into = &options->json,
                   .help = "One JSON object for each target, each on a line"},
                  {.name = "--timeout",
                   .into = &options->timeout,
                   .help = "For one target, all in all",
                   .example = "TIME",
                   .default_text = default_of(options->timeout)},
                  {.name = "--node-key",
                   .into = &options->key_file,
                   .help = "A node_key.json to use; default: a new identity for each run",
                   .example = "FILE"}},
      .group = kLookGroup,
      .example = "peerage probe ID@203.0.113.7:26656 --network net-1",
      .footer =
          "Exit code: 0 if every node was reached and proven (with --udp, over UDP too), 1 if "
          "not, 64 for a wrong command line.",
      .run = [options] { return run(*options); },
  };
}

}  // namespace peerage::cmd
