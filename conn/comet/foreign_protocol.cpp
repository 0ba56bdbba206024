#include "conn/comet/foreign_protocol.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace peerage::conn {
namespace {

using namespace std::string_view_literals;

constexpr auto kTexts = reason_texts<ForeignReason>({
    {ForeignReason::proxy_header,
     {"proxy_header", "the remote began with a PROXY protocol header",
      "turn it off at the load balancer (send-proxy in haproxy, proxy_protocol in nginx): a comet "
      "node reads none"}},
});
static_assert(kTexts.size() == static_cast<std::size_t>(ForeignReason::proxy_header) + 1);

const ReasonModule kModule{kTexts};

struct Beginning {
  std::string_view text;
  Reason reason;
};

// Of servers, which answer, and of clients and balancers, which connect.
const std::array kBeginnings = {
    Beginning{"HTTP/"sv, Reason::speaks_http},
    Beginning{"GET "sv, Reason::speaks_http},
    Beginning{"POST"sv, Reason::speaks_http},
    Beginning{"HEAD"sv, Reason::speaks_http},
    Beginning{"PUT "sv, Reason::speaks_http},
    Beginning{"DELETE "sv, Reason::speaks_http},
    Beginning{"OPTIONS "sv, Reason::speaks_http},
    Beginning{"CONNECT "sv, Reason::speaks_http},
    Beginning{"PATCH "sv, Reason::speaks_http},
    Beginning{"TRACE "sv, Reason::speaks_http},
    Beginning{"PRI "sv, Reason::speaks_http},
    Beginning{"SSH-"sv, Reason::speaks_ssh},
    Beginning{"\x15\x03"sv, Reason::speaks_tls},
    Beginning{"\x16\x03"sv, Reason::speaks_tls},
    Beginning{"PROXY "sv, ForeignReason::proxy_header},
    Beginning{"\r\n\r\n\0\r\nQUIT\n"sv, ForeignReason::proxy_header},
};

bool begins(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

// The one kind that may begin so; none if there are several, or there is none.
std::optional<Reason> only_kind(std::string_view seen) {
  std::optional<Reason> kind;
  for (const Beginning& each : kBeginnings) {
    if (!begins(seen, each.text) && !begins(each.text, seen)) continue;
    if (kind && *kind != each.reason) return std::nullopt;
    kind = each.reason;
  }
  return kind;
}

}  // namespace

const ReasonText& reason_text(ForeignReason reason) noexcept {
  return kTexts[static_cast<std::size_t>(reason)];
}

Failure identify_foreign_protocol(ByteView seen) {
  const std::string_view text = as_text(seen);
  Reason reason = Reason::not_a_comet_node;
  const auto whole = std::find_if(kBeginnings.begin(), kBeginnings.end(),
                                  [&](const Beginning& each) { return begins(text, each.text); });
  if (whole != kBeginnings.end()) {
    reason = whole->reason;
  } else if (text.size() >= kEnoughToTell) {
    reason = only_kind(text).value_or(reason);
  }
  return {Stage::key_exchange, reason, "began with \"" + printable(text, 40) + "\""};
}

bool may_yet_be_identified(ByteView seen) {
  const std::string_view text = as_text(seen);
  return std::any_of(kBeginnings.begin(), kBeginnings.end(), [&](const Beginning& each) {
    return text.size() < each.text.size() && begins(each.text, text);
  });
}

bool is_foreign_protocol(Reason reason) noexcept {
  return reason == Reason::not_a_comet_node ||
         std::any_of(kBeginnings.begin(), kBeginnings.end(),
                     [reason](const Beginning& each) { return each.reason == reason; });
}

}  // namespace peerage::conn
