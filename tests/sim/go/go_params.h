// The numbers of the Go node's peer policy, under its own names.
//
// Source: comet v0.38 p2p/pex/params.go, pex_reactor.go, known_address.go, node/setup.go.
#pragma once

#include <cstddef>
#include <cstdint>

#include "conn/runtime/runtime.h"

namespace peerage::sim::go {

using namespace std::chrono_literals;

// --- the address book ---

inline constexpr std::size_t kNeedAddressThreshold = 1000;  // fewer: asks for more
inline constexpr std::size_t kOldBucketSize = 64;           // compared with >, so it holds one more
inline constexpr std::size_t kOldBucketCount = 64;
inline constexpr std::size_t kNewBucketSize = 64;  // the same
inline constexpr std::size_t kNewBucketCount = 256;
inline constexpr std::size_t kOldBucketsPerGroup = 4;
inline constexpr std::size_t kNewBucketsPerGroup = 32;  // of a source group
inline constexpr std::size_t kMaxNewBucketsPerAddress = 4;
inline constexpr conn::Duration kNumMissingDays = 7 * 24h;
inline constexpr std::uint32_t kNumRetries = 3;
inline constexpr std::uint32_t kMaxFailures = 10;
inline constexpr conn::Duration kMinBadDays = 7 * 24h;
inline constexpr std::size_t kGetSelectionPercent = 23;
inline constexpr std::size_t kMinGetSelection = 32;
inline constexpr std::size_t kMaxGetSelection = 250;

// --- peer exchange ---

inline constexpr conn::Duration kEnsurePeersPeriod = 30s;
// From an answer of a seed until the node looks for peers again: seen on real nodes of 0.40.0 and
// 1.0.1; 0.37.18 and 0.38.25 take 105 ms, for they flush after 100. By then the seed has closed the
// connection, so that it is dialled again. It happens only where the seed's NodeInfo names the
// address that stands in `seeds`.
inline constexpr conn::Duration kWakeDelay = 15ms;
inline constexpr conn::Duration kMinReceiveRequestInterval = kEnsurePeersPeriod / 3;
inline constexpr conn::Duration kCrawlPeerPeriod = 30s;
inline constexpr conn::Duration kMinTimeBetweenCrawls = 2min;
inline constexpr conn::Duration kCrawlInfoLife = 24h;  // a literal in cleanupCrawlPeerInfos
inline constexpr conn::Duration kSeedDisconnectWaitPeriod = 28h;
inline constexpr conn::Duration kDefaultBanTime = 24h;
inline constexpr std::uint32_t kMaxAttemptsToDial = 16;
inline constexpr unsigned kBiasToSelectNewPeers = 30;  // percent, of a seed's answers

}  // namespace peerage::sim::go
