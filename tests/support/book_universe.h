// A small world of nodes, addresses, sources and mishaps for books to meet in any order: few enough
// that they collide in every way there is.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

#include "addrbook/book/address_book.h"

namespace peerage::test {

// Where decisions come from: a random number generator, or a fuzzer's bytes.
class Choices {
 public:
  Choices() = default;
  Choices(const Choices&) = delete;
  Choices& operator=(const Choices&) = delete;
  virtual ~Choices() = default;

  virtual std::size_t below(std::size_t bound) = 0;
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <typename List>
  const auto& of(const List& list) {
    return *std::next(std::begin(list), static_cast<std::ptrdiff_t>(below(std::size(list))));
  }
};

// 0 is ours, and 30 is no node's.
inline constexpr std::size_t kUniverseIds = 31;
inline conn::NodeId universe_id(std::size_t number) {
  if (number == 30) return {};
  conn::ByteArray<conn::NodeId::kBytes> bytes{};
  bytes[0] = static_cast<std::uint8_t>(number);
  bytes[19] = 1;
  return conn::NodeId(bytes);
}

// Hosts of one /24, of one /48, of one /64, in many networks, exempt ones (31.7.7.0/24).
inline constexpr std::string_view kOrdinaryHosts[] = {
    "31.1.1.1",      "31.1.1.2",         "31.1.1.3",        "31.1.1.4",      "31.1.1.5",
    "31.1.1.6",      "31.1.1.7",         "31.1.1.8",        "31.1.2.1",      "31.1.2.2",
    "31.2.1.1",      "32.1.1.1",         "33.1.1.1",        "34.1.1.1",      "35.1.1.1",
    "36.1.1.1",      "31.7.7.1",         "31.7.7.2",        "2a00:1:1:1::1", "2a00:1:1:1::2",
    "2a00:1:1:1::3", "2a00:1:1:2::1",    "2a00:1:1:3::1",   "2a00:1:1:4::1", "2a00:1:2::1",
    "2a00:2::1",     "2001:470:1000::1", "2002:1f01:101::1"};
// What only a book that is not strict takes.
inline constexpr std::string_view kLocalHosts[] = {
    "10.0.0.1",   "10.0.0.2", "127.0.0.1", "::1",        "fe80::1",
    "100.64.0.1", "fd00::1",  "0.1.2.3",   "198.18.0.1", "192.0.0.8"};
// And what none takes.
inline constexpr std::string_view kImpossibleHosts[] = {
    "0.0.0.0",      "255.255.255.255", "224.0.0.1",   "240.0.0.1", "192.0.2.1",
    "198.51.100.1", "203.0.113.1",     "2001:db8::1", "ff02::1",   "::"};
inline constexpr std::string_view kSourceHosts[] = {"41.1.1.1", "41.1.9.9", "42.1.1.1", "43.1.1.1",
                                                    "31.1.1.1", "2a00:1::", "10.0.0.1", "10.0.0.9"};

inline conn::IpAddress universe_ip(Choices& choices) {
  const std::size_t kind = choices.below(16);
  const std::string_view text = kind == 0   ? choices.of(kImpossibleHosts)
                                : kind <= 2 ? choices.of(kLocalHosts)
                                            : choices.of(kOrdinaryHosts);
  return *conn::IpAddress::parse(text);
}
inline conn::NetAddress universe_address(Choices& choices) {
  constexpr std::uint16_t kPorts[] = {26656, 26656, 26656, 26656, 26656, 1, 65535, 0};
  const std::size_t id = choices.below(kUniverseIds + 1);
  return {universe_id(std::min<std::size_t>(id, 30)), {universe_ip(choices), choices.of(kPorts)}};
}
inline addrbook::Source universe_source(Choices& choices) {
  using addrbook::Origin;
  constexpr Origin kOrigins[] = {Origin::pex,           Origin::pex,    Origin::pex,
                                 Origin::inbound,       Origin::import, Origin::discovery,
                                 Origin::configuration, Origin::pex};
  const auto ip = *conn::IpAddress::parse(choices.of(kSourceHosts));
  constexpr addrbook::Word kWords[] = {addrbook::Word::unasked, addrbook::Word::answer};
  const auto id = universe_id(25 + choices.below(6));
  const Origin origin = choices.of(kOrigins);
  return {ip, id, origin, choices.of(kWords)};
}

inline conn::Failure universe_failure(Choices& choices) {
  using conn::Reason;
  using conn::Stage;
  static const std::pair<Stage, Reason> kFailures[] = {
      {Stage::connect, Reason::connect_timed_out},
      {Stage::connect, Reason::connection_refused},
      {Stage::key_exchange, Reason::closed_before_key},
      {Stage::key_exchange, Reason::speaks_http},
      {Stage::authentication, Reason::closed_before_authentication},
      {Stage::authentication, Reason::wrong_id},
      {Stage::authentication, Reason::wrong_id},
      {Stage::authentication, Reason::connected_to_self},
      {Stage::node_info, Reason::wrong_network},
      {Stage::node_info, Reason::closed_after_authentication},
      {Stage::admission, Reason::closed_after_authentication},
      {Stage::established, Reason::pong_timed_out},
      {Stage::connect, Reason::out_of_descriptors},
      {Stage::connect, Reason::stopping},
      {Stage::configuration, Reason::io_error}};
  const auto& [stage, reason] = choices.of(kFailures);
  return {stage, reason, {}};
}

// Mostly none; seldom so much that what is known grows old.
inline addrbook::Seconds universe_pause(Choices& choices) {
  constexpr std::size_t kLongest[] = {1, 1, 1, 1, 2, 30, 100, 100, 4'000, 90'000};
  constexpr std::size_t kAges[] = {100'000, 700'000, 3'000'000};
  const std::size_t longest = choices.of(kLongest);
  if (longest == 90'000 && choices.one_in(8)) {
    return addrbook::Seconds(choices.below(choices.of(kAges)));
  }
  return addrbook::Seconds(choices.below(longest));
}

}  // namespace peerage::test
