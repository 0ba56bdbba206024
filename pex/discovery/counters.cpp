#include "pex/discovery/counters.h"

namespace peerage::pex {

std::string_view name(MessageKind kind) noexcept {
  static constexpr std::array<std::string_view, kMessageKinds> kNames = {
      "ping",         "pong",         "find_node",     "neighbors", "enr_request",
      "enr_response", "talk_request", "talk_response", "challenge"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view name(Drop reason) noexcept {
  static constexpr std::array<std::string_view, kDropReasons> kNames = {
      "too_long", "no_protocol", "banned",          "restricted",   "rate",
      "costly",   "repeated",    "malformed",       "expired",      "signature",
      "own",      "unproven",    "unsolicited",     "wrong_source", "too_many",
      "bad_node", "bad_record",  "record_conflict", "queue_full"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::string_view name(Limited limit) noexcept {
  static constexpr std::array<std::string_view, kLimits> kNames = {
      "to_unproven",     "told_endpoint", "pings_queued",
      "record_question", "network_share", "inbound_share"};
  return kNames[static_cast<std::size_t>(limit)];
}

}  // namespace peerage::pex
