#include "cmd/status/program_metrics.h"

#include <gtest/gtest.h>

#include "tests/support/metric_lines.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using test::MetricLines;

constexpr auto kBounds = conn::time_bounds(1ms, 10ms, 100ms, 1s);

conn::HistogramCounts times(std::vector<conn::Duration> observed = {}) {
  conn::Histogram histogram(kBounds);
  for (const conn::Duration each : observed) histogram.observe(each);
  return histogram.read();
}
HttpFigures::OfRoute route(std::string name, std::uint64_t good = 0, std::uint64_t bad = 0) {
  HttpFigures::OfRoute route;
  route.name = std::move(name);
  route.requests[2] = good;
  route.requests[4] = bad;
  route.seconds = times(std::vector<conn::Duration>(good + bad, 5ms));
  return route;
}
ProgramFigures figures() {
  ProgramFigures figures;
  figures.build = {"0.1.0", "abc", "g++ 12.2.0", "ipsec-mb"};
  figures.process = {12.5, 4096, 8192, 1.8e9, 17, 1024};
  figures.http.routes = {route("metrics"), route("peers"), route("other")};
  return figures;
}
MetricLines read(const ProgramFigures& figures) {
  MetricLines lines(program_metrics_text(figures));
  for (const std::string& fault : lines.faults()) ADD_FAILURE() << fault;
  return lines;
}

TEST(ProgramMetrics, EveryFamilyIsThereFromTheStart) {
  const MetricLines lines = read(figures());
  const std::vector<std::pair<std::string, std::string>> families = {
      {"peerage_build_info", "gauge"},
      {"process_cpu_seconds_total", "counter"},
      {"process_resident_memory_bytes", "gauge"},
      {"process_virtual_memory_bytes", "gauge"},
      {"process_open_fds", "gauge"},
      {"process_max_fds", "gauge"},
      {"process_start_time_seconds", "gauge"},
      {"peerage_http_requests_total", "counter"},
      {"peerage_http_request_seconds", "histogram"},
      {"peerage_http_connections", "gauge"},
      {"peerage_sse_clients", "gauge"},
      {"peerage_config_reloads_total", "counter"},
      {"peerage_config_last_reload_success", "gauge"},
  };
  for (const auto& [name, type] : families) EXPECT_EQ(lines.type_of(name), type) << name;
  EXPECT_EQ(lines.value("peerage_http_requests_total", {{"route", "peers"}, {"code", "2xx"}}), 0);
  EXPECT_EQ(lines.value("peerage_http_request_seconds_count", {{"route", "peers"}}), 0);
  EXPECT_EQ(lines.value("peerage_config_reloads_total", {{"result", "ok"}}), 0);
  EXPECT_EQ(lines.value("peerage_config_reloads_total", {{"result", "failed"}}), 0);
  EXPECT_EQ(lines.value("peerage_config_last_reload_success"), 1) << "the start counts";
}

TEST(ProgramMetrics, TheProcessIsAsThePrometheusClientsHaveIt) {
  ProgramFigures given = figures();
  const MetricLines lines = read(given);
  EXPECT_EQ(lines.value("process_cpu_seconds_total"), 12.5);
  EXPECT_EQ(lines.value("process_resident_memory_bytes"), 4096);
  EXPECT_EQ(lines.value("process_virtual_memory_bytes"), 8192);
  EXPECT_EQ(lines.value("process_start_time_seconds"), 1.8e9);
  EXPECT_EQ(lines.value("process_open_fds"), 17);
  EXPECT_EQ(lines.value("process_max_fds"), 1024);
  given.process->max_fds.reset();
  EXPECT_FALSE(read(given).value("process_max_fds")) << "unlimited";
  given.process.reset();
  EXPECT_EQ(program_metrics_text(given).find("process_"), std::string::npos) << "no /proc";
}

TEST(ProgramMetrics, WholeNumbersHaveNoExponentAndNoFraction) {
  const std::string text = program_metrics_text(figures());
  EXPECT_NE(text.find("\nprocess_start_time_seconds 1800000000\n"), std::string::npos);
  EXPECT_NE(text.find("\nprocess_open_fds 17\n"), std::string::npos);
  EXPECT_NE(text.find("_bucket{route=\"peers\",le=\"0.001\"} 0\n"), std::string::npos);
}

TEST(ProgramMetrics, TheBuildIsInLabels) {
  EXPECT_EQ(read(figures()).value("peerage_build_info", {{"version", "0.1.0"},
                                                         {"commit", "abc"},
                                                         {"compiler", "g++ 12.2.0"},
                                                         {"cipher", "ipsec-mb"}}),
            1);
  const BuildInfo own = build_info();
  EXPECT_FALSE(own.version.empty());
  EXPECT_FALSE(own.cipher.empty());
  EXPECT_TRUE(own.compiler.starts_with("g++ ") || own.compiler.starts_with("clang "));
}

TEST(ProgramMetrics, LabelsAreEscaped) {
  ProgramFigures given = figures();
  given.build.compiler = "a \"b\" \\c\nd";
  const std::string text = program_metrics_text(given);
  EXPECT_NE(text.find(R"(compiler="a \"b\" \\c\nd")"), std::string::npos) << text;
  EXPECT_EQ(read(given).value("peerage_build_info", {{"compiler", given.build.compiler}}), 1);
}

// Services have routes of one name: probes stand beside the metrics and beside the lists.
TEST(ProgramMetrics, RoutesOfOneNameAreOne) {
  ProgramFigures given = figures();
  given.http.routes = {route("ready", 1), route("peers", 2, 1), route("ready", 4, 2)};
  const MetricLines lines = read(given);
  const auto requests = [&](const char* route, const char* code) {
    return lines.value("peerage_http_requests_total", {{"route", route}, {"code", code}});
  };
  EXPECT_EQ(requests("ready", "2xx"), 5);
  EXPECT_EQ(requests("ready", "4xx"), 2);
  EXPECT_EQ(requests("peers", "4xx"), 1);
  EXPECT_FALSE(requests("ready", "5xx")) << "none was seen";
  EXPECT_EQ(lines.value("peerage_http_request_seconds_count", {{"route", "ready"}}), 7);
  EXPECT_EQ(lines.value("peerage_http_request_seconds_sum", {{"route", "ready"}}), 0.035);
}

TEST(ProgramMetrics, RequestsOfLiveControlAreSummedByVerbAndResult) {
  ProgramFigures given = figures();
  given.ctl = {{"peers", "done", 0}, {"ban", "done", 2}, {"ban", "failed", 1}, {"ban", "done", 3}};
  given.reloads = {4, 1, Reloads::Last::failed};
  const MetricLines lines = read(given);
  EXPECT_EQ(lines.value("peerage_ctl_requests_total", {{"verb", "ban"}, {"result", "done"}}), 5);
  EXPECT_EQ(lines.value("peerage_ctl_requests_total", {{"verb", "ban"}, {"result", "failed"}}), 1);
  EXPECT_EQ(lines.value("peerage_ctl_requests_total", {{"verb", "peers"}}), 0);
  EXPECT_EQ(lines.value("peerage_config_reloads_total", {{"result", "ok"}}), 4);
  EXPECT_EQ(lines.value("peerage_config_reloads_total", {{"result", "failed"}}), 1);
  EXPECT_EQ(lines.value("peerage_config_last_reload_success"), 0);
}

}  // namespace
}  // namespace peerage::cmd
