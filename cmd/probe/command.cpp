// probe: dials nodes and reports how far it got, and why no further.
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cmd/cli/commands.h"
#include "cmd/config/node_key_file.h"
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

int run(const Options& options) {
  const auto timeout = duration_of("timeout", options.timeout);
  if (!timeout) return report_wrong_usage(timeout.error());
  std::vector<conn::HostAddress> targets;
  for (const std::string& text : options.targets) {
    const auto list = conn::parse_host_addresses(text);
    if (!list) return report_wrong_usage(list.error());
    for (const conn::HostAddress& target : *list) {
      if (target.port == 0) {
        return report_wrong_usage({conn::Stage::configuration, conn::Reason::address_malformed,
                                   text + ": port 0 cannot be dialled"});
      }
      targets.push_back(target);
    }
  }
  if (targets.empty()) {
    return report_wrong_usage({conn::Stage::configuration, conn::Reason::address_without_id,
                               "name at least one, as ID@HOST:PORT"});
  }
  const auto key = key_of_option(options.key_file);
  if (!key) return report(key.error());

  ProbeOptions probe_options;
  if (!options.network.empty()) probe_options.network = options.network;
  probe_options.timeout = *timeout;
  bool all_proven = true;
  for (const ProbeReport& each : probe_all(*key, targets, probe_options)) {
    std::cout << (options.json ? to_json(each) + '\n' : to_text(each));
    all_proven = all_proven && each.proven();
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
                   .help = "ID@HOST:PORT, one or more; lists with commas, too",
                   .required = true},
                  {.name = "--network",
                   .into = &options->network,
                   .help = "The network (chain ID) to claim; default: the one the node names"},
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
          "Exit code: 0 if every node was reached and proven, 1 if not, 64 for a wrong command "
          "line.",
      .run = [options] { return run(*options); },
  };
}

}  // namespace peerage::cmd
