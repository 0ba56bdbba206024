#include "conn/address/own_address.h"

#include <algorithm>
#include <string>

#include "conn/address/host_name.h"
#include "conn/base/bytes.h"
#include "conn/base/split_list.h"

namespace peerage::conn {
namespace {

constexpr std::string_view kScheme = "tcp://";
constexpr std::string_view kDefaultPort = "26656";  // comet's

bool is_host(std::string_view host) {
  return IpAddress::parse(host) || is_host_name(host);
}

// Without what stands before and behind an address in a web address, in a peer's, or in a text.
std::string_view address_inside(std::string_view text) {
  text = trimmed(text);
  const std::size_t scheme = text.find("://");
  if (scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  text = text.substr(0, text.find_first_of("/?#"));
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos) text.remove_prefix(at + 1);
  return trimmed(text);
}

// "here the address alone is wanted: 203.0.113.9:26656"; nothing when there is none inside.
std::string hint_of(std::string_view text) {
  std::string inside(address_inside(text));
  auto parts = split_host_port(inside);
  if (!parts && is_host(inside)) {
    inside = (inside.find(':') == std::string::npos ? inside : "[" + inside + "]") + ":" +
             std::string(kDefaultPort);
    parts = split_host_port(inside);
  }
  if (!parts || !is_host(parts->host)) return {};
  return "here the address alone is wanted: " + inside;
}

// What no host has inside.
std::string_view stranger_in(std::string_view text) {
  if (text.find('@') != std::string_view::npos) return "an ID or a user has no place here";
  if (text.find("://") != std::string_view::npos) return "no protocol is named here but tcp://";
  if (text.find_first_of("/?#") != std::string_view::npos) return "a path has no place here";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (space_at(text.substr(i)) > 0) return "white space has no place here";
  }
  return {};
}

}  // namespace

Result<HostPort> parse_own_address(std::string_view text) {
  const auto refuse = [text](std::string_view what) {
    const std::string hint = hint_of(text);
    return fail(Stage::configuration, Reason::address_malformed,
                "\"" + printable(text, 128) + "\": " + std::string(what) +
                    (hint.empty() ? "" : "; " + hint));
  };
  std::string_view bare = text;
  if (bare.starts_with(kScheme)) bare.remove_prefix(kScheme.size());
  if (const auto stranger = stranger_in(bare); !stranger.empty()) return refuse(stranger);
  auto parts = split_host_port(bare);
  if (!parts) {
    // Its detail quotes what it was given.
    const std::string said = parts.error().detail;
    const std::size_t what = said.rfind("\": ");
    return refuse(what == std::string::npos ? std::string_view(said)
                                            : std::string_view(said).substr(what + 3));
  }
  if (!is_host(parts->host)) return refuse("neither an IP address nor a host name");
  return parts;
}

}  // namespace peerage::conn
