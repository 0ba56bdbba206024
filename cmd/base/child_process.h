// This program once more, as a child: started with other arguments, followed by what it prints, and
// ended when we end.
//
// Its standard output comes to us in lines, its standard error goes to a file, and so does a copy
// of the lines. It has a process group of its own, so that Ctrl-C on a terminal is ours to handle,
// and it ends when we do, also when we crash (PR_SET_PDEATHSIG).
//
// Threads: one, and the one that started it must live as long as the child is to.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "conn/base/failure.h"
#include "conn/runtime/runtime.h"

namespace peerage::cmd {

class ChildProcess {
 public:
  // Longer ones are cut: a line that never ends must not fill our memory.
  static constexpr std::size_t kMaxLine = 16u << 20;

  // `log` is appended to.
  static conn::Result<ChildProcess> start(const std::vector<std::string>& arguments,
                                          const std::filesystem::path& log);
  // Kills it, if it still runs.
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  pid_t id() const noexcept { return id_; }
  // To be polled; -1 once the end has been read.
  int output() const noexcept { return output_; }
  // Those that are complete by now, without their ends; never blocks.
  std::vector<std::string> read_lines();

  // How it ended: its exit code, or 128 and the signal's number; nothing while it runs.
  std::optional<int> ended();
  void signal(int number) const;
  // True when it ended within that time. What it prints meanwhile is read, and kept for read_lines.
  bool wait(conn::Duration within);

 private:
  ChildProcess(pid_t id, int output, const std::filesystem::path& log);
  void read_what_is_there();

  pid_t id_ = -1;
  int output_ = -1;
  std::optional<int> ended_;
  std::string received_;  // not yet returned
  std::ofstream log_;
};

}  // namespace peerage::cmd
