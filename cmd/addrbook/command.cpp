// addrbook: the address book of a home on the command line.
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addrbook/record/book_reason.h"
#include "cmd/addrbook/addrbook.h"
#include "cmd/addrbook/running_node.h"
#include "cmd/base/control_output.h"
#include "cmd/base/text_wrap.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/exit_code.h"

namespace peerage::cmd {
namespace {

using conn::Reason;
using conn::Result;
using conn::Stage;

// The values of the options of a subcommand; each uses some.
struct Options {
  std::filesystem::path home;
  bool wide = false;
  bool json = false;
  std::string network;
  std::string kind;
  std::string verified_since;
  std::string last_failure;
  std::string format;
  std::size_t limit = 0;
  bool by = false;
  bool of = false;
  std::string target;  // an ID, a target of bans, or a file
  std::string span = "1d";
  std::string reason;
};

conn::Failure bad_argument(std::string detail) {
  return {Stage::configuration, Reason::invalid_argument, std::move(detail)};
}

// Reports what was not found: exit code 1, but no error.
int not_there(const std::string& what) {
  std::cerr << "peerage: " << what << '\n';
  return 1;
}

int report_book(const conn::Failure& failure) {
  report(failure);
  if (failure.reason == addrbook::BookReason::book_missing) {
    std::cerr << "  hint: `peerage addrbook import FILE` makes one of an addrbook.json\n";
  }
  return 1;
}

// What to do about a change that the file was not open for: a running node is asked. `unchanged`:
// what is to be said if there was nothing to change.
int ask_node(const BookHome& home, const Options& options, const conn::Failure& failure,
             const std::string& verb, const NodeParams& params, const std::string& unchanged = {}) {
  const auto answer = ask_running_node(home, failure, verb, params);
  if (!answer) return report_book(failure);
  if (!*answer) {
    const ControlFailure& refused = answer->error();
    std::cerr << "peerage: the running node: " << conn::printable(refused.message) << '\n';
    if (!refused.hint.empty()) std::cerr << "  hint: " << conn::printable(refused.hint) << '\n';
    return refused.exit_code == ControlExit::kWrongUsage ? kExitUsage : kExitFailed;
  }
  if (!unchanged.empty() && !has_changed(**answer)) return not_there(unchanged);
  std::cout << (options.json ? **answer + '\n' : result_text(verb, **answer, kTextWidth));
  return kExitDone;
}

Result<addrbook::Seconds> span_of(const std::string& option, const std::string& text) {
  const auto span = parse_span(text);
  if (span && *span > addrbook::Seconds(0)) return *span;
  return tl::unexpected(bad_argument(option + ": \"" + conn::printable(text, 32) +
                                     "\" is no duration such as 12h, 7d or 2w"));
}

Result<ListFilter> filter_of(const Options& options) {
  ListFilter filter;
  filter.network = options.network;
  filter.limit = options.limit;
  if (!options.kind.empty()) {
    filter.kind = options.kind == "old" ? addrbook::Kind::tried : addrbook::Kind::new_;
  }
  if (!options.verified_since.empty()) {
    const auto span = span_of("--verified-since", options.verified_since);
    if (!span) return tl::unexpected(span.error());
    filter.verified_since = *span;
  }
  if (options.last_failure.empty()) return filter;
  filter.last_failure = conn::reason_named(options.last_failure);
  if (filter.last_failure) return filter;
  return tl::unexpected(bad_argument(
      "--last-failure: there is no reason \"" + conn::printable(options.last_failure, 64) +
      "\"; `peerage addrbook stats --json` names those in the book"));
}

Width width_of(const Options& options) {
  return options.wide ? Width::wide : Width::narrow;
}

int list_as_line(const BookHome& home, const ListFilter& filter, LineOf what) {
  const auto line = list_line(home, filter, what, book_now());
  if (!line) return report_book(line.error());
  if (line->text.empty()) {
    return not_there(std::string("no ") + (what == LineOf::seeds ? "seed" : "address") +
                     " of network " + conn::printable(line->network, 64) +
                     " is verified within the last day, and fits");
  }
  std::cout << line->text << '\n';
  return 0;
}

int list(const BookHome& home, const Options& options) {
  const auto filter = filter_of(options);
  if (!filter) return report_wrong_usage(filter.error());
  if (options.format == "peers") return list_as_line(home, *filter, LineOf::peers);
  if (options.format == "seeds") return list_as_line(home, *filter, LineOf::seeds);
  const Time now = book_now();
  const auto contents = read_book(home, now);
  if (!contents) return report_book(contents.error());
  const auto rows = select(*contents, *filter, now);
  if (!options.json && options.format != "json") {
    std::cout << list_text(rows, now, width_of(options));
    return 0;
  }
  for (const Listed& each : rows) std::cout << to_json(each) << '\n';
  return 0;
}

int show(const BookHome& home, const Options& options) {
  const Time now = book_now();
  const auto contents = read_book(home, now);
  if (!contents) return report_book(contents.error());
  const auto rows = select_id(*contents, options.target, options.network);
  for (const Listed& each : rows) {
    if (options.json) {
      std::cout << to_json(each) << '\n';
      continue;
    }
    const auto sources = read_provenance(home,
                                         {.id = each.row->address.id,
                                          .network = std::string(each.network),
                                          .endpoint = each.row->address.endpoint,
                                          .limit = 0},
                                         now);
    if (!sources) return report_book(sources.error());
    std::cout << show_text(each, *contents, *sources, now);
  }
  if (!rows.empty()) return 0;
  return not_there("the book has no ID that begins with " + conn::printable(options.target, 40) +
                   " (" + std::to_string(kMinIdPrefix) + " digits are the least)");
}

int sources(const BookHome& home, const Options& options) {
  const auto id = conn::NodeId::parse(options.target);
  if (!id) return report_wrong_usage(id.error());
  using Who = addrbook::ProvenanceQuery::Who;
  const addrbook::ProvenanceQuery query{
      .id = *id,
      .who = options.by ? Who::it_told_of : Who::told_of_it,
      .network = options.network,
      .endpoint = {},
      .limit = options.limit > 0 ? options.limit : addrbook::kMaxProvenanceRows};
  const Time now = book_now();
  const auto found = read_provenance(home, query, now);
  if (!found) return report_book(found.error());
  if (found->total == 0) {
    return not_there(options.by ? id->to_string() + " told of no node"
                                : "no node told of " + id->to_string());
  }
  if (!options.json) {
    std::cout << sources_text(*found, query, now, width_of(options));
    return 0;
  }
  for (const addrbook::Provenance& each : found->rows) std::cout << to_json(each) << '\n';
  return 0;
}

int stats(const BookHome& home, const Options& options) {
  const Time now = book_now();
  const auto contents = read_book(home, now);
  if (!contents) return report_book(contents.error());
  BookStats found = stats_of(*contents, home.rules().strict, now);
  if (const auto added = add_file_stats(home.file, found); !added)
    return report_book(added.error());
  std::cout << (options.json ? to_json(found) + '\n' : stats_text(found));
  return 0;
}

int bans(const BookHome& home, const Options& options) {
  const Time now = book_now();
  const auto contents = read_book(home, now);
  if (!contents) return report_book(contents.error());
  if (!options.json) {
    std::cout << bans_text(contents->bans, now, width_of(options));
    return 0;
  }
  for (const addrbook::BanRow& each : contents->bans) {
    if (each.until > now) std::cout << to_json(each) << '\n';
  }
  return 0;
}

int check(const BookHome& home, const Options& options) {
  const auto checked = check_book(home, book_now());
  if (!checked) return report_book(checked.error());
  std::cout << (options.json ? to_json(*checked) + '\n' : to_text(*checked));
  return checked->wrong.empty() ? 0 : 1;
}

int export_to(const BookHome& home, const Options& options) {
  const auto exported = export_json(home, options.network, book_now());
  if (!exported) return report_book(exported.error());
  if (options.target == "-") {
    if (!(std::cout << exported->text << '\n' << std::flush)) {
      return report(
          {Stage::configuration, addrbook::BookReason::address_file_unwritable, "standard output"});
    }
  } else if (const auto saved = addrbook::save_json_book(options.target, exported->text); !saved) {
    return report(saved.error());
  }
  std::cerr
      << "wrote " << exported->written << " addresses of network "
      << conn::printable(exported->network, 64) << "; left out " << exported->left_out
      << " (private, resting, a second address of an ID, or beyond what a comet node holds)\n";
  return 0;
}

int import_from(const BookHome& home, const Options& options) {
  const auto network = home.network(options.network);
  if (!network) return report(network.error());
  std::filesystem::path from = options.target;
  if (from.empty()) from = home.home / home.config.addr_book_file;
  const auto imported = import_json(home, *network, from, book_now());
  if (!imported) {
    std::error_code error;
    return ask_node(home, options, imported.error(), "book import",
                    {{"file", std::filesystem::absolute(from, error).lexically_normal().string()},
                     {"network", *network}});
  }
  std::cout << (options.json ? to_json(*imported) + '\n' : to_text(*imported));
  return 0;
}

int add_ban(const BookHome& home, const Options& options) {
  const auto target = parse_target(options.target);
  if (!target) return report_wrong_usage(target.error());
  const auto span = span_of("--for", options.span);
  if (!span) return report_wrong_usage(span.error());
  const Time now = book_now();
  const auto row = ban(home, *target, *span, options.reason, now);
  if (!row) {
    return ask_node(
        home, options, row.error(), "ban",
        {{"target", p2p::to_string(*target)}, {"for", options.span}, {"reason", options.reason}});
  }
  std::cout << (options.json ? to_json(*row) + '\n' : bans_text({*row}, now));
  return 0;
}

int lift_ban(const BookHome& home, const Options& options) {
  const auto target = parse_target(options.target);
  if (!target) return report_wrong_usage(target.error());
  const auto lifted = unban(home, *target, book_now());
  const std::string not_banned = p2p::to_string(*target) + " is not banned";
  if (!lifted) {
    return ask_node(home, options, lifted.error(), "unban", {{"target", p2p::to_string(*target)}},
                    not_banned);
  }
  if (!*lifted) return not_there(not_banned);
  std::cout << p2p::to_string(*target) << " is not banned any more\n";
  return 0;
}

int forget_id(const BookHome& home, const Options& options) {
  const auto id = conn::NodeId::parse(options.target);
  if (!id) return report_wrong_usage(id.error());
  const auto forgotten = forget(home, *id, options.network, book_now());
  const std::string unknown = "the book has no address of " + id->to_string();
  if (!forgotten) {
    return ask_node(home, options, forgotten.error(), "book forget",
                    {{"id", id->to_string()}, {"network", options.network}}, unknown);
  }
  if (*forgotten == 0) return not_there(unknown);
  std::cout << "forgot " << *forgotten << (*forgotten == 1 ? " address\n" : " addresses\n");
  return 0;
}

using Run = int (*)(const BookHome&, const Options&);

// What --book says, before or behind the name of a subcommand; empty: the book is that of the home.
using BookPath = std::shared_ptr<std::filesystem::path>;

Option book_option(const BookPath& book) {
  return {.name = "--book",
          .into = book.get(),
          .help = "A book of no home, as `peerage crawl --book` makes one",
          .example = "FILE"};
}

// --- the command line ---

// A subcommand with --home, --book and the options that `more` makes, and the action `run`.
// `example`: what stands behind its name.
Command verb(const BookPath& book, const std::string& name, std::string about, Run run,
             const std::function<std::vector<Option>(Options&)>& more, const std::string& example,
             std::string footer = {}) {
  auto options = std::make_shared<Options>();
  Command command{.name = name,
                  .about = std::move(about),
                  .options = {home_option(options->home), book_option(book)},
                  .example = "peerage addrbook " + name + (example.empty() ? "" : " ") + example,
                  .footer = std::move(footer),
                  .run = [options, book, run] {
                    const auto home = book->empty() ? BookHome::of(options->home)
                                                    : Result<BookHome>(BookHome::alone(*book));
                    return home ? run(*home, *options) : report(home.error());
                  }};
  command.options.back().excludes = {"--home"};
  for (Option& each : more(*options)) command.options.push_back(std::move(each));
  return command;
}

constexpr const char* kOneObject = "As one JSON object";

Option json(Options& options, const char* what = "One JSON object for each, each on a line") {
  return {.name = "--json", .into = &options.json, .help = what};
}
Option wide(Options& options, const char* what) {
  return {.name = "--wide", .into = &options.wide, .help = what};
}
Option network(Options& options, const char* what) {
  return {.name = "--network", .into = &options.network, .help = what};
}
Option target(Options& options, const char* name, const char* what) {
  return {.name = name, .into = &options.target, .help = what, .required = true};
}
Option limit(Options& options, const char* what) {
  return {.name = "--limit",
          .into = &options.limit,
          .help = what,
          .default_text = default_of(options.limit)};
}

std::vector<Option> list_options(Options& options) {
  return {json(options),
          network(options, "Only those of this network (chain ID)"),
          {.name = "--kind",
           .into = &options.kind,
           .help = "Only these: new (heard of) or old (tried)",
           .choices = {"new", "old"}},
          {.name = "--verified-since",
           .into = &options.verified_since,
           .help = "Only those verified within this time, such as 2h or 7d",
           .example = "TIME"},
          {.name = "--last-failure",
           .into = &options.last_failure,
           .help = "Only those with this last failure, such as connection_refused",
           .example = "REASON"},
          limit(options, "At most this many; 0: all, or 30 of peers and seeds"),
          {.name = "--format",
           .into = &options.format,
           .help = "As a table, as --json, or as a line ID@IP:PORT,... to paste: of peers, or of "
                   "seeds (those that speak peer exchange alone). In a line are addresses that "
                   "were verified within a day, of each /24 at most one, drawn at random, "
                   "reliable ones more often",
           .choices = {"table", "json", "peers", "seeds"},
           .excludes = {"--json"}},
          wide(options, "With reliability, round trip, version, last failure and moniker")};
}

std::vector<Option> sources_options(Options& options) {
  options.limit = addrbook::ProvenanceQuery{}.limit;
  return {json(options),
          network(options, "Only of this network"),
          target(options, "id", "A node ID"),
          {.name = "--of", .into = &options.of, .help = "The nodes that told of it; the default"},
          {.name = "--by",
           .into = &options.by,
           .help = "The nodes that it told of",
           .excludes = {"--of"}},
          limit(options, "At most this many, the latest; 0: all"),
          wide(options, "With the first time, and how often")};
}

std::vector<Option> import_options(Options& options) {
  return {json(options, kOneObject),
          network(options, "The network they belong to; default: that of config.toml"),
          {.name = "file",
           .into = &options.target,
           .help = "The file; default: addr_book_file of config.toml"}};
}

std::vector<Option> ban_options(Options& options) {
  return {json(options, kOneObject),
          target(options, "target", "A node ID, an IP address or a network"),
          {.name = "--for",
           .into = &options.span,
           .help = "How long, such as 12h or 7d",
           .example = "TIME",
           .default_text = default_of(options.span)},
          {.name = "--reason", .into = &options.reason, .help = "Why, for readers of the list"}};
}

// The same under a former name.
Command also(std::string name, Command command) {
  command.aliases.push_back(std::move(name));
  return command;
}

std::vector<Command> looking(const BookPath& book) {
  using Many = std::vector<Option>;
  return {
      verb(book, "list", "The addresses, verified last first", list, list_options,
           "--verified-since 7d"),
      verb(
          book, "show", "Everything that is known of an ID", show,
          [](Options& options) {
            return Many{json(options), network(options, "Only in the book of this network"),
                        target(options, "id", "A node ID, or its first digits")};
          },
          "6c8f86"),
      also("told",
           verb(book, "sources", "Which nodes told a seed of this one, or of which this one told",
                sources, sources_options, "6c8f8607dbe87077a62a2990ce07d94aaf749df7 --by")),
      verb(
          book, "stats", "How many there are of each kind", stats,
          [](Options& options) { return Many{json(options, kOneObject)}; }, "--home ~/.gaia"),
      verb(
          book, "bans", "The bans in force", bans,
          [](Options& options) {
            return Many{json(options), wide(options, "With their beginning, and whole reasons")};
          },
          "--wide"),
      verb(
          book, "check", "Check the file and all its rows", check,
          [](Options& options) { return Many{json(options, kOneObject)}; }, "--home ~/.gaia",
          "Exit code: 0 if the book is sound, 1 if not, or if there is none."),
      verb(
          book, "export", "Write an addrbook.json for a comet node", export_to,
          [](Options& options) {
            return Many{
                network(options,
                        "The network; default: that of config.toml, or the only one in the book"),
                target(options, "file", "The file; - is the standard output")};
          },
          "addrbook.json --network net-1"),
  };
}

std::vector<Command> changing(const BookPath& book) {
  using Many = std::vector<Option>;
  return {
      verb(book, "import", "Take in the addresses of an addrbook.json", import_from, import_options,
           "~/.gaia/config/addrbook.json --network net-1",
           "What a file says of its addresses is not trusted: they enter as new ones, never "
           "dialled."),
      verb(book, "ban", "Refuse connections from there, and dial no node there", add_ban,
           ban_options, "203.0.113.0/24 --for 7d --reason \"sends rubbish\""),
      verb(
          book, "unban", "Lift a ban", lift_ban,
          [](Options& options) {
            return Many{target(options, "target",
                               "A node ID, an IP address or a network, as it was banned")};
          },
          "203.0.113.0/24"),
      verb(
          book, "forget", "Remove all addresses of an ID", forget_id,
          [](Options& options) {
            return Many{network(options, "Only from the book of this network"),
                        target(options, "id", "A node ID")};
          },
          "6c8f8607dbe87077a62a2990ce07d94aaf749df7"),
  };
}

}  // namespace

Command addrbook_command() {
  auto book = std::make_shared<std::filesystem::path>();
  Command command{
      .name = "addrbook",
      .about = "Look into the address book, and change it",
      .options = {book_option(book)},
      .group = kHomeGroup,
      .example = "peerage addrbook list --home ~/.gaia --verified-since 7d",
      .footer =
          "list, show, sources, stats, bans, check and export also work while a node runs; "
          "import, ban, unban and forget ask a node that runs to do it, through its control "
          "socket.",
      .commands = looking(book)};
  for (Command& each : command.commands) each.group = "Look, also while a node runs";
  for (Command& each : changing(book)) {
    each.group = "Change, by the node if it runs";
    command.commands.push_back(std::move(each));
  }
  return command;
}

}  // namespace peerage::cmd
