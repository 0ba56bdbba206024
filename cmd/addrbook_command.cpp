// addrbook: the address book of a home on the command line.
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/addrbook.h"
#include "cmd/commands.h"

namespace peerage::cmd {
namespace {

using conn::Reason;
using conn::Result;
using conn::Stage;

// What the options of one subcommand were set to; each uses some.
struct Options {
  std::filesystem::path home;
  bool json = false;
  std::string network;
  std::string kind;
  std::string verified_since;
  std::string last_failure;
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

// What was asked for is not there, which is nobody's mistake.
int not_there(const std::string& what) {
  std::cerr << "peerage: " << what << '\n';
  return 1;
}

int report_book(const conn::Failure& failure) {
  report(failure);
  if (failure.reason == Reason::book_missing) {
    std::cerr << "  hint: `peerage addrbook import FILE` makes one of an addrbook.json\n";
  }
  return 1;
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
    filter.kind = options.kind == "old" ? addrbook::Kind::vetted : addrbook::Kind::fresh;
  }
  if (!options.verified_since.empty()) {
    const auto span = span_of("--verified-since", options.verified_since);
    if (!span) return tl::unexpected(span.error());
    filter.verified_since = *span;
  }
  if (options.last_failure.empty()) return filter;
  for (std::size_t i = 0; i < conn::kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (name(reason) == options.last_failure) filter.last_failure = reason;
  }
  if (filter.last_failure) return filter;
  return tl::unexpected(bad_argument(
      "--last-failure: there is no reason \"" + conn::printable(options.last_failure, 64) +
      "\"; `peerage addrbook stats --json` names those in the book"));
}

int list(const BookHome& home, const Options& options) {
  const auto filter = filter_of(options);
  if (!filter) return report(filter.error());
  const Time now = book_now();
  const auto contents = read_book(home, now);
  if (!contents) return report_book(contents.error());
  const auto rows = select(*contents, *filter, now);
  if (!options.json) {
    std::cout << list_text(rows, now);
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
    const auto told = read_told(home,
                                {.id = each.row->address.id,
                                 .network = std::string(each.network),
                                 .endpoint = each.row->address.endpoint,
                                 .limit = 0},
                                now);
    if (!told) return report_book(told.error());
    std::cout << show_text(each, *contents, *told, now);
  }
  if (!rows.empty()) return 0;
  return not_there("the book has no ID that begins with " + conn::printable(options.target, 40) +
                   " (" + std::to_string(kMinIdPrefix) + " digits are the least)");
}

int told(const BookHome& home, const Options& options) {
  const auto id = conn::NodeId::parse(options.target);
  if (!id) return report(id.error());
  using Who = addrbook::ToldQuery::Who;
  const addrbook::ToldQuery query{
      .id = *id,
      .who = options.by ? Who::it_told_of : Who::told_of_it,
      .network = options.network,
      .endpoint = {},
      .limit = options.limit > 0 ? options.limit : addrbook::kMaxToldRows};
  const Time now = book_now();
  const auto found = read_told(home, query, now);
  if (!found) return report_book(found.error());
  if (found->total == 0) {
    return not_there(options.by ? id->to_string() + " has told of nobody"
                                : "nobody has told of " + id->to_string());
  }
  if (!options.json) {
    std::cout << told_text(*found, query, now);
    return 0;
  }
  for (const addrbook::ToldRow& each : found->rows) std::cout << to_json(each) << '\n';
  return 0;
}

int stats(const BookHome& home, const Options& options) {
  const Time now = book_now();
  const auto contents = read_book(home, now);
  if (!contents) return report_book(contents.error());
  using conn::IpAddress;
  const auto strict =
      home.config.p2p.addr_book_strict ? IpAddress::Strict::yes : IpAddress::Strict::no;
  BookStats found = stats_of(*contents, strict, now);
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
    std::cout << bans_text(contents->bans, now);
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
      return report({Stage::configuration, Reason::address_file_unwritable, "standard output"});
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
  if (from.empty()) from = home.home / home.config.p2p.addr_book_file;
  const auto imported = import_json(home, *network, from, book_now());
  if (!imported) return report_book(imported.error());
  std::cout << (options.json ? to_json(*imported) + '\n' : to_text(*imported));
  return 0;
}

int add_ban(const BookHome& home, const Options& options) {
  const auto target = parse_target(options.target);
  if (!target) return report(target.error());
  const auto span = span_of("--for", options.span);
  if (!span) return report(span.error());
  const Time now = book_now();
  const auto row = ban(home, *target, *span, options.reason, now);
  if (!row) return report_book(row.error());
  std::cout << (options.json ? to_json(*row) + '\n' : bans_text({*row}, now));
  return 0;
}

int lift_ban(const BookHome& home, const Options& options) {
  const auto target = parse_target(options.target);
  if (!target) return report(target.error());
  const auto lifted = unban(home, *target, book_now());
  if (!lifted) return report_book(lifted.error());
  if (!*lifted) return not_there(p2p::to_string(*target) + " is not banned");
  std::cout << p2p::to_string(*target) << " is not banned any more\n";
  return 0;
}

int forget_id(const BookHome& home, const Options& options) {
  const auto id = conn::NodeId::parse(options.target);
  if (!id) return report(id.error());
  const auto forgotten = forget(home, *id, options.network, book_now());
  if (!forgotten) return report_book(forgotten.error());
  if (*forgotten == 0) {
    return not_there("the book has no address of " + id->to_string());
  }
  std::cout << "forgot " << *forgotten << (*forgotten == 1 ? " address\n" : " addresses\n");
  return 0;
}

using Run = int (*)(const BookHome&, const Options&);

// A subcommand with --home, whose action is `run`.
class Subcommand {
 public:
  Subcommand(CLI::App& parent, Action& action, const char* name, const char* what, Run run)
      : app_(parent.add_subcommand(name, what)), options_(std::make_shared<Options>()) {
    add_home_option(*app_, options_->home);
    app_->callback([&action, options = options_, run] {
      action = [options, run] {
        const auto home = BookHome::of(options->home);
        return home ? run(*home, *options) : report(home.error());
      };
    });
  }
  CLI::App* operator->() { return app_; }
  Options& options() { return *options_; }

  Subcommand& json(const char* what = "One JSON object for each, each on a line") {
    app_->add_flag("--json", options_->json, what);
    return *this;
  }
  Subcommand& network(const char* what) {
    app_->add_option("--network", options_->network, what);
    return *this;
  }
  Subcommand& target(const char* name, const char* what) {
    app_->add_option(name, options_->target, what)->required();
    return *this;
  }

 private:
  CLI::App* app_;
  std::shared_ptr<Options> options_;
};

void add_told(CLI::App& parent, Action& action) {
  Subcommand telling(parent, action, "told", "Who told a seed of a node, or of whom that told it",
                     told);
  telling.json().network("Only of this network").target("id", "A node ID");
  Options& options = telling.options();
  CLI::Option* of = telling->add_flag("--of", options.of, "Who told of it; the default");
  telling->add_flag("--by", options.by, "Of whom it told")->excludes(of);
  options.limit = addrbook::ToldQuery{}.limit;
  telling->add_option("--limit", options.limit, "At most so many, those told last; 0: all")
      ->capture_default_str();
}

void add_looking(CLI::App& parent, Action& action) {
  Subcommand listing(parent, action, "list", "The addresses, verified last first", list);
  listing.json().network("Only those of this network (chain ID)");
  Options& options = listing.options();
  listing->add_option("--kind", options.kind, "Only these: new (heard of) or old (vetted)")
      ->check(CLI::IsMember({"new", "old"}));
  listing->add_option("--verified-since", options.verified_since,
                      "Only those verified within this time: 2h, 7d");
  listing->add_option("--last-failure", options.last_failure,
                      "Only those that last failed so: connection_refused, ...");
  listing->add_option("--limit", options.limit, "At most so many; 0: all")->capture_default_str();

  Subcommand(parent, action, "show", "Everything that is known of an ID", show)
      .json()
      .network("Only in the book of this network")
      .target("id", "A node ID, or its first digits");
  add_told(parent, action);
  static constexpr const char* kOneObject = "As one JSON object";
  Subcommand(parent, action, "stats", "How many there are of each kind", stats).json(kOneObject);
  Subcommand(parent, action, "bans", "The bans in force", bans).json();
  Subcommand checking(parent, action, "check", "Whether the file and all rows are sound", check);
  checking.json(kOneObject);
  checking->footer("Exit code: 0 if the book is sound, 1 if not, or if there is none.");
  Subcommand(parent, action, "export", "Write an addrbook.json for a comet node", export_to)
      .network("The network; default: that of config.toml, or the only one in the book")
      .target("file", "The file; - is the standard output");
}

void add_changing(CLI::App& parent, Action& action) {
  Subcommand importing(parent, action, "import", "Take in the addresses of an addrbook.json",
                       import_from);
  importing.json("As one JSON object")
      .network("The network they belong to; default: that of config.toml");
  importing->add_option("file", importing.options().target,
                        "The file; default: addr_book_file of config.toml");
  importing->footer(
      "What a file says of its addresses is not believed: they are new ones, never dialled.");

  Subcommand banning(parent, action, "ban", "Let nobody in from there, and dial nobody there",
                     add_ban);
  banning.json("As one JSON object").target("target", "A node ID, an IP address or a network");
  banning->add_option("--for", banning.options().span, "How long: 12h, 7d")->capture_default_str();
  banning->add_option("--reason", banning.options().reason, "Why, for whoever reads the list");
  Subcommand(parent, action, "unban", "Lift a ban", lift_ban)
      .target("target", "A node ID, an IP address or a network, as it was banned");
  Subcommand(parent, action, "forget", "Remove all addresses of an ID", forget_id)
      .network("Only from the book of this network")
      .target("id", "A node ID");
}

}  // namespace

void add_addrbook(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("addrbook", "Look into the address book, and change it");
  command->require_subcommand(1);
  add_looking(*command, action);
  add_changing(*command, action);
  command->footer(
      "list, show, told, stats, bans, check and export also work while a node runs; import, ban, "
      "unban "
      "and forget need it stopped.");
}

}  // namespace peerage::cmd
