// The metrics over HTTP: /metrics, and / with a link to it.
//
// Threads: the hooks are called on the HTTP server's thread and must not wait.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "cmd/http/server.h"
#include "cmd/status/program_metrics.h"

namespace peerage::cmd {

struct MetricsHooks {
  std::function<std::string()> node;  // pex::metrics_text
  std::function<ProgramFigures()> program;
};
// `under_way`: scrapes at once, as [instrumentation] max_open_connections has it; 0: any.
std::vector<HttpRoute> metrics_routes(const MetricsHooks& hooks, std::size_t under_way);

}  // namespace peerage::cmd
