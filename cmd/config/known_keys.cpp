#include "cmd/config/known_keys.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

namespace peerage::cmd {
namespace {

using Reasons = std::map<std::string_view, std::string_view>;

constexpr std::string_view kApplication = "there is no application here, nor its database";
constexpr std::string_view kValidator = "this node signs no blocks";
constexpr std::string_view kBlocks = "this node keeps no blocks";
constexpr std::string_view kRpc = "here the RPC has health, status and net_info alone";
constexpr std::string_view kGrpc = "there is no gRPC server here";
constexpr std::string_view kTest = "a test setting";

const Reasons& ignored() {
  static const Reasons kReasons = {
      {"version", "it says which comet node wrote the file"},
      {"proxy_app", kApplication},
      {"abci", kApplication},
      {"filter_peers", kApplication},
      {"db_backend", kApplication},
      {"db_dir", kApplication},
      {"event_bus_buffer_capacity", kApplication},
      {"priv_validator_key_file", kValidator},
      {"priv_validator_state_file", kValidator},
      {"priv_validator_laddr", kValidator},
      {"fast_sync", kBlocks},
      {"block_sync", kBlocks},

      {"p2p.flush_throttle_timeout", "packets leave as soon as the socket takes them"},
      {"p2p.upnp", "not supported"},
      {"p2p.test_dial_fail", kTest},
      {"p2p.test_fuzz", kTest},
      {"p2p.test_fuzz_config", kTest},
      {"p2p.libp2p", "another protocol"},

      {"rpc.grpc_laddr", kGrpc},
      {"rpc.grpc_max_open_connections", kGrpc},
      {"rpc.max_subscription_clients", kRpc},
      {"rpc.max_subscriptions_per_client", kRpc},
      {"rpc.experimental_subscription_buffer_size", kRpc},
      {"rpc.experimental_websocket_write_buffer_size", kRpc},
      {"rpc.experimental_close_on_slow_client", kRpc},
      {"rpc.timeout_broadcast_tx_commit", kRpc},
      {"rpc.pprof_laddr", "a profile of Go code"},
      {"grpc", kGrpc},
      {"mempool", "this node keeps no transactions"},
      {"statesync", kBlocks},
      {"fastsync", kBlocks},
      {"blocksync", kBlocks},
      {"consensus", "this node takes no part in consensus"},
      {"storage", kBlocks},
      {"tx_index", kBlocks},
  };
  return kReasons;
}

const Reasons& ignored_of_tenderseed() {
  static const Reasons kReasons = {
      {"peer_check_period", "addresses are verified again by what is known of each"},
  };
  return kReasons;
}

std::optional<std::string_view> look_up(const Reasons& reasons, std::string_view name) {
  const auto found = reasons.find(name);
  if (found == reasons.end()) return std::nullopt;
  return found->second;
}

// Edits between two words: a letter more, less or another, or two neighbours swapped.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = a[i - 1] == b[j - 1];
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::string_view last_part(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

// As people may have written it: any case, hyphens.
std::string plain_form(std::string_view key) {
  std::string plain;
  for (const char c : key) {
    plain +=
        c == '-' || c == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

std::vector<std::string> words(const std::string& key) {
  std::vector<std::string> found(1);
  for (const char c : key) {
    if (c == '_') {
      found.emplace_back();
    } else {
      found.back() += c;
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::optional<std::string_view> why_ignored(std::string_view full_name) {
  return look_up(ignored(), full_name);
}

std::optional<std::string_view> why_ignored_of_tenderseed(std::string_view key) {
  return look_up(ignored_of_tenderseed(), key);
}

bool asks_for_something(std::string_view full_name) {
  static constexpr std::array<std::string_view, 6> kKeys = {
      "filter_peers",  "priv_validator_laddr", "p2p.upnp",
      "p2p.test_fuzz", "rpc.grpc_laddr",       "rpc.pprof_laddr"};
  return std::find(kKeys.begin(), kKeys.end(), full_name) != kKeys.end();
}

std::string nearest_name(std::string_view name, std::span<const std::string> known) {
  static constexpr std::size_t kLongest = 64;  // longer than any name that there is
  const std::string wrong = plain_form(last_part(name));
  if (wrong.empty() || wrong.size() > kLongest) return {};
  const std::string_view section = name.substr(0, name.size() - last_part(name).size());
  std::string best;
  // A slip in another section counts half an edit more.
  std::size_t best_score = std::max<std::size_t>(1, wrong.size() / 4) * 2 + 2;
  for (const std::string& each : known) {
    const std::string right = plain_form(last_part(each));
    std::size_t score = 2 * distance(wrong, right);
    if (score > 2 && words(wrong) == words(right)) score = 2;
    if (!each.starts_with(section) || last_part(each).size() + section.size() != each.size()) {
      ++score;
    }
    if (score < best_score) {
      best_score = score;
      best = each;
    }
  }
  return best;
}

}  // namespace peerage::cmd
