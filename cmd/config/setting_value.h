// How a setting is written as text, and read: in a string of config.toml, an environment variable
// or a flag.
//
// `set_value` reads one kind of value. Each mistake is reported by itself, and `into` then keeps
// what it had; of a list the good entries are taken all the same, so that a caller that looks for
// every mistake can go on. Numbers, booleans and durations are read as weakly as a comet node reads
// them (cmd/config/go_value.h); entries of a list are separated by commas or white space
// (conn/base/split_list.h).
//
// Source: comet config/config.go.
// Threads: pure functions. What is quoted in a complaint has gone through conn::printable.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/config/go_value.h"
#include "conn/address/cidr.h"
#include "conn/address/net_address.h"
#include "conn/runtime/runtime.h"

namespace peerage::cmd {

using Complain = std::function<void(const std::string& what)>;

void set_value(std::string& into, std::string_view text, const Complain& complain);
void set_value(bool& into, std::string_view text, const Complain& complain);
void set_value(std::uint32_t& into, std::string_view text, const Complain& complain);
void set_value(std::uint64_t& into, std::string_view text, const Complain& complain);
// No text at all: none.
void set_value(std::optional<std::uint32_t>& into, std::string_view text, const Complain& complain);
// Not negative: no setting has a use for that.
void set_value(conn::Duration& into, std::string_view text, const Complain& complain);
void set_value(std::vector<conn::HostAddress>& into, std::string_view text,
               const Complain& complain);
void set_value(std::vector<conn::NodeId>& into, std::string_view text, const Complain& complain);
void set_value(std::vector<conn::Cidr>& into, std::string_view text, const Complain& complain);
void set_value(std::vector<std::string>& into, std::string_view text, const Complain& complain);

// The other way round: as the file has it, without a string's quotes.
std::string setting_text(const std::string& value);
std::string setting_text(bool value);
std::string setting_text(std::uint32_t value);
std::string setting_text(std::uint64_t value);
std::string setting_text(const std::optional<std::uint32_t>& value);  // empty: none
std::string setting_text(conn::Duration value);
std::string setting_text(const std::vector<conn::HostAddress>& value);
std::string setting_text(const std::vector<conn::NodeId>& value);
std::string setting_text(const std::vector<conn::Cidr>& value);
std::string setting_text(const std::vector<std::string>& value);

}  // namespace peerage::cmd
