// discovery lookup: the nodes closest to a target.
#include <iostream>
#include <memory>

#include "cmd/cli/commands.h"
#include "cmd/cli/exit_code.h"
#include "cmd/discovery/lookup.h"
#include "cmd/discovery/udp_session.h"
#include "cmd/discovery/verbs.h"

namespace peerage::cmd {
namespace {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

constexpr conn::Duration kPatience = std::chrono::seconds(2);  // for one answer

struct Options {
  StartNodes start;
  std::string target;
  std::string timeout = "20s";
  bool json = false;
};

// A key, or a node's: discv4 asks by keys, and there is no way from an ID back to its key.
Result<pex::LookupTarget> target_of(const std::string& text) {
  static constexpr std::size_t kKeyDigits = 128;
  if (const auto bytes = conn::from_hex(text); bytes && text.size() == kKeyDigits) {
    conn::ByteArray<64> key;
    std::copy(bytes->begin(), bytes->end(), key.begin());
    return pex::LookupTarget::of(key);
  }
  if (pex::EnodeId::parse(text)) {
    return fail(Stage::configuration, Reason::invalid_argument,
                "--target: discv4 looks for a key, of which an ID is the hash; name the key (128 "
                "digits), or the node's record or URL");
  }
  const auto node = parse_node(text);
  if (!node) return tl::unexpected(node.error());
  if (const auto* record = std::get_if<pex::EnrPtr>(&*node)) {
    return pex::LookupTarget::of((*record)->key().xy());
  }
  return pex::LookupTarget::of(std::get<pex::EnodeUrl>(*node).key.xy());
}

pex::LookupTarget random_target(UdpSession& session) {
  conn::ByteArray<64> key{};
  session.random(key);
  return pex::LookupTarget::of(key);
}

int run(const Options& options) {
  const auto timeout = duration_of("timeout", options.timeout);
  if (!timeout) return report_wrong_usage(timeout.error());
  Result<pex::LookupTarget> target = pex::LookupTarget{};
  if (!options.target.empty()) target = target_of(options.target);
  if (!target) return report_wrong_usage(target.error());
  const Signals signals{SIGINT, SIGTERM};
  const auto start = good_nodes(options.start);
  if (!start) return kExitFailed;
  const auto session = UdpSession::open({.patience = kPatience}, signals);
  if (!session) return report(session.error());
  const auto contacts = contacts_of(**session, *start);
  if (contacts.empty()) return kExitFailed;
  if (options.target.empty()) target = random_target(**session);

  LookupInquiry inquiry(*target, (*session)->own_id(), contacts);
  (*session)->run(inquiry, *timeout);
  const LookupReport found = inquiry.report((*session)->now());
  std::cout << (options.json ? to_json(found) + '\n' : to_text(found));
  return found.answered > 0 ? kExitDone : kExitFailed;
}

}  // namespace

Command discovery_lookup_verb() {
  auto options = std::make_shared<Options>();
  return {
      .name = "lookup",
      .about = "Look for the 16 nodes closest to a target",
      .options = start_options(
          options->start,
          {{.name = "--target",
            .into = &options->target,
            .help = "A key of 128 hex digits, or the record or URL of the node that is "
                    "looked for; default: a random key",
            .example = "KEY|ENR|ENODE"},
           {.name = "--timeout",
            .into = &options->timeout,
            .help = "All in all",
            .example = "TIME",
            .default_text = default_of(options->timeout)},
           {.name = "--json", .into = &options->json, .help = "As one JSON object"}}),
      .example = "peerage discovery lookup enr:-IS4Q...",
      .footer = "Exit code: 0 if any node answered, 1 if none did, 64 for a wrong command line.",
      .run = [options] { return run(*options); }};
}

}  // namespace peerage::cmd
