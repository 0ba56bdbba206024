// What the tests of admission are made of: newcomers by number, and candidates for an eviction.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/admission/admission.h"
#include "tests/support/addresses.h"

namespace peerage::p2p {

using Standing = Admission::Standing;
using Candidates = std::vector<EvictionCandidate>;
inline const conn::TimePoint kStart{std::chrono::hours(1)};

// A host in a /24 of its own.
inline conn::IpAddress stranger(unsigned number) {
  return conn::IpAddress::v4(static_cast<std::uint8_t>(1 + (number >> 16)),
                             static_cast<std::uint8_t>(number >> 8),
                             static_cast<std::uint8_t>(number), 1);
}

inline Admission new_admission(const AdmissionConfig& config = {}) {
  return {config, [](std::size_t) { return std::size_t{0}; }, kStart};
}

inline EvictionCandidate candidate(LinkId link) {
  return {link, stranger(static_cast<unsigned>(link)), kStart - std::chrono::hours(1), {}};
}

inline std::function<Candidates()> offering(Candidates candidates) {
  return [candidates = std::move(candidates)] { return candidates; };
}
// Of forty slots: the nodes 21 to 40 have been here so long that they are protected.
inline std::function<Candidates()> offering_besides_old_ones(Candidates candidates) {
  for (LinkId link = 21; link <= 40; ++link) {
    const auto group = static_cast<std::uint8_t>(link);
    candidates.push_back(
        {link, conn::IpAddress::v4(30, group, 0, 1), kStart - std::chrono::hours(24), {}});
  }
  return offering(std::move(candidates));
}
inline Candidates never_asked() {
  ADD_FAILURE() << "no eviction is needed";
  return {};
}

inline Admission::Newcomer inbound(unsigned node, const conn::IpAddress& from) {
  return {test::numbered_id(node), Direction::inbound, from, Standing::ordinary};
}
inline Admission::Newcomer inbound(unsigned node) {
  return inbound(node, stranger(node));
}
inline Admission::Newcomer outbound(unsigned node) {
  return {test::numbered_id(node), Direction::outbound, stranger(node), Standing::ordinary};
}
inline Admission::Newcomer privileged(Admission::Newcomer newcomer) {
  newcomer.standing = Standing::privileged;
  return newcomer;
}

template <typename T>
std::optional<conn::Reason> refusal(const conn::Result<T>& result) {
  if (result) return std::nullopt;
  EXPECT_EQ(result.error().stage, conn::Stage::admission);
  return result.error().reason;
}

// Takes all inbound slots, with nodes and links 1 to max_inbound.
inline void fill(Admission& admission, unsigned max_inbound = 40) {
  for (unsigned i = 1; i <= max_inbound; ++i) {
    ASSERT_TRUE(admission.on_proven(inbound(i), i, never_asked, kStart));
  }
}

}  // namespace peerage::p2p
