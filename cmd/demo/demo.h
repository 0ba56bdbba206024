// The demo: a seed, some nodes and a crawler as processes of their own on this machine, each with a
// real home and knowing the seed alone; what happens is shown, and measured.
//
//   the seed starts -> the nodes start -> all are connected to each other -> one is killed -> the
//   others notice -> it is started again -> all are connected again -> a crawl from the seed finds
//   all of them -> the verdict
//
// It follows its children by their logs alone (cmd/demo/table.h), and kills no other processes.
// SIGINT, SIGTERM and SIGHUP end it at any moment, its children and its directory with it.
//
// Threads: one, with the signals blocked.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cmd/base/child_process.h"
#include "cmd/demo/homes.h"
#include "cmd/demo/screen.h"

namespace peerage::cmd {

struct DemoOptions {
  // Each has ten outbound slots: up to this many can all be connected to each other.
  static constexpr std::size_t kMinNodes = 2, kMaxNodes = 10;
  std::size_t nodes = 5;
  std::filesystem::path directory;  // empty: one for temporary files, removed at the end
  enum class After : std::uint8_t { end, stay } after = After::end;
  DemoScreen::View view = DemoScreen::View::lines;
};

class Demo {
 public:
  Demo(const DemoOptions& options, std::vector<DemoHome> homes, int signals);
  ~Demo();

  // Shows everything; a failure says which step did not succeed. `interrupted` is none.
  enum class Verdict : std::uint8_t { well, failed, interrupted };
  Verdict run();
  // Goes on until a signal comes, or a node ends.
  void stay();
  // Ends every child: asked first, then killed.
  void stop();

 private:
  struct Member {
    DemoHome home;
    NodeView view;
    std::optional<ChildProcess> process;
    bool may_end = false;  // we are ending it
  };
  using Step = Verdict (Demo::*)();

  Verdict start_all();
  void say_where_to_look();
  Verdict connect_all();
  Verdict kill_one();
  Verdict start_it_again();
  Verdict crawl();
  Verdict judge_crawl(const std::string& report, conn::Duration took);

  bool start(Member& member);
  // Follows all until `done` or the limit. `what` is printed when the limit comes first.
  Verdict follow(const std::function<bool()>& done, conn::Duration limit, const std::string& what);
  void read_logs();
  bool each_has_each() const;
  Verdict fail(const std::string& why);
  void measured(std::string line);
  conn::Duration since_start() const;
  // Polls what the children print and the signals; true when one came.
  bool wait_for_news();

  const DemoOptions options_;
  const int signals_;  // a signalfd
  DemoScreen screen_;
  std::vector<Member> members_;  // the seed first
  Names names_;
  std::optional<ChildProcess> crawler_;
  std::vector<std::string> verdict_;
  conn::TimePoint began_;
};

// All of it: directory, children, verdict; the exit code.
int run_demo(const DemoOptions& options);

}  // namespace peerage::cmd
