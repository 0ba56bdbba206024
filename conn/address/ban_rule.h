// What a ban is about, in whose name it is in force, and which ban makes room for another.
//
// Bans stand in three places: in the list that is in force (p2p/admission/ban_list.h), beside the
// books (pex/books/network_books.h), and in the books' file (addrbook/file/book_file.h). The list
// decides by the rule here, and reports what it drops; the other two follow. The file has to judge
// only when it is read: one that was crafted may hold any number, of which those that end last are
// taken.
//
// The rule. What an operator has banned and what a node bans by itself, for what strangers do, have
// room for kMaxBans each, so that strangers cannot displace what the operator wants. An operator's
// ban never makes room: when theirs is full, one more is refused. Of the others, those that have
// ended make room, then, of the group that holds most, the one that is the first to end. A group is
// a /16, or a /32 of IPv6 (IpAddress::group); all IDs together are one. So an
// operator that is banned for ever more IDs of one host, or hosts of one allocation, washes out its
// own bans, and none of a group that holds fewer.
//
// Threads: plain values, pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "conn/address/cidr.h"
#include "conn/address/node_id.h"

namespace peerage::conn {

using BanTarget = std::variant<NodeId, Cidr>;
// 40 hex digits, or a network.
std::string to_string(const BanTarget& target);
// Whether a node of this ID, at this address, falls under it.
bool covers(const BanTarget& target, const NodeId& id, const IpAddress& ip);

enum class BanOrigin : std::uint8_t {
  misbehaviour,  // made by the node itself, for what a stranger did
  operator_,     // wanted by a person, or by a program that embeds the node
};
inline constexpr std::size_t kBanOriginCount = 2;
// "misbehaviour" and "operator": stable, for rows and reports.
std::string_view name(BanOrigin origin) noexcept;

// In force at once, for each origin. A lookup is a few hashes however many there are; a ban takes
// some 600 bytes.
inline constexpr std::size_t kMaxBans = 10'000;

// Whether `a` makes room before `b`; both of one origin, and of one group.
template <typename Ban>
bool makes_room_before(const Ban& a, const Ban& b) {
  return a.until < b.until;
}

}  // namespace peerage::conn
