// Continues the world as it stands in a child process: what the child does does not happen here.
// So one history has many continuations (a restart now, or later, or never; one attacker, or
// another), and is played once.
//
// A child ends with its parent. (Linux: prctl.)
//
// Threads: the calling process must have but one.
#pragma once

#include <functional>
#include <string>

namespace peerage::sim::eclipse {

// Runs `work` in a copy of this process, and returns its result. Throws std::runtime_error
// when the copy cannot be made, or fails.
std::string in_child(const std::function<std::string()>& work);

// A child that runs beside us; what it writes to its descriptor can be read at ours.
struct Child {
  int pid = -1;
  int descriptor = -1;
};
Child begin_child(const std::function<void(int descriptor)>& work);
// Writes a line. Throws std::runtime_error.
void write_line(int descriptor, const std::string& text);
// Waits for its end. Throws std::runtime_error unless it ended well.
void end_child(const Child& child);
// Kills it, whatever it does.
void kill_child(const Child& child);

}  // namespace peerage::sim::eclipse
