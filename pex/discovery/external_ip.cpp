#include "pex/discovery/external_ip.h"

#include <algorithm>
#include <array>

#include "conn/address/host_name.h"

namespace peerage::pex {

using Kind = ExternalIpSource::Kind;

namespace {

constexpr std::array<std::string_view, 3> kOthersWords = {"any", "upnp", "publicip"};

}  // namespace

conn::Result<ExternalIpSource> ExternalIpSource::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  const std::string_view rest =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  ExternalIpSource source;
  const auto refused = [&] {
    return conn::fail(conn::Stage::configuration, conn::Reason::invalid_argument,
                      "external_ip = " + conn::printable(text) +
                          " is none of vote, fixed:IP, name:HOST, interface, interface:NAME, none");
  };
  if (word == "fixed") {
    const auto ip = conn::IpAddress::parse(rest);
    if (!ip || !ip->valid()) return refused();
    source.kind = Kind::fixed;
    source.ip = *ip;
    return source;
  }
  if (word == "name" && conn::is_host_name(rest)) {
    source.kind = Kind::host_name;
    source.name = rest;
    return source;
  }
  if (word == "interface" && (colon == std::string_view::npos || !rest.empty())) {
    source.kind = Kind::interface;
    source.name = rest;
    return source;
  }
  if (text == "none") source.kind = Kind::none;
  if (text == "none" || text == "vote") return source;
  if (std::find(kOthersWords.begin(), kOthersWords.end(), text) == kOthersWords.end()) {
    return refused();
  }
  source.notice = std::string(text) + " is read as vote: others say where they see us";
  return source;
}

std::optional<conn::IpAddress> ExternalIpSource::known(const conn::IpAddress& listen) const {
  if (kind == Kind::fixed) return ip;
  if (kind == Kind::vote && !listen.unspecified()) return listen;
  return std::nullopt;
}

std::string ExternalIpSource::to_string() const {
  switch (kind) {
    case Kind::vote:
      return "vote";
    case Kind::fixed:
      return "fixed:" + ip.to_string();
    case Kind::host_name:
      return "name:" + name;
    case Kind::interface:
      return name.empty() ? "interface" : "interface:" + name;
    case Kind::none:
      break;
  }
  return "none";
}

}  // namespace peerage::pex
