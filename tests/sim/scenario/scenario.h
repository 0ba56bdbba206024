// The scenarios: what may happen to a network of nodes, each a function from its options to a
// report with checks.
//
// The same options give the same report and the same trace hash, to the last event.
//
// Threads: a scenario runs on the calling thread and shares nothing; scratch files lie in a folder
// of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tests/sim/cheap_crypto.h"
#include "tests/sim/report.h"

namespace peerage::sim {

// A rule of ours that is switched off, to see that a scenario notices.
enum class Fault : std::uint8_t { none, no_jitter, no_sticky_redial, source_from_claim };
std::string_view name(Fault fault) noexcept;

struct ScenarioOptions {
  std::size_t nodes = 0;  // 0: the scenario's own number
  double hours = 0;       // 0: the scenario's own
  std::uint64_t seed = 1;
  Fault fault = Fault::none;
  // Nothing: the real one up to kRealCryptographyUpTo, beyond that the cheap one, and the report's
  // title says so.
  std::optional<Cryptography> cryptography = {};
  // The part that is done, 0 to 1, and the state. Called now and then.
  std::function<void(double done, const std::string& now)> progress;
};

// In larger worlds handshakes alone would take minutes.
inline constexpr double kRealCryptographyUpTo = 1000;  // nodes times hours

struct Scenario {
  std::string_view name;
  std::string_view about;
  std::size_t nodes;
  double hours;
  Report (*run)(const ScenarioOptions& options);
};

std::span<const Scenario> scenarios();
// Null when there is none of that name.
const Scenario* find_scenario(std::string_view name);
// With the scenario's own numbers where the options name none. Sets the process's cryptography
// while it runs.
Report run(const Scenario& scenario, ScenarioOptions options);

// --- each in a file of its name ---

// All begin at the same moment, with two seeds and nothing else.
Report cold_start(const ScenarioOptions& options);
// A tenth of the nodes leave in an hour, and as many new ones come; others restart.
Report churn(const ScenarioOptions& options);
// Two halves cannot reach each other for six hours.
Report partition(const ScenarioOptions& options);
// All seeds go for some hours, and come back with empty books.
Report seed_loss(const ScenarioOptions& options);
// Nine newcomers for each node, all at once, at one seed.
Report flash_crowd(const ScenarioOptions& options);
// Links, hosts, clocks, names and disks fail at random for all but the first minutes and the last
// hour.
Report soak(const ScenarioOptions& options);
// One company's addresses visit some nodes each second, and claim to be in other networks.
Report false_claims(const ScenarioOptions& options);
// Half of the nodes follow the Go node's policy.
Report mixed(const ScenarioOptions& options);

}  // namespace peerage::sim
