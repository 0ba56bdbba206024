#include "tests/sim/eclipse/campaign.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "tests/sim/eclipse/in_child.h"
#include "tests/sim/interrupt.h"
#include "tests/support/files.h"

namespace peerage::sim::eclipse {
namespace {

// The trials that share a warm-up.
struct World {
  std::string policy;
  conn::Duration age{0};
  std::uint64_t seed = 0;
  struct Part {
    std::size_t case_index = 0;
    std::size_t trial = 0;
  };
  std::vector<Part> parts;
};

// One kind of victim and age each; attackers share worlds, so that they are compared in the same.
std::vector<World> worlds_of(const Campaign& campaign) {
  std::vector<World> worlds;
  for (std::size_t i = 0; i < campaign.cases.size(); ++i) {
    const Case& each = campaign.cases[i];
    const bool fresh = each.age == conn::Duration(0);
    const std::size_t together = fresh ? 1 : std::max<std::size_t>(1, campaign.trials_of_world);
    for (std::size_t trial = 0; trial < campaign.trials; ++trial) {
      const std::uint64_t seed = campaign.seed * 1'000'003 + trial / together;
      auto world = worlds.end();
      if (!fresh) {
        world = std::find_if(worlds.begin(), worlds.end(), [&](const World& other) {
          return other.policy == each.policy && other.age == each.age && other.seed == seed;
        });
      }
      if (world == worlds.end()) {
        worlds.push_back({each.policy, each.age, seed, {}});
        world = worlds.end() - 1;
      }
      world->parts.push_back({i, trial});
    }
  }
  return worlds;
}

void play(const Campaign& campaign, const World& world, const std::filesystem::path& directory,
          int descriptor) {
  Trial trial(policy(world.policy), campaign.world, world.seed, directory);
  if (world.age > conn::Duration(0)) trial.warm_up(world.age);
  for (const World::Part& part : world.parts) {
    const auto work = [&] {
      const std::uint64_t seed = campaign.seed * 7'368'787 + part.trial;
      return trial.attack(campaign.cases[part.case_index].attack, seed, campaign.timing).to_text();
    };
    write_line(descriptor, std::to_string(part.case_index) + " " + std::to_string(part.trial) +
                               " " + in_child(work));
  }
  // The process ends here: the world is not taken down.
  ::_exit(0);
}

struct Running {
  Child child;
  std::string text;
};

class Results {
 public:
  explicit Results(const Campaign& campaign)
      : campaign_(campaign),
        outcomes_(campaign.cases.size(), std::vector<std::optional<Outcome>>(campaign.trials)) {}
  // Takes the whole lines.
  void take(std::string& text) {
    std::size_t end = 0;
    while ((end = text.find('\n')) != std::string::npos) {
      const std::string line = text.substr(0, end);
      text.erase(0, end + 1);
      if (line.empty()) continue;
      std::size_t after_case = 0, after_trial = 0;
      const std::size_t index = std::stoul(line, &after_case);
      const std::string rest = line.substr(after_case);
      const std::size_t trial = std::stoul(rest, &after_trial);
      outcomes_.at(index).at(trial) = Outcome::from_text(rest.substr(after_trial));
      ++done_;
      if (campaign_.on_progress) {
        campaign_.on_progress(done_, campaign_.cases.size() * campaign_.trials);
      }
    }
  }
  bool complete() const { return done_ == campaign_.cases.size() * campaign_.trials; }
  // The outcomes so far.
  std::vector<std::vector<Outcome>> all() const {
    std::vector<std::vector<Outcome>> cases;
    for (const auto& outcomes : outcomes_) {
      cases.emplace_back();
      for (const auto& each : outcomes) {
        if (each) cases.back().push_back(*each);
      }
    }
    return cases;
  }

 private:
  const Campaign& campaign_;
  std::vector<std::vector<std::optional<Outcome>>> outcomes_;
  std::size_t done_ = 0;
};

// What has come from one that can be read; false at its end.
bool read_some(Running& running) {
  char buffer[8192];
  const ssize_t got = ::read(running.child.descriptor, buffer, sizeof buffer);
  if (got < 0) return errno == EINTR;
  running.text.append(buffer, static_cast<std::size_t>(got));
  return got > 0;
}

}  // namespace

std::vector<std::vector<Outcome>> run(const Campaign& campaign) {
  const test::TemporaryDirectory directory;
  const std::vector<World> worlds = worlds_of(campaign);
  Results results(campaign);
  std::vector<Running> running;
  std::size_t next = 0;
  while (!Interrupt::came() && (next < worlds.size() || !running.empty())) {
    while (next < worlds.size() && running.size() < std::max<std::size_t>(1, campaign.jobs)) {
      const auto own = directory.path() / std::to_string(next);
      std::filesystem::create_directory(own);
      const World& world = worlds[next++];
      running.push_back(
          {begin_child([&](int descriptor) { play(campaign, world, own, descriptor); }), {}});
    }
    std::vector<pollfd> waiting;
    waiting.reserve(running.size());
    for (const Running& each : running) waiting.push_back({each.child.descriptor, POLLIN, 0});
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
    for (std::size_t i = running.size(); i > 0; --i) {
      if (waiting[i - 1].revents == 0) continue;
      Running& each = running[i - 1];
      const bool goes_on = read_some(each);
      results.take(each.text);
      if (goes_on) continue;
      end_child(each.child);
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
  }
  if (!results.complete() && !Interrupt::came()) {
    throw std::runtime_error("some trials have no outcome");
  }
  for (const Running& each : running) kill_child(each.child);
  return results.all();
}

}  // namespace peerage::sim::eclipse
