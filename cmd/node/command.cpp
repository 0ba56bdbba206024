// start, seed: a node that runs until a signal ends it.
//
// SIGTERM and SIGINT end it, saved, with exit code 0, SIGTERM after drain_delay; SIGHUP has its
// settings read again, also one that came while it started. Other exit codes: cmd/cli/exit_code.h.
#include <csignal>
#include <iostream>
#include <memory>

#include "cmd/base/process.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/exit_code.h"
#include "cmd/config/node_config.h"
#include "cmd/config/overrides.h"
#include "cmd/config/private_addresses.h"
#include "cmd/config/sanity.h"
#include "cmd/node/node.h"
#include "cmd/node/service_notify.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::LogLevel;

// From the end of accepting to the end of the process, with what a slow disk takes: as long as the
// unit's TimeoutStopSec.
constexpr conn::Duration kStopTime = 15s;

struct Options {
  std::filesystem::path home;
  Flags flags;
  bool must_exist = false;
};

conn::Result<ProgramLog> log_of(const Settings& settings) {
  auto levels = LogLevels::parse(settings.config.log_level);
  if (!levels) return tl::unexpected(levels.error());
  const auto format = parse_log_format(settings.config.log_format);
  if (!format) return tl::unexpected(format.error());
  return ProgramLog(std::move(*levels), *format);
}

// A comet node's file has many settings for its other parts: that is no news at each start.
void log_notices(const conn::Log& log, const Settings& settings) {
  for (const std::string& warning : settings.warnings) log.write(LogLevel::warn, warning);
  const std::vector<std::string>& notices = settings.notices;
  static constexpr std::size_t kFew = 3;
  const auto level = notices.size() <= kFew ? LogLevel::warn : LogLevel::debug;
  for (const std::string& notice : notices) log.write(level, notice);
  if (notices.size() <= kFew) return;
  log.write(LogLevel::info, "settings that have no effect here; see check-config",
            {{"count", notices.size()}});
}

// What was set and is not in force, or is meant by nobody. Defaults that merely stand in a file are
// check-config's to tell.
void log_overrides(const conn::Log& log, const Settings& settings, pex::Role role) {
  for (const Override& each : overrides(settings, role)) {
    if (each.set == Override::Set::default_value) continue;
    log.write(LogLevel::warn, finding_about(settings, Severity::notice, each.key, each.what).text);
  }
  for (const Oddity& each : oddities(settings.config, role)) {
    log.write(LogLevel::warn, finding_about(settings, Severity::warning, each.key, each.what).text);
  }
}

// What a node would otherwise be silent about: nobody is found.
void log_private(const conn::Log& log, const Settings& settings) {
  for (const Finding& each : private_addresses(settings)) {
    log.write(LogLevel::warn, each.text);
  }
}

void reload(Node& node, const ServiceNotify& service) {
  service.reloading();
  node.reload();
  service.ready();
}

// Not ready at once, so that a load balancer sends nobody; everything else goes on for `delay`, or
// until a second signal hurries.
void drain(Node& node, conn::Duration delay, const Signals& signals, const conn::Log& log) {
  node.set_draining();
  if (delay <= conn::Duration(0)) return;
  log.write(LogLevel::info, "draining", {{"for_ms", delay / 1ms}});
  const auto until = std::chrono::steady_clock::now() + delay;
  for (;;) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= conn::Duration(0)) return;
    const int signal = signals.wait_for(std::chrono::ceil<std::chrono::milliseconds>(left));
    if (signal == SIGINT || signal == SIGTERM) return;
  }
}

int run(const Options& options, std::optional<pex::Role> only) {
  const Signals signals{SIGINT, SIGTERM, SIGHUP};
  auto settings = load_settings(options.home, options.flags);
  if (!settings) return report_of_node(settings.error());
  const auto program_log = log_of(*settings);
  if (!program_log) return report_of_node(program_log.error());
  const conn::Log log(program_log->module("main"));
  log_notices(log, *settings);
  const pex::Role role = role_of(settings->config, only);
  log_overrides(log, *settings, role);
  log_private(log, *settings);

  const ServiceNotify service;  // outlives the node, whose control shard gives the signs of life
  const conn::Duration drain_delay = settings->config.surface.drain_delay;
  const auto load = [options] {
    return read_settings(options.home, options.flags, process_environment(), Listing::brief);
  };
  auto node = Node::prepare(std::move(*settings), role, *program_log, load,
                            options.must_exist ? Node::Home::must_exist : Node::Home::may_be_new);
  if (!node) return report_of_node(node.error());
  if (const auto interval = service.watchdog_interval()) {
    (*node)->beat(*interval, [&service] { service.watchdog(); });
  }
  if (const auto started = (*node)->start(); !started) return report_of_node(started.error());

  service.ready();
  log.write(LogLevel::info, role == pex::Role::seed ? "seed started" : "node started",
            {{"address", (*node)->address().to_string()}, {"version", PEERAGE_VERSION}});
  static constexpr conn::Duration kTick = 10s;
  int signal = 0;
  while (signal != SIGINT && signal != SIGTERM) {
    signal = signals.wait_for(kTick);
    service.status((*node)->status_line());
    if (signal == SIGHUP) reload(**node, service);
  }
  // SIGINT is Ctrl-C at a terminal, where there is no load balancer to wait for.
  const conn::Duration delay = signal == SIGTERM ? drain_delay : conn::Duration(0);
  service.stopping(delay + kStopTime);
  drain(**node, delay, signals, log);
  log.write(LogLevel::info, "stopping");
  if (const auto stopped = (*node)->stop(); !stopped) return report_of_node(stopped.error());
  return 0;
}

Command command_of(std::string name, std::string about, std::string example,
                   std::optional<pex::Role> only) {
  auto options = std::make_shared<Options>();
  Command command{.name = std::move(name),
                  .about = std::move(about),
                  .options = settings_options(options->flags),
                  .group = kRunGroup,
                  .example = std::move(example),
                  .footer = kExitCodesOfANode,
                  .run = [options, only] { return run(*options, only); }};
  command.options.insert(command.options.begin(), home_option(options->home));
  command.options.push_back({.name = "--must-exist",
                             .into = &options->must_exist,
                             .help = "Make no new home, key or book: fail if one is missing"});
  return command;
}

}  // namespace

Command start_command() {
  return command_of(
      "start", "Run a node: peer exchange alone, to connect others, or a seed if seed_mode is set",
      "peerage start --network net-1 --seeds ID@HOST:PORT\n"
      "peerage start --network lan-1 --private --seeds ID@192.168.1.7:26656",
      std::nullopt);
}

Command seed_command() {
  return command_of("seed", "Run a seed: crawl networks and serve addresses that were verified",
                    "peerage seed --home ~/.gaia\npeerage seed --network a,b --seeds ID@HOST:PORT",
                    pex::Role::seed);
}

}  // namespace peerage::cmd
