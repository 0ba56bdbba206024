#include "cmd/discovery/ping_nodes.h"

#include <algorithm>

#include "cmd/discovery/udp_session.h"

namespace peerage::cmd {
namespace {

using conn::Result;
using namespace std::chrono_literals;

// To find out who answers in another's place.
constexpr conn::Duration kSecondLook = 1500ms;

Result<pex::Contact> contact_at(UdpSession& session, const conn::HostAddress& address,
                                conn::Duration patience) {
  const auto ip = session.look_up(address.host);
  if (!ip) return tl::unexpected(ip.error());
  const conn::Endpoint at{*ip, address.port};
  const auto answerer = session.who_answers(at, patience);
  if (!answerer) return tl::unexpected(answerer.error());
  return pex::Contact::at(answerer->key, at, address.port);
}

struct Addressed {
  std::string text;
  Result<pex::Contact> contact;
};

Addressed address(UdpSession& session, const PingTarget& target, conn::Duration patience) {
  if (const auto* named = std::get_if<NamedNode>(&target)) {
    if (!named->node) return {named->text, tl::unexpected(named->node.error())};
    return {named->text, session.contact_of(*named->node)};
  }
  const auto& where = std::get<conn::HostAddress>(target);
  return {where.to_string(), contact_at(session, where, patience)};
}

}  // namespace

Result<std::vector<PingReport>> ping_nodes(const std::vector<PingTarget>& targets,
                                           const PingOptions& options, const Signals& signals) {
  const auto session = UdpSession::open({.patience = options.patience}, signals);
  if (!session) return tl::unexpected(session.error());
  std::vector<PingReport> reports;
  for (const PingTarget& target : targets) {
    const Addressed addressed = address(**session, target, options.patience);
    if (!addressed.contact) {
      reports.push_back({.target = addressed.text, .failure = addressed.contact.error()});
      continue;
    }
    PingInquiry inquiry(*addressed.contact, {.count = options.count});
    const auto ended = (*session)->run(inquiry, UdpSession::kNoEnd);
    PingReport report = inquiry.take_report();
    report.target = addressed.text;
    const bool interrupted = ended == UdpSession::Ended::interrupted;
    if (!report.proven() && !interrupted) {
      const auto there =
          (*session)->who_answers(addressed.contact->udp, std::min(options.patience, kSecondLook));
      const bool other = there && there->key != addressed.contact->key;
      if (other) report.other_id = pex::EnodeId::of(there->key);
    }
    reports.push_back(std::move(report));
    if (interrupted) break;
  }
  return reports;
}

}  // namespace peerage::cmd
