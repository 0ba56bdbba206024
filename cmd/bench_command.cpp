// bench: the command line of the ends of a benchmark.
#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/bench.h"
#include "cmd/commands.h"
#include "cmd/setting_value.h"

namespace peerage::cmd {
namespace {

using conn::Duration;

constexpr std::uint64_t kMost = 1'000'000'000'000;
constexpr std::size_t kMostPeers = 1'000'000;

// Options of every end, and what is added by each: what is wrong with one ends in exit code 2.
class End {
 public:
  End(CLI::App& parent, Action& action, const char* name, const char* what,
      int (*run)(const BenchOptions&))
      : app_(parent.add_subcommand(name, what)), options_(std::make_shared<BenchOptions>()) {
    app_->add_option_function<std::string>(
        "--home",
        [options = options_](const std::string& text) {
          options->home = expand_home(text, process_environment());
        },
        "Whose node key to use; made when it is not there. Default: a new identity");
    app_->add_option("--network", options_->network, "The network (chain ID)")
        ->capture_default_str();
    parsed("--channel", "The channel, 0 to 255", "0x70", options_->channel, [](const auto& text) {
      return value_or(parse_channel(text), "is no channel: 0 to 255, or 0x00 to 0xff");
    });
    app_->add_option("--shards", options_->shards, "Network threads; 0: one for each core")
        ->check(CLI::Range(std::size_t{0}, std::size_t{1024}))
        ->capture_default_str();
    app_->callback(
        [&action, run, options = options_] { action = [run, options] { return run(*options); }; });
  }

  End& rate() {
    app_->add_option("--rate", options_->rate, "Bytes per second each way; 0: unlimited")
        ->capture_default_str();
    return *this;
  }
  End& listens() {
    parsed("--laddr", "Where to listen: IP:PORT", nullptr, options_->laddr, [](const auto& text) {
      return value_or(parse_listen_address(text));
    })->required();
    return rate();
  }
  End& dials() {
    parsed("--dial", "Whom to dial: ID@IP:PORT, or IP:PORT for whoever answers", nullptr,
           options_->dial, [](const auto& text) { return value_or(BenchTarget::parse(text)); })
        ->required();
    return *this;
  }
  template <typename T, typename Least, typename Most>
  CLI::Option* number(const char* name, T BenchOptions::*into, Least least, Most most,
                      const char* what) {
    return app_->add_option(name, (*options_).*into, what)
        ->check(CLI::Range(static_cast<T>(least), static_cast<T>(most)));
  }
  CLI::Option* span(const char* name, Duration BenchOptions::*into, const char* usual,
                    const char* what) {
    return parsed(name, what, usual, (*options_).*into, [](const auto& text) {
      return value_or(parse_duration(text), "is no duration such as 10s or 7ms");
    });
  }
  End& concurrency() {
    number("--concurrency", &BenchOptions::concurrency, 1, 4096, "Handshakes at a time")
        ->capture_default_str();
    return *this;
  }
  CLI::App* operator->() { return app_; }

 private:
  template <typename T>
  struct Parsed {
    std::optional<T> value;
    std::string wrong;
  };
  template <typename T>
  static Parsed<T> value_or(std::optional<T> value, std::string wrong) {
    return {std::move(value), std::move(wrong)};
  }
  template <typename T>
  static Parsed<T> value_or(conn::Result<T> result) {
    if (result) return {std::move(*result), {}};
    return {std::nullopt, result.error().text()};
  }
  // An option whose text becomes a value by `parse`.
  template <typename T, typename Parse>
  CLI::Option* parsed(const char* name, const char* what, const char* usual, T& into, Parse parse) {
    CLI::Option* option = app_->add_option_function<std::string>(
        name,
        [name, parse, &into, keep = options_](const std::string& text) {
          Parsed<T> outcome = parse(text);
          if (!outcome.value) {
            throw CLI::ValidationError(name, "\"" + conn::printable(text) + "\": " + outcome.wrong);
          }
          into = std::move(*outcome.value);
        },
        what);
    if (usual != nullptr) option->default_str(usual);
    return option;
  }

  CLI::App* app_;
  std::shared_ptr<BenchOptions> options_;
};

void add_listening(CLI::App& parent, Action& action) {
  End sink(parent, action, "sink", "Count the messages of whoever connects", run_bench_sink);
  sink.listens().number("--expect-msgs", &BenchOptions::expect_msgs, 1, kMost,
                        "Report and exit after so many; default: at SIGINT or SIGTERM");
  End(parent, action, "echo", "Send each message back to whom it came from", run_bench_echo)
      .listens();
}

void add_dialling(CLI::App& parent, Action& action) {
  End source(parent, action, "source", "Send messages as fast as they are taken", run_bench_source);
  source.dials().rate();
  source.number("--msg-size", &BenchOptions::msg_size, 1, kBenchMaxMessage, "Bytes of each")
      ->required();
  source.number("--msg-count", &BenchOptions::msg_count, 1, kMost, "How many")->required();

  End rtt(parent, action, "rtt", "Time the way to an echo and back", run_bench_rtt);
  rtt.dials().rate();
  rtt.number("--msg-size", &BenchOptions::msg_size, 1, kBenchMaxMessage, "Bytes of each")
      ->capture_default_str();
  rtt.number("--count", &BenchOptions::count, 1, kMost, "How many")->required();
  rtt.span("--interval", &BenchOptions::interval, "7ms", "From one to the next, at least");
}

void add_many(CLI::App& parent, Action& action) {
  End handshakes(parent, action, "handshakes", "Connect again and again, each time as another",
                 run_bench_handshakes);
  handshakes.dials().number("--count", &BenchOptions::count, 1, kMostPeers, "How many")->required();
  handshakes.concurrency();
  handshakes->footer("Exit code: 0 if all succeeded, 1 if not; they are counted by reason.");

  End hold(parent, action, "hold", "Stay connected, idle, as many nodes at once", run_bench_hold);
  hold.dials().number("--peers", &BenchOptions::peers, 1, kMostPeers, "How many")->required();
  hold.concurrency();
  hold.span("--for", &BenchOptions::span, nullptr,
            "How long, once all are up; default: until SIGINT or SIGTERM");
  hold->footer(
      "It says \"up N of M\" on standard error when all are. Exit code: 0 if all were alive to the "
      "end, 1 if not.");
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("bench", "Measure two processes that talk to each other over loopback");
  command->require_subcommand(1);
  add_listening(*command, action);
  add_dialling(*command, action);
  add_many(*command, action);
  command->footer(
      "Each end is a node with one channel of opaque messages, and prints one line of JSON when it "
      "is done; CPU and memory in it are of its own process. The other end may be another "
      "implementation. An end that listens says \"listening ID@IP:PORT\" on standard error.");
}

}  // namespace peerage::cmd
