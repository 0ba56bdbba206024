// crawl: goes through a network once, from its seeds, and reports what is there.
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <string_view>
#include <system_error>

#include <unistd.h>

#include "cmd/base/process.h"
#include "cmd/cli/commands.h"
#include "cmd/config/node_key_file.h"
#include "cmd/config/setting_value.h"
#include "cmd/crawl/crawl.h"
#include "conn/runtime/asio_runtime.h"
#include "conn/runtime/sync_wait.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

// Visits at a time: each takes a descriptor, of which a shell gives 1024.
constexpr std::uint32_t kMaxParallel = 500;

struct Options {
  std::string seeds, network, csv, book, key_file;
  std::string span = "10m", idle = setting_text(CrawlOptions{}.idle),
              visit = setting_text(CrawlOptions{}.visit);
  std::uint32_t parallel = static_cast<std::uint32_t>(CrawlOptions{}.parallel);
  bool json = false, private_networks = false;
};

tl::unexpected<conn::Failure> wrong(const std::string& what) {
  return fail(Stage::configuration, Reason::invalid_argument, what);
}

Result<CrawlOptions> crawl_options(const Options& options) {
  CrawlOptions crawl;
  if (options.network.find(',') != std::string::npos) {
    return wrong("--network: a crawl is of one network");
  }
  if (options.json && options.csv == "-") {
    return wrong("--json and --csv - would both write to the standard output");
  }
  crawl.network = options.network;
  const auto seeds = conn::parse_host_addresses(options.seeds);
  if (!seeds) return tl::unexpected(seeds.error());
  if (seeds->empty()) return wrong("--seeds: name at least one, as ID@HOST:PORT");
  crawl.seeds = *seeds;
  crawl.parallel = options.parallel;
  const auto visit = duration_of("visit-timeout", options.visit);
  if (!visit) return tl::unexpected(visit.error());
  crawl.visit = *visit;
  const auto idle = duration_of("idle", options.idle);
  if (!idle) return tl::unexpected(idle.error());
  crawl.idle = *idle;
  using Strict = conn::IpAddress::Strict;
  crawl.strict = options.private_networks ? Strict::no : Strict::yes;
  crawl.book = options.book;
  return crawl;
}

// One line on a terminal, written again and again; elsewhere nothing.
class ProgressLine {
 public:
  void show(const CrawlProgress& progress) const {
    if (!terminal_) return;
    std::fprintf(stderr,
                 "\r\x1b[Kheard of %zu, visited %zu, reachable %zu, answered %zu, under way %zu",
                 progress.heard, progress.visited, progress.reachable, progress.answered,
                 progress.under_way);
  }
  ~ProgressLine() {
    if (terminal_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
};

// Until the crawl or its time is over, or a signal comes.
CrawlResult::Ended watch(const Crawl& crawl, const Signals& signals, conn::Duration span) {
  const ProgressLine line;
  const auto end = std::chrono::steady_clock::now() + span;
  for (;;) {
    const CrawlProgress progress = crawl.progress();
    line.show(progress);
    if (progress.over) return CrawlResult::Ended::all_visited;
    if (std::chrono::steady_clock::now() >= end) return CrawlResult::Ended::time_over;
    if (signals.wait_for(200ms) != 0) return CrawlResult::Ended::interrupted;
  }
}

Result<void> answer_or_failure(const tl::expected<Result<void>, conn::NoAnswer>& answer,
                               std::string_view what) {
  if (answer) return *answer;
  return tl::unexpected(conn::as_failure(answer.error(), what));
}

bool write(const Options& options, std::ofstream& csv_file, const CrawlResult& result) {
  if (options.csv == "-") {
    std::cout << crawl_csv(result);
  } else {
    if (csv_file.is_open()) csv_file << crawl_csv(result) << std::flush;
    std::cout << (options.json ? crawl_json(result) : crawl_text(result));
  }
  std::cout << std::flush;
  return std::cout.good() && csv_file.good();
}

int crawl_and_report(const Options& options, const CrawlOptions& crawl_options, conn::NodeKey key,
                     conn::Duration span) {
  const Signals signals{SIGINT, SIGTERM};
  // Opened now: a failure must show at once, not in ten minutes.
  std::ofstream csv_file;
  if (!options.csv.empty() && options.csv != "-") {
    errno = 0;
    csv_file.open(options.csv, std::ios::binary | std::ios::trunc);
    if (!csv_file) {
      return report({Stage::configuration, Reason::io_error,
                     options.csv + ": " + std::generic_category().message(errno)});
    }
  }
  conn::AsioRuntime runtime(1);
  Crawl crawl(runtime, std::move(key), crawl_options);
  const auto started = conn::sync_wait<Result<void>>(
      runtime, [&crawl](const std::function<void(Result<void>)>& done) { crawl.start(done); });
  const Result<void> running = answer_or_failure(started, "start()");
  const auto ended = running ? watch(crawl, signals, span) : CrawlResult::Ended::interrupted;
  CrawlResult result;
  const auto finished =
      conn::sync_wait<Result<void>>(runtime, [&](const std::function<void(Result<void>)>& done) {
        crawl.finish(ended, [&result, done](CrawlResult found, Result<void> outcome) {
          result = std::move(found);
          done(std::move(outcome));
        });
      });
  const Result<void> saved = answer_or_failure(finished, "finish()");
  runtime.stop();
  if (!running) return report(running.error());
  if (!write(options, csv_file, result)) {
    return report({Stage::configuration, Reason::io_error, "the report cannot be written"});
  }
  if (!saved) return report(saved.error());
  const auto failure = nobody_answered(summarise(result));
  if (!failure) return 0;
  // The text and the JSON say it themselves; a table has no place for it.
  return options.csv == "-" ? report(*failure) : 1;
}

int run(const Options& options) {
  const auto crawl = crawl_options(options);
  if (!crawl) return report_wrong_usage(crawl.error());
  const auto span = duration_of("for", options.span);
  if (!span) return report_wrong_usage(span.error());
  auto key = key_of_option(options.key_file);
  if (!key) return report(key.error());
  return crawl_and_report(options, *crawl, std::move(*key), *span);
}

}  // namespace

Command crawl_command() {
  auto options = std::make_shared<Options>();
  return {
      .name = "crawl",
      .about = "Crawl a network once, and report which nodes are reachable and why others are not",
      .options = {{.name = "--seeds",
                   .into = &options->seeds,
                   .help = "Where to begin",
                   .example = "ID@HOST:PORT,...",
                   .required = true},
                  {.name = "--network",
                   .into = &options->network,
                   .help = "The network (chain ID)",
                   .required = true},
                  {.name = "--for",
                   .into = &options->span,
                   .help = "How long at most",
                   .example = "TIME",
                   .default_text = default_of(options->span)},
                  {.name = "--idle",
                   .into = &options->idle,
                   .help = "Over also when nothing could be done for this long",
                   .example = "TIME",
                   .default_text = default_of(options->idle)},
                  {.name = "--json", .into = &options->json, .help = "Report as one JSON object"},
                  {.name = "--csv",
                   .into = &options->csv,
                   .help = "Write a row for each address to this file; -: the standard output",
                   .example = "FILE"},
                  {.name = "--parallel",
                   .into = &options->parallel,
                   .help = "Visits at a time",
                   .default_text = default_of(options->parallel),
                   .range = {{1, kMaxParallel}}},
                  {.name = "--visit-timeout",
                   .into = &options->visit,
                   .help = "For one visit",
                   .example = "TIME",
                   .default_text = default_of(options->visit)},
                  {.name = "--private",
                   .into = &options->private_networks,
                   .help = "Private and loopback addresses count, too"},
                  {.name = "--book",
                   .into = &options->book,
                   .help = "Keep what is learnt in this address book; `peerage addrbook --book` "
                           "reads it",
                   .example = "FILE"},
                  {.name = "--node-key",
                   .into = &options->key_file,
                   .help = "A node_key.json to use; default: a new identity for each run",
                   .example = "FILE"}},
      .group = kLookGroup,
      .example = "peerage crawl --seeds ID@HOST:PORT --network net-1 --csv nodes.csv",
      .footer =
          "It ends when nothing is left to visit, after --for, or at Ctrl-C, and reports in each "
          "case. Exit code: 0 when it reported, 1 when it could not or when no node answered a "
          "request for addresses, 64 for a wrong command line.",
      .run = [options] { return run(*options); },
  };
}

}  // namespace peerage::cmd
