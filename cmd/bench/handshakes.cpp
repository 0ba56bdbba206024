// handshakes: TCP, SecretConnection and NodeInfo with a node, again and again, each with a new
// identity.
#include "cmd/bench/workers.h"
#include "cmd/cli/commands.h"

namespace peerage::cmd {

int run_bench_handshakes(const BenchOptions& given) {
  BenchOptions options = given;
  const Signals signals{SIGINT, SIGTERM};
  const auto key = bench_key(options.home);  // makes a home that is missing
  if (!key) return report(key.error());
  if (auto allowed = allow_connections(options.concurrency); !allowed) {
    return report(allowed.error());
  }
  conn::AsioRuntime runtime(options.shards);
  // A target that is not there, or refuses us, is reported at once and not `count` times.
  const auto id = who_answers(runtime, options);
  if (!id) return report(id.error());
  options.dial.id = *id;
  const auto keys = fresh_keys(options.count);
  DialResults results =
      dial_many(runtime, options, keys, signals, [](std::size_t, p2p::Upgraded) {});
  runtime.stop();

  BenchReport result("handshakes");
  const auto done = static_cast<double>(results.us.size());
  const double cpu = results.end.cpu_s - results.begin.cpu_s;
  const double seconds = std::chrono::duration<double>(results.end.at - results.begin.at).count();
  result.set("handshakes", results.us.size());
  result.set_span("lasted_ms", results.end.at - results.begin.at);
  if (done > 0) {
    result.set("handshakes_per_s", done / seconds);
    result.set("cpu_ms_per_handshake", cpu * 1e3 / done);
  }
  result.set("cpu_ms", cpu * 1e3);
  result.set_times(std::move(results.us));
  result.set_failures(results.failures);
  result.set("rss_kb", resident_kb());
  const bool all = results.failures.empty() && !results.interrupted;
  return result.print() && all ? 0 : 1;
}

}  // namespace peerage::cmd
