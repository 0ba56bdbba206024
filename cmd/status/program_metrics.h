// The metrics that the program has besides its node's (pex/metrics.h): what it was built from, its
// process, its HTTP server, live control, and reloads of its configuration.
//
// Threads: plain values, a pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/http/server.h"
#include "cmd/status/process_figures.h"

namespace peerage::cmd {

struct BuildInfo {
  std::string version;   // of this program
  std::string commit;    // empty: not known
  std::string compiler;  // "g++ 12.2.0"
  std::string cipher;    // what does the frames' ChaCha20-Poly1305
};
// This program's.
BuildInfo build_info();

// Requests of the control socket that had this result: "ok", or the error's reason.
struct CtlRequests {
  std::string verb;
  std::string result;
  std::uint64_t count = 0;
};

// Of the configuration, since the start.
struct Reloads {
  std::uint64_t applied = 0;
  std::uint64_t failed = 0;
  enum class Last : std::uint8_t { applied, failed } last = Last::applied;  // the start counts
};

struct ProgramFigures {
  BuildInfo build;
  std::optional<ProcessFigures> process;
  HttpFigures http;
  std::vector<CtlRequests> ctl;
  Reloads reloads;
};

// In the text format 0.0.4; it may follow that of the node. Routes of one name are one.
std::string program_metrics_text(const ProgramFigures& figures);

}  // namespace peerage::cmd
