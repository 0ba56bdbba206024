#include "cmd/status/program_metrics.h"

#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "conn/comet/frame_aead.h"
#include "pex/metrics/text_writer.h"

namespace peerage::cmd {
namespace {

using pex::TextWriter;
using Type = pex::MetricType;

#ifdef __clang__
constexpr const char* kCompiler = "clang " __clang_version__;
#else
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

void write_build(TextWriter& writer, const BuildInfo& build) {
  writer.family("peerage_build_info", Type::gauge, "1, and what this program was built from.");
  writer.value({{"version", build.version},
                {"commit", build.commit},
                {"compiler", build.compiler},
                {"cipher", build.cipher}},
               std::uint64_t{1});
}

void write_process(TextWriter& writer, const ProcessFigures& process) {
  const auto write = [&writer](const char* name, Type type, const char* help, auto value) {
    writer.family(name, type, help);
    writer.value({}, value);
  };
  write("process_cpu_seconds_total", Type::counter, "Processor time of user and system.",
        process.cpu_seconds);
  write("process_resident_memory_bytes", Type::gauge, "Memory that is in RAM.",
        process.resident_bytes);
  write("process_virtual_memory_bytes", Type::gauge, "Memory that is mapped.",
        process.virtual_bytes);
  write("process_open_fds", Type::gauge, "File descriptors that are open.", process.open_fds);
  if (process.max_fds) {
    write("process_max_fds", Type::gauge, "File descriptors that may be open.", *process.max_fds);
  }
  write("process_start_time_seconds", Type::gauge, "When the process began, since 1970.",
        process.start_time);
}

// In the order in which their names come first.
std::vector<HttpFigures::OfRoute> by_name(const std::vector<HttpFigures::OfRoute>& routes) {
  std::vector<HttpFigures::OfRoute> sums;
  std::map<std::string_view, std::size_t> places;
  for (const HttpFigures::OfRoute& route : routes) {
    const auto [place, is_new] = places.try_emplace(route.name, sums.size());
    if (is_new) {
      sums.push_back(route);
      continue;
    }
    HttpFigures::OfRoute& sum = sums[place->second];
    for (std::size_t i = 0; i < std::size(route.requests); ++i) {
      sum.requests[i] += route.requests[i];
    }
    sum.seconds += route.seconds;
  }
  return sums;
}

void write_http(TextWriter& writer, const HttpFigures& http) {
  static constexpr std::array<std::string_view, 6> kClasses = {"",    "1xx", "2xx",
                                                               "3xx", "4xx", "5xx"};
  const std::vector<HttpFigures::OfRoute> routes = by_name(http.routes);
  writer.family("peerage_http_requests_total", Type::counter,
                "Requests of operators' HTTP, by the class of the answer.");
  for (const HttpFigures::OfRoute& route : routes) {
    for (std::size_t i = 1; i < kClasses.size(); ++i) {
      // What goes well is there from the start, the others when first seen.
      if (i != 2 && route.requests[i] == 0) continue;
      writer.value({{"route", route.name}, {"code", kClasses[i]}}, route.requests[i]);
    }
  }
  writer.family("peerage_http_request_seconds", Type::histogram,
                "From a whole request to its answer.");
  for (const HttpFigures::OfRoute& route : routes) {
    writer.histogram({{"route", route.name}}, route.seconds);
  }
  writer.family("peerage_http_connections", Type::gauge, "Connections to operators' HTTP.");
  writer.value({}, http.connections);
  writer.family("peerage_sse_clients", Type::gauge, "Clients of server-sent events.");
  writer.value({}, http.stream_clients);
}

void write_ctl(TextWriter& writer, const std::vector<CtlRequests>& requests) {
  std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> sums;
  for (const CtlRequests& each : requests) sums[{each.verb, each.result}] += each.count;
  writer.family("peerage_ctl_requests_total", Type::counter, "Requests of live control.");
  for (const auto& [key, count] : sums) {
    writer.value({{"verb", key.first}, {"result", key.second}}, count);
  }
}

void write_reloads(TextWriter& writer, const Reloads& reloads) {
  writer.family("peerage_config_reloads_total", Type::counter,
                "Times that the configuration was read again.");
  writer.value({{"result", "ok"}}, reloads.applied);
  writer.value({{"result", "failed"}}, reloads.failed);
  writer.family("peerage_config_last_reload_success", Type::gauge,
                "Whether the configuration was good when it was last read.");
  writer.value({}, std::uint64_t{reloads.last == Reloads::Last::applied});
}

}  // namespace

BuildInfo build_info() {
  return {PEERAGE_VERSION, PEERAGE_COMMIT, kCompiler, std::string(conn::frame_aead().name())};
}

std::string program_metrics_text(const ProgramFigures& figures) {
  TextWriter writer;
  write_build(writer, figures.build);
  if (figures.process) write_process(writer, *figures.process);
  write_http(writer, figures.http);
  write_ctl(writer, figures.ctl);
  write_reloads(writer, figures.reloads);
  return writer.take();
}

}  // namespace peerage::cmd
