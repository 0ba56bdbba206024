// discovery crawl: all nodes that can be heard of over UDP.
#include <cstdio>
#include <iostream>
#include <memory>

#include <unistd.h>

#include "cmd/cli/commands.h"
#include "cmd/cli/exit_code.h"
#include "cmd/discovery/crawl_report.h"
#include "cmd/discovery/udp_session.h"
#include "cmd/discovery/verbs.h"

namespace peerage::cmd {
namespace {

// Questions at a time. Each costs a signature on either side.
constexpr std::uint32_t kMostParallel = 256;

struct Options {
  StartNodes start;
  std::string span = "30s", timeout = "2s";
  std::string network;
  std::uint32_t parallel = static_cast<std::uint32_t>(DiscoveryCrawl::Settings{}.parallel);
  bool json = false, records = false;
};

// One line on a terminal, written again and again; elsewhere nothing.
class ProgressLine {
 public:
  void show(const DiscoveryCrawl::Progress& progress) const {
    if (!terminal_) return;
    std::fprintf(stderr, "\r\x1b[Kheard of %zu, asked %zu, live %zu, under way %zu", progress.heard,
                 progress.asked, progress.live, progress.under_way);
  }
  ~ProgressLine() {
    if (terminal_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
};

DiscoveryCrawlResult::Ended as_ended(UdpSession::Ended ended) {
  switch (ended) {
    case UdpSession::Ended::finished:
      return DiscoveryCrawlResult::Ended::all_asked;
    case UdpSession::Ended::time_over:
      return DiscoveryCrawlResult::Ended::time_over;
    case UdpSession::Ended::interrupted:
      break;
  }
  return DiscoveryCrawlResult::Ended::interrupted;
}

DiscoveryCrawlResult crawl(UdpSession& session, const std::vector<pex::Contact>& start,
                           const Options& options, conn::Duration span) {
  TargetPool targets([&session](conn::MutableBytes into) { session.random(into); });
  DiscoveryCrawl inquiry({.own = session.own_id(), .parallel = options.parallel},
                         std::move(targets), start);
  const ProgressLine line;
  const auto began = session.now();
  DiscoveryCrawlResult result;
  result.ended = as_ended(session.run(inquiry, span, [&] { line.show(inquiry.progress()); }));
  result.network = options.network;
  result.lasted = session.now() - began;
  result.nodes = inquiry.nodes();
  result.left_out = inquiry.left_out();
  return result;
}

int run(const Options& options) {
  const auto span = duration_of("for", options.span);
  if (!span) return report_wrong_usage(span.error());
  const auto timeout = duration_of("timeout", options.timeout);
  if (!timeout) return report_wrong_usage(timeout.error());
  const Signals signals{SIGINT, SIGTERM};
  const auto start = good_nodes(options.start);
  if (!start) return kExitFailed;
  const auto session = UdpSession::open({.patience = *timeout}, signals);
  if (!session) return report(session.error());
  const auto contacts = contacts_of(**session, *start);
  if (contacts.empty()) return kExitFailed;

  const DiscoveryCrawlResult result = crawl(**session, contacts, options, *span);
  std::cout << (options.records ? crawl_records(result)
                : options.json  ? crawl_json(result)
                                : crawl_text(result));
  return summarise(result).live > 0 ? kExitDone : kExitFailed;
}

}  // namespace

Command discovery_crawl_verb() {
  auto options = std::make_shared<Options>();
  return {
      .name = "crawl",
      .about = "Find all nodes that can be heard of over UDP, and their networks",
      .options = start_options(
          options->start,
          {{.name = "--for",
            .into = &options->span,
            .help = "How long at most",
            .example = "TIME",
            .default_text = default_of(options->span)},
           {.name = "--network",
            .into = &options->network,
            .help = "Show only nodes whose record names this network (chain ID)"},
           {.name = "--parallel",
            .into = &options->parallel,
            .help = "Questions at a time",
            .default_text = default_of(options->parallel),
            .range = {{1, kMostParallel}}},
           {.name = "--timeout",
            .into = &options->timeout,
            .help = "For one answer",
            .example = "TIME",
            .default_text = default_of(options->timeout)},
           {.name = "--json", .into = &options->json, .help = "Report as one JSON object"},
           {.name = "--enr",
            .into = &options->records,
            .help = "Print the records of live nodes alone, each on a line",
            .excludes = {"--json"}}}),
      .example = "peerage discovery crawl enr:-IS4Q... --network net-1 --for 1m",
      .footer =
          "It ends when nobody is left to ask, after --for, or at Ctrl-C, and reports in each "
          "case. Networks and versions are what records say; `peerage probe` proves them. Exit "
          "code: 0 if any node answered, 1 if none did, 64 for a wrong command line.",
      .run = [options] { return run(*options); },
  };
}

}  // namespace peerage::cmd
