#include "cmd/ctl/verbs.h"

#include <algorithm>
#include <string>

#include "cmd/addrbook/addrbook.h"
#include "cmd/config/setting_value.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using Kind = CtlParameter::Kind;
using Place = CtlParameter::Place;
using Needed = CtlParameter::Needed;
using Effect = CtlVerb::Effect;
using Text = std::string_view;
using Choices = std::span<const Text>;

// --- how a parameter is written below ---

constexpr CtlParameter value(Kind kind, Text name, Text help, Text example, Text otherwise = {}) {
  return {.name = name, .kind = kind, .help = help, .example = example, .otherwise = otherwise};
}
constexpr CtlParameter flag(Text name, Text help, Text excludes = {}) {
  return {.name = name, .kind = Kind::flag, .help = help, .excludes = excludes};
}
constexpr CtlParameter truth(Text name, Text help) {
  return {.name = name, .kind = Kind::truth, .help = help};
}
constexpr CtlParameter one_of(Text name, Text help, Choices choices, Text otherwise = {}) {
  return {.name = name, .help = help, .otherwise = otherwise, .choices = choices};
}
constexpr CtlParameter positional(Text name, Text help, Needed needed = Needed::yes,
                                  Kind kind = Kind::text) {
  return {.name = name, .kind = kind, .place = Place::positional, .needed = needed, .help = help};
}

constexpr CtlParameter network(Text help) {
  return value(Kind::text, "network", help, "CHAIN-ID");
}
constexpr CtlParameter reason(Text help) {
  return value(Kind::text, "reason", help, "TEXT");
}
constexpr CtlParameter limit(Text help, Text otherwise) {
  return value(Kind::number, "limit", help, "NUMBER", otherwise);
}
constexpr CtlParameter save() {
  return flag("save", "Keep it over a restart, in data/control.toml");
}
constexpr CtlParameter wait(Text otherwise) {
  return value(Kind::duration, kWaitParameter, "How long to wait for the outcome", "TIME",
               otherwise);
}
constexpr CtlParameter peer_id() {
  return positional("id", "A node ID, or its first digits");
}
constexpr CtlParameter target() {
  return positional("target", "A node ID, an IP address or a network (CIDR)");
}
constexpr CtlParameter address() {
  return positional("address", "ID@HOST:PORT");
}

// --- what each verb takes ---

constexpr CtlParameter kStatus[] = {
    flag("ready", "Only whether it is ready for use, and why not; the exit code is 1 if not")};

constexpr Text kDirections[] = {"inbound", "outbound"};
constexpr Text kKinds[] = {"ordinary", "persistent", "unconditional", "private"};
constexpr Text kSorts[] = {"age", "id", "moniker", "rtt", "sent", "received", "queued"};
constexpr CtlParameter kPeers[] = {
    network("Only those of this network"), one_of("direction", "Only those", kDirections),
    one_of("kind", "Only these", kKinds), one_of("sort", "By what, the most first", kSorts, "age")};

constexpr CtlParameter kPeer[] = {positional("id", "A node ID, or its first digits (4 at least)")};

constexpr CtlParameter kAdd[] = {
    address(),
    flag("persistent", "Stay connected to it"),
    flag("unconditional", "Let it in whatever the limits of peers"),
    flag("private", "Tell nobody of it"),
    network("The network it belongs to; default: the first that is served"),
    save()};

constexpr CtlParameter kRemove[] = {
    peer_id(), flag("disconnect", "Disconnect it, if it is connected"), save()};

constexpr CtlParameter kSet[] = {peer_id(), truth("persistent", "Whether to stay connected to it"),
                                 truth("unconditional", "Whether it is let in beyond the limits"),
                                 truth("private", "Whether nobody is told of it"), save()};

constexpr CtlParameter kDial[] = {address(), wait("10s")};

constexpr CtlParameter kDisconnect[] = {
    target(),
    value(Kind::duration, "for", "How long it is neither dialled nor let in again", "TIME"),
    reason("Why, for the log")};

constexpr CtlParameter kBan[] = {
    target(), value(Kind::duration, "for", "How long, such as 12h or 7d", "TIME", "1d"),
    flag("forever", "Until it is lifted", "for"), reason("Why, for readers of the list")};
constexpr CtlParameter kUnban[] = {
    positional("target", "A node ID, an IP address or a network, as it was banned")};
constexpr CtlParameter kBans[] = {flag("active", "Only those in force, not those that have ended")};

constexpr CtlParameter kSeedsAdd[] = {address(), save()};
constexpr CtlParameter kSeedsRemove[] = {peer_id(), save()};

constexpr Text kBookKinds[] = {"new", "old"};
constexpr CtlParameter kBookList[] = {
    network("Only those of this network"),
    one_of("kind", "Only these: new (heard of) or old (tried)", kBookKinds),
    value(Kind::duration, "verified-since", "Only those verified within this time", "TIME"),
    value(Kind::text, "last-failure", "Only those with this last failure", "REASON"),
    limit("At most this many; 0: all", "1000")};
constexpr CtlParameter kBookShow[] = {peer_id(), network("Only in the book of this network")};
constexpr CtlParameter kBookSources[] = {
    positional("id", "A node ID"), flag("by", "The nodes that it told of"),
    flag("of", "The nodes that told of it; the default", "by"), network("Only of this network"),
    limit("At most this many, the latest; 0: all", "1000")};
constexpr CtlParameter kBookExport[] = {
    positional("file", "The addrbook.json to write", Needed::yes, Kind::file),
    network("The network; needed where several are served")};
constexpr CtlParameter kBookImport[] = {
    positional("file", "The addrbook.json; without it, addr_book_file of config.toml", Needed::no,
               Kind::file),
    network("The network they belong to; needed where several are served")};
constexpr CtlParameter kBookForget[] = {positional("id", "A node ID"),
                                        network("Only from the book of this network")};

constexpr CtlParameter kVisit[] = {
    positional("target", "A node ID, or all, which is the default", Needed::no)};

constexpr Text kEventTypes[] = {"connected", "gone", "dial_failed", "refused", "banned", "marked"};
constexpr CtlParameter kEvents[] = {{.name = "types",
                                     .kind = Kind::texts,
                                     .help = "Only these; several, with commas",
                                     .choices = kEventTypes}};

constexpr CtlParameter kLog[] = {
    positional("level", "debug, info, warn, error or none; by module as \"p2p:debug,*:error\"")};

constexpr CtlParameter kDrain[] = {
    value(Kind::duration, "for", "How long; without it, until it is undone", "TIME"),
    flag("undo", "Take connections again", "for")};

constexpr CtlVerb kVerbs[] = {
    {"status", "What the node is doing, in short", Effect::looks, kStatus},
    {"peers", "The connected peers", Effect::looks, kPeers},
    {"peer", "Everything that is known of a peer", Effect::looks, kPeer},
    {"networks", "The networks that are served, with counts", Effect::looks},
    {"discovery", "Its record for discovery over UDP, and whom it knows there", Effect::looks},
    {"config", "The settings in force, where each comes from, and what a restart would change",
     Effect::looks},
    {"events", "What happens, line by line, until Ctrl-C", Effect::looks, kEvents},
    {"add", "Add a peer to the lists, and dial it", Effect::changes, kAdd},
    {"remove", "Take a peer off the lists", Effect::changes, kRemove},
    {"set", "Change what a peer is to this node", Effect::changes, kSet},
    {"dial", "Dial an address now, and say how it went", Effect::changes, kDial},
    {"disconnect", "Disconnect peers", Effect::changes, kDisconnect},
    {"ban", "Refuse connections from there, and dial no node there", Effect::changes, kBan},
    {"unban", "Lift a ban", Effect::changes, kUnban},
    {"bans", "The bans", Effect::looks, kBans},
    {"visit", "Have a seed look at an address now, or at all", Effect::changes, kVisit},
    {"seeds list", "The nodes that are asked for addresses", Effect::looks},
    {"seeds add", "Add a seed", Effect::changes, kSeedsAdd},
    {"seeds remove", "Take a seed off the list", Effect::changes, kSeedsRemove},
    {"book list", "The addresses, verified last first", Effect::looks, kBookList},
    {"book show", "Everything that is known of an ID", Effect::looks, kBookShow},
    {"book sources", "Which nodes told of this one, or of which this one told", Effect::looks,
     kBookSources},
    {"book stats", "How many addresses there are of each kind", Effect::looks},
    {"book check", "Check the file and all its rows", Effect::looks},
    {"book export", "Write an addrbook.json for a comet node", Effect::changes, kBookExport},
    {"book import", "Take in the addresses of an addrbook.json", Effect::changes, kBookImport},
    {"book forget", "Remove all addresses of an ID", Effect::changes, kBookForget},
    {"log", "Change the log level, until a restart", Effect::changes, kLog},
    {"reload", "Read the configuration again, as SIGHUP does", Effect::changes},
    {"save", "Write all that is known into the book's file", Effect::changes},
    {"drain", "Let no new connections in, and dial none; peers stay", Effect::changes, kDrain},
    {"stop", "Stop the node, as SIGTERM does", Effect::changes}};

// --- checking ---

CtlError wrong(std::string message, std::string hint = {}) {
  return {-2, "invalid_params", std::move(message), std::move(hint)};
}

std::string in_quotes(Text text) {
  return "\"" + conn::printable(text, 64) + "\"";
}

std::string joined(Choices texts) {
  std::string all;
  for (const Text each : texts) all.append(all.empty() ? "" : ", ").append(each);
  return all;
}

std::string names_of(const CtlVerb& verb) {
  std::string all;
  for (const CtlParameter& each : verb.parameters) {
    all.append(all.empty() ? "" : ", ").append(each.name);
  }
  return all;
}

// As if it was not there.
bool absent(const CtlValue& value) {
  const bool* const truth = std::get_if<bool>(&value);
  return truth != nullptr && !*truth;
}

std::optional<CtlError> check_choice(const CtlParameter& parameter, Text text) {
  const Choices choices = parameter.choices;
  if (choices.empty() || std::find(choices.begin(), choices.end(), text) != choices.end())
    return {};
  return wrong(std::string(parameter.name) + ": there is no " + in_quotes(text),
               "it is one of " + joined(choices));
}

std::optional<CtlError> check_text(const CtlParameter& parameter, const std::string& text) {
  const std::string name(parameter.name);
  if (text.empty()) return wrong(name + ": it is empty");
  switch (parameter.kind) {
    case Kind::duration:
      if (ctl_duration(text)) return {};
      return wrong(name + ": " + in_quotes(text) + " is no duration such as 10s, 12h or 7d");
    case Kind::file:
      if (text.front() == '/' && text.find('\0') == std::string::npos) return {};
      return wrong(name + ": " + in_quotes(text) + " is no absolute path");
    default:
      return check_choice(parameter, text);
  }
}

// What JSON has to have for a kind; null: the value is of it.
const char* mismatch(Kind kind, const CtlValue& value) {
  switch (kind) {
    case Kind::number:
      return std::holds_alternative<std::int64_t>(value) ? nullptr : "a whole number";
    case Kind::truth:
    case Kind::flag:
      return std::holds_alternative<bool>(value) ? nullptr : "true or false";
    case Kind::texts:
      return std::holds_alternative<std::vector<std::string>>(value) ? nullptr
                                                                     : "an array of strings";
    case Kind::text:
    case Kind::duration:
    case Kind::file:
      break;
  }
  return std::holds_alternative<std::string>(value) ? nullptr : "a string";
}

std::optional<CtlError> check_value(const CtlParameter& parameter, const CtlValue& value) {
  if (const char* const what = mismatch(parameter.kind, value)) {
    return wrong(std::string(parameter.name) + ": it is not " + what);
  }
  if (const auto* const number = std::get_if<std::int64_t>(&value)) {
    if (*number < 0) return wrong(std::string(parameter.name) + ": it is negative");
  }
  if (const auto* const text = std::get_if<std::string>(&value)) {
    return check_text(parameter, *text);
  }
  if (const auto* const texts = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& each : *texts) {
      if (auto error = check_choice(parameter, each)) return error;
    }
  }
  return {};
}

}  // namespace

std::span<const CtlVerb> ctl_verbs() noexcept {
  return kVerbs;
}

const CtlVerb* find_verb(std::string_view name) noexcept {
  const auto* const found = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                         [name](const CtlVerb& each) { return each.name == name; });
  return found == std::end(kVerbs) ? nullptr : found;
}

std::optional<conn::Duration> ctl_duration(std::string_view text) {
  static constexpr std::chrono::seconds kMost = std::chrono::days(100 * 365);
  auto duration = parse_duration(text);
  if (!duration) {
    // Seconds of centuries are more than nanoseconds can say: they are compared as seconds.
    const auto span = parse_span(text);
    if (span && *span <= kMost) duration = *span;
  }
  if (!duration || *duration <= conn::Duration(0) || *duration > kMost) return {};
  return duration;
}

std::optional<CtlError> check_params(const CtlVerb& verb, const CtlParams& params) {
  const auto parameters = verb.parameters;
  for (const auto& given : params) {
    const Text name = given.first;
    const auto known = [name](const CtlParameter& each) { return each.name == name; };
    if (std::any_of(parameters.begin(), parameters.end(), known)) continue;
    return wrong(std::string(verb.name) + " has no parameter " + in_quotes(name),
                 parameters.empty() ? "it has none" : "it has " + names_of(verb));
  }
  for (const CtlParameter& each : parameters) {
    const auto given = params.find(each.name);
    if (given == params.end()) {
      if (each.needed == Needed::no) continue;
      return wrong(std::string(verb.name) + " needs the parameter " + std::string(each.name));
    }
    if (auto error = check_value(each, given->second)) return error;
    const auto other = params.find(each.excludes);
    if (other == params.end() || absent(given->second) || absent(other->second)) continue;
    return wrong(std::string(each.name) + " and " + std::string(each.excludes) +
                 " are not given together");
  }
  return {};
}

}  // namespace peerage::cmd
