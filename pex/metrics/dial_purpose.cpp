#include "pex/metrics/dial_purpose.h"

#include <array>
#include <utility>

namespace peerage::pex {

std::string_view name(DialledFor purpose) noexcept {
  static constexpr std::array<std::string_view, kDialledForCount> kNames = {
      "persistent", "seed", "book", "visit", "requested"};
  return kNames[static_cast<std::size_t>(purpose)];
}

DialAccount::DialAccount(NodeKind kind, std::shared_ptr<NetworkBooks> books, IsSeed is_seed)
    : kind_(kind), books_(std::move(books)), is_seed_(std::move(is_seed)) {}

DialledFor DialAccount::operator()(const conn::HostAddress& target, p2p::DialPurpose purpose,
                                   const std::string& network) const {
  if (purpose == p2p::DialPurpose::persistent) return DialledFor::persistent;
  if (purpose == p2p::DialPurpose::manual) return DialledFor::requested;
  if (is_seed_(target.id)) return DialledFor::seed;
  if (kind_ == NodeKind::seed) return DialledFor::visit;
  // Feelers, rotation, and lost peers that are sought again: the book's, even if it has lost them.
  if (purpose != p2p::DialPurpose::requested) return DialledFor::book;
  return is_in_book(target, network) ? DialledFor::book : DialledFor::requested;
}

bool DialAccount::is_in_book(const conn::HostAddress& target, const std::string& network) const {
  if (!books_) return false;
  const auto ip = conn::IpAddress::parse(target.host);
  const addrbook::AddressBook* book = books_->find(network);
  return ip && book != nullptr && book->find({target.id, {*ip, target.port}}) != nullptr;
}

}  // namespace peerage::pex
