// What may happen to a network of discovery servers, each a function from its options to a report
// with checks.
//
// The servers are those that run in production, on the simulated internet's datagrams: every node
// begins with the same one boot node and nothing else. The same options give the same report and
// the same trace hash, to the last datagram.
//
// Threads: a scenario runs on the calling thread and shares nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "conn/base/time.h"
#include "tests/sim/cheap_crypto.h"
#include "tests/sim/report.h"

namespace peerage::sim::discovery {

// A rule of ours that is switched off, to see that the checks notice.
enum class Fault : std::uint8_t {
  none,
  own_lookups_only,  // nobody looks for random targets: steady
  forgetful,         // boot nodes are never asked again: partition
  no_rows,           // nothing is kept across a restart, and the boot node is down: restart
  deaf,              // what others say of our own address is not listened to: move
  no_records,        // records are not asked for: cold-start
};
std::span<const Fault> faults();
std::string_view name(Fault fault) noexcept;

struct Options {
  std::size_t nodes = 0;  // 0: the scenario's own number
  double minutes = 0;     // 0: the scenario's own
  double loss = -1;       // of datagrams; negative: the scenario's own
  conn::Duration delay = std::chrono::milliseconds(100);  // one way
  std::uint64_t seed = 1;
  Fault fault = Fault::none;
  Cryptography cryptography = Cryptography::cheap;
  // The part that is done, 0 to 1, and the state. Called now and then.
  std::function<void(double done, const std::string& now)> progress;
};

struct Scenario {
  std::string_view name;
  std::string_view about;
  std::size_t nodes;
  double minutes;
  double loss;
  Report (*run)(const Options& options);
};

std::span<const Scenario> scenarios();
// With the scenario's own numbers where the options name none. Sets the process's cryptography
// while it runs.
Report run(const Scenario& scenario, Options options);

// --- each in a file of its name ---

// All begin within ten seconds.
Report steady(const Options& options);
// Two halves do not reach each other for an hour.
Report partition(const Options& options);
// Half of the nodes restart at the same moment.
Report restart(const Options& options);
// A node has another address.
Report move(const Options& options);
// A quarter of the nodes are behind NATs that forget soon.
Report nat(const Options& options);
// A newcomer knows the boot node of a network that has run for a while.
Report cold_start(const Options& options);

}  // namespace peerage::sim::discovery
