// On whose account a node was dialled. The switch is told a purpose that says how to dial; who
// wished for it follows from what else is known: the configured seeds, and what is in the book.
//
// Threads: the control shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "conn/address/net_address.h"
#include "p2p/base/dial_purpose.h"
#include "pex/books/network_books.h"

namespace peerage::pex {

// What kind of node measures itself.
enum class NodeKind : std::uint8_t { without_exchange, node, seed };

enum class DialledFor : std::uint8_t { persistent, seed, book, visit, requested };
inline constexpr std::size_t kDialledForCount = 5;
std::string_view name(DialledFor purpose) noexcept;

class DialAccount {
 public:
  using IsSeed = std::function<bool(const conn::NodeId&)>;
  // `books` may be null.
  DialAccount(NodeKind kind, std::shared_ptr<NetworkBooks> books, IsSeed is_seed);

  DialledFor operator()(const conn::HostAddress& target, p2p::DialPurpose purpose,
                        const std::string& network) const;

 private:
  bool is_in_book(const conn::HostAddress& target, const std::string& network) const;

  NodeKind kind_;
  std::shared_ptr<NetworkBooks> books_;
  IsSeed is_seed_;
};

}  // namespace peerage::pex
