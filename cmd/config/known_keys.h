// Keys of config.toml that we do not follow, and why; and what an unknown key was probably meant to
// be.
//
// Source: comet config/config.go of v0.34 to v1.0, spec/vectors/config/*.toml; tenderseed's
// Config.go and AviaOne's.
// Threads: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peerage::cmd {

// Why a key ("p2p.upnp", "proxy_app") or a whole section ("rpc") has no effect; nothing for one
// that comet nodes do not have.
std::optional<std::string_view> why_ignored(std::string_view full_name);
// The same for a key of a tenderseed's file.
std::optional<std::string_view> why_ignored_of_tenderseed(std::string_view key);

// Whether such a key, where it is set to anything but false or nothing, asks for what this node
// does not do: an operator would wait for it.
bool asks_for_something(std::string_view full_name);

// The one of `known` names that `name` probably stands for: letters missing, too many, wrong or
// swapped, words in another order, the wrong section. Empty when none is near.
std::string nearest_name(std::string_view name, std::span<const std::string> known);

}  // namespace peerage::cmd
