// What is printed of a running node's answer for people, by `peerage ctl` and others: tables, made
// from the answer's JSON alone, so that a verb that answers something new is shown without a line
// here.
//
// A list of objects is a table with a column for each member; when the terminal is narrower, the
// columns that fit, the ones that matter most first. An object's own members are lines. Text of
// strangers goes through conn::printable.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace peerage::cmd {

// `columns`: of the terminal; 0: there is none, so that nothing is left out.
std::string result_text(std::string_view verb, std::string_view result, std::size_t columns);
// An event, as one line.
std::string event_text(std::string_view event);
// What `status --ready` says; nothing: the answer does not say it.
std::optional<bool> ready_in(std::string_view result);
// Whether it is what `dial` answers when nothing was reached.
bool dial_failed_in(std::string_view result);

}  // namespace peerage::cmd
