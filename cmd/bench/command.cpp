// bench: the command line of the ends of a benchmark.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/bench/bench.h"
#include "cmd/cli/commands.h"
#include "cmd/config/setting_value.h"

namespace peerage::cmd {
namespace {

using conn::Duration;
using Many = std::vector<Option>;

constexpr double kMost = 1e12;
constexpr double kMostPeers = 1'000'000;

// Takes a text that `parse` turns into a value; a mistake in it ends in exit code 2.
template <typename T, typename Parse>
Option::Taker into(T& value, Parse parse) {
  return [&value, parse](const std::string& text) -> std::optional<std::string> {
    conn::Result<T> parsed = parse(text);
    if (!parsed) return "\"" + conn::printable(text) + "\": " + parsed.error().text();
    value = std::move(*parsed);
    return std::nullopt;
  };
}
// Of a parser that does not say why.
template <typename T, typename Parse>
Option::Taker into(T& value, Parse parse, const char* wrong) {
  return [&value, parse, wrong](const std::string& text) -> std::optional<std::string> {
    const std::optional<T> parsed = parse(text);
    if (!parsed) return "\"" + conn::printable(text) + "\": " + wrong;
    value = *parsed;
    return std::nullopt;
  };
}

Option::Taker into_span(Duration& value) {
  return into(value, parse_duration, "is no duration such as 10s or 7ms");
}

Option rate(BenchOptions& options) {
  return {.name = "--rate",
          .into = &options.rate,
          .help = "Bytes per second each way; 0: unlimited",
          .default_text = default_of(options.rate)};
}
Option laddr(BenchOptions& options) {
  return {.name = "--laddr",
          .into = into(options.laddr, parse_listen_address),
          .help = "Where to listen",
          .example = "IP:PORT",
          .required = true};
}
Option dial(BenchOptions& options) {
  return {.name = "--dial",
          .into = into(options.dial, BenchTarget::parse),
          .help = "The node to dial; IP:PORT alone is any node there",
          .example = "ID@IP:PORT",
          .required = true};
}
Option msg_size(BenchOptions& options) {
  return {.name = "--msg-size",
          .into = &options.msg_size,
          .help = "Bytes of each",
          .range = {{1, kBenchMaxMessage}}};
}
Option required_number(const char* name, std::uint64_t& value, double most) {
  return {.name = name, .into = &value, .help = "How many", .required = true, .range = {{1, most}}};
}
Option concurrency(BenchOptions& options) {
  return {.name = "--concurrency",
          .into = &options.concurrency,
          .help = "Handshakes at a time",
          .default_text = default_of(options.concurrency),
          .range = {{1, 4096}}};
}

Many sink_options(BenchOptions& options) {
  return {laddr(options),
          rate(options),
          {.name = "--expect-msgs",
           .into = &options.expect_msgs,
           .help = "Report and exit after this many; default: at SIGINT or SIGTERM",
           .range = {{1, kMost}}}};
}
Many echo_options(BenchOptions& options) {
  return {laddr(options), rate(options)};
}

Many source_options(BenchOptions& options) {
  Option size = msg_size(options);
  size.required = true;
  return {dial(options), rate(options), std::move(size),
          required_number("--msg-count", options.msg_count, kMost)};
}
Many rtt_options(BenchOptions& options) {
  Option size = msg_size(options);
  size.default_text = default_of(options.msg_size);
  return {dial(options),
          rate(options),
          std::move(size),
          required_number("--count", options.count, kMost),
          {.name = "--interval",
           .into = into_span(options.interval),
           .help = "From one to the next, at least",
           .example = "TIME",
           .default_text = "7ms"}};
}
Many handshakes_options(BenchOptions& options) {
  return {dial(options), required_number("--count", options.count, kMostPeers),
          concurrency(options)};
}
Many hold_options(BenchOptions& options) {
  return {dial(options),
          required_number("--peers", options.peers, kMostPeers),
          concurrency(options),
          {.name = "--for",
           .into = into_span(options.span),
           .help = "How long, once all are up; default: until SIGINT or SIGTERM",
           .example = "TIME"}};
}

// One end of a benchmark: the options of every end, and its own.
Command end(std::string name, std::string about, int (*run)(const BenchOptions&),
            Many (*own)(BenchOptions&), std::string example, std::string footer = {}) {
  auto options = std::make_shared<BenchOptions>();
  Command command{
      .name = std::move(name),
      .about = std::move(about),
      .options = {{.name = "--home",
                   .into = Option::Taker([&home = options->home](const std::string& text) {
                     home = expand_home(text, process_environment());
                     return std::optional<std::string>();
                   }),
                   .help = "The home with the node key, made if missing. Default: a new "
                           "identity"},
                  {.name = "--network",
                   .into = &options->network,
                   .help = "The network (chain ID)",
                   .default_text = default_of(options->network)},
                  {.name = "--channel",
                   .into = into(options->channel, parse_channel,
                                "is no channel: 0 to 255, or 0x00 to 0xff"),
                   .help = "The channel, 0 to 255",
                   .default_text = "0x70"},
                  {.name = "--shards",
                   .into = &options->shards,
                   .help = "Network threads; 0: one for each core",
                   .default_text = default_of(options->shards),
                   .range = {{0, 1024}}}},
      .group = "Ends",
      .example = std::move(example),
      .footer = std::move(footer),
      .run = [options, run] { return run(*options); }};
  for (Option& each : own(*options)) command.options.push_back(std::move(each));
  return command;
}

}  // namespace

Command bench_command() {
  return {
      .name = "bench",
      .about = "Measure two processes that talk to each other over loopback",
      .group = kOtherGroup,
      .example =
          "peerage bench sink --laddr 127.0.0.1:7000\n"
          "peerage bench source --dial 127.0.0.1:7000 --msg-size 1024 --msg-count 100000",
      .footer =
          "Each end is a node with one channel of opaque messages, and prints one line of "
          "JSON when it is done; CPU and memory in it are of its own process. The other end "
          "may be another implementation. An end that listens says \"listening "
          "ID@IP:PORT\" on standard error.",
      .commands = {
          end("sink", "Count the messages of all that connect", run_bench_sink, sink_options,
              "peerage bench sink --laddr 127.0.0.1:7000"),
          end("echo", "Send each message back to its sender", run_bench_echo, echo_options,
              "peerage bench echo --laddr 127.0.0.1:7000"),
          end("source", "Send messages as fast as they are taken", run_bench_source, source_options,
              "peerage bench source --dial 127.0.0.1:7000 --msg-size 1024 --msg-count 100000"),
          end("rtt", "Time the way to an echo and back", run_bench_rtt, rtt_options,
              "peerage bench rtt --dial 127.0.0.1:7000 --count 1000"),
          end("handshakes", "Connect again and again, each time with a new identity",
              run_bench_handshakes, handshakes_options,
              "peerage bench handshakes --dial 127.0.0.1:7000 --count 1000",
              "Exit code: 0 if all succeeded, 1 if not; they are counted by reason."),
          end("hold", "Stay connected, idle, as many nodes at once", run_bench_hold, hold_options,
              "peerage bench hold --dial 127.0.0.1:7000 --peers 1000 --for 1m",
              "It says \"up N of M\" on standard error when all are. Exit code: 0 if all were "
              "alive to the end, 1 if not.")}};
}

}  // namespace peerage::cmd
