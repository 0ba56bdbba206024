#include "pex/discovery/name_watch.h"

#include <algorithm>
#include <utility>

namespace peerage::pex {

using conn::IpAddress;
using conn::TimePoint;
using Kind = ExternalIpSource::Kind;

NameWatch::NameWatch(conn::Runtime& runtime, conn::Shard& shard, Settings settings,
                     Listener listener)
    : runtime_(runtime),
      shard_(shard),
      settings_(std::move(settings)),
      listener_(std::move(listener)),
      next_look_(shard.now()) {
  const Kind kind = settings_.external_ip.kind;
  if (kind == Kind::vote || kind == Kind::none) next_look_ = TimePoint::max();
}

bool NameWatch::reaches(const IpAddress& ip) const {
  const IpFamily family = ip.is_v4() ? IpFamily::v4 : IpFamily::v6;
  const auto& families = settings_.families;
  return std::find(families.begin(), families.end(), family) != families.end();
}

// --- boot nodes ---

void NameWatch::look_up_boot_nodes() {
  boot_lookups_.clear();
  for (const EnodeUrl& node : settings_.boot_nodes) {
    if (boot_lookups_.size() >= kMaxNames) return;
    boot_lookups_.push_back(runtime_.resolve(
        shard_, node.host, kLookupTimeout,
        [this, node](conn::Result<std::vector<IpAddress>> found) {
          if (!found) return;
          const auto usable = std::find_if(found->begin(), found->end(),
                                           [this](const IpAddress& ip) { return reaches(ip); });
          if (usable == found->end()) return;
          listener_.on_boot_node(Contact::at(node.key, {*usable, node.udp}, node.tcp));
        }));
  }
}

// --- our own address ---

void NameWatch::on_time(TimePoint now) {
  if (now < next_look_) return;
  next_look_ = now + kLookAgain;
  switch (settings_.external_ip.kind) {
    case Kind::fixed:
      next_look_ = TimePoint::max();
      listener_.on_own_ip(settings_.external_ip.ip.is_v4() ? IpFamily::v4 : IpFamily::v6,
                          settings_.external_ip.ip);
      return;
    case Kind::host_name:
      // A name that is not answered changes nothing: what was found before still holds.
      own_lookup_ = runtime_.resolve(shard_, settings_.external_ip.name, kLookupTimeout,
                                     [this](conn::Result<std::vector<IpAddress>> found) {
                                       if (found) on_own_addresses(*found);
                                     });
      return;
    case Kind::interface:
      look_at_interfaces();
      return;
    case Kind::vote:
    case Kind::none:
      return;
  }
}

void NameWatch::on_own_addresses(const std::vector<IpAddress>& addresses) {
  for (const IpFamily family : settings_.families) {
    const auto found = std::find_if(addresses.begin(), addresses.end(), [&](const IpAddress& each) {
      return each.valid() && each.is_v4() == (family == IpFamily::v4);
    });
    listener_.on_own_ip(family, found == addresses.end() ? std::nullopt : std::optional(*found));
  }
}

void NameWatch::look_at_interfaces() {
  const auto all = settings_.interfaces();
  std::vector<IpAddress> found;
  for (const auto family : {conn::AddressFamily::v4, conn::AddressFamily::v6}) {
    const auto* const first = conn::first_routable(all, settings_.external_ip.name, family);
    if (first != nullptr) found.push_back(first->ip);
  }
  on_own_addresses(found);
}

void NameWatch::stop() {
  boot_lookups_.clear();
  own_lookup_.reset();
  next_look_ = TimePoint::max();
}

}  // namespace peerage::pex
