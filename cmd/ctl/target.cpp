#include "cmd/ctl/target.h"

#include <algorithm>
#include <string>
#include <vector>

#include "cmd/addrbook/addrbook.h"
#include "cmd/ctl/answers.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {

using conn::BanTarget;
using conn::NodeId;

namespace {

constexpr std::size_t kMostCandidates = 8;  // that are named

std::string in_quotes(std::string_view text) {
  return "\"" + conn::printable(text, 64) + "\"";
}

// Lower-case; empty: it is none.
std::string prefix_of(std::string_view text) {
  std::string prefix(text);
  for (char& c : prefix) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  const bool is_hex = prefix.find_first_not_of("0123456789abcdef") == std::string::npos;
  const bool is_prefix = prefix.size() >= kMinIdPrefix && prefix.size() < 2 * NodeId::kBytes;
  return is_hex && is_prefix ? prefix : std::string();
}

std::string names_of(const std::vector<NodeId>& candidates) {
  std::string names;
  for (std::size_t i = 0; i < std::min(candidates.size(), kMostCandidates); ++i) {
    names.append(i == 0 ? "" : ", ").append(candidates[i].to_string());
  }
  return candidates.size() > kMostCandidates ? names + ", ..." : names;
}

tl::expected<NodeId, CtlError> find_prefix(const std::string& prefix,
                                           const std::set<NodeId>& known) {
  std::vector<NodeId> candidates;
  std::copy_if(known.begin(), known.end(), std::back_inserter(candidates),
               [&prefix](const NodeId& id) { return id.to_string().starts_with(prefix); });
  if (candidates.size() == 1) return candidates.front();
  if (candidates.empty()) return refuse("not_found", "no ID here begins with " + prefix);
  return refuse("ambiguous", std::to_string(candidates.size()) + " IDs here begin with " + prefix,
                "it is one of " + names_of(candidates));
}

}  // namespace

tl::expected<NodeId, CtlError> find_id(std::string_view text, const std::set<NodeId>& known) {
  if (const auto whole = NodeId::parse(text); whole && *whole != NodeId()) return *whole;
  if (const std::string prefix = prefix_of(text); !prefix.empty()) {
    return find_prefix(prefix, known);
  }
  return misused(in_quotes(text) + " is no node ID, nor the first digits of one",
                 "an ID has 40 hex digits; " + std::to_string(kMinIdPrefix) + " may do");
}

tl::expected<BanTarget, CtlError> find_target(std::string_view text,
                                              const std::set<NodeId>& known) {
  if (const auto whole = parse_target(text)) return *whole;
  if (const std::string prefix = prefix_of(text); !prefix.empty()) {
    return find_prefix(prefix, known).map([](const NodeId& id) { return BanTarget(id); });
  }
  return misused(in_quotes(text) + " is no node ID, IP address or network",
                 "such as 40 hex digits or the first of them, 203.0.113.7, or 2001:db8::/32");
}

tl::expected<conn::HostAddress, CtlError> find_address(std::string_view text) {
  auto address = conn::HostAddress::parse(text);
  if (!address) {
    return misused("address: " + address.error().detail, "the form is ID@HOST:PORT");
  }
  if (address->port == 0) return misused("address: port 0 cannot be dialled");
  return std::move(*address);
}

}  // namespace peerage::cmd
